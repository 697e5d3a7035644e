//! Where a request really comes from, and what the backend is told of it: one trust model for every dialect.
//!
//! Nobody is trusted by default: forwarded headers of clients are replaced. From a trusted proxy the address, scheme and
//! host that it names count, for access rules, limits, logs and redirects alike. The headers are each dialect's own.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::LazyLock;

use ferrik_config::table::Dialect;
use http::header::{CONNECTION, UPGRADE};
use http::{HeaderName, HeaderValue};
use ipnet::IpNet;

use crate::arena::header_value;
use crate::head::{Fields, Names, RequestHead, has_prefix};
use crate::listen::{Connection, Scheme};
use crate::request::Facts;

macro_rules! names {
    ($($constant:ident $name:literal)*) => {
        $(static $constant: HeaderName = HeaderName::from_static($name);)*
    };
}

names! {
    FOR "x-forwarded-for"
    FORWARDED_HOST "x-forwarded-host"
    PORT "x-forwarded-port"
    PREFIX "x-forwarded-prefix"
    PROTO "x-forwarded-proto"
    SCHEME "x-forwarded-scheme"
    SERVER "x-forwarded-server"
    URI "x-forwarded-uri"
    METHOD "x-forwarded-method"
    X_SCHEME "x-scheme"
    REAL_IP "x-real-ip"
    ORIGINAL_FOR "x-original-forwarded-for"
    ORIGINAL_HOST "x-original-forwarded-host"
    FORWARDED "forwarded"
    TLS_CERT "x-forwarded-tls-client-cert"
    TLS_CERT_INFO "x-forwarded-tls-client-cert-info"
    CLIENT_VERIFY "ssl-client-verify"
    CLIENT_SUBJECT "ssl-client-subject-dn"
    CLIENT_ISSUER "ssl-client-issuer-dn"
    CLIENT_CERT "ssl-client-cert"
}

/// What only a step of ours, or a trusted proxy, may say.
static CLAIMS: LazyLock<Names> = LazyLock::new(|| {
    Names::new(&[
        &FORWARDED,
        &SERVER,
        &URI,
        &METHOD,
        &PREFIX,
        &TLS_CERT,
        &TLS_CERT_INFO,
        &CLIENT_VERIFY,
        &CLIENT_SUBJECT,
        &CLIENT_ISSUER,
        &CLIENT_CERT,
    ])
});

/// What Traefik takes from trusted proxies and fills in otherwise.
static OF_TRUSTED: LazyLock<Names> =
    LazyLock::new(|| Names::new(&[&FOR, &FORWARDED_HOST, &PORT, &PROTO, &REAL_IP]));

/// The identifier of a request.
pub(crate) static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Proxies whose forwarded headers are believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(pub Vec<IpNet>);

impl TrustedProxies {
    fn covers(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|net| net.contains(&address))
    }
}

/// What is believed of a request's origin.
#[derive(Debug)]
pub(crate) struct Origin<'a> {
    pub(crate) client: IpAddr,
    pub(crate) scheme: Scheme,
    pub(crate) host: Cow<'a, [u8]>,
    /// True if the peer is a trusted proxy.
    pub(crate) is_forwarded: bool,
}

/// Reads the origin: from the connection, or from the headers of a trusted proxy.
pub(crate) fn origin<'a>(
    head: &impl Fields,
    authority: &'a [u8],
    connection: &Connection,
    trusted: &TrustedProxies,
) -> Origin<'a> {
    let peer = connection.client.ip();
    if !trusted.covers(peer) {
        return Origin {
            client: peer,
            scheme: connection.scheme,
            host: Cow::Borrowed(authority),
            is_forwarded: false,
        };
    }
    let first = |name| {
        head.text(name)
            .map(|text| text.split(',').next().unwrap_or_default().trim())
    };
    let scheme = match first(&PROTO) {
        Some("https" | "wss") => Scheme::Https,
        Some("http" | "ws") => Scheme::Http,
        _ => connection.scheme,
    };
    let host = first(&FORWARDED_HOST)
        .filter(|text| crate::sanitize::canonical_host(text.as_bytes()).is_ok())
        .map(|text| Cow::Owned(text.as_bytes().to_vec()));
    Origin {
        client: forwarded_client(head, trusted).unwrap_or(peer),
        scheme,
        host: host.unwrap_or(Cow::Borrowed(authority)),
        is_forwarded: true,
    }
}

/// The last address that is not itself a trusted proxy (nginx `real_ip_recursive on`).
fn forwarded_client(head: &impl Fields, trusted: &TrustedProxies) -> Option<IpAddr> {
    let lists: Vec<&str> = head
        .values(&FOR)
        .filter_map(|value| std::str::from_utf8(value).ok())
        .collect();
    let mut client = None;
    for text in lists.iter().rev().flat_map(|list| list.rsplit(',')) {
        let Some(address) = parse_address(text.trim()) else {
            break;
        };
        client = Some(address);
        if !trusted.covers(address) {
            break;
        }
    }
    client
}

/// An address, with a port or in brackets as some proxies write it.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .map_or(text, |(address, _)| address);
    bare.parse().ok().or_else(|| {
        text.parse::<std::net::SocketAddr>()
            .ok()
            .map(|address| address.ip())
    })
}

/// Removes header names that backends might take for others: for CGI `_` and `-` are the same, and for some servers so is
/// everything but letters and digits. nginx drops all names with `_` (`underscores_in_headers off`); elsewhere, and with
/// other characters, those that would be taken for one of ours are.
pub(crate) fn remove_aliases(head: &mut impl RequestHead, dialect: Dialect) {
    if !head.may_have_aliases() {
        return;
    }
    let is_ours = |name: &[u8]| {
        let dashed = |byte: &u8| if byte.is_ascii_alphanumeric() { *byte } else { b'-' };
        let name: Vec<u8> = name.iter().map(dashed).collect();
        [
            "x-forwarded-",
            "x-real-ip",
            "x-original-",
            "ssl-client-",
            "x-request-id",
            "x-scheme",
            "x-proxy-",
            "forwarded",
        ]
        .iter()
        .any(|start| has_prefix(&name, start))
    };
    let is_odd = |byte: &u8| !byte.is_ascii_alphanumeric() && *byte != b'-';
    head.remove_if(|name| {
        let is_dropped = dialect == Dialect::Nginx && name.contains(&b'_');
        is_dropped || (name.iter().any(is_odd) && is_ours(name))
    });
}

/// Before the route's steps: what they may see, add to and replace. Traefik fills its headers at the entry point, so a
/// middleware that sets one of them has the last word; nginx writes its own after everything ([`tell`]).
pub(crate) fn establish(head: &mut impl RequestHead, facts: &Facts<'_>, server_name: Option<&HeaderValue>) {
    match facts.route.dialect {
        Dialect::Nginx => {}
        Dialect::Traefik => {
            entry_point(head, facts);
            if let Some(name) = server_name.filter(|_| !head.has(&SERVER)) {
                head.set(&SERVER, name.clone());
            }
        }
        Dialect::Kubernetes => {
            entry_point(head, facts);
            head.set_text(&REQUEST_ID, facts.request_id.as_bytes());
        }
    }
}

/// After the route's steps: the rest of what the backend is told, in the dialect's way.
pub(crate) fn tell(head: &mut impl RequestHead, facts: &Facts<'_>) {
    match facts.route.dialect {
        Dialect::Nginx => nginx(head, facts, client_text(facts)),
        Dialect::Traefik | Dialect::Kubernetes => append_client(head, facts),
    }
}

/// ingress-nginx's template, `proxy_set_header` lines: the client's address alone, and what the client sent under other
/// names.
fn nginx(head: &mut impl RequestHead, facts: &Facts<'_>, client: HeaderValue) {
    move_field(head, &FOR, &ORIGINAL_FOR);
    move_field(head, &FORWARDED_HOST, &ORIGINAL_HOST);
    head.set_text(&REQUEST_ID, facts.request_id.as_bytes());
    head.set(&REAL_IP, client.clone());
    head.set(&FOR, client);
    head.set_text(&FORWARDED_HOST, facts.best_host);
    if !facts.is_forwarded || !head.has(&PORT) {
        head.set(&PORT, port(facts));
    }
    let scheme = HeaderValue::from_static(facts.scheme.as_str());
    head.set(&PROTO, scheme.clone());
    head.set(&SCHEME, scheme.clone());
    head.set(&X_SCHEME, scheme);
}

/// The peer's address at the end of `X-Forwarded-For`, as Traefik's reverse proxy does.
fn append_client(head: &mut impl RequestHead, facts: &Facts<'_>) {
    let peer = &facts.connection.client_text;
    if !head.has(&FOR) {
        return head.append_copy(&FOR, peer);
    }
    let list: Vec<&[u8]> = head.values(&FOR).chain([peer.as_bytes()]).collect();
    let list = header_value(&list.join(&b", "[..]));
    head.set(&FOR, list);
}

/// Traefik's forwarded headers: stripped unless the peer is trusted, then completed.
fn entry_point(head: &mut impl RequestHead, facts: &Facts<'_>) {
    let is_web_socket = head
        .text(&UPGRADE)
        .is_some_and(|text| text.eq_ignore_ascii_case("websocket"))
        && head.has(&CONNECTION);
    let scheme = match (is_web_socket, facts.scheme) {
        (false, scheme) => scheme.as_str(),
        (true, Scheme::Http) => "ws",
        (true, Scheme::Https) => "wss",
    };
    let scheme = HeaderValue::from_static(scheme);
    if !facts.is_forwarded {
        head.remove_each(&OF_TRUSTED);
        head.append_copy(&REAL_IP, &facts.connection.client_text);
        head.append_copy(&PROTO, &scheme);
        head.append_text(&FORWARDED_HOST, facts.authority);
        head.append_copy(&PORT, &port(facts));
        return;
    }
    head.set(&REAL_IP, client_text(facts));
    if !head.has(&PROTO) {
        head.append(&PROTO, scheme);
    }
    if !head.has(&FORWARDED_HOST) {
        head.append_text(&FORWARDED_HOST, facts.authority);
    }
    if !head.has(&PORT) {
        head.append(&PORT, port(facts));
    }
}

/// Removes what only a step of ours, or a trusted proxy, may say.
pub(crate) fn remove_claims(head: &mut impl RequestHead, is_forwarded: bool) {
    if is_forwarded {
        return;
    }
    head.remove_each(&CLAIMS);
}

fn move_field(head: &mut impl RequestHead, from: &HeaderName, to: &HeaderName) {
    match head.get(from).map(header_value) {
        Some(value) => head.set(to, value),
        None => head.remove(to),
    }
}

/// The client's address; the connection has it ready if no proxy stands between.
fn client_text(facts: &Facts<'_>) -> HeaderValue {
    if facts.client == facts.connection.client.ip() {
        return facts.connection.client_text.clone();
    }
    HeaderValue::from_str(&facts.client.to_string()).expect("an address is visible ASCII")
}

/// The port that the client named or, without one, the scheme's usual one.
fn port(facts: &Facts<'_>) -> HeaderValue {
    match (facts.host.port(), facts.scheme) {
        (Some(443), _) | (None, Scheme::Https) => HeaderValue::from_static("443"),
        (Some(80), _) | (None, Scheme::Http) => HeaderValue::from_static("80"),
        (Some(port), _) => HeaderValue::from(port),
    }
}
