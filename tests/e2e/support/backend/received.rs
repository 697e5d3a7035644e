//! What a backend received: the head as it came, the body, and on which connection.

use hyper::http::request::Parts;
use serde_json::{Value, json};

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    /// Path and query as they came over the wire.
    pub(crate) target: String,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub(crate) version: String,
    /// The host of the request, from `Host` or `:authority`.
    pub(crate) host: String,
    /// Lower-case names and values, in order.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Counts the connections of the backend from 0.
    pub(crate) connection: usize,
}

impl Received {
    pub(super) fn new(parts: &Parts, connection: usize) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers: Vec<(String, String)> = parts
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
            .collect();
        let authority = parts.uri.authority().map(ToString::to_string);
        let host = headers
            .iter()
            .find(|(name, _)| name == "host")
            .map(|(_, value)| value.clone());
        Self {
            method: parts.method.to_string(),
            target: parts
                .uri
                .path_and_query()
                .map(ToString::to_string)
                .unwrap_or_default(),
            version: format!("{:?}", parts.version),
            host: host.or(authority).unwrap_or_default(),
            headers,
            body: Vec::new(),
            connection,
        }
    }

    /// The value of a header that is there at most once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let values = self.all(name);
        assert!(
            values.len() <= 1,
            "{name} is there {} times: {values:?}",
            values.len()
        );
        values.first().copied()
    }

    /// All values of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// Names of headers that begin with `start`, `_` counted as `-`, as many applications read them.
    pub(crate) fn names_like(&self, start: &str) -> Vec<&str> {
        let names = self.headers.iter().map(|(name, _)| name.as_str());
        names
            .filter(|name| name.replace('_', "-").starts_with(start))
            .collect()
    }

    pub(super) fn to_json(&self) -> String {
        let value = json!({
            "method": self.method,
            "target": self.target,
            "version": self.version,
            "host": self.host,
            "headers": self.headers,
            "body": self.body,
            "connection": self.connection,
        });
        value.to_string()
    }

    pub(crate) fn from_json(text: &str) -> Self {
        let value: Value =
            serde_json::from_str(text).unwrap_or_else(|_| panic!("not a backend's answer: {text}"));
        let list = |name: &str| value[name].as_array().cloned().unwrap_or_default();
        let string = |value: &Value| value.as_str().expect("a text").to_owned();
        let byte = |value: &Value| {
            value
                .as_u64()
                .and_then(|byte| u8::try_from(byte).ok())
                .expect("a byte")
        };
        Self {
            method: string(&value["method"]),
            target: string(&value["target"]),
            version: string(&value["version"]),
            host: string(&value["host"]),
            headers: list("headers")
                .iter()
                .map(|pair| (string(&pair[0]), string(&pair[1])))
                .collect(),
            body: list("body").iter().map(byte).collect(),
            connection: value["connection"]
                .as_u64()
                .and_then(|it| usize::try_from(it).ok())
                .expect("a number"),
        }
    }
}
