//! Arguments of `run` about certificates from an ACME authority.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{ArgAction, Args, ValueEnum};
use ferrik_controller::acme::{Challenge, KeyKind, LETS_ENCRYPT, LETS_ENCRYPT_STAGING, Options};

/// Which authority, and how it is asked.
#[expect(clippy::struct_field_names, reason = "the names are the flags'")]
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Certificates from an authority")]
pub(crate) struct Acme {
    /// Directory of the ACME authority: letsencrypt, letsencrypt-staging, or an https URL. Its terms of service are agreed
    /// to.
    #[arg(long, value_name = "URL", default_value = "letsencrypt", value_parser = server)]
    pub(crate) acme_server: String,

    /// File with the authorities (PEM) that may vouch for the authority's own certificate; the system's without it.
    #[arg(long, value_name = "FILE")]
    pub(crate) acme_ca_bundle: Option<PathBuf>,

    /// E-mail address at which the authority reaches somebody. May be given several times.
    #[arg(long, value_name = "ADDR", value_parser = contact)]
    pub(crate) acme_contact: Vec<String>,

    /// Identifier by which the authority knows its customer (external account binding).
    #[arg(long, value_name = "ID", requires = "acme_eab_hmac_file")]
    pub(crate) acme_eab_kid: Option<String>,

    /// File with the key that goes with it, in base64url.
    #[arg(long, value_name = "FILE", requires = "acme_eab_kid")]
    pub(crate) acme_eab_hmac_file: Option<PathBuf>,

    /// Kind of the certificates' keys.
    #[arg(long, value_enum, value_name = "KIND", default_value = "p256")]
    pub(crate) acme_key: Key,

    /// One of the authority's profiles, such as shortlived.
    #[arg(long, value_name = "NAME")]
    pub(crate) acme_profile: Option<String>,

    /// How the authority verifies hosts: by a request on port 80 (http-01), or by a TLS handshake on port 443
    /// (tls-alpn-01), so that port 80 may be closed.
    #[arg(long, value_enum, value_name = "KIND", default_value = "http-01")]
    pub(crate) acme_challenge: Verified,

    /// Order nothing for a host until `http://HOST/.well-known/acme-challenge/` comes back to ferrik, at each of its
    /// addresses; or, with tls-alpn-01, have nothing verified until a handshake does. Turn it off where this network
    /// cannot reach its own public addresses.
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value = "true",
        default_missing_value = "true",
        hide_possible_values = true
    )]
    pub(crate) acme_preflight: bool,

    /// Name of the Secret with the account, in the namespace of this process.
    #[arg(long, value_name = "NAME", default_value = "ferrik-acme")]
    pub(crate) acme_account: String,

    /// Folder for account and certificates where there is no cluster; it is made, and nobody else may read it. Implies
    /// --acme.
    #[arg(long, value_name = "DIR", requires = "files")]
    pub(crate) acme_state: Option<PathBuf>,
}

/// Ways to verify a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Verified {
    /// A request on port 80.
    #[value(name = "http-01")]
    Http01,
    /// A TLS handshake on port 443.
    #[value(name = "tls-alpn-01")]
    TlsAlpn01,
}

/// Kinds of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Key {
    /// ECDSA on P-256.
    P256,
    /// RSA, 2048 bits.
    Rsa,
}

impl Acme {
    /// What the controller needs; reads the key file.
    pub(crate) fn options(&self) -> anyhow::Result<Options> {
        let external_account = match (&self.acme_eab_kid, &self.acme_eab_hmac_file) {
            (Some(id), Some(file)) => {
                let text = std::fs::read_to_string(file)
                    .with_context(|| format!("--acme-eab-hmac-file {}", file.display()))?;
                let key = URL_SAFE_NO_PAD.decode(text.trim().trim_end_matches('='));
                let key = key.with_context(|| {
                    format!("--acme-eab-hmac-file {} does not hold base64url", file.display())
                })?;
                Some((id.clone(), Arc::from(key)))
            }
            _ => None,
        };
        Ok(Options {
            server: self.acme_server.clone(),
            ca_bundle: self.acme_ca_bundle.clone(),
            contacts: self.acme_contact.clone(),
            external_account,
            key: match self.acme_key {
                Key::P256 => KeyKind::P256,
                Key::Rsa => KeyKind::Rsa,
            },
            profile: self.acme_profile.clone(),
            preflight: self.acme_preflight,
            challenge: match self.acme_challenge {
                Verified::Http01 => Challenge::Http01,
                Verified::TlsAlpn01 => Challenge::TlsAlpn01,
            },
        })
    }
}

fn server(text: &str) -> Result<String, String> {
    match text {
        "letsencrypt" => Ok(LETS_ENCRYPT.to_owned()),
        "letsencrypt-staging" => Ok(LETS_ENCRYPT_STAGING.to_owned()),
        url if url.starts_with("https://") && url.parse::<http::Uri>().is_ok() => Ok(url.to_owned()),
        _ => Err("write letsencrypt, letsencrypt-staging, or the https URL of a directory".to_owned()),
    }
}

fn contact(text: &str) -> Result<String, String> {
    let address = text.strip_prefix("mailto:").unwrap_or(text);
    match address.split_once('@') {
        Some((name, domain)) if !name.is_empty() && domain.contains('.') && !address.contains([' ', ',']) => {
            Ok(format!("mailto:{address}"))
        }
        _ => Err("write one e-mail address, such as ops@example.org".to_owned()),
    }
}
