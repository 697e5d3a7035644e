//! The values of flags that are more than a text or a number.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ferrik_config::value::{Cidr, Seconds, Value as _};
use http::{HeaderName, HeaderValue};
use ipnet::IpNet;

/// Namespace and name of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) namespace: Arc<str>,
    pub(crate) name: Arc<str>,
}

/// Where lines are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LogTarget {
    /// Nowhere.
    Off,
    /// To standard output.
    Stdout,
    /// To the end of this file.
    File(PathBuf),
}

/// An absolute URL of http or https, taken apart. The target keeps every byte that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    /// True for https.
    pub(crate) https: bool,
    /// Host and port as written.
    pub(crate) authority: String,
    /// Path and query as a client would send them, at least `/`.
    pub(crate) target: String,
}

/// One header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) name: HeaderName,
    pub(crate) value: HeaderValue,
}

/// `NS/NAME`.
pub(super) fn name(text: &str) -> Result<Name, String> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok(Name {
                namespace: namespace.into(),
                name: name.into(),
            })
        }
        _ => Err("write namespace and name with a slash between them".to_owned()),
    }
}

/// `PATH`, `-` or `off`.
#[expect(clippy::unnecessary_wraps, reason = "clap asks every parser for a result")]
pub(super) fn log_target(text: &str) -> Result<LogTarget, String> {
    Ok(match text {
        "off" => LogTarget::Off,
        "-" => LogTarget::Stdout,
        path => LogTarget::File(path.into()),
    })
}

/// A network in CIDR notation, or one address.
pub(super) fn network(text: &str) -> Result<IpNet, String> {
    Cidr::parse(text)
        .map(|Cidr(net)| net)
        .map_err(|invalid| invalid.to_string())
}

/// A number of seconds; `60s` is the same as `60`.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    Seconds::parse(text)
        .map(Seconds::duration)
        .map_err(|invalid| invalid.to_string())
}

/// At least one.
pub(super) fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("write a whole number, at least 1".to_owned()),
    }
}

/// The fragment stays at home, as in every client; nothing else is changed.
pub(super) fn url(text: &str) -> Result<Url, String> {
    let text = text.split('#').next().unwrap_or_default();
    let expected = || "write a whole URL, such as https://a.example.org/path".to_owned();
    let (scheme, rest) = text.split_once("://").ok_or_else(expected)?;
    let https = match scheme.to_ascii_lowercase().as_str() {
        "https" => true,
        "http" => false,
        _ => return Err("only http and https are served".to_owned()),
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    if authority.is_empty() || authority.contains('@') {
        return Err(expected());
    }
    let target = if target.starts_with('/') {
        target.to_owned()
    } else {
        format!("/{target}")
    };
    Ok(Url {
        https,
        authority: authority.to_owned(),
        target,
    })
}

/// `Name: value`.
pub(super) fn header(text: &str) -> Result<Header, String> {
    let (name, value) = text.split_once(':').ok_or("write `Name: value`")?;
    let name = name
        .trim()
        .parse()
        .map_err(|_| format!("`{}` is no header name", name.trim()))?;
    let value = value
        .trim()
        .parse()
        .map_err(|_| format!("`{}` cannot be a header value", value.trim()))?;
    Ok(Header { name, value })
}
