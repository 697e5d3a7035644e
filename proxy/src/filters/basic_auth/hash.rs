//! Stored passwords in the forms of htpasswd files: how each is read, and whether a password fits.
//!
//! `basic_auth.rs` reads them when a table is compiled and drops those that `parse` refuses, so that their users never
//! pass: DES crypt, which keeps eight characters of the password, what cannot be understood, and what would take
//! seconds to check.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha_crypt::{PasswordVerifier, ShaCrypt};

use super::md5_crypt::md5_crypt;

/// Highest cost that `htpasswd -C` writes; one step more doubles the time, and this one takes some seconds.
const BCRYPT_COST_LIMIT: u32 = 17;
/// Rounds that musl's crypt still does, and with it nginx in the images of ingress-nginx.
const SHA_ROUNDS_LIMIT: u32 = 9_999_999;
/// Longest password in bytes that is checked slowly; musl's limit too. The time grows with the length.
const SLOW_PASSWORD_LIMIT: usize = 256;
const SHA1_LENGTH: usize = 20;

/// A stored password.
#[derive(Clone, Debug)]
pub(super) enum Hash {
    /// Checked at once.
    Fast(Fast),
    /// Takes from a fraction of a millisecond to seconds.
    Slow(Slow),
}

/// One pass of a digest: `{SHA}`, `{SSHA}`, and `{PLAIN}`, of which the digest is kept.
#[derive(Clone)]
pub(super) struct Fast {
    algorithm: &'static digest::Algorithm,
    salt: Box<[u8]>,
    expected: Box<[u8]>,
}

/// A form that takes its time.
#[derive(Clone)]
pub(super) struct Slow {
    form: Form,
    text: Arc<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Bcrypt,
    /// With `$1$` or `$apr1$` in front.
    Md5(&'static str),
    /// SHA-256 and SHA-512.
    Sha,
}

impl Hash {
    /// Reads one of the accepted forms.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(password) = text.strip_prefix("{PLAIN}") {
            return (!password.is_empty()).then(|| Self::Fast(Fast::plain(password.as_bytes())));
        }
        // What follows a colon in an htpasswd file is a remark; no form below has one.
        let text = text.split(':').next().unwrap_or_default().trim_end();
        if let Some(encoded) = text.strip_prefix("{SSHA}") {
            return Fast::sha1(encoded)
                .filter(|hash| !hash.salt.is_empty())
                .map(Self::Fast);
        }
        if let Some(encoded) = text.strip_prefix("{SHA}") {
            return Fast::sha1(encoded)
                .filter(|hash| hash.salt.is_empty())
                .map(Self::Fast);
        }
        let form = Form::of(text)?;
        Some(Self::Slow(Slow {
            form,
            text: text.into(),
        }))
    }
}

impl Form {
    /// The form, if the text is complete and not too costly.
    fn of(text: &str) -> Option<Self> {
        if ["$2a$", "$2b$", "$2y$"]
            .iter()
            .any(|magic| text.starts_with(magic))
        {
            let cost = bcrypt::HashParts::from_str(text).ok()?.get_cost();
            return (4..=BCRYPT_COST_LIMIT).contains(&cost).then_some(Self::Bcrypt);
        }
        if let Some(magic) = ["$1$", "$apr1$"]
            .into_iter()
            .find(|magic| text.starts_with(magic))
        {
            let (_, hash) = text[magic.len()..].split_once('$')?;
            return (hash.len() == 22).then_some(Self::Md5(magic));
        }
        let length = if text.starts_with("$5$") {
            43
        } else if text.starts_with("$6$") {
            86
        } else {
            return None;
        };
        let rest = &text[3..];
        let rest = match rest.strip_prefix("rounds=") {
            Some(rest) => {
                let (rounds, rest) = rest.split_once('$')?;
                (1000..=SHA_ROUNDS_LIMIT)
                    .contains(&rounds.parse().ok()?)
                    .then_some(rest)?
            }
            None => rest,
        };
        let (_, hash) = rest.split_once('$')?;
        (hash.len() == length).then_some(Self::Sha)
    }
}

impl Fast {
    /// Only the digest is kept, which also makes all comparisons equally long.
    fn plain(password: &[u8]) -> Self {
        Self {
            algorithm: &SHA256,
            salt: Box::default(),
            expected: digest::digest(&SHA256, password).as_ref().into(),
        }
    }

    /// The digest and, behind it, the salt.
    fn sha1(encoded: &str) -> Option<Self> {
        let bytes = STANDARD.decode(encoded).ok()?;
        let (expected, salt) = bytes.split_at_checked(SHA1_LENGTH)?;
        Some(Self {
            algorithm: &SHA1_FOR_LEGACY_USE_ONLY,
            salt: salt.into(),
            expected: expected.into(),
        })
    }

    /// True if it is the password of this.
    pub(super) fn matches(&self, password: &[u8]) -> bool {
        let mut context = digest::Context::new(self.algorithm);
        context.update(password);
        context.update(&self.salt);
        verify_slices_are_equal(context.finish().as_ref(), &self.expected).is_ok()
    }
}

impl Slow {
    /// As it is stored.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// True if it is the password of this. bcrypt sees the first 72 bytes only, as everywhere.
    pub(super) fn matches(&self, password: &[u8]) -> bool {
        if password.len() > SLOW_PASSWORD_LIMIT {
            return false;
        }
        match self.form {
            Form::Bcrypt => bcrypt::verify(password, &self.text).unwrap_or(false),
            Form::Sha => ShaCrypt::default().verify_password(password, &*self.text).is_ok(),
            Form::Md5(magic) => {
                let (salt, expected) = self.text[magic.len()..].split_once('$').unwrap_or_default();
                let found = md5_crypt(password, salt.as_bytes(), magic.as_bytes());
                verify_slices_are_equal(&found, expected.as_bytes()).is_ok()
            }
        }
    }
}

impl fmt::Debug for Fast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.algorithm)
    }
}

impl fmt::Debug for Slow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.form)
    }
}

#[cfg(test)]
mod tests;
