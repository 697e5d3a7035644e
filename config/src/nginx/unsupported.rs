//! Annotations of ingress-nginx that are known and not served: each says so, instead of passing for a misspelling.
//!
//! Most change comfort or tuning, and are left out. One that decides who may pass closes the routes: it must not be by
//! silence that they are open.

use super::{Options as All, closed, snippet};
use crate::annotation::{Annotation, Feature, NotRead, OnInvalid, Scope, Support, Written};
use crate::policy::Step;
use crate::report::Reason;
use crate::translate::Stage;

const AUTH: &str = "no other service is asked who may pass; use auth-type or auth-tls-secret";
const BALANCE: &str = "requests are spread evenly over all Pods";
const BUFFER: &str = "bodies are always streamed, there are no buffers to size";
const CANARY: &str = "the rules of the object are served like any others; split the traffic between the Pods of one Service";
const FIREWALL: &str = "there is no web application firewall";
const LIMIT: &str = "answers are sent as fast as the client takes them";
const MIRROR: &str = "requests are sent to one backend only";
const REDIRECT: &str = "the headers of the backend's answers are not rewritten";
const RETRY: &str = "a request that could not be sent, or that broke before its answer and may be repeated, is tried on other Pods, three in all";
const TLS: &str = "certificates of Pods are not checked and none is shown to them";
const TRACE: &str = "logs and traces are settings of the whole process";

pub(super) const FEATURE: Feature<All> = Feature {
    title: "Known, not served",
    doc: "Reported where they stand. Those that guard access close the routes of their object (503).",
    annotations: &[
        Annotation { on_invalid: OnInvalid::Close, ..row("auth-url", AUTH) },
        row("auth-signin", AUTH),
        row("auth-signin-redirect-param", AUTH),
        row("auth-method", AUTH),
        row("auth-response-headers", AUTH),
        row("auth-proxy-set-headers", AUTH),
        row("auth-request-redirect", AUTH),
        row("auth-cache-key", AUTH),
        row("auth-cache-duration", AUTH),
        row("auth-always-set-cookie", AUTH),
        row("auth-snippet", AUTH),
        row("satisfy", "a client has to pass every guard of the route"),
        row(SERVER_SNIPPET, "write it as a configuration-snippet of every path; one that guards access closes the routes"),
        row("stream-snippet", "only HTTP is configured by Ingresses"),
        row("enable-modsecurity", FIREWALL),
        row("enable-owasp-core-rules", FIREWALL),
        row("modsecurity-snippet", FIREWALL),
        row("modsecurity-transaction-id", FIREWALL),
        row("limit-rate", LIMIT),
        row("limit-rate-after", LIMIT),
        row("canary", CANARY),
        row("canary-by-header", CANARY),
        row("canary-by-header-value", CANARY),
        row("canary-by-header-pattern", CANARY),
        row("canary-by-cookie", CANARY),
        row("canary-weight", CANARY),
        row("canary-weight-total", CANARY),
        row("affinity", BALANCE),
        row("affinity-mode", BALANCE),
        row("affinity-canary-behavior", BALANCE),
        row("session-cookie-name", BALANCE),
        row("session-cookie-path", BALANCE),
        row("session-cookie-domain", BALANCE),
        row("session-cookie-samesite", BALANCE),
        row("session-cookie-conditional-samesite-none", BALANCE),
        row("session-cookie-secure", BALANCE),
        row("session-cookie-max-age", BALANCE),
        row("session-cookie-expires", BALANCE),
        row("session-cookie-change-on-failure", BALANCE),
        row("upstream-hash-by", BALANCE),
        row("upstream-hash-by-subset", BALANCE),
        row("upstream-hash-by-subset-size", BALANCE),
        row("service-upstream", "requests are always sent to the Pods themselves"),
        row("custom-headers", "write more_set_headers into a configuration-snippet"),
        row("mirror-target", MIRROR),
        row("mirror-host", MIRROR),
        row("mirror-request-body", MIRROR),
        row("proxy-next-upstream", RETRY),
        row("proxy-next-upstream-tries", RETRY),
        row("proxy-next-upstream-timeout", RETRY),
        row("proxy-buffer-size", BUFFER),
        row("proxy-buffers-number", BUFFER),
        row("proxy-busy-buffers-size", BUFFER),
        row("proxy-max-temp-file-size", BUFFER),
        row("proxy-http-version", "HTTP/1.1 is spoken to Pods, or what backend-protocol says"),
        row("connection-proxy-header", "connections to Pods are kept and used again"),
        row("proxy-cookie-domain", REDIRECT),
        row("proxy-cookie-path", REDIRECT),
        row("proxy-redirect-from", REDIRECT),
        row("proxy-redirect-to", REDIRECT),
        row("proxy-ssl-secret", TLS),
        row("proxy-ssl-verify", TLS),
        row("proxy-ssl-verify-depth", TLS),
        row("proxy-ssl-name", TLS),
        row("proxy-ssl-server-name", TLS),
        row("proxy-ssl-ciphers", TLS),
        row("proxy-ssl-protocols", TLS),
        row("ssl-passthrough", "TLS ends here; the certificate is that of the `tls` section"),
        row("http2-push-preload", "browsers no longer take pushes"),
        row("relative-redirects", "redirects name scheme and host"),
        row("use-port-in-redirects", "redirects to https name no port"),
        row("enable-access-log", TRACE),
        row("enable-rewrite-log", TRACE),
        row("enable-opentelemetry", TRACE),
        row("opentelemetry-operation-name", TRACE),
        row("opentelemetry-trust-incoming-span", TRACE),
    ],
};

const SERVER_SNIPPET: &str = "server-snippet";

/// The values are not read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Options {}

const fn row(name: &'static str, instead: &'static str) -> Annotation<All> {
    Annotation {
        name,
        aliases: &[],
        field: &NotRead,
        default: None,
        on_invalid: OnInvalid::Ignore,
        scope: Scope::Route,
        support: Support::None(instead),
        doc: "Known from ingress-nginx.",
        accepts: &[],
        rejects: &[],
    }
}

/// Closes the routes if the snippet of the server, which is not served, keeps somebody out.
pub(super) fn resolve(written: &Written<All>, stage: &mut Stage<'_, '_>) -> Option<Step> {
    let text = stage.ingress.metadata.annotation(written.full_name(SERVER_SNIPPET)?)?;
    let parsed = snippet::parse(text);
    if !parsed.snippet.guards() && !parsed.problems.iter().any(|problem| problem.guards) {
        return None;
    }
    let source = written.source(SERVER_SNIPPET);
    let message = "server-snippet guards access and is not served, so the routes of this object are closed";
    let fix = "move the guard into a configuration-snippet, or use allowlist-source-range or auth-type";
    stage.push(source.field.clone(), Reason::RouteClosed, message, fix);
    Some(closed(source))
}
