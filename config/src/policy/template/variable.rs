//! The nginx variables that a template may name: a closed list, three open families, and the snippet's own.

use std::fmt;

use crate::policy::HeaderName;
use crate::value::Invalid;

/// Defines the closed list once: variant, nginx name, meaning.
macro_rules! variables {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal,)+) => {
        /// A variable that has a value for every request; empty where the request has nothing to put there.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Variable {
            $($(#[$doc])+ $variant,)+
            /// `$http_<name>`: a request header. Several fields are joined with `, `, cookies with `; `.
            Header(HeaderName),
            /// `$arg_<name>`: the first query parameter of that name, as the client wrote it; names are compared
            /// without regard to case. The name is in lower case.
            Arg(String),
            /// `$cookie_<name>`: the first cookie of that name; names are compared without regard to case. The name is in
            /// lower case.
            Cookie(String),
            /// A variable of the snippet itself; empty until a `set` has run.
            User {
                /// Index into the snippet's variables.
                slot: usize,
                /// In lower case, without `$`.
                name: String,
            },
        }

        impl Variable {
            /// Every variable of the closed list, by nginx name.
            pub const NAMED: &[(&str, Self)] = &[$(($name, Self::$variant),)+];

            /// The name of a variable of the closed list.
            fn fixed_name(&self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => Some($name),)+
                    Self::Header(_) | Self::Arg(_) | Self::Cookie(_) | Self::User { .. } => None,
                }
            }
        }
    };
}

variables! {
    /// Host of the request in lower case, without port: of the request line, else of `Host`, else the server's name.
    Host = "host",
    /// `Host` (or `:authority`) as the client wrote it, with its port.
    HttpHost = "http_host",
    /// Path and query as the client wrote them; rewrites do not change it.
    RequestUri = "request_uri",
    /// The path, decoded and normalized; rewrites change it.
    Uri = "uri",
    /// The same as `$uri`.
    DocumentUri = "document_uri",
    /// The query without `?`; rewrites and `set $args` change it.
    Args = "args",
    /// The same as `$args`.
    QueryString = "query_string",
    /// `?` if there is a query, else empty.
    IsArgs = "is_args",
    /// `GET`, `POST`, ...
    RequestMethod = "request_method",
    /// `http` or `https`, of the connection.
    Scheme = "scheme",
    /// The client's address: the connection's, or the forwarded one from a trusted proxy.
    RemoteAddr = "remote_addr",
    /// The client's port.
    RemotePort = "remote_port",
    /// The host name of the rule that serves the request.
    ServerName = "server_name",
    /// The port that accepted the connection.
    ServerPort = "server_port",
    /// The address that accepted the connection.
    ServerAddr = "server_addr",
    /// `HTTP/1.0`, `HTTP/1.1`, `HTTP/2.0`.
    ServerProtocol = "server_protocol",
    /// An identifier made for this request: 32 hexadecimal digits.
    RequestId = "request_id",
    /// What the backend gets as `X-Request-ID`: the client's, if it sent one, else `$request_id`.
    ReqId = "req_id",
    /// `Content-Type` of the request.
    ContentType = "content_type",
    /// `Content-Length` of the request.
    ContentLength = "content_length",
    /// ingress-nginx: the host as the client sees it, from `X-Forwarded-Host` where that is trusted, else `$http_host`.
    BestHttpHost = "best_http_host",
    /// ingress-nginx: the scheme as the client sees it, from `X-Forwarded-Proto` where that is trusted, else `$scheme`.
    PassAccessScheme = "pass_access_scheme",
    /// ingress-nginx: `$request_uri`, percent-encoded to stand in a query.
    EscapedRequestUri = "escaped_request_uri",
    /// The request's `X-Forwarded-For` with the client's address added.
    ProxyAddXForwardedFor = "proxy_add_x_forwarded_for",
    /// `SUCCESS`, `FAILED:reason` or `NONE`.
    SslClientVerify = "ssl_client_verify",
    /// Subject of the client's certificate (RFC 2253).
    SslClientSDn = "ssl_client_s_dn",
    /// Issuer of the client's certificate (RFC 2253).
    SslClientIDn = "ssl_client_i_dn",
    /// `TLSv1.2`, `TLSv1.3`; empty without TLS.
    SslProtocol = "ssl_protocol",
    /// Name of the cipher suite; empty without TLS.
    SslCipher = "ssl_cipher",
    /// The name that the client asked for in the handshake (SNI).
    SslServerName = "ssl_server_name",
    /// ingress-nginx: namespace of the Ingress that serves the request.
    Namespace = "namespace",
    /// ingress-nginx: its name.
    IngressName = "ingress_name",
    /// ingress-nginx: the Service of its rule.
    ServiceName = "service_name",
    /// ingress-nginx: the port of that Service.
    ServicePort = "service_port",
}

impl Variable {
    /// Finds a variable by its name without `$`; case does not matter (nginx's `ngx_http_get_variable_index`).
    /// `user_variables` are the snippet's own, in lower case.
    pub fn parse(name: &str, user_variables: &[String]) -> Result<Self, Invalid> {
        let lower = name.to_ascii_lowercase();
        if let Some(slot) = user_variables.iter().position(|user| *user == lower) {
            return Ok(Self::User { slot, name: lower });
        }
        Self::served(&lower).ok_or_else(|| Invalid::new("a known variable", format!("${name}")))
    }

    /// A variable that exists without `set`; the name is in lower case.
    fn served(name: &str) -> Option<Self> {
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return None;
        }
        if let Some((_, variable)) = Self::NAMED.iter().find(|(known, _)| *known == name) {
            return Some(variable.clone());
        }
        let family = |prefix| name.strip_prefix(prefix).filter(|rest: &&str| !rest.is_empty());
        family("http_")
            .and_then(|rest| HeaderName::parse(&rest.replace('_', "-")).ok().map(Self::Header))
            .or_else(|| family("arg_").map(|rest| Self::Arg(rest.to_owned())))
            .or_else(|| family("cookie_").map(|rest| Self::Cookie(rest.to_owned())))
    }
}

impl fmt::Display for Variable {
    /// The name as nginx writes it, without `$`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "http_{}", name.as_str().replace('-', "_")),
            Self::Arg(name) => write!(f, "arg_{name}"),
            Self::Cookie(name) => write!(f, "cookie_{name}"),
            Self::User { name, .. } => f.write_str(name),
            fixed => f.write_str(fixed.fixed_name().unwrap_or_default()),
        }
    }
}

impl serde::Serialize for Variable {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("${self}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_is_found_by_the_name_it_shows() {
        for (name, variable) in Variable::NAMED {
            assert_eq!(Variable::parse(name, &[]).as_ref(), Ok(variable));
            assert_eq!(variable.to_string(), *name);
        }
        for name in ["http_x_forwarded_proto", "arg_q", "cookie_session"] {
            assert_eq!(Variable::parse(name, &[]).expect("a family").to_string(), name);
        }
    }

    #[test]
    fn names_are_found_in_any_case_and_others_not_at_all() {
        assert_eq!(Variable::parse("HOST", &[]), Ok(Variable::Host));
        for name in [
            "",
            "hosts",
            "http_",
            "arg_",
            "cookie_",
            "upstream_addr",
            "arg_a-b",
        ] {
            assert!(Variable::parse(name, &[]).is_err(), "{name}");
        }
    }
}
