//! `clientAuth` of a `TLSOption`: who must present a certificate, and which authorities are trusted.

use crate::name::ObjectRef;
use crate::policy::{ClientCertificate, ClientCertificateMode};
use crate::report::{Diagnostic, Reason};
use crate::traefik::field::Fields;
use crate::translate::{Reader, authorities};

/// Go's limit on the signatures that it checks for one chain; Traefik sets none of its own.
const DEPTH: u32 = 100;

/// What is written, before the Secrets are read.
#[derive(Debug)]
pub(super) struct Draft {
    mode: ClientCertificateMode,
    secrets: Vec<String>,
}

/// Reads the fields. `None`: no certificate is asked for.
pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Draft> {
    let secrets: Vec<String> = fields
        .texts("secretNames")
        .into_iter()
        .map(str::to_owned)
        .collect();
    let mode = match fields.text("clientAuthType") {
        Some("RequestClientCert") => ClientCertificateMode::HandshakeRequest,
        Some("RequireAnyClientCert") => ClientCertificateMode::HandshakeRequireAny,
        Some("VerifyClientCertIfGiven") => ClientCertificateMode::HandshakeVerifyIfGiven,
        Some("RequireAndVerifyClientCert") => ClientCertificateMode::HandshakeRequire,
        // Authorities without a type mean the strictest one.
        None | Some("") if !secrets.is_empty() => ClientCertificateMode::HandshakeRequire,
        None | Some("" | "NoClientCert") => return None,
        Some(other) => {
            let message = format!("expected one of Go's types of client authentication, got `{other}`");
            let fix = "write NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven or \
                       RequireAndVerifyClientCert";
            fields.refuse("clientAuthType", message, fix);
            return None;
        }
    };
    let verifies = matches!(
        mode,
        ClientCertificateMode::HandshakeVerifyIfGiven | ClientCertificateMode::HandshakeRequire
    );
    if verifies && secrets.is_empty() {
        let message = "no Secret is named, and certificates are to be verified";
        fields.refuse(
            "secretNames",
            message,
            "name the Secrets that hold the trusted authorities",
        );
    }
    Some(Draft { mode, secrets })
}

impl Draft {
    /// Reads the authorities of all Secrets. One that is missing or broken spoils the whole.
    pub(super) fn resolve(
        self,
        object: &ObjectRef,
        reader: &mut Reader<'_>,
        problems: &mut Vec<Diagnostic>,
    ) -> Result<ClientCertificate, String> {
        let mut list: Vec<Vec<u8>> = Vec::new();
        let mut failure = None;
        for (at, name) in self.secrets.iter().enumerate() {
            let found = match reader.secret(&object.namespace, name) {
                None => Err("it is not there".to_owned()),
                Some(secret) => authorities(
                    secret,
                    if secret.get("tls.ca").is_some() {
                        "tls.ca"
                    } else {
                        "ca.crt"
                    },
                ),
            };
            match found {
                Ok(found) => list.extend(found.iter().cloned()),
                Err(error) => {
                    let message = format!("Secret {}/{name}: {error}", object.namespace);
                    let field = format!("spec.clientAuth.secretNames[{at}]");
                    let problem = Diagnostic::new(object, field, Reason::SecretMissing, message.clone());
                    problems.push(problem.fix("store the authorities as PEM under `tls.ca` or `ca.crt`"));
                    failure.get_or_insert(message);
                }
            }
        }
        match failure {
            Some(message) => Err(message),
            None => Ok(ClientCertificate {
                authorities: Some(list.into()),
                mode: self.mode,
                depth: DEPTH,
            }),
        }
    }
}

/// The policy under which no handshake succeeds.
pub(super) fn nobody() -> ClientCertificate {
    ClientCertificate {
        authorities: None,
        mode: ClientCertificateMode::HandshakeRequire,
        depth: DEPTH,
    }
}
