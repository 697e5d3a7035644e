//! What the router must answer, written from the texts: Kubernetes' Ingress (hosts and path types), and the rules that
//! the documentation states for dialects, defaults and guards. One route after the other, one reading after the other.

use std::collections::BTreeSet;

use ferrik_config::Table;
use ferrik_config::name::HostKey;
use ferrik_config::table::{Dialect, Entry, PathKind, Route};
use ferrik_proxy::{Reason, Scheme};
use percent_encoding::percent_decode_str;

/// The route of a request.
pub(crate) fn find<'a>(
    table: &'a Table,
    host: &str,
    path: &str,
    scheme: Scheme,
) -> Result<&'a Route, Reason> {
    let forwarded = forwarded(path).ok_or(Reason::BadTarget)?;
    let plain = resolve(&merge(&decode_unreserved(&forwarded))).ok_or(Reason::BadTarget)?;
    let decoded = resolve(&merge(&decode(&forwarded))).ok_or(Reason::BadTarget)?;
    let found = lookup(table, host, (&plain, &decoded), scheme);
    // The route that is found as it stands goes before those of other readings, which have no better order than their text.
    let mut others = readings(&forwarded);
    others.extend([plain, decoded]);
    let others = others
        .iter()
        .map(|reading| lookup(table, host, (reading, reading), scheme));
    let guarded: Vec<&Route> = std::iter::once(found)
        .chain(others)
        .flatten()
        .filter(|route| route.guards())
        .collect();
    let Some(first) = guarded.first() else {
        return found;
    };
    let is_one = guarded
        .iter()
        .all(|route| route.steps[0].policy == first.steps[0].policy);
    if is_one {
        Ok(first)
    } else {
        Err(Reason::AmbiguousPath)
    }
}

/// The route for one reading of a path: the keys of the Kubernetes and Traefik dialects, and of nginx.
pub(crate) fn lookup<'a>(
    table: &'a Table,
    host: &str,
    keys: (&str, &str),
    scheme: Scheme,
) -> Result<&'a Route, Reason> {
    let parent = host.split_once('.').map_or("", |(_, parent)| parent);
    let levels = [host, &format!("*.{parent}"), ""];
    let mut reason = Reason::NoHost;
    let mut is_first = true;
    let mut last = None;
    for key in levels.iter().filter_map(|text| HostKey::parse(text).ok()) {
        let Some(host) = table.hosts.get(&key) else {
            continue;
        };
        reason = Reason::NoPath;
        let is_asked =
            |route: &Route| (is_first || route.dialect == Dialect::Traefik) && is_entered(route, scheme);
        let mut rules = host.routes.iter().filter(|route| is_asked(route));
        if let Some(route) = rules.find(|route| is_match(route, keys)) {
            return Ok(route);
        }
        match host.default.as_deref().filter(|route| is_asked(route)) {
            Some(route) if route.dialect == Dialect::Traefik => last = last.or(Some(route)),
            Some(route) => return Ok(route),
            None => {}
        }
        if !host.fall_through {
            break;
        }
        is_first = false;
    }
    last.or(table.default_backend.as_deref()).ok_or(reason)
}

fn is_entered(route: &Route, scheme: Scheme) -> bool {
    route.entry == Entry::Any || (route.entry == Entry::Https) == (scheme == Scheme::Https)
}

fn is_match(route: &Route, (plain, decoded): (&str, &str)) -> bool {
    let path = if route.dialect == Dialect::Nginx {
        decoded
    } else {
        plain
    };
    let text = route.path.text.as_str();
    match route.path.kind {
        PathKind::Exact => path == text,
        PathKind::Prefix => {
            let wanted: Vec<&str> = text.trim_end_matches('/').split('/').collect();
            let elements: Vec<&str> = path.split('/').collect();
            elements.starts_with(&wanted)
        }
        PathKind::StartsWith => path.starts_with(text),
        PathKind::Pattern => route
            .path
            .pattern
            .as_ref()
            .is_some_and(|pattern| pattern.compile().is_match(path.as_bytes())),
    }
}

/// What the backend receives: dot segments resolved; nothing, if the path climbs above the root.
pub(crate) fn forwarded(path: &str) -> Option<String> {
    resolve(path)
}

/// What a backend might take a path for: decoded up to twice, parameters cut, `\` as `/`, in every order; then slashes
/// merged and dots resolved, in either order.
pub(crate) fn readings(forwarded: &str) -> BTreeSet<String> {
    let mut forms = BTreeSet::new();
    sequences(
        &decode_unreserved(forwarded),
        &[decode, decode, cut, turn],
        &mut forms,
    );
    forms
        .iter()
        .flat_map(|form| [clamp(&merge(form)), merge(&clamp(form))])
        .collect()
}

fn sequences(form: &str, steps: &[fn(&str) -> String], forms: &mut BTreeSet<String>) {
    forms.insert(form.to_owned());
    for at in 0..steps.len() {
        let mut rest = steps.to_vec();
        let step = rest.remove(at);
        sequences(&step(form), &rest, forms);
    }
}

/// Bytes outside ASCII become some character that no rule has.
fn decode(path: &str) -> String {
    percent_decode_str(path).map(char::from).collect()
}

fn decode_unreserved(path: &str) -> String {
    let unreserved = (0..0x7f_u8).filter(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(byte));
    unreserved.fold(path.to_owned(), |path, byte| {
        let text = char::from(byte).to_string();
        path.replace(&format!("%{byte:02x}"), &text)
            .replace(&format!("%{byte:02X}"), &text)
    })
}

fn cut(path: &str) -> String {
    let names = path
        .split('/')
        .map(|segment| segment.split_once(';').map_or(segment, |(name, _)| name));
    names.collect::<Vec<_>>().join("/")
}

fn turn(path: &str) -> String {
    path.replace('\\', "/")
}

fn merge(path: &str) -> String {
    let mut path = path.to_owned();
    while path.contains("//") {
        path = path.replace("//", "/");
    }
    path
}

fn resolve(path: &str) -> Option<String> {
    let mut depth = 0;
    for segment in path.split('/').skip(1) {
        match decode_unreserved(segment).as_str() {
            "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        if depth < 0 {
            return None;
        }
    }
    Some(clamp(path))
}

fn clamp(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut is_folder = false;
    for segment in path.split('/').skip(1) {
        let name = decode_unreserved(segment);
        is_folder = name == "." || name == "..";
        match name.as_str() {
            "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    if is_folder {
        kept.push("");
    }
    format!("/{}", kept.join("/"))
}
