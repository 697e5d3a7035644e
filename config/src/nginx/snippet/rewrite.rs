//! `set`, `rewrite`, `return` and `break` (`ngx_http_rewrite_module.c`).

use crate::policy::{Action, Answer, Return, RewriteFlag, Template, UriRewrite, Variable, is_header_value};

use super::builder::{Builder, Built, Trouble};
use super::excerpt;
use super::parser::Directive;

/// Variables that mean something to nginx or ingress-nginx when they are set, and what to use instead.
const RESERVED: &[(&str, &str)] = &[
    (
        "limit_rate",
        "use the annotation nginx.ingress.kubernetes.io/limit-rate",
    ),
    ("proxy_alternative_upstream_name", "use the canary annotations"),
    ("proxy_host", "name the Service in a rule of an Ingress"),
    ("proxy_upstream_name", "name the Service in a rule of an Ingress"),
];

/// `set $name value;`
pub(super) fn set(builder: &mut Builder, directive: &Directive) -> Built {
    let [target, value] = directive.arguments.as_slice() else {
        return Ok(None);
    };
    if let Some(name) = user_variable(target) {
        let slot = builder.variables().iter().position(|user| *user == name);
        let slot = slot.expect("the builder has collected every variable that is set");
        return Ok(Some(Action::Set {
            slot,
            value: builder.template(value)?,
        }));
    }
    let name = variable_name(target).map(str::to_ascii_lowercase);
    let fix = match name.as_deref() {
        Some("args") => {
            return Ok(Some(Action::SetArguments {
                value: builder.template(value)?,
            }));
        }
        Some(name) => {
            let reserved = RESERVED.iter().find(|(reserved, _)| *reserved == name);
            reserved.map_or("choose another name", |(_, fix)| fix)
        }
        None => "write `$` and a name of letters, digits and `_` that starts with a letter",
    };
    Err(Trouble::new(format!("`{}` cannot be set", excerpt(target)), fix))
}

/// `rewrite pattern replacement [last|break|redirect|permanent];`
pub(super) fn rewrite(builder: &mut Builder, directive: &Directive) -> Built {
    let [pattern, replacement, flags @ ..] = directive.arguments.as_slice() else {
        return Ok(None);
    };
    let pattern = builder.pattern(pattern, false)?;
    let flag = match (flags.first().map(String::as_str), is_url(replacement)) {
        (Some("permanent"), _) => RewriteFlag::Redirect(301),
        (Some("redirect"), _) | (Some("last" | "break") | None, true) => RewriteFlag::Redirect(302),
        (Some("last"), false) => RewriteFlag::Last,
        (Some("break"), false) => RewriteFlag::Break,
        (None, false) => RewriteFlag::Continue,
        (Some(other), _) => {
            let message = format!("unknown flag `{}`", excerpt(other));
            return Err(Trouble::new(message, "use last, break, redirect or permanent"));
        }
    };
    let (text, keep_query) = replacement
        .strip_suffix('?')
        .map_or((replacement.as_str(), true), |text| (text, false));
    let (path, query) = text
        .split_once('?')
        .map_or((text, None), |(path, query)| (path, Some(query)));
    if path.is_empty() {
        return Err(Trouble::new("the replacement has no path", "start it with `/`"));
    }
    let read = |text: &str| match flag {
        RewriteFlag::Redirect(_) => builder.header_value(text),
        _ => builder.template(text),
    };
    let (replacement, query) = (read(path)?, query.map(read).transpose()?);
    Ok(Some(Action::Rewrite(UriRewrite {
        pattern,
        replacement,
        query,
        keep_query,
        flag,
    })))
}

/// `return code [text];`, `return code URL;`, `return URL;`
///
/// An error status whose text cannot be read is kept with the default page: refusing is what matters.
pub(super) fn answer(builder: &mut Builder, directive: &Directive) -> Built {
    let (status, text) = match directive.arguments.as_slice() {
        [url] if is_url(url) => (302, Some(url)),
        [code] => (status(code)?, None),
        [code, text, ..] => (status(code)?, Some(text)),
        [] => return Ok(None),
    };
    let template = match text.map(|text| builder.template(text)).transpose() {
        Err(trouble) if status >= 400 => {
            builder.report(directive, trouble, false);
            None
        }
        template => template?,
    };
    let answer = match template.filter(|template| status < 400 || !template.is_empty()) {
        None => Answer::Default,
        Some(template) if matches!(status, 301 | 302 | 303 | 307 | 308) => location(template)?,
        Some(template) => Answer::Text(template),
    };
    Ok(Some(Action::Return(Return { status, answer })))
}

/// `break;`
#[expect(clippy::unnecessary_wraps, reason = "the rows' functions have one type")]
pub(super) fn stop(_: &mut Builder, _: &Directive) -> Built {
    Ok(Some(Action::Break))
}

fn location(template: Template) -> Result<Answer, Trouble> {
    if template.is_empty() {
        return Ok(Answer::Default);
    }
    if template.texts().all(is_header_value) {
        return Ok(Answer::Location(template));
    }
    Err(Trouble::new(
        "the URL has control characters",
        "keep it on one line",
    ))
}

fn status(text: &str) -> Result<u16, Trouble> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|status| digits && (200..600).contains(status))
        .ok_or_else(|| {
            let message = format!("expected a status code from 200 to 599, got `{}`", excerpt(text));
            Trouble::new(message, "write `return 403;`, or `return 301 https://...;`")
        })
}

/// True for what makes `rewrite` and `return` redirect without being told so.
pub(super) fn is_url(text: &str) -> bool {
    ["http://", "https://", "$scheme"]
        .iter()
        .any(|start| text.starts_with(start))
}

/// The name in `$name`: letters, digits and `_`, the first one no digit, because `$1` is a capture.
pub(super) fn variable_name(word: &str) -> Option<&str> {
    let name = word.strip_prefix('$')?;
    let first = name.bytes().next()?;
    (!first.is_ascii_digit() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')).then_some(name)
}

/// The name in lower case of a variable that a snippet may define.
pub(super) fn user_variable(word: &str) -> Option<String> {
    let name = variable_name(word)?.to_ascii_lowercase();
    let taken = Variable::NAMED
        .iter()
        .map(|(name, _)| name)
        .chain(RESERVED.iter().map(|(name, _)| name));
    (!taken.into_iter().any(|taken| *taken == name)).then_some(name)
}
