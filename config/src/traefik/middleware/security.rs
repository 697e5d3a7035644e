//! The fields of `headers` that stand for one security header each.

use crate::policy::{HeaderChange, HeaderName, is_header_value};
use crate::traefik::field::Fields;

/// Response headers, and those that are sent over TLS only.
#[derive(Debug, Default)]
pub(super) struct Security {
    pub(super) response: Vec<HeaderChange>,
    pub(super) over_tls: Vec<HeaderChange>,
}

/// Fields whose text is the header's value.
const TEXTS: &[(&str, &str)] = &[
    ("contentSecurityPolicy", "content-security-policy"),
    (
        "contentSecurityPolicyReportOnly",
        "content-security-policy-report-only",
    ),
    ("permissionsPolicy", "permissions-policy"),
    ("referrerPolicy", "referrer-policy"),
];

/// Fields that are known and not served, with what holds instead.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("featurePolicy", "use permissionsPolicy"),
    ("hostsProxyHeaders", "the host is the request's"),
    ("publicKey", "browsers no longer read Public-Key-Pins"),
    ("sslForceHost", "use redirectRegex"),
    ("sslHost", "use redirectRegex"),
    ("sslProxyHeaders", "the connection itself tells whether it is TLS"),
    ("sslRedirect", "use redirectScheme"),
    ("sslTemporaryRedirect", "use redirectScheme"),
];

/// Reads the fields.
pub(super) fn read(fields: &mut Fields<'_, '_>) -> Security {
    let mut security = Security::default();
    let frame = custom(fields, "customFrameOptionsValue", "frameDeny", "DENY");
    security.set("x-frame-options", frame);
    let filter = custom(
        fields,
        "customBrowserXSSValue",
        "browserXssFilter",
        "1; mode=block",
    );
    security.set("x-xss-protection", filter);
    let nosniff = fields.flag("contentTypeNosniff").then(|| "nosniff".to_owned());
    security.set("x-content-type-options", nosniff);
    for (field, header) in TEXTS {
        let value = text(fields, field);
        security.set(header, value);
    }
    let is_development = fields.flag("isDevelopment");
    transport_security(fields, is_development, &mut security);
    if !fields.texts("allowedHosts").is_empty() && !is_development {
        let message = "it is not served; a route is reached by the host of its rule alone";
        fields.refuse(
            "allowedHosts",
            message,
            "remove it, and name the hosts in the rules of the Ingress",
        );
    }
    for (field, instead) in UNSUPPORTED {
        fields.unsupported(field, instead);
    }
    security
}

impl Security {
    fn set(&mut self, header: &str, value: Option<String>) {
        self.response.extend(value.map(|value| change(header, value)));
    }
}

/// A value of the user's own, or the usual one if the flag asks for it.
fn custom(fields: &mut Fields<'_, '_>, own: &'static str, flag: &'static str, usual: &str) -> Option<String> {
    let is_asked = fields.flag(flag);
    text(fields, own).or_else(|| is_asked.then(|| usual.to_owned()))
}

fn text(fields: &mut Fields<'_, '_>, name: &'static str) -> Option<String> {
    let value = fields.text(name).filter(|value| !value.is_empty())?;
    if !is_header_value(value) {
        fields.refuse(name, "it holds control characters", "write it on one line");
        return None;
    }
    if value.contains("$NONCE") {
        fields.refuse(
            name,
            "`$NONCE` is not filled in, so no script would run",
            "let the application send the header",
        );
    }
    Some(value.to_owned())
}

/// RFC 6797. Development mode leaves it out, as Traefik does.
fn transport_security(fields: &mut Fields<'_, '_>, is_development: bool, security: &mut Security) {
    let seconds = fields.whole("stsSeconds").unwrap_or_default();
    let is_forced = fields.flag("forceSTSHeader");
    let mut value = format!("max-age={seconds}");
    for (field, directive) in [
        ("stsIncludeSubdomains", "; includeSubDomains"),
        ("stsPreload", "; preload"),
    ] {
        if fields.flag(field) {
            value.push_str(directive);
        }
    }
    if seconds < 0 {
        fields.refuse(
            "stsSeconds",
            format!("expected a number of seconds, got {seconds}"),
            "write 31536000",
        );
    }
    if seconds <= 0 || is_development {
        return;
    }
    let list = if is_forced {
        &mut security.response
    } else {
        &mut security.over_tls
    };
    list.push(change("strict-transport-security", value));
}

fn change(header: &str, value: String) -> HeaderChange {
    HeaderChange::Set(
        HeaderName::parse(header).expect("the names in this file are tokens"),
        value,
    )
}
