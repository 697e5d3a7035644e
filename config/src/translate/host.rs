//! Stage two: the shares of one host become its table and its TLS.

mod precedence;
mod tls;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::fragment::{ClientShare, Draft, Fragment, HostShare};
use super::index::Index;
use super::path::nginx_pattern;
use crate::name::{HostKey, ObjectRef};
use crate::policy::Step;
use crate::report::{Diagnostic, Reason};
use crate::table::{Dialect, Entry, HostTable, PathKind, PathRule, Route, TlsHost};

/// The result of stage two for one host.
#[derive(Debug, Default)]
pub(super) struct Assembled {
    /// `None` if no route is there.
    pub(super) table: Option<Arc<HostTable>>,
    /// `None` if nothing is said about TLS.
    pub(super) tls: Option<Arc<TlsHost>>,
    /// Conflicts, on the objects that lose.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The namespace of the oldest Ingress that serves it.
    pub(super) owner: Option<Arc<str>>,
}

pub(super) type Share<'a> = (&'a ObjectRef, &'a Fragment, &'a HostShare);

/// Assembles one host from all that share in it, oldest first.
pub(super) fn assemble(key: &HostKey, index: &Index) -> Assembled {
    let own = index.shares(key);
    // An alias is the host that it stands for, unless some Ingress has rules for the name itself.
    let has_rules = own.iter().any(|(_, _, share)| share.is_served());
    let original = own
        .iter()
        .find_map(|(_, _, share)| share.alias_of.as_ref())
        .filter(|_| !has_rules);
    let shares = original.map_or_else(|| own.clone(), |original| index.shares(original));
    let shares: Vec<Share<'_>> = shares
        .into_iter()
        .filter(|(_, _, share)| share.alias_of.is_none())
        .collect();
    let covering = key
        .covering_wildcard()
        .map(|wildcard| index.shares(&wildcard))
        .unwrap_or_default();

    let mut diagnostics = Vec::new();
    let server = certificate_owner(&shares, &covering);
    diagnostics.extend(
        own.iter()
            .filter_map(|share| certificate_refused(key, share, server?)),
    );
    let modes = Modes::of(&shares, &covering);
    let client = tls::client(key, &shares, &mut diagnostics);
    diagnostics.extend(tls::limits_refused(key, &shares));
    let mut routes = routes(key, &shares, &modes, client.as_ref(), server, &mut diagnostics);
    routes.extend(app_root(&shares, client.as_ref()));
    let is_named = shares.iter().any(|(_, _, share)| share.is_served());
    if !is_named {
        routes.extend(own.iter().find_map(|(_, _, share)| share.twin_redirect.clone()));
    }
    let default = shares.iter().find_map(|(_, _, share)| share.default.as_ref());
    let default = default.map(|draft| finish(draft, None, &modes, client.as_ref()));
    let fall_through = routes.iter().any(|route| route.dialect == Dialect::Traefik);
    precedence::sort(&mut routes);
    let owner = server.map(|object| object.namespace.clone());
    let is_foreign = |route: &Arc<Route>| Some(&route.source.object.namespace) != owner.as_ref();
    let is_shared = routes.iter().chain(&default).any(is_foreign);
    let table = (is_named || !routes.is_empty()).then(|| {
        Arc::new(HostTable {
            routes,
            default,
            fall_through,
            owner: owner.clone().filter(|_| is_shared),
        })
    });
    let tls_shares = if original.is_some() {
        own.into_iter().chain(shares).collect()
    } else {
        own
    };
    let is_known = table.is_some();
    let tls = tls::host(
        key,
        &tls_shares,
        client.map(|share| share.client),
        is_known.then_some(&covering),
    );
    diagnostics.extend(tls::unfit(key, &tls_shares, tls.as_ref()));
    if original.is_some() {
        // What is wrong with a host is said once, not again for each of its aliases.
        diagnostics.clear();
    }
    Assembled {
        table,
        tls: tls.map(Arc::new),
        diagnostics,
        owner,
    }
}

/// Whose namespace may have a certificate for the host: the oldest Ingress's that serves it, or else the oldest's that serves the
/// wildcard above it. What stands in a namespace's own Secrets proves nothing, because anybody there can write them.
fn certificate_owner<'a>(shares: &[Share<'a>], covering: &[Share<'a>]) -> Option<&'a ObjectRef> {
    let served = |shares: &[Share<'a>]| shares.iter().find(|(_, _, share)| share.is_served()).copied();
    let owner = served(shares).or_else(|| served(covering));
    owner.map(|(object, _, _)| object)
}

/// Whoever has a certificate for a host can pass for it, so it is for the namespace that serves the host.
fn certificate_refused(
    key: &HostKey,
    (object, _, share): &Share<'_>,
    server: &ObjectRef,
) -> Option<Diagnostic> {
    let field = share.asks.as_ref()?;
    if server.namespace == object.namespace {
        return None;
    }
    let message = format!(
        "no certificate is asked for: `{key}` is served by {server} in another namespace, which is older or comes first by name"
    );
    let diagnostic = Diagnostic::new(object, field, Reason::AcmeRefused, message);
    Some(diagnostic.fix("remove the host here, or have the other Ingress ask"))
}

/// What holds for all nginx routes of the host.
struct Modes<'a> {
    /// The oldest object that puts the host into regular-expression mode.
    regex: Option<&'a ObjectRef>,
    tls: bool,
    /// Some object asks for client certificates in the Traefik dialect, where the handshake judges them.
    handshake: bool,
}

impl<'a> Modes<'a> {
    fn of(shares: &[Share<'a>], covering: &[Share<'_>]) -> Self {
        let asks = |share: &HostShare| {
            share.nginx.regex
                && share
                    .routes
                    .iter()
                    .any(|draft| draft.route.dialect == Dialect::Nginx)
        };
        Self {
            regex: shares
                .iter()
                .find(|(_, _, share)| asks(share))
                .map(|(object, _, _)| *object),
            // ingress-nginx redirects if the server has a certificate entry, its own or a covering wildcard's.
            tls: shares.iter().chain(covering).any(|(_, _, share)| share.tls),
            handshake: shares
                .iter()
                .flat_map(|(_, _, share)| &share.clients)
                .any(|it| !is_judged_by_step(it)),
        }
    }
}

/// The routes of all rules, without those that an older rule has taken.
fn routes<'a>(
    key: &HostKey,
    shares: &[Share<'a>],
    modes: &Modes<'_>,
    client: Option<&ClientShare>,
    owner: Option<&ObjectRef>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Arc<Route>> {
    let mut routes = Vec::new();
    let mut claimed: BTreeMap<(PathKind, String, Entry), &'a ObjectRef> = BTreeMap::new();
    for (object, _, share) in shares {
        diagnostics.extend(told_of_mode(key, object, share, modes));
        for draft in &share.routes {
            if let Some(owner) = owner.filter(|owner| owner.namespace != object.namespace)
                && draft.route.is_for_challenges()
            {
                diagnostics.push(challenge_refused(key, draft, owner));
                continue;
            }
            let pattern = match pattern(draft, share, modes) {
                Ok(pattern) => pattern,
                Err(diagnostic) => {
                    diagnostics.push(*diagnostic);
                    continue;
                }
            };
            let route = finish(draft, pattern, modes, client);
            let path = (route.path.kind, route.path.text.clone(), route.entry);
            // Who takes both entry points leaves nothing for a younger rule of one; the other way round something is left.
            let by_all = (path.0, path.1.clone(), Entry::Any);
            if let Some(winner) = claimed.get(&by_all).or_else(|| claimed.get(&path)) {
                diagnostics.push(conflict(key, object, draft, winner));
            } else {
                claimed.insert(path, object);
                routes.push(route);
            }
        }
    }
    routes
}

/// Whoever answers an authority's question can get a certificate for the host.
fn challenge_refused(key: &HostKey, draft: &Draft, owner: &ObjectRef) -> Diagnostic {
    let source = &draft.route.source;
    let message = format!(
        "the path of a certificate challenge is not served: `{key}` is served by {owner} in another namespace"
    );
    let diagnostic = Diagnostic::new(&source.object, &source.field, Reason::AcmeRefused, message);
    diagnostic.fix("solve the challenge in the namespace of that Ingress")
}

/// The pattern that a path is in regular-expression mode. What cannot be one is refused if its own object asks for the
/// mode, and compared as it is written if another does: one object does not take the paths of another away.
fn pattern(draft: &Draft, share: &HostShare, modes: &Modes<'_>) -> Result<Option<PathRule>, Box<Diagnostic>> {
    let is_pattern = match draft.route.dialect {
        _ if draft.route.is_challenge() => false,
        Dialect::Nginx => share.nginx.regex || modes.regex.is_some(),
        // The Kubernetes text holds, unless the object itself says otherwise.
        Dialect::Kubernetes => share.nginx.regex,
        Dialect::Traefik => false,
    };
    if !is_pattern {
        return Ok(None);
    }
    match nginx_pattern(&draft.written) {
        Ok(path) => Ok(Some(path)),
        Err(_) if !share.nginx.regex => Ok(None),
        Err(invalid) => {
            let source = &draft.route.source;
            let message = format!(
                "path: expected {}, got `{}`; the rule is not served",
                invalid.expected, draft.written
            );
            let diagnostic = Diagnostic::new(
                &source.object,
                format!("{}.path", source.field),
                Reason::PathInvalid,
                message,
            );
            Err(Box::new(diagnostic.fix("mend the regular expression")))
        }
    }
}

/// Tells an object that another one of its host changes how its paths match. A root matches everything in either mode.
fn told_of_mode(
    key: &HostKey,
    object: &ObjectRef,
    share: &HostShare,
    modes: &Modes<'_>,
) -> Option<Diagnostic> {
    let asker = modes.regex.filter(|_| !share.nginx.regex)?;
    let changes = |draft: &&Draft| {
        draft.route.dialect == Dialect::Nginx
            && (draft.written != "/" || draft.route.path.kind == PathKind::Exact)
    };
    let draft = share.routes.iter().find(changes)?;
    let message = format!(
        "host `{key}` is in regular-expression mode, because {asker} has use-regex or rewrite-target: the paths of this \
         object match as patterns, without regard to case and without an end"
    );
    let field = format!("{}.path", draft.route.source.field);
    let fix = format!(
        "write the paths as patterns that end in `$` or `(/|$)`, or move {asker} to a host of its own"
    );
    Some(Diagnostic::new(object, field, Reason::HostWideMode, message).fix(fix))
}

/// Applies what the host decides to one route. Routes that nothing touches are shared, not copied.
fn finish(
    draft: &Draft,
    pattern: Option<PathRule>,
    modes: &Modes<'_>,
    client: Option<&ClientShare>,
) -> Arc<Route> {
    let drop_step = draft.only_with_tls.filter(|_| !modes.tls);
    // Routes of the Traefik dialect leave it to the handshake, unless the other dialect's policy has taken its place.
    let needs_step = |client: &&ClientShare| {
        draft.route.dialect != Dialect::Traefik || (modes.handshake && is_judged_by_step(client))
    };
    let verdict = client.filter(needs_step).and_then(|share| share.verdict.as_ref());
    let is_untouched = drop_step.is_none() && verdict.is_none() && pattern.is_none();
    if is_untouched || draft.route.is_challenge() {
        return draft.route.clone();
    }
    let mut route = (*draft.route).clone();
    if let Some(at) = drop_step {
        route.steps.remove(at);
    }
    if let Some(step) = verdict {
        route.steps.insert(0, step.clone());
    }
    if let Some(path) = pattern {
        route.path = path;
    }
    Arc::new(route)
}

fn is_judged_by_step(share: &ClientShare) -> bool {
    share.client.mode.is_judged_by_filter()
}

/// `app-root` answers `/` of the whole server before anything else but the client's certificate.
fn app_root(shares: &[Share<'_>], client: Option<&ClientShare>) -> Option<Arc<Route>> {
    let step: &Step = shares
        .iter()
        .find_map(|(_, _, share)| share.nginx.app_root.as_ref())?;
    let verdict = client.and_then(|share| share.verdict.clone());
    Some(Arc::new(Route {
        path: PathRule {
            kind: PathKind::Exact,
            text: "/".to_owned(),
            pattern: None,
        },
        entry: Entry::Any,
        dialect: Dialect::Nginx,
        source: step.source.clone(),
        steps: verdict.into_iter().chain([step.clone()]).collect(),
        backend: None,
        priority: Some(i64::MAX),
    }))
}

fn conflict(key: &HostKey, loser: &ObjectRef, draft: &Draft, winner: &ObjectRef) -> Diagnostic {
    let (by, fix) = if loser == winner {
        (
            "an earlier rule of this object".to_owned(),
            "remove one of the two rules".to_owned(),
        )
    } else {
        (
            format!("{winner}, which is older or comes first by name"),
            format!("remove the rule here or in {winner}"),
        )
    };
    let message = format!(
        "host `{key}`, path `{}` is served by {by}; this rule is not used",
        draft.written
    );
    Diagnostic::new(
        loser,
        draft.route.source.field.clone(),
        Reason::PathConflict,
        message,
    )
    .fix(fix)
}
