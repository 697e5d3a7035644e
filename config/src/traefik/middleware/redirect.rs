//! `redirectRegex` and `redirectScheme`: answers that send the client elsewhere.

use serde_json::Value;

use super::kind::Effect;
use super::replacement;
use crate::policy::{
    HttpsRedirect, Pattern, Policy, Redirect, RedirectStatus, RedirectTarget, is_header_value,
};
use crate::report::Reason;
use crate::traefik::field::Fields;

pub(super) fn regex(fields: &mut Fields<'_, '_>) -> Effect {
    let text = fields.required(
        "regex",
        "no regular expression is written",
        "write one that matches the whole URL",
    );
    let replacement = fields.required(
        "replacement",
        "no URL is written",
        "write a URL, with ${1} for groups",
    );
    let status = status(fields);
    if !is_header_value(replacement) {
        fields.refuse("replacement", "it holds control characters", "write a URL");
    }
    let read = Pattern::parse(text, false);
    let Some(pattern) = fields.accept("regex", read, "mend the regular expression") else {
        return Effect::NOTHING;
    };
    check_target(fields, replacement);
    replacement::check_groups(fields, &pattern, replacement);
    let to = RedirectTarget::Match {
        pattern,
        replacement: replacement.to_owned(),
    };
    Effect::Steps(vec![Policy::Redirect(Redirect { status, to })])
}

pub(super) fn scheme(fields: &mut Fields<'_, '_>) -> Effect {
    let status = status(fields);
    let scheme = fields.text("scheme").unwrap_or_default();
    let port = port(fields);
    let policy = match scheme {
        "https" => {
            let port = port.filter(|port| *port != 443);
            Policy::HttpsRedirect(HttpsRedirect {
                status,
                strip_trailing_slash: false,
                port,
            })
        }
        "http" => {
            let to = RedirectTarget::Scheme {
                scheme: scheme.to_owned(),
                port: port.filter(|port| *port != 80),
            };
            Policy::Redirect(Redirect { status, to })
        }
        other => {
            fields.refuse(
                "scheme",
                format!("expected http or https, got `{other}`"),
                "write https",
            );
            return Effect::NOTHING;
        }
    };
    Effect::Steps(vec![policy])
}

fn status(fields: &mut Fields<'_, '_>) -> RedirectStatus {
    if fields.flag("permanent") {
        RedirectStatus::Permanent
    } else {
        RedirectStatus::Temporary
    }
}

/// The kind has a text here; a number is what people write.
fn port(fields: &mut Fields<'_, '_>) -> Option<u16> {
    let text = match fields.value("port")? {
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.is_empty() => return None,
        Value::String(text) => text.clone(),
        _ => String::new(),
    };
    let port = text.parse().ok().filter(|port| *port != 0);
    if port.is_none() {
        fields.refuse(
            "port",
            format!("expected the number of a port, got `{text}`"),
            "write \"443\", or remove it",
        );
    }
    port
}

/// Reports targets that no browser can follow in the way that was meant.
fn check_target(fields: &mut Fields<'_, '_>, replacement: &str) {
    let lower = replacement.to_ascii_lowercase();
    let behind = lower
        .strip_prefix("https://")
        .or_else(|| lower.strip_prefix("http://"));
    let doubled = behind.is_some_and(|rest| {
        ["http:", "https:", "http//", "https//"]
            .iter()
            .any(|it| rest.starts_with(it))
    });
    let (message, fix) = if doubled {
        (
            "it has two schemes, so clients are sent to a host called `https` or `http`",
            "remove one of them",
        )
    } else if behind.is_some() || lower.is_empty() || lower.starts_with(['/', '$']) {
        return;
    } else {
        (
            "it is neither a URL nor a path, so it is taken as relative to the page",
            "start it with https:// or /",
        )
    };
    fields.warn(
        "replacement",
        Reason::RedirectSuspicious,
        format!("`{replacement}`: {message}"),
        fix,
    );
}
