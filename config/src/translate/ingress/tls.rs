//! The `tls` sections of an Ingress: which hosts have TLS, and with which certificates.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Stage;
use super::acme::Asked;
use crate::name::HostKey;
use crate::report::Reason;
use crate::snapshot::{IngressTls, Secret};
use crate::table::{Certificate, Dialect};
use crate::translate::{HostShare, certificate};

impl Stage<'_, '_> {
    pub(super) fn tls(
        &mut self,
        dialect: Dialect,
        asked: Option<&Asked>,
        hosts: &mut BTreeMap<HostKey, HostShare>,
    ) {
        let sections = &self.ingress.spec.tls;
        if !sections.is_empty() && dialect != Dialect::Traefik {
            for share in hosts.values_mut().filter(|share| share.is_served()) {
                share.tls = true;
            }
        }
        for (at, section) in sections.iter().enumerate() {
            self.tls_section(at, &format!("spec.tls[{at}]"), section, asked, hosts);
        }
        if let Some(asked) = asked.filter(|asked| asked.by_resolver && sections.is_empty()) {
            let keys = hosts.keys().filter(|key| **key != HostKey::Any);
            let section = IngressTls {
                hosts: keys.map(ToString::to_string).collect(),
                secret_name: None,
            };
            self.tls_section(0, &asked.field, &section, Some(asked), hosts);
        }
    }

    fn tls_section(
        &mut self,
        at: usize,
        field: &str,
        section: &IngressTls,
        asked: Option<&Asked>,
        hosts: &mut BTreeMap<HostKey, HostShare>,
    ) {
        let mut names: Vec<(String, HostKey)> = Vec::new();
        for (at, host) in section.hosts.iter().enumerate() {
            let field = format!("{field}.hosts[{at}]");
            match HostKey::parse(host) {
                Ok(HostKey::Any) | Err(_) => {
                    let message = format!("`{host}` is not a host name");
                    self.push(
                        field,
                        Reason::HostInvalid,
                        message,
                        "write a host name, or *. and a domain",
                    );
                }
                Ok(key) => names.push((field, key)),
            }
        }
        for (_, key) in &names {
            hosts.entry(key.clone()).or_default().tls = true;
        }
        let own = asked.map(|_| self.own_secret_name(at));
        let Some(secret_name) = section.secret_name.as_deref().or(own.as_deref()) else {
            return;
        };
        let secret = self
            .reader
            .certificate_secret(&self.object.namespace, secret_name);
        // A Secret that the Ingress does not name is used only if it is ours.
        if section.secret_name.is_none() && secret.is_some_and(|secret| !crate::acme::is_ours(secret)) {
            let message = format!(
                "Secret {}/{secret_name} is not ferrik's, so no certificate is stored there",
                self.object.namespace
            );
            let fix = "name a Secret in `spec.tls[].secretName`";
            self.push(field, Reason::AcmeRefused, message, fix);
            return;
        }
        let read = secret.map(|secret| certificate::server(&self.object.namespace, secret_name, secret));
        let current = read
            .as_ref()
            .and_then(|read| read.as_ref().ok())
            .cloned()
            .map(Arc::new);
        let is_wanted = asked.is_some() && self.want((field, secret_name), &names, secret, current.as_ref());
        if is_wanted {
            for (field, key) in &names {
                if let Some(share) = hosts.get_mut(key) {
                    share.asks = Some(field.clone());
                }
            }
        }
        self.report_secret(field, secret_name, is_wanted, secret, read.as_ref());
        if let Some(certificate) = current {
            self.cover(secret_name, is_wanted, &names, &certificate, hosts);
        }
    }

    /// Gives the certificate to the hosts that it covers, and reports those that it should and does not. One that is asked
    /// for will cover them soon.
    fn cover(
        &mut self,
        secret_name: &str,
        is_wanted: bool,
        names: &[(String, HostKey)],
        certificate: &Arc<Certificate>,
        hosts: &mut BTreeMap<HostKey, HostShare>,
    ) {
        for (field, key) in names {
            if !is_wanted && !certificate::covers(certificate, key) {
                let message = format!(
                    "the certificate in Secret {}/{secret_name} is for {} and does not cover `{key}`; the default \
                     certificate is served for it",
                    self.object.namespace,
                    certificate.names.join(", ")
                );
                let fix = "have the name added to the certificate, or remove it here";
                self.push(field.clone(), Reason::CertificateMismatch, message, fix);
            }
        }
        for (key, share) in hosts.iter_mut() {
            if certificate::covers(certificate, key) {
                share.certificates.push(certificate.clone());
            }
        }
    }

    fn report_secret(
        &mut self,
        field: &str,
        name: &str,
        is_wanted: bool,
        secret: Option<&Secret>,
        read: Option<&Result<Certificate, String>>,
    ) {
        let field = format!("{field}.secretName");
        let namespace = self.object.namespace.clone();
        let Some(secret) = secret else {
            // Who asks for it tells how far it is.
            if !is_wanted {
                let message =
                    format!("there is no Secret {namespace}/{name}; the default certificate is served");
                self.push(
                    field,
                    Reason::SecretMissing,
                    message,
                    "create the Secret, or wait until its issuer has",
                );
            }
            return;
        };
        let fix = "store a certificate chain in `tls.crt` and its key in `tls.key`, both PEM";
        if let Some(why) = &secret.stale {
            let message = format!(
                "Secret {namespace}/{name}: {why}; its last usable certificate is served until that expires"
            );
            self.push(field.clone(), Reason::CertificateStale, message, fix);
        }
        if let Some(Err(error)) = read {
            let message = format!("Secret {namespace}/{name}: {error}; the default certificate is served");
            self.push(field, Reason::CertificateInvalid, message, fix);
        }
    }
}
