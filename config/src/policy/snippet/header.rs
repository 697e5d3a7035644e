//! Changes of header fields that a snippet asks for.

use serde::Serialize;

use crate::policy::{HeaderName, Template};

/// `more_set_headers` and `more_clear_headers`: changes of the response, whatever its status, also of answers made here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResponseHeaders {
    /// `-s`: only for these statuses; empty: for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<u16>,
    /// `-t`: only if `Content-Type` without its parameters is one of these; empty: always.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// In order.
    pub ops: Vec<HeaderOp>,
}

/// `more_set_input_headers` and `more_clear_input_headers`: changes of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RequestHeaders {
    /// `-t`: only if the whole `Content-Type` of the request is one of these; empty: always.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// In order.
    pub ops: Vec<HeaderOp>,
}

/// One change of one field.
///
/// The text parts of values are checked; variables are not, so that a decoded line feed in `$uri` must be handled where
/// the value is filled in. Fields that frame the message or belong to the connection (`content-length`, `connection`,
/// `transfer-encoding`, ...) are the engine's: whoever runs the operation leaves them to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum HeaderOp {
    /// Replaces all fields of the name with one; a value that turns out empty removes them.
    Set {
        /// Which field.
        name: HeaderName,
        /// The value.
        value: Template,
    },
    /// `-r`: the same, but only if the request has the field.
    Replace {
        /// Which field.
        name: HeaderName,
        /// The value.
        value: Template,
    },
    /// Removes all fields of the name.
    Clear(HeaderName),
    /// `name*`: removes all fields whose name starts so; in lower case, not empty.
    ClearPrefix(String),
}

/// `add_header name value [always]`: adds a field beside those that are there; none if the value turns out empty.
///
/// nginx replaces instead of adding for `last-modified` and `etag`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AddHeader {
    /// Which field.
    pub name: HeaderName,
    /// The value.
    pub value: Template,
    /// For every status; else for 200, 201, 204, 206, 301, 302, 303, 304, 307 and 308.
    pub always: bool,
}
