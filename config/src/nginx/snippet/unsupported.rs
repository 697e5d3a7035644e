//! nginx directives that are known and not done in a snippet: one row each, with what to use instead.

use super::builder::Trouble;
use super::{directive, excerpt};

/// One directive that is not done.
pub(super) struct Row {
    /// Its name.
    pub(super) name: &'static str,
    /// What to use instead.
    instead: Instead,
}

/// What takes the place of a directive.
enum Instead {
    /// This annotation of ingress-nginx.
    Annotation(&'static str),
    /// This key of ingress-nginx's `ConfigMap`.
    Setting(&'static str),
    /// As the text says.
    Advice(&'static str),
}

use Instead::{Advice, Annotation, Setting};

const fn row_of(name: &'static str, instead: Instead) -> Row {
    Row { name, instead }
}

const NO_FILES: &str = "serve files from a backend";
const NO_CACHE: &str = "cache in the backend, or in front of the ingress";
const NO_BODY: &str = "change bodies in the backend";
const CLOSED: &str = "use the auth annotations, or `if` with `return 403;`";
const NO_CODE: &str =
    "programs are not run; write it with `set`, `if`, `return` and `rewrite`, or do it in the backend";

/// All of them.
pub(super) const ROWS: &[Row] = &[
    row_of("absolute_redirect", Annotation("relative-redirects")),
    row_of("access_by_lua_block", Advice(NO_CODE)),
    row_of("access_log", Annotation("enable-access-log")),
    row_of("add_trailer", Advice("send trailers from the backend")),
    row_of("alias", Advice(NO_FILES)),
    row_of("auth_basic", Annotation("auth-type")),
    row_of("auth_basic_user_file", Annotation("auth-secret")),
    row_of("auth_request", Annotation("auth-url")),
    row_of("auth_request_set", Annotation("auth-response-headers")),
    row_of(
        "chunked_transfer_encoding",
        Advice("remove it: framing is chosen per connection"),
    ),
    row_of("client_body_buffer_size", Annotation("client-body-buffer-size")),
    row_of("client_body_timeout", Setting("client-body-timeout")),
    row_of("client_header_timeout", Setting("client-header-timeout")),
    row_of("client_max_body_size", Annotation("proxy-body-size")),
    row_of("content_by_lua_block", Advice(NO_CODE)),
    row_of(
        "default_type",
        Advice("set `Content-Type` with `more_set_headers`"),
    ),
    row_of("error_page", Annotation("custom-http-errors")),
    row_of("etag", Advice("use `more_clear_headers ETag;`")),
    row_of("grpc_read_timeout", Annotation("proxy-read-timeout")),
    row_of("grpc_send_timeout", Annotation("proxy-send-timeout")),
    row_of(
        "grpc_set_header",
        Advice("use `proxy_set_header`, which also serves gRPC backends"),
    ),
    row_of("gzip", Setting("use-gzip")),
    row_of("gzip_min_length", Setting("gzip-min-length")),
    row_of("gzip_types", Setting("gzip-types")),
    row_of("header_filter_by_lua_block", Advice(NO_CODE)),
    row_of(
        "http2_push_preload",
        Advice("remove it: browsers no longer take pushed responses"),
    ),
    row_of("ignore_invalid_headers", Setting("ignore-invalid-headers")),
    row_of("include", Advice("write the directives themselves")),
    row_of("index", Advice(NO_FILES)),
    row_of("internal", Advice(CLOSED)),
    row_of("keepalive_timeout", Setting("keep-alive")),
    row_of(
        "large_client_header_buffers",
        Setting("large-client-header-buffers"),
    ),
    row_of("limit_conn", Annotation("limit-connections")),
    row_of(
        "limit_except",
        Advice("use `if ($request_method !~ ^(GET|HEAD)$) { return 403; }`"),
    ),
    row_of("limit_rate", Annotation("limit-rate")),
    row_of("limit_rate_after", Annotation("limit-rate-after")),
    row_of("limit_req", Annotation("limit-rps")),
    row_of(
        "location",
        Advice("add the path to the rules of an Ingress, with annotations of its own"),
    ),
    row_of("mirror", Annotation("mirror-target")),
    row_of("modsecurity", Annotation("enable-modsecurity")),
    row_of("modsecurity_rules", Annotation("modsecurity-snippet")),
    row_of("port_in_redirect", Annotation("use-port-in-redirects")),
    row_of("proxy_buffer_size", Annotation("proxy-buffer-size")),
    row_of("proxy_buffering", Annotation("proxy-buffering")),
    row_of("proxy_buffers", Annotation("proxy-buffers-number")),
    row_of("proxy_busy_buffers_size", Annotation("proxy-busy-buffers-size")),
    row_of("proxy_cache", Advice(NO_CACHE)),
    row_of("proxy_cache_bypass", Advice(NO_CACHE)),
    row_of("proxy_cache_key", Advice(NO_CACHE)),
    row_of("proxy_cache_valid", Advice(NO_CACHE)),
    row_of("proxy_connect_timeout", Annotation("proxy-connect-timeout")),
    row_of("proxy_cookie_domain", Annotation("proxy-cookie-domain")),
    row_of("proxy_cookie_path", Annotation("proxy-cookie-path")),
    row_of("proxy_http_version", Annotation("proxy-http-version")),
    row_of(
        "proxy_ignore_client_abort",
        Advice("remove it: a request ends with its client"),
    ),
    row_of("proxy_ignore_headers", Advice("use `proxy_hide_header`")),
    row_of("proxy_intercept_errors", Annotation("custom-http-errors")),
    row_of("proxy_max_temp_file_size", Annotation("proxy-max-temp-file-size")),
    row_of("proxy_method", Advice("let the backend take the client's method")),
    row_of("proxy_next_upstream", Annotation("proxy-next-upstream")),
    row_of(
        "proxy_next_upstream_timeout",
        Annotation("proxy-next-upstream-timeout"),
    ),
    row_of(
        "proxy_next_upstream_tries",
        Annotation("proxy-next-upstream-tries"),
    ),
    row_of("proxy_pass", Advice("name the Service in a rule of an Ingress")),
    row_of(
        "proxy_pass_header",
        Advice("remove it: backend headers are passed on"),
    ),
    row_of("proxy_pass_request_body", Advice(NO_BODY)),
    row_of("proxy_read_timeout", Annotation("proxy-read-timeout")),
    row_of("proxy_redirect", Annotation("proxy-redirect-from")),
    row_of("proxy_request_buffering", Annotation("proxy-request-buffering")),
    row_of("proxy_send_timeout", Annotation("proxy-send-timeout")),
    row_of("proxy_set_body", Advice(NO_BODY)),
    row_of("proxy_ssl_name", Annotation("proxy-ssl-name")),
    row_of("proxy_ssl_server_name", Annotation("proxy-ssl-server-name")),
    row_of("proxy_ssl_verify", Annotation("proxy-ssl-verify")),
    row_of("rewrite_by_lua_block", Advice(NO_CODE)),
    row_of("rewrite_log", Advice("remove it")),
    row_of("root", Advice(NO_FILES)),
    row_of("satisfy", Annotation("satisfy")),
    row_of("secure_link", Advice(CLOSED)),
    row_of("secure_link_md5", Advice(CLOSED)),
    row_of("send_timeout", Annotation("proxy-send-timeout")),
    row_of("server_tokens", Setting("server-tokens")),
    row_of("sub_filter", Advice(NO_BODY)),
    row_of("sub_filter_once", Advice(NO_BODY)),
    row_of("sub_filter_types", Advice(NO_BODY)),
    row_of("tcp_nodelay", Advice("remove it: it is always on")),
    row_of("try_files", Advice(NO_FILES)),
    row_of("types", Advice("set `Content-Type` with `more_set_headers`")),
    row_of("underscores_in_headers", Setting("enable-underscores-in-headers")),
    row_of("uninitialized_variable_warn", Advice("remove it")),
    row_of(
        "valid_referers",
        Advice("use `if ($http_referer !~ ...) { return 403; }`"),
    ),
];

/// The row of a directive that is known and not done.
pub(super) fn row(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

/// What is wrong with a directive that no row of [`directive`] understands.
pub(super) fn trouble(name: &str) -> Trouble {
    if let Some(row) = row(name) {
        let fix = match row.instead {
            Annotation(key) => format!("use the annotation nginx.ingress.kubernetes.io/{key}"),
            Setting(key) => format!("use `{key}` in the controller's ConfigMap"),
            Advice(text) => text.to_owned(),
        };
        return Trouble::new(format!("`{name}` is not supported in a snippet"), fix);
    }
    let fix = match directive::suggestion(name) {
        Some("if") => "write `if` and `(` with a space between them".to_owned(),
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "remove it; the snippet reference lists what can be used".to_owned(),
    };
    Trouble::new(format!("unknown directive `{}`", excerpt(name)), fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_sorted() {
        assert!(ROWS.is_sorted_by(|a, b| a.name < b.name));
    }

    #[test]
    fn every_row_says_what_to_use_instead() {
        for (name, fix) in [
            (
                "proxy_read_timeout",
                "use the annotation nginx.ingress.kubernetes.io/proxy-read-timeout",
            ),
            ("gzip", "use `use-gzip` in the controller's ConfigMap"),
            ("proxy_pass", "name the Service in a rule of an Ingress"),
        ] {
            assert_eq!(
                trouble(name),
                Trouble::new(format!("`{name}` is not supported in a snippet"), fix)
            );
        }
    }
}
