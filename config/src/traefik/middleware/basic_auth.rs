//! `basicAuth`: passwords from a Secret.

use super::kind::Effect;
use crate::name::ObjectRef;
use crate::policy::{BasicAuth, Credential, HeaderName, Policy, is_header_value};
use crate::snapshot::Secret;
use crate::traefik::field::Fields;
use crate::translate::Reader;

/// What is written, before the Secret is read.
#[derive(Debug)]
pub(in crate::traefik) struct Draft {
    secret: String,
    realm: String,
    forward_authorization: bool,
    user_header: Option<HeaderName>,
}

pub(super) fn read(fields: &mut Fields<'_, '_>) -> Effect {
    let secret = fields.required(
        "secret",
        "no Secret is named",
        "name the Secret that holds the passwords",
    );
    let realm = fields
        .text("realm")
        .filter(|realm| !realm.is_empty())
        .unwrap_or("traefik")
        .to_owned();
    if !is_header_value(&realm) || realm.contains(['"', '\\']) {
        fields.refuse(
            "realm",
            "it holds characters that cannot stand in a header",
            "write plain text without quotes",
        );
    }
    let header = fields.text("headerField").filter(|name| !name.is_empty());
    let user_header = header.and_then(|name| {
        fields.accept(
            "headerField",
            HeaderName::parse(name),
            "write the name of a header",
        )
    });
    if user_header.as_ref().is_some_and(HeaderName::is_framing) {
        fields.refuse(
            "headerField",
            "a header that says where a message ends or what its connection does cannot hold a name",
            "write another header, such as `X-User`",
        );
    }
    let forward_authorization = !fields.flag("removeHeader");
    Effect::BasicAuth(Draft {
        secret: secret.to_owned(),
        realm,
        forward_authorization,
        user_header,
    })
}

impl Draft {
    /// The step, if the Secret is there and holds a user.
    pub(super) fn resolve(self, object: &ObjectRef, reader: &mut Reader<'_>) -> Result<Policy, String> {
        let (namespace, name) = (&object.namespace, &self.secret);
        let secret = reader
            .secret(namespace, name)
            .ok_or_else(|| format!("there is no Secret {namespace}/{name}"))?;
        let credentials =
            credentials(secret).map_err(|error| format!("Secret {namespace}/{name}: {error}"))?;
        Ok(Policy::BasicAuth(BasicAuth {
            realm: self.realm,
            credentials,
            forward_authorization: self.forward_authorization,
            user_header: self.user_header,
        }))
    }
}

/// A Secret of type `kubernetes.io/basic-auth` has `username` and `password` in clear text; any other one holds an
/// htpasswd file under `users`, or under its only key.
fn credentials(secret: &Secret) -> Result<Vec<Credential>, String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if let (None, Some(user), Some(password)) = (
        secret.get("users"),
        secret.get("username"),
        secret.get("password"),
    ) {
        return Ok(vec![Credential {
            user: text(user),
            hash: format!("{{PLAIN}}{}", text(password)),
        }]);
    }
    let mut entries = secret.entries();
    let only = entries
        .next()
        .filter(|_| entries.next().is_none())
        .map(|(_, bytes)| bytes);
    let file = secret.get("users").or(only).ok_or("it has no key `users`")?;
    let list: Vec<Credential> = text(file)
        .lines()
        .filter_map(|line| line.trim().split_once(':'))
        .filter(|(user, hash)| !user.is_empty() && !user.starts_with('#') && !hash.is_empty())
        .map(|(user, hash)| Credential {
            user: user.to_owned(),
            hash: hash.to_owned(),
        })
        .collect();
    if list.is_empty() {
        Err("it holds no user".to_owned())
    } else {
        Ok(list)
    }
}
