//! Secrets of a cluster. A write names the version that it is based on, so of two leaders one fails.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ferrik_config::acme::ACME;
use ferrik_config::name::ObjectRef;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::Api;
use kube::api::PostParams;
use serde_json::{Value, json};

use super::{Kept, failure, newer};
use crate::acme::clock::now;
use crate::acme::order::{Failure, Kind as FailureKind};
use crate::source::kube::chain;

/// For one call.
const ANSWER: Duration = Duration::from_secs(10);

/// Of writing where somebody else writes, too.
const ATTEMPTS: usize = 3;

/// The Secrets.
pub(in crate::acme) struct Secrets {
    client: kube::Client,
    account: (Arc<str>, Arc<str>),
    /// The account's Secret as it was read or written last.
    known: Option<Secret>,
}

impl Secrets {
    pub(super) fn new(client: kube::Client, account: (Arc<str>, Arc<str>)) -> Self {
        Self {
            client,
            account,
            known: None,
        }
    }

    fn api(&self, namespace: &str) -> Api<Secret> {
        Api::namespaced(self.client.clone(), namespace)
    }

    pub(super) async fn load(&mut self) -> Result<Kept, Failure> {
        let (namespace, name) = self.account.clone();
        self.known = call("read", &namespace, self.api(&namespace).get_opt(&name)).await?;
        let data = self.known.as_ref().and_then(|secret| secret.data.as_ref());
        Ok(Kept::read(|key| {
            let bytes = data?.get(key)?;
            String::from_utf8(bytes.0.clone()).ok()
        }))
    }

    pub(super) async fn save(&mut self, data: BTreeMap<&'static str, String>) -> Result<(), Failure> {
        let (namespace, name) = self.account.clone();
        let known = self.known.as_ref();
        let version = known.and_then(|secret| secret.metadata.resource_version.clone());
        let object = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "namespace": &*namespace,
                "name": &*name,
                "resourceVersion": version,
                "labels": {"app.kubernetes.io/managed-by": "ferrik"},
            },
            "type": "Opaque",
            "stringData": data,
        });
        let secret: Secret = serde_json::from_value(object).map_err(|error| failure(error.to_string()))?;
        let (api, params) = (self.api(&namespace), PostParams::default());
        self.known = Some(if known.is_some() {
            call("update", &namespace, api.replace(&name, &params, &secret)).await?
        } else {
            call("create", &namespace, api.create(&params, &secret)).await?
        });
        Ok(())
    }

    /// Asks the API whether a certificate could be stored, without storing anything.
    pub(super) async fn check(
        &self,
        secret: &ObjectRef,
        owners: &[(ObjectRef, Arc<str>)],
    ) -> Result<(), Failure> {
        let params = PostParams {
            dry_run: true,
            ..PostParams::default()
        };
        let empty = super::object(secret, "", "", "");
        self.write(secret, owners, empty, &params).await
    }

    pub(super) async fn store(
        &self,
        secret: &ObjectRef,
        owners: &[(ObjectRef, Arc<str>)],
        object: Value,
    ) -> Result<(), Failure> {
        self.write(secret, owners, object, &PostParams::default()).await
    }

    /// Adds owners and changes nothing else.
    pub(super) async fn add_owners(
        &self,
        secret: &ObjectRef,
        owners: &[(ObjectRef, Arc<str>)],
    ) -> Result<(), Failure> {
        let (namespace, name) = (&*secret.namespace, &*secret.name);
        let api = self.api(namespace);
        let mut attempts = 0;
        loop {
            let Some(mut there) = call("read", namespace, api.get_opt(name)).await? else {
                return Ok(());
            };
            let references = there.metadata.owner_references.get_or_insert_default();
            let before = references.len();
            for (ingress, uid) in owners {
                if references.iter().all(|there| *there.uid != **uid) {
                    references.push(reference(ingress, uid));
                }
            }
            let is_complete = references.len() == before;
            if is_complete || !is_ours(&there) || there.immutable == Some(true) {
                return Ok(());
            }
            attempts += 1;
            let params = PostParams::default();
            match call("update", namespace, api.replace(name, &params, &there)).await {
                Err(conflict) if conflict.kind == FailureKind::Conflict && attempts < ATTEMPTS => {}
                other => return other.map(drop),
            }
        }
    }

    async fn write(
        &self,
        secret: &ObjectRef,
        owners: &[(ObjectRef, Arc<str>)],
        object: Value,
        params: &PostParams,
    ) -> Result<(), Failure> {
        if owners.is_empty() {
            return Err(failure("no Ingress asks for the certificate any more"));
        }
        for _ in 0..ATTEMPTS {
            match self.attempt(secret, owners, object.clone(), params).await {
                // Somebody else writes there, too.
                Err(conflict) if conflict.kind == FailureKind::Conflict => {}
                other => return other,
            }
        }
        Err(failure(format!("{secret} keeps being changed by somebody else")))
    }

    /// What others wrote beside the certificate stays.
    async fn attempt(
        &self,
        secret: &ObjectRef,
        owners: &[(ObjectRef, Arc<str>)],
        mut object: Value,
        params: &PostParams,
    ) -> Result<(), Failure> {
        let (namespace, name) = (&*secret.namespace, &*secret.name);
        let owners_uids: Vec<&str> = owners.iter().map(|(_, uid)| &**uid).collect();
        let references: Vec<OwnerReference> = owners
            .iter()
            .map(|(ingress, uid)| reference(ingress, uid))
            .collect();
        object["metadata"]["ownerReferences"] = json!(references);
        let api = self.api(namespace);
        let Some(there) = call("read", namespace, api.get_opt(name)).await? else {
            let new: Secret = serde_json::from_value(object).map_err(|error| failure(error.to_string()))?;
            call("create", namespace, api.create(params, &new)).await?;
            return Ok(());
        };
        if !is_ours(&there) {
            return Err(failure(format!(
                "{secret} was made by somebody else meanwhile, so the certificate is not stored there"
            )));
        }
        if there.type_.as_deref() != Some("kubernetes.io/tls") {
            let message =
                format!("{secret} is not of type kubernetes.io/tls; delete it, and it is made anew");
            return Err(failure(message));
        }
        if there.immutable == Some(true) {
            return Err(failure(format!(
                "{secret} is immutable; delete it, and it is made anew"
            )));
        }
        // Changing them may need more rights than writing the rest does.
        let mut kept = there.metadata.owner_references.clone().unwrap_or_default();
        let is_owned = kept.iter().any(|owner| owners_uids.contains(&owner.uid.as_str()));
        if !is_owned {
            kept.extend(references);
        }
        object["metadata"]["ownerReferences"] = json!(kept);
        for field in ["labels", "annotations"] {
            let kept = json!(if field == "labels" {
                &there.metadata.labels
            } else {
                &there.metadata.annotations
            });
            for (key, value) in kept.as_object().into_iter().flatten() {
                if object["metadata"][field].get(key).is_none() {
                    object["metadata"][field][key] = value.clone();
                }
            }
        }
        // This process may have been stopped for any time since the certificate was issued.
        if newer::stays(&json!(there), &object, now()) {
            let message = format!("a newer certificate was stored in {secret} meanwhile, and stays");
            return Err(Failure::new(FailureKind::Superseded, message));
        }
        object["metadata"]["resourceVersion"] = json!(there.metadata.resource_version);
        let new: Secret = serde_json::from_value(object).map_err(|error| failure(error.to_string()))?;
        call("update", namespace, api.replace(name, params, &new)).await?;
        Ok(())
    }
}

fn reference(ingress: &ObjectRef, uid: &str) -> OwnerReference {
    OwnerReference {
        api_version: "networking.k8s.io/v1".to_owned(),
        kind: "Ingress".to_owned(),
        name: ingress.name.to_string(),
        uid: uid.to_owned(),
        ..OwnerReference::default()
    }
}

fn is_ours(secret: &Secret) -> bool {
    let labels = secret.metadata.labels.as_ref();
    labels.and_then(|labels| labels.get(ACME)).map(String::as_str) == Some("true")
}

async fn call<T>(
    verb: &str,
    namespace: &str,
    call: impl Future<Output = kube::Result<T>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(ANSWER, call).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(kube::Error::Api(status))) if status.code == 403 => Err(failure(format!(
            "ferrik may not {verb} Secrets in namespace {namespace}; the role needs the verbs get, create and update there \
             (chart: acme.namespaces). The API says: {}",
            status.message
        ))),
        // Changed or deleted since it was read.
        Ok(Err(kube::Error::Api(status)))
            if status.code == 409 || (status.code == 404 && verb == "update") =>
        {
            let message = "somebody else has written meanwhile, so it is read again";
            Err(Failure::new(FailureKind::Conflict, message))
        }
        Ok(Err(error)) => Err(failure(format!(
            "the API did not {verb} the Secret: {}",
            chain(&error)
        ))),
        Err(_) => Err(failure("the API did not answer in time")),
    }
}
