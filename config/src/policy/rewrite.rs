//! Changes of the path that the backend receives.

use serde::Serialize;

use super::{Pattern, Template};

/// One change of the path. The query is kept unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Rewrite {
    /// ingress-nginx `rewrite-target`: if the decoded path matches anywhere, the whole path becomes the replacement.
    Target {
        /// The rule's path as a case-insensitive regular expression.
        pattern: Pattern,
        /// With `$1`..`$9` filled in.
        replacement: Template,
        /// `x-forwarded-prefix`: request header of that name, with captures filled in.
        #[serde(skip_serializing_if = "Option::is_none")]
        forwarded_prefix: Option<Template>,
    },
    /// Traefik `stripPrefix`: the first of the prefixes that the path starts with is cut off and sent as
    /// `X-Forwarded-Prefix`.
    StripPrefix {
        /// In order.
        prefixes: Vec<String>,
    },
    /// Traefik `addPrefix`.
    AddPrefix {
        /// Starts with `/`.
        prefix: String,
    },
    /// Traefik `replacePathRegex`: every match is replaced; the original is sent as `X-Replaced-Path`.
    ReplacePattern {
        /// Tested against the escaped path.
        pattern: Pattern,
        /// In the syntax of Go's `regexp.ReplaceAllString`.
        replacement: String,
    },
}
