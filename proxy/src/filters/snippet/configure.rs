//! What of a snippet is configuration: access rules and header changes, of the top level and of the last true `if`.

use std::net::IpAddr;

use ferrik_config::policy::is_framing;
use http::HeaderName;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, HOST, LAST_MODIFIED};

use super::program::{Config, HeaderOp};
use crate::arena::header_value;
use crate::filters::ip_access::covers;
use crate::head::{RequestHead, has_prefix};
use crate::reason::Reason;
use crate::reply::Reply;
use crate::request::{FieldChange, Only, Request, ResponseChange};
use crate::template::Scope;

/// Statuses that `add_header` and `expires` are for without `always`.
const USUAL: [u16; 10] = [200, 201, 204, 206, 301, 302, 303, 304, 307, 308];

/// The first access rule that covers the client decides; the inner level's rules replace the outer one's.
pub(super) fn access<'c, H>(levels: impl Iterator<Item = &'c Config>, request: &Request<'_, H>) -> Option<Reply> {
    let rules = levels.map(|config| &config.access).filter(|rules| !rules.is_empty()).last()?;
    let client: IpAddr = request.facts.client.to_canonical();
    let covered = |net: &Option<ipnet::IpNet>| net.as_ref().is_none_or(|net| covers(net, client));
    let (allow, _) = rules.iter().find(|(_, net)| covered(net))?;
    (!allow).then(|| Reply::page(403, Reason::IpDenied))
}

/// Header changes of the response, prepared now because the variables are those of this moment.
pub(super) fn response<'c, H: RequestHead>(
    levels: impl Iterator<Item = &'c Config>,
    request: &mut Request<'_, H>,
    scope: &Scope,
) {
    let levels: Vec<&Config> = levels.collect();
    let hidden = levels.iter().flat_map(|config| &config.hide);
    for name in hidden.filter(|name| !is_framing(name.as_str().as_bytes())) {
        request.change_response(FieldChange::Remove(name.clone()));
    }
    for op in levels.iter().flat_map(|config| &config.response) {
        let only = Only { statuses: op.statuses.clone(), types: op.types.clone() };
        if let Some(change) = field_change(&op.op, request, scope) {
            request.changes.response.push(ResponseChange { step: request.step, only, change });
        }
    }
    if let Some(adds) = levels.iter().map(|config| &config.add).rfind(|adds| !adds.is_empty()) {
        for (name, value, always) in adds {
            let text = value.fill(request, scope);
            if text.is_empty() || is_framing(name.as_str().as_bytes()) {
                continue;
            }
            let only = Only { statuses: if *always { Vec::new() } else { USUAL.to_vec() }, types: Vec::new() };
            let value = header_value(&text);
            let change = if *name == ETAG || *name == LAST_MODIFIED {
                FieldChange::Set(name.clone(), value)
            } else {
                FieldChange::Append(name.clone(), value)
            };
            request.changes.response.push(ResponseChange { step: request.step, only, change });
        }
    }
    if let Some(expires) = levels.iter().rev().find_map(|config| config.expires) {
        let only = Only { statuses: USUAL.to_vec(), types: Vec::new() };
        let change = FieldChange::Expires(expires);
        request.changes.response.push(ResponseChange { step: request.step, only, change });
    }
}

fn field_change<H: RequestHead>(op: &HeaderOp, request: &Request<'_, H>, scope: &Scope) -> Option<FieldChange> {
    match op {
        HeaderOp::Set(name, _) | HeaderOp::Replace(name, _) | HeaderOp::Clear(name) if is_framing(name.as_str().as_bytes()) => None,
        HeaderOp::Set(name, value) | HeaderOp::Replace(name, value) => {
            let text = value.fill(request, scope);
            Some(if text.is_empty() {
                FieldChange::Remove(name.clone())
            } else {
                FieldChange::Set(name.clone(), header_value(&text))
            })
        }
        HeaderOp::Clear(name) => Some(FieldChange::Remove(name.clone())),
        HeaderOp::ClearPrefix(prefix) => Some(FieldChange::RemovePrefix(prefix.clone())),
    }
}

/// Header changes of the request.
pub(super) fn request<'c, H: RequestHead>(
    levels: impl Iterator<Item = &'c Config>,
    request: &mut Request<'_, H>,
    scope: &Scope,
) {
    let levels: Vec<&Config> = levels.collect();
    for (types, op) in levels.iter().flat_map(|config| &config.request) {
        let media = request.head.text(&CONTENT_TYPE).unwrap_or_default();
        if types.is_empty() || types.iter().any(|kind| kind.eq_ignore_ascii_case(media)) {
            change_request(op, request, scope);
        }
    }
    if let Some(fields) = levels.iter().map(|config| &config.proxy).rfind(|fields| !fields.is_empty()) {
        for (name, value) in fields {
            let text = value.fill(request, scope);
            set(name, &text, request);
        }
    }
}

fn change_request<H: RequestHead>(op: &HeaderOp, request: &mut Request<'_, H>, scope: &Scope) {
    match op {
        HeaderOp::Replace(name, _) if !request.head.has(name) => {}
        HeaderOp::Set(name, value) | HeaderOp::Replace(name, value) => {
            let text = value.fill(request, scope);
            set(name, &text, request);
        }
        HeaderOp::Clear(name) => set(name, b"", request),
        HeaderOp::ClearPrefix(prefix) => {
            if has_prefix(HOST.as_str().as_bytes(), prefix) {
                request.changes.host = None;
            }
            let is_kept = |name: &[u8]| {
                let name = HeaderName::from_bytes(name);
                name.is_ok_and(|name| is_framing(name.as_str().as_bytes()) || name == CONTENT_LENGTH || name == HOST)
            };
            request.head.remove_if(|name| has_prefix(name, prefix) && !is_kept(name));
        }
    }
}

fn set<H: RequestHead>(name: &HeaderName, text: &[u8], request: &mut Request<'_, H>) {
    if is_framing(name.as_str().as_bytes()) || *name == CONTENT_LENGTH {
        return;
    }
    if *name == HOST {
        request.changes.host = (!text.is_empty()).then(|| header_value(text));
    } else if text.is_empty() {
        request.head.remove(name);
    } else {
        request.head.set(name, header_value(text));
    }
}
