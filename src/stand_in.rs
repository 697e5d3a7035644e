//! Translation of objects that are not all there: what other objects refer to may be kept elsewhere.
//!
//! In a cluster a missing Secret closes routes, and that is an error. In a folder of files it says nothing, because
//! Secrets are seldom kept beside the rest. So the files are translated twice: as they are, and with a sound stand-in for
//! every Secret, Middleware and `TLSOption` that something refers to. What is wrong only the first time is wrong only
//! because an object is not among the files. Services have no stand-in: a missing one is a warning in any case. Nor have
//! grants: whether another namespace lets itself be referred to cannot be assumed.

use std::collections::BTreeSet;

use ferrik_config::Snapshot;
use ferrik_config::name::{Kind, ObjectRef};
use ferrik_config::report::Diagnostic;
use ferrik_config::settings::Settings;
use ferrik_config::snapshot::Object;
use ferrik_config::translate::{Output, Translator};
use serde_json::{Value, json};

/// Both translations.
pub(crate) struct Translated {
    /// Of the files as they are.
    pub(crate) exact: Output,
    /// With a stand-in for what is not among the files.
    pub(crate) assumed: Output,
    absent: BTreeSet<(ObjectRef, ObjectRef)>,
}

impl Translated {
    /// True if the problem would be gone if everything were there that other objects refer to.
    pub(crate) fn is_only_absence(&self, diagnostic: &Diagnostic) -> bool {
        !self.assumed.report.of(&diagnostic.object).contains(diagnostic)
    }

    /// What an Ingress refers to, directly or through others, and is not among the files.
    pub(crate) fn absent<'a>(&'a self, ingress: &ObjectRef) -> impl Iterator<Item = &'a ObjectRef> {
        self.absent
            .iter()
            .filter(move |(reader, _)| reader == ingress)
            .map(|(_, absent)| absent)
    }
}

/// Translates the files both ways.
pub(crate) fn translate(snapshot: &Snapshot, settings: Settings) -> anyhow::Result<Translated> {
    let mut translator = Translator::new(settings);
    translator.update(snapshot, snapshot.references());
    let exact = translator.output();
    let mut completed = snapshot.clone();
    let mut stand_ins = BTreeSet::new();
    // A stand-in refers to nothing, but it may let translation go on to a reference that it did not reach before.
    loop {
        let wanted = wanted(&translator, &completed);
        if wanted.is_empty() {
            break;
        }
        let mut added = Vec::new();
        for target in &wanted {
            added.extend(completed.insert(stand_in(target)?));
        }
        translator.update(&completed, added);
        stand_ins.extend(wanted);
    }
    // What was looked for only because something else was missing is not looked for any more.
    let reads = translator
        .reads()
        .filter(|(_, target)| stand_ins.contains(target));
    let absent = reads
        .map(|(reader, target)| (reader.clone(), target.clone()))
        .collect();
    Ok(Translated {
        exact,
        assumed: translator.output(),
        absent,
    })
}

/// Objects that something refers to and are not there. A reference into another namespace is among them only if it is allowed:
/// the others are refused, whether or not they lead to something.
fn wanted(translator: &Translator, snapshot: &Snapshot) -> BTreeSet<ObjectRef> {
    let present: BTreeSet<ObjectRef> = snapshot.references().into_iter().collect();
    let is_wanted = |target: &ObjectRef| {
        matches!(target.kind, Kind::Secret | Kind::Middleware | Kind::TlsOption)
            && !target.name.is_empty()
            && !present.contains(target)
    };
    translator
        .reads()
        .map(|(_, target)| target)
        .filter(|target| is_wanted(target))
        .cloned()
        .collect()
}

/// An object that suits whoever refers to it.
fn stand_in(target: &ObjectRef) -> anyhow::Result<Object> {
    let object = |version: &str, rest: (&str, Value)| {
        let (key, content) = rest;
        json!({
            "apiVersion": version,
            "kind": target.kind.as_str(),
            "metadata": {"namespace": &*target.namespace, "name": &*target.name},
            key: content,
        })
    };
    let document = match target.kind {
        // It has to do something, and must not change what the client or the application sees.
        Kind::Middleware => object(
            "traefik.io/v1alpha1",
            (
                "spec",
                json!({"headers": {"customRequestHeaders": {"X-Ferrik-Stand-In": ""}}}),
            ),
        ),
        Kind::TlsOption => object(
            "traefik.io/v1alpha1",
            ("spec", json!({"minVersion": "VersionTLS12"})),
        ),
        _ => object("v1", ("stringData", secret()?)),
    };
    Object::read(&document)
        .map_err(|error| anyhow::anyhow!("the stand-in for {target} is no object: {error:?}"))
}

/// A Secret for every purpose: a server certificate, an authority that has signed nobody, a user without a password.
fn secret() -> anyhow::Result<Value> {
    let key = rcgen::KeyPair::generate()?;
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key)?.pem();
    // No password has this hash.
    let user = "stand-in:!";
    Ok(json!({
        "tls.crt": certificate, "tls.key": key.serialize_pem(), "tls.ca": certificate, "ca.crt": certificate,
        "auth": user, "users": user,
    }))
}

#[cfg(test)]
mod tests;
