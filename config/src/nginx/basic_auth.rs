//! Passwords.

use super::{Options as All, closed};
use crate::annotation::{Annotation, At, Feature, OnInvalid, Scope, Support, Written};
use crate::policy::{BasicAuth, Credential, Policy, is_header_value};
use crate::report::Reason;
use crate::snapshot::Secret;
use crate::translate::Stage;
use crate::value::{Invalid, Value};

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Passwords",
    doc: "HTTP basic authentication (RFC 7617). Without a right password 401. The `Authorization` header is not sent on.",
    annotations: &[
        Annotation {
            name: "auth-type",
            aliases: &[],
            field: &At::<All, AuthType>(|o| &mut o.basic_auth.kind),
            default: None,
            on_invalid: OnInvalid::Close,
            scope: Scope::Route,
            support: Support::Full,
            doc: "`basic` turns it on. Digest authentication is not offered.",
            accepts: &["basic"],
            rejects: &["digest", "none", ""],
        },
        Annotation {
            name: "auth-secret",
            aliases: &[],
            field: &At::<All, String>(|o| &mut o.basic_auth.secret),
            default: None,
            on_invalid: OnInvalid::Close,
            scope: Scope::Route,
            support: Support::Full,
            doc: "Secret with the passwords, `[namespace/]name`; one of another namespace needs a ReferenceGrant there. While \
                  it is missing or broken, the routes answer 503.",
            accepts: &["passwords", "knb/passwords"],
            rejects: &[""],
        },
        Annotation {
            name: "auth-secret-type",
            aliases: &[],
            field: &At::<All, SecretType>(|o| &mut o.basic_auth.secret_type),
            default: Some("auth-file"),
            on_invalid: OnInvalid::Close,
            scope: Scope::Route,
            support: Support::Full,
            doc: "`auth-file`: an htpasswd file under the key `auth`. `auth-map`: one key for each user, with the hash.",
            accepts: &["auth-map", "auth-file"],
            rejects: &["file"],
        },
        Annotation {
            name: "auth-realm",
            aliases: &[],
            field: &At::<All, Realm>(|o| &mut o.basic_auth.realm),
            default: None,
            on_invalid: OnInvalid::Ignore,
            scope: Scope::Route,
            support: Support::Full,
            doc: "What browsers show when they ask for the password.",
            accepts: &["Members only"],
            rejects: &["say \"please\"", ""],
        },
    ],
};

/// What the annotations say.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {
    kind: Option<AuthType>,
    secret: Option<String>,
    secret_type: Option<SecretType>,
    realm: Option<Realm>,
}

/// The only kind that is offered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct AuthType;

impl Value for AuthType {
    const KIND: &'static str = "basic";

    fn parse(text: &str) -> Result<Self, Invalid> {
        if text.trim() == "basic" { Ok(Self) } else { Err(Invalid::new(Self::KIND, text.trim())) }
    }
}

/// How the Secret holds the passwords.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum SecretType {
    /// An htpasswd file.
    File,
    /// A key for each user.
    Map,
}

impl Value for SecretType {
    const KIND: &'static str = "auth-file or auth-map";

    fn parse(text: &str) -> Result<Self, Invalid> {
        match text.trim() {
            "auth-file" => Ok(Self::File),
            "auth-map" => Ok(Self::Map),
            other => Err(Invalid::new(Self::KIND, other)),
        }
    }
}

/// A text that can stand between quotes in a header.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Realm(String);

impl Value for Realm {
    const KIND: &'static str = "text without quotes and control characters";

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.is_empty() || !is_header_value(text) || text.contains(['"', '\\']) {
            return Err(Invalid::new(Self::KIND, text));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The step; without usable passwords one that closes the route.
pub(super) fn resolve(written: &Written<All>, stage: &mut Stage<'_, '_>) -> Option<Policy> {
    let options = &written.options.basic_auth;
    options.kind?;
    let source = written.source(if written.has("auth-secret") { "auth-secret" } else { "auth-type" });
    let found = match &options.secret {
        None => Err("no auth-secret is named".to_owned()),
        Some(reference) => stage
            .secret(&source.field, reference)
            .and_then(|secret| credentials(secret, options.secret_type.unwrap_or(SecretType::File))),
    };
    match found {
        Ok(credentials) => Some(Policy::BasicAuth(BasicAuth {
            realm: options.realm.as_ref().map(|realm| realm.0.clone()).unwrap_or_default(),
            credentials,
            forward_authorization: false,
            user_header: None,
        })),
        Err(error) => {
            let message = format!("auth-secret: {error}; the routes are closed (503)");
            let fix = "store an htpasswd file under the key `auth`, or set auth-secret-type to auth-map";
            stage.push(source.field.clone(), Reason::RouteClosed, message, fix);
            Some(closed(source).policy)
        }
    }
}

fn credentials(secret: &Secret, kind: SecretType) -> Result<Vec<Credential>, String> {
    let list: Vec<Credential> = match kind {
        SecretType::File => htpasswd(secret.get("auth").ok_or("the Secret has no key `auth`")?),
        SecretType::Map => secret
            .entries()
            .map(|(user, hash)| Credential {
                user: user.to_owned(),
                hash: String::from_utf8_lossy(hash).trim().to_owned(),
            })
            .filter(|credential| !credential.hash.is_empty())
            .collect(),
    };
    if list.is_empty() { Err("the Secret holds no user".to_owned()) } else { Ok(list) }
}

/// Reads `user:hash` lines; comments, empty lines, what follows a second colon, and users without a hash are left out.
pub(crate) fn htpasswd(file: &[u8]) -> Vec<Credential> {
    String::from_utf8_lossy(file)
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut fields = line.split(':');
            Some(Credential { user: fields.next()?.to_owned(), hash: fields.next()?.to_owned() })
        })
        .filter(|credential| !credential.hash.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_file_holds_users_with_hashes() {
        let file = b"# staff\n\nalice:$apr1$x$y\r\nbob:{SHA}z:note\ncarol:\nnobody\n :\n\xff:h\n";
        let users: Vec<_> = htpasswd(file).into_iter().map(|it| (it.user, it.hash)).collect();
        let expected = [("alice", "$apr1$x$y"), ("bob", "{SHA}z"), ("\u{fffd}", "h")];
        assert_eq!(users, expected.map(|(user, hash)| (user.to_owned(), hash.to_owned())));
    }
}
