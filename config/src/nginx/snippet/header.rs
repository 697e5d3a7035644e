//! Header directives: those of headers-more-nginx-module, `add_header`, `proxy_set_header`, `proxy_hide_header`.

use crate::policy::{
    Action, AddHeader, HeaderName, HeaderOp, RequestHeaders, ResponseHeaders, Template, framing_problem,
};

use super::builder::{Builder, Built, Trouble};
use super::excerpt;
use super::parser::Directive;

const NAME_FIX: &str = "write `'Name: value'`, one argument per header";

/// `more_set_headers [-s statuses] [-t types] 'Name: value'...;`
pub(super) fn set_response(builder: &mut Builder, directive: &Directive) -> Built {
    response(builder, directive, Change::Set)
}

/// `more_clear_headers [-s statuses] [-t types] Name...;`
pub(super) fn clear_response(builder: &mut Builder, directive: &Directive) -> Built {
    response(builder, directive, Change::Clear)
}

/// `more_set_input_headers [-r] [-t types] 'Name: value'...;`
pub(super) fn set_request(builder: &mut Builder, directive: &Directive) -> Built {
    request(builder, directive, Change::Set)
}

/// `more_clear_input_headers [-t types] Name...;`
pub(super) fn clear_request(builder: &mut Builder, directive: &Directive) -> Built {
    request(builder, directive, Change::Clear)
}

/// `add_header Name value [always];`
pub(super) fn add(builder: &mut Builder, directive: &Directive) -> Built {
    let [name, value, rest @ ..] = directive.arguments.as_slice() else {
        return Ok(None);
    };
    let always = match rest.first().map(String::as_str) {
        None => false,
        Some("always") => true,
        Some(other) => {
            let message = format!("unknown parameter `{}`", excerpt(other));
            return Err(Trouble::new(
                message,
                "write `always` or nothing; quote a value with spaces",
            ));
        }
    };
    Ok(Some(Action::Add(AddHeader {
        name: own_name(name, value)?,
        value: builder.header_value(value)?,
        always,
    })))
}

/// `proxy_hide_header Name;`
pub(super) fn hide(_: &mut Builder, directive: &Directive) -> Built {
    directive
        .arguments
        .first()
        .map(|name| own_name(name, "").map(Action::Hide))
        .transpose()
}

/// `proxy_set_header Name value;`
///
/// A value that cannot be read becomes the empty one: the backend must not mistake what a client sent for it.
pub(super) fn proxy(builder: &mut Builder, directive: &Directive) -> Built {
    let [name, value] = directive.arguments.as_slice() else {
        return Ok(None);
    };
    let name = own_name(name, value)?;
    let value = builder.header_value(value).unwrap_or_else(|trouble| {
        report_removal(builder, directive, trouble, &name);
        Template::default()
    });
    Ok(Some(Action::Proxy { name, value }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Set,
    Clear,
}

/// The arguments of a headers-more directive, sorted.
#[derive(Default)]
struct Arguments<'a> {
    statuses: Vec<u16>,
    types: Vec<String>,
    replace: bool,
    headers: Vec<&'a str>,
}

fn response(builder: &mut Builder, directive: &Directive, change: Change) -> Built {
    let arguments = arguments(directive, &["-s", "-t"])?;
    let mut ops = Vec::new();
    for raw in arguments.headers {
        match op(builder, raw, change) {
            Ok((op, None)) => ops.push(op),
            Ok((_, Some(trouble))) | Err(trouble) => builder.report(directive, trouble, false),
        }
    }
    let headers = ResponseHeaders {
        statuses: arguments.statuses,
        types: arguments.types,
        ops,
    };
    Ok((!headers.ops.is_empty()).then_some(Action::ResponseHeaders(headers)))
}

/// Like [`response`], but a field whose value cannot be read is removed: the backend must not mistake what a client sent
/// for it.
fn request(builder: &mut Builder, directive: &Directive, change: Change) -> Built {
    let arguments = arguments(directive, &["-r", "-t"])?;
    let mut ops = Vec::new();
    for raw in arguments.headers {
        match op(builder, raw, change) {
            Ok((HeaderOp::Set { name, value }, None)) if arguments.replace => {
                ops.push(HeaderOp::Replace { name, value });
            }
            Ok((op, trouble)) => {
                if let (HeaderOp::Clear(name), Some(trouble)) = (&op, trouble) {
                    report_removal(builder, directive, trouble, name);
                }
                ops.push(op);
            }
            Err(trouble) => builder.report(directive, trouble, false),
        }
    }
    let headers = RequestHeaders {
        types: arguments.types,
        ops,
    };
    Ok((!headers.ops.is_empty()).then_some(Action::RequestHeaders(headers)))
}

fn report_removal(builder: &mut Builder, directive: &Directive, trouble: Trouble, name: &HeaderName) {
    let message = format!("{}; the backend gets no `{name}`", trouble.message);
    builder.report(directive, Trouble::new(message, trouble.fix), false);
}

/// Sorts options from headers. An option's list is one word: `-s '404 500'`.
fn arguments<'a>(directive: &'a Directive, options: &[&str]) -> Result<Arguments<'a>, Trouble> {
    let mut sorted = Arguments::default();
    let mut words = directive
        .arguments
        .iter()
        .map(String::as_str)
        .filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        let mut list = || {
            let missing = || {
                Trouble::new(
                    format!("`{word}` needs a list behind it"),
                    "write it in quotes: `-s '404 500'`",
                )
            };
            words.next().map(str::split_ascii_whitespace).ok_or_else(missing)
        };
        match word {
            "-s" if options.contains(&word) => {
                for status in list()? {
                    let status = status.parse().ok().filter(|status| (100..600).contains(status));
                    sorted.statuses.push(status.ok_or_else(|| {
                        Trouble::new(
                            "`-s` takes status codes from 100 to 599",
                            "write it in quotes: `-s '404 500'`",
                        )
                    })?);
                }
            }
            "-t" if options.contains(&word) => sorted.types.extend(list()?.map(str::to_owned)),
            "-r" if options.contains(&word) => sorted.replace = true,
            option if option.starts_with('-') => {
                let message = format!("unknown option `{}`", excerpt(option));
                return Err(Trouble::new(message, format!("use {}", options.join(" or "))));
            }
            header => sorted.headers.push(header),
        }
    }
    Ok(sorted)
}

/// Reads `Name: value` as headers-more does: the name ends at a colon or white space, more of either is skipped.
///
/// With a value that cannot be read, the operation removes the field and comes with the reason.
fn op(builder: &Builder, raw: &str, change: Change) -> Result<(HeaderOp, Option<Trouble>), Trouble> {
    let is_gap = |c: char| c == ':' || c.is_ascii_whitespace();
    let raw = raw.trim_ascii();
    let (name, value) = raw.split_at(raw.find(is_gap).unwrap_or(raw.len()));
    let value = if change == Change::Set {
        value.trim_start_matches(is_gap)
    } else {
        ""
    };
    if let Some(prefix) = name.strip_suffix('*') {
        if value.is_empty() {
            return Ok((
                HeaderOp::ClearPrefix(header_name(prefix)?.as_str().to_owned()),
                None,
            ));
        }
        return Err(Trouble::new(
            format!("`{}` cannot be given a value", excerpt(name)),
            "name the header in full",
        ));
    }
    let name = own_name(name, value)?;
    if value.is_empty() {
        return Ok((HeaderOp::Clear(name), None));
    }
    Ok(match builder.header_value(value) {
        Ok(value) => (HeaderOp::Set { name, value }, None),
        Err(trouble) => (HeaderOp::Clear(name), Some(trouble)),
    })
}

/// The name of a field that may be changed, to this value or without one.
fn own_name(name: &str, value: &str) -> Result<HeaderName, Trouble> {
    let header = header_name(name)?;
    if !header.is_framing() {
        return Ok(header);
    }
    let (message, fix) = framing_problem(name, &excerpt(value));
    Err(Trouble::new(message, fix))
}

fn header_name(text: &str) -> Result<HeaderName, Trouble> {
    HeaderName::parse(text).map_err(|invalid| Trouble::invalid(invalid, NAME_FIX))
}
