//! Asks for a password (RFC 7617).
//!
//! Forms that are checked at once are checked here. Slow ones are, too, if the login was proved before; else the request
//! waits for `checks.rs`. A user who is not there costs what a wrong password does.

mod checks;
mod hash;
mod md5_crypt;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ferrik_config::policy::{self, is_framing};
use http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue};

use self::checks::{Checks, Overloaded, Task};
use self::hash::Hash;
use super::{Filter, Flow};
use crate::arena::header_value;
use crate::compile::Context;
use crate::head::{Fields, RequestHead};
use crate::reason::Reason;
use crate::reply::Reply;
use crate::request::Request;
use crate::template::header_name;

/// Some clients leave the padding out, and nginx does not miss it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The compiled list.
#[derive(Debug)]
pub(crate) struct BasicAuth {
    challenge: HeaderValue,
    /// Where in `hashes` a user's is.
    users: HashMap<Box<[u8]>, usize>,
    /// The usable hashes, in the order of the list.
    hashes: Box<[Hash]>,
    forward_authorization: bool,
    user_header: Option<HeaderName>,
    checks: Arc<Checks>,
}

/// What a client sent.
struct Login {
    user: Vec<u8>,
    password: Vec<u8>,
}

impl Filter for BasicAuth {
    type Policy = policy::BasicAuth;

    fn compile(policy: &Self::Policy, context: &Context<'_>) -> Self {
        let mut seen = HashSet::with_capacity(policy.credentials.len());
        let mut users = HashMap::with_capacity(policy.credentials.len());
        let mut hashes = Vec::with_capacity(policy.credentials.len());
        // The first of a name counts, even if nobody can pass with it.
        for credential in policy
            .credentials
            .iter()
            .filter(|credential| seen.insert(&*credential.user))
        {
            if let Some(hash) = Hash::parse(&credential.hash) {
                users.insert(credential.user.as_bytes().into(), hashes.len());
                hashes.push(hash);
            }
        }
        let user_header = policy.user_header.as_ref().map(header_name);
        Self {
            challenge: challenge(&policy.realm),
            users,
            hashes: hashes.into(),
            forward_authorization: policy.forward_authorization,
            user_header: user_header.filter(|name| !is_framing(name.as_str().as_bytes())),
            checks: Checks::of(&policy.credentials, context.lasting),
        }
    }

    fn request<H: RequestHead>(&self, request: &mut Request<'_, H>) -> Flow {
        let Some(login) = Login::read(request.head) else {
            return self.refuse();
        };
        let slot = self.users.get(&*login.user).copied();
        let Some(hash) = self.hashes.get(slot.unwrap_or_else(|| self.stand_in(&login))) else {
            return self.refuse();
        };
        match hash {
            Hash::Fast(hash) => {
                let is_right = hash.matches(&login.password);
                if !is_right || slot.is_none() {
                    return self.refuse();
                }
                self.admit(request, &login);
                Flow::Next
            }
            Hash::Slow(hash) => {
                let mac = self
                    .checks
                    .mac([&*login.user, &*login.password, hash.text().as_bytes()]);
                if let Some(slot) = slot {
                    // Nobody sees these changes if the check below fails.
                    self.admit(request, &login);
                    if self.checks.is_verified(slot, &mac) {
                        return Flow::Next;
                    }
                }
                self.wait(Task {
                    login: mac,
                    password: login.password,
                    hash: hash.clone(),
                    slot,
                })
            }
        }
    }
}

impl BasicAuth {
    /// Where the hash is that an unknown user's password is checked against, always the same for a name: the time it takes
    /// is then that of some user's wrong password.
    fn stand_in(&self, login: &Login) -> usize {
        let mac = self.checks.mac([&*login.user]);
        let number = mac
            .iter()
            .take(4)
            .fold(0, |number, byte| number << 8 | usize::from(*byte));
        number.checked_rem(self.hashes.len()).unwrap_or_default()
    }

    /// What the backend and the log learn.
    fn admit<H: RequestHead>(&self, request: &mut Request<'_, H>, login: &Login) {
        if let Some(name) = &self.user_header {
            remove_spellings(request.head, name);
            request.head.set(name, header_value(&login.user));
        }
        if !self.forward_authorization {
            request.head.remove(&AUTHORIZATION);
        }
        request.changes.user = Some(String::from_utf8_lossy(&login.user).into_owned());
    }

    fn wait(&self, task: Task) -> Flow {
        let (checks, refusal) = (self.checks.clone(), self.refusal());
        Flow::Wait(Box::pin(async move {
            match checks.run(task).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(refusal),
                Err(Overloaded) => Err(Reply::page(503, Reason::TooManyRequests)
                    .with(RETRY_AFTER, HeaderValue::from_static("1"))),
            }
        }))
    }

    fn refuse(&self) -> Flow {
        Flow::Reply(self.refusal())
    }

    fn refusal(&self) -> Reply {
        Reply::page(401, Reason::PasswordMissing).with(WWW_AUTHENTICATE, self.challenge.clone())
    }
}

impl Login {
    /// Reads `Authorization: Basic …` (RFC 7617 §2). With two such fields the backend could take the other one.
    fn read(head: &impl Fields) -> Option<Self> {
        let mut values = head.values(&AUTHORIZATION);
        let (value, None) = (values.next()?, values.next()) else {
            return None;
        };
        let (scheme, rest) = value.split_at_checked("Basic ".len())?;
        if !scheme.eq_ignore_ascii_case(b"Basic ") {
            return None;
        }
        let text = BASE64.decode(rest.trim_ascii()).ok()?;
        // Control characters are forbidden, and C's crypt would not see what follows a NUL.
        if text.iter().any(u8::is_ascii_control) {
            return None;
        }
        let colon = text.iter().position(|byte| *byte == b':')?;
        Some(Self {
            user: text[..colon].to_vec(),
            password: text[colon + 1..].to_vec(),
        })
    }
}

/// `Basic realm="…"`, the realm as a quoted string (RFC 9110 §5.6.4).
fn challenge(realm: &str) -> HeaderValue {
    let mut text = String::from("Basic realm=\"");
    for letter in realm.chars() {
        if matches!(letter, '"' | '\\') {
            text.push('\\');
        }
        text.push(letter);
    }
    text.push('"');
    header_value(text.as_bytes())
}

/// Removes a field in all spellings that CGI-like backends take for it: `X_User` is `X-User` to them.
fn remove_spellings(head: &mut impl Fields, name: &HeaderName) {
    let dashed = |letter: u8| if letter == b'_' { b'-' } else { letter };
    let spelled = |letter: u8| dashed(letter.to_ascii_lowercase());
    head.remove_if(|other| {
        let other = other.iter().copied().map(spelled);
        other.eq(name.as_str().bytes().map(dashed))
    });
}

#[cfg(test)]
mod tests;
