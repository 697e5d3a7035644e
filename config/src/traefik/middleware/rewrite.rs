//! `stripPrefix`, `addPrefix` and `replacePathRegex`: the path that the backend receives.

use super::kind::Effect;
use super::replacement;
use crate::policy::{Pattern, Policy, Rewrite, is_header_value};
use crate::report::Reason;
use crate::traefik::field::Fields;

pub(super) fn strip_prefix(fields: &mut Fields<'_, '_>) -> Effect {
    let prefixes: Vec<String> = fields.texts("prefixes").into_iter().map(str::to_owned).collect();
    for prefix in prefixes.iter().filter(|prefix| !prefix.starts_with('/')) {
        let message = format!("`{prefix}` does not start with `/`, so no path begins with it");
        fields.warn(
            "prefixes",
            Reason::FieldUnsupported,
            message,
            format!("write /{prefix}"),
        );
    }
    // Traefik's default is true, and that is what is done.
    if fields.value("forceSlash").and_then(serde_json::Value::as_bool) == Some(false) {
        let message = "`forceSlash: false` has no effect: what is left of a path always starts with `/`";
        fields.warn("forceSlash", Reason::FieldUnsupported, message, "remove it");
    }
    step(Rewrite::StripPrefix { prefixes })
}

pub(super) fn add_prefix(fields: &mut Fields<'_, '_>) -> Effect {
    let prefix = fields.text("prefix").unwrap_or_default();
    if !prefix.starts_with('/')
        || !prefix.bytes().all(|b| b.is_ascii_graphic())
        || prefix.contains(['?', '#'])
    {
        let message = format!("expected a path that starts with /, got `{prefix}`");
        fields.refuse("prefix", message, "write it like this: \"/app\"");
    }
    step(Rewrite::AddPrefix {
        prefix: prefix.to_owned(),
    })
}

pub(super) fn replace(fields: &mut Fields<'_, '_>) -> Effect {
    let missing = "no regular expression is written";
    let text = fields
        .required("regex", missing, "write one that matches the path")
        .trim();
    let replacement = fields.text("replacement").unwrap_or_default().trim();
    let read = Pattern::parse(text, false);
    let Some(pattern) = fields.accept("regex", read, "mend the regular expression") else {
        return Effect::NOTHING;
    };
    if !is_header_value(replacement) {
        fields.refuse("replacement", "it holds control characters", "write a path");
    }
    replacement::check_groups(fields, &pattern, replacement);
    step(Rewrite::ReplacePattern {
        pattern,
        replacement: replacement.to_owned(),
    })
}

fn step(rewrite: Rewrite) -> Effect {
    Effect::Steps(vec![Policy::Rewrite(rewrite)])
}
