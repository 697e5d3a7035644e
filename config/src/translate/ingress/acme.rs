//! Whether an Ingress asks for certificates of an authority, the same way in every dialect, and which.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Stage;
use crate::acme::{ACME, SERVER, Wanted, is_ours};
use crate::name::{Host, HostKey, Kind, ObjectRef};
use crate::policy::Source;
use crate::report::Reason;
use crate::snapshot::Secret;
use crate::table::{Certificate, Dialect};
use crate::value::Value;

/// What other clients of authorities read as well.
const TLS_ACME: &str = "kubernetes.io/tls-acme";
/// Who carries one of these has its certificates from cert-manager.
const CERT_MANAGER: [&str; 2] = ["cert-manager.io/cluster-issuer", "cert-manager.io/issuer"];
/// Names in one certificate, as the large authorities have it.
const MOST_NAMES: usize = 100;

/// By what an Ingress asks.
pub(super) struct Asked {
    /// The field to blame.
    pub(super) field: String,
    /// Traefik's annotation, which takes the hosts of the rules if there is no `tls`.
    pub(super) by_resolver: bool,
}

impl Stage<'_, '_> {
    /// By what the Ingress asks for certificates, if it does and it is possible.
    pub(super) fn asks(&mut self, dialect: Dialect, resolver: Option<Source>) -> Option<Asked> {
        let field_of = |name: &str| format!("metadata.annotations[{name}]");
        let meta = &self.ingress.metadata;
        let own = meta.annotation(ACME);
        let asked = if let Some(text) = own {
            match bool::parse(text) {
                Ok(true) => Asked {
                    field: field_of(ACME),
                    by_resolver: false,
                },
                Ok(false) => return None,
                Err(invalid) => {
                    // The nginx dialect has it as a row of its own.
                    if dialect == Dialect::Traefik {
                        let message = format!("`{ACME}`: {invalid}; no certificate is asked for");
                        self.push(
                            field_of(ACME),
                            Reason::AnnotationInvalid,
                            message,
                            "write true or false",
                        );
                    }
                    return None;
                }
            }
        } else if let Some(source) = resolver {
            Asked {
                field: source.field,
                by_resolver: true,
            }
        } else {
            let by_tls_acme = meta.annotation(TLS_ACME) == Some("true");
            let settings = self.settings.acme.as_ref();
            let namespace = &*self.object.namespace;
            let by_default = settings.is_some_and(|acme| {
                acme.by_default || acme.default_namespaces.iter().any(|name| name == namespace)
            });
            let is_silent = !by_tls_acme && !by_default && !self.class_asks();
            if is_silent || settings.is_none() {
                return None;
            }
            Asked {
                field: if by_tls_acme {
                    field_of(TLS_ACME)
                } else {
                    "spec.tls".to_owned()
                },
                by_resolver: false,
            }
        };
        self.possible(asked)
    }

    fn class_asks(&mut self) -> bool {
        let name = self.ingress.spec.ingress_class_name.as_deref();
        let class = name.and_then(|name| self.reader.class(name));
        class.is_some_and(|class| class.metadata.annotation(ACME) == Some("true"))
    }

    fn possible(&mut self, asked: Asked) -> Option<Asked> {
        if self.settings.acme.is_none() {
            let message = "a certificate is asked for, and ferrik was started without --acme";
            let fix =
                "have ferrik started with --acme, or let cert-manager or another issuer fill the Secret";
            self.push(asked.field, Reason::AcmeOff, message, fix);
            return None;
        }
        let meta = &self.ingress.metadata;
        let other = CERT_MANAGER
            .into_iter()
            .find(|name| meta.annotation(name).is_some());
        if let Some(other) = other {
            // Whoever asks for something by name is told; a default just does not count.
            if asked.field != "spec.tls" {
                let message = format!("`{other}` has cert-manager issue the certificate, so ferrik does not");
                self.push(asked.field, Reason::AcmeRefused, message, "remove one of the two");
            }
            return None;
        }
        if self.ingress.spec.tls.is_empty() && asked.field == "spec.tls" {
            return None;
        }
        if self.ingress.spec.tls.is_empty() && !asked.by_resolver {
            let message = "no certificate is asked for, because there is no `spec.tls`";
            let fix = "add `spec.tls` with the hosts and the name of a Secret";
            self.push(asked.field, Reason::AcmeRefused, message, fix);
            return None;
        }
        Some(asked)
    }

    /// The Secret of a section that names none.
    pub(super) fn own_secret_name(&self, section: usize) -> String {
        let name: String = self.object.name.chars().take(230).collect();
        match section {
            0 => format!("ferrik-acme-{name}"),
            // In front, where no name of an Ingress can make it look like another one's.
            _ => format!("ferrik-acme{section}-{name}"),
        }
    }

    /// Notes that the certificate of a section is wanted. False if its Secret is somebody else's.
    pub(super) fn want(
        &mut self,
        section: (&str, &str),
        names: &[(String, HostKey)],
        secret: Option<&Secret>,
        current: Option<&Arc<Certificate>>,
    ) -> bool {
        let (field, secret_name) = section;
        if secret.is_some_and(|secret| !secret.is_gone() && !is_ours(secret)) {
            return false;
        }
        let mut hosts: BTreeSet<Host> = BTreeSet::new();
        for (field, key) in names {
            match key {
                HostKey::Exact(host) => drop(hosts.insert(host.clone())),
                HostKey::Wildcard(_) | HostKey::Any => {
                    let message = format!(
                        "no certificate can be had for `{key}`: authorities issue wildcards by DNS-01 only, and \
                         ferrik answers HTTP-01 and TLS-ALPN-01"
                    );
                    let fix = "list the hosts one by one, or let cert-manager issue it by DNS-01";
                    self.push(field.clone(), Reason::AcmeRefused, message, fix);
                }
            }
        }
        if names.is_empty() {
            let message = "no certificate is asked for, because the entry lists no hosts";
            self.push(
                field,
                Reason::AcmeRefused,
                message,
                "list the hosts that the certificate is for",
            );
        }
        if hosts.len() > MOST_NAMES {
            let message = format!(
                "{} hosts in one certificate; authorities issue {MOST_NAMES} at most",
                hosts.len()
            );
            self.push(
                format!("{field}.hosts"),
                Reason::AcmeRefused,
                message,
                "spread them over several entries of `spec.tls`",
            );
            return true;
        }
        if !hosts.is_empty() {
            let is_fresh = |secret: &&Secret| secret.stale.is_none();
            let fresh = secret.filter(is_fresh);
            let server = fresh.and_then(|secret| secret.metadata.annotations.get(SERVER).cloned());
            self.wanted.push(Wanted {
                secret: ObjectRef::new(Kind::Secret, self.object.namespace.clone(), secret_name),
                hosts,
                current: current.filter(|_| fresh.is_some()).cloned(),
                server,
            });
        }
        true
    }
}
