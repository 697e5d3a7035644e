//! The life of a request's head: sanitize, find the route, run its steps, say what goes to the backend.
//!
//! Every engine calls [`run`] with its own kind of head; no engine's type is named here.

use std::borrow::Cow;
use std::sync::Arc;

use ferrik_config::policy::HttpsRedirect;
use http::{HeaderValue, Method, Version};

use crate::arena::header_value;
use crate::challenge::{self, Answer};
use crate::compile::Compiled;
use crate::exchange::Exchange;
use crate::filters::{self, Flow, Plain};
use crate::forwarded::{self, TrustedProxies};
use crate::head::RequestHead;
use crate::hop_by_hop;
use crate::listen::{Connection, Scheme};
use crate::reason::Reason;
use crate::reply::Reply;
use crate::request::{Changes, Facts, Request};
use crate::request_id::RequestId;
use crate::route::Route;
use crate::router::Router;
use crate::sanitize::{self, CanonicalHost, Path};
use crate::template;
use crate::upstream::HostHeader;

/// A path may be rewritten and looked up again so often (nginx: ten cycles).
const ROUNDS: usize = 10;

/// A request as the engine has read it.
pub(crate) struct Incoming<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) method: &'a Method,
    pub(crate) version: Version,
    /// `Host` or `:authority`.
    pub(crate) authority: Option<&'a [u8]>,
    /// The target as received.
    pub(crate) target: &'a [u8],
}

/// Settings of the process that requests need.
#[derive(Clone, Debug, Default)]
pub(crate) struct HttpSettings {
    pub(crate) trusted: TrustedProxies,
    /// Sends everything that comes over plain HTTP to https.
    pub(crate) https_redirect: Option<HttpsRedirect>,
    /// Name of this machine, which Traefik tells backends.
    pub(crate) server_name: Option<HeaderValue>,
}

/// Why a request goes no further here.
#[derive(Debug)]
pub(crate) enum Stop {
    /// We answer it.
    Answer(Reply),
    /// It is for the general engine: nothing has been done to it.
    Decline,
}

impl From<Reply> for Stop {
    fn from(reply: Reply) -> Self {
        Self::Answer(reply)
    }
}

/// Looks on while a request runs, for `explain` and for engines that do not serve every route; `()` sees nothing, serves
/// all and costs nothing.
pub(crate) trait Watch<H>: Send {
    /// True if the engine serves the route. Asked before its steps run.
    fn serves(&mut self, _route: &Route) -> bool {
        true
    }
    /// A route is looked up.
    fn looks_up(&mut self, _router: &Router, _host: &str, _path: &Path<'_>, _scheme: Scheme) {}
    /// The steps of the route that was found are about to run.
    fn starts(&mut self, _head: &H) {}
    /// A step has run.
    fn stepped(&mut self, _at: usize, _head: &H, _changes: &Changes) {}
}

impl<H> Watch<H> for () {}

/// Takes the request as far as its backend, or to the answer that we give ourselves.
pub(crate) async fn run<H: RequestHead + Send>(
    incoming: &Incoming<'_>,
    head: &mut H,
    exchange: &mut Exchange,
    table: Option<Arc<Compiled>>,
    settings: &HttpSettings,
    watch: &mut impl Watch<H>,
) -> Result<(), Stop> {
    let refuse = |status, reason| Stop::Answer(Reply::page(status, reason));
    exchange.scheme = incoming.connection.scheme;
    if *incoming.method == Method::TRACE || *incoming.method == Method::CONNECT {
        return Err(refuse(405, Reason::MethodRefused));
    }
    let authority = incoming.authority.ok_or_else(|| refuse(400, Reason::BadHost))?;
    let mut host = CanonicalHost::empty();
    host.read(authority).map_err(|reason| refuse(400, reason))?;
    let name = host.as_str();
    let (path, query) = sanitize::split_target(incoming.target).map_err(|reason| refuse(400, reason))?;
    hop_by_hop::strip(head);
    let origin = forwarded::origin(head, authority, incoming.connection, &settings.trusted);
    (exchange.client, exchange.scheme) = (Some(origin.client), origin.scheme);
    let own_id = RequestId::next();
    exchange.request_id = own_id.clone();
    let table = table.ok_or_else(|| refuse(503, Reason::RouteClosed))?;
    exchange.table = Some(table.clone());
    if let Some(tls) = &incoming.connection.tls
        && !table.tls.admits(&tls.policy, name)
    {
        return Err(refuse(421, Reason::Misdirected));
    }
    let challenge = challenge::find(
        &table.table.challenges,
        &table.router,
        incoming.method,
        name,
        path,
        incoming.connection.scheme,
    );
    let is_solved = matches!(challenge, Some(Answer::Solver));
    if let Some(Answer::Own(reply)) = challenge {
        return Err(reply.into());
    }
    if let Some(policy) = settings.https_redirect.as_ref().filter(|_| !is_solved) {
        let path = Path::parse(path).map_err(|reason| refuse(400, reason))?;
        let (method, target, host) = (incoming.method, origin_form(incoming.target), &*origin.host);
        let request = Plain {
            method,
            scheme: origin.scheme,
            path: &path,
            target,
            host,
        };
        if let Some(reply) = filters::https_redirect(policy, &request) {
            return Err(reply.into());
        }
    }
    let mut raw = Cow::Borrowed(path);
    let mut query = query.map(Cow::Borrowed);
    for _ in 0..ROUNDS {
        let path = Path::parse(&raw).map_err(|reason| refuse(400, reason))?;
        watch.looks_up(&table.router, name, &path, incoming.connection.scheme);
        let route = table
            .router
            .find(name, &path, incoming.connection.scheme)
            .map_err(|reason| match reason {
                Reason::AmbiguousPath => refuse(400, reason),
                reason => refuse(404, reason),
            });
        let round = Round {
            incoming,
            authority,
            host: &host,
            path: &path,
            query: query.as_deref(),
            origin: &origin,
            own_id: &own_id,
            server_name: settings.server_name.as_ref(),
        };
        let route = route?;
        if !watch.serves(route) {
            return Err(Stop::Decline);
        }
        if !round.steps(route, head, exchange, watch).await? {
            return Ok(());
        }
        let changed = exchange.changes.path.take();
        raw = Cow::Owned(changed.unwrap_or_else(|| path.forward.to_vec()));
        if let Some(changed) = exchange.changes.query.take() {
            query = Some(Cow::Owned(changed)).filter(|query: &Cow<'_, [u8]>| !query.is_empty());
        }
    }
    Err(refuse(500, Reason::Internal))
}

/// One look-up and the steps that follow it.
struct Round<'a> {
    incoming: &'a Incoming<'a>,
    authority: &'a [u8],
    host: &'a CanonicalHost,
    path: &'a Path<'a>,
    query: Option<&'a [u8]>,
    origin: &'a forwarded::Origin<'a>,
    own_id: &'a RequestId,
    server_name: Option<&'a HeaderValue>,
}

impl Round<'_> {
    fn facts<'f>(&'f self, route: &'f Route, request_id: &'f RequestId) -> Facts<'f> {
        Facts {
            connection: self.incoming.connection,
            method: self.incoming.method,
            version: self.incoming.version,
            host: self.host,
            authority: self.authority,
            target: origin_form(self.incoming.target),
            query: self.query,
            path: self.path,
            client: self.origin.client,
            scheme: self.origin.scheme,
            best_host: &self.origin.host,
            request_id,
            own_id: self.own_id,
            is_forwarded: self.origin.is_forwarded,
            route,
        }
    }

    /// Runs the steps. `Ok(true)` if the route must be looked up again.
    async fn steps<H: RequestHead + Send>(
        &self,
        route: &Arc<Route>,
        head: &mut H,
        exchange: &mut Exchange,
        watch: &mut impl Watch<H>,
    ) -> Result<bool, Reply> {
        if exchange.route.replace(route.clone()).is_some() {
            // What the steps of the route before decided does not hold for this one.
            exchange.changes = Changes::default();
        }
        forwarded::remove_aliases(head, route.dialect);
        forwarded::remove_claims(head, self.origin.is_forwarded);
        let told = head.get(&forwarded::REQUEST_ID).and_then(RequestId::told);
        let request_id = told.unwrap_or_else(|| self.own_id.clone());
        exchange.request_id = request_id.clone();
        let facts = self.facts(route, &request_id);
        forwarded::establish(head, &facts, self.server_name);
        watch.starts(head);
        for (at, step) in route.steps.iter().enumerate() {
            exchange.reached = at + 1;
            let flow = {
                let mut request = Request {
                    facts: &facts,
                    head: &mut *head,
                    changes: &mut exchange.changes,
                    step: at,
                };
                step.request(&mut request)
            };
            watch.stepped(at, head, &exchange.changes);
            match flow {
                Flow::Next => {}
                Flow::Reply(reply) => return Err(reply),
                Flow::Reroute => return Ok(true),
                Flow::Wait(check) => {
                    if let Err(reply) = check.await {
                        // Nobody has proven to be this user.
                        exchange.changes.user = None;
                        return Err(reply);
                    }
                }
            }
        }
        self.prepare(&facts, head, exchange)?;
        Ok(false)
    }

    /// What the backend receives, whichever endpoint it will be.
    fn prepare<H: RequestHead>(
        &self,
        facts: &Facts<'_>,
        head: &mut H,
        exchange: &mut Exchange,
    ) -> Result<(), Reply> {
        forwarded::tell(head, facts);
        match &mut exchange.changes.path {
            // Cutting and rewriting can join `..` out of what was none; the backend must not climb out of its path.
            Some(changed) => {
                let resolved = Path::parse(changed)
                    .map_err(|reason| Reply::page(400, reason))?
                    .forward
                    .to_vec();
                *changed = resolved;
            }
            None if *self.path.forward != *origin_form_path(self.incoming.target) => {
                exchange.changes.path = Some(self.path.forward.to_vec());
            }
            None => {}
        }
        let Some(backend) = &facts.route.backend else {
            return Ok(());
        };
        if let Some(sticky) = &backend.sticky {
            let cookie = template::cookie(head, &sticky.name);
            exchange.sticky.wanted = cookie.map(|value| String::from_utf8_lossy(value).into_owned());
        }
        match &backend.host {
            HostHeader::Client | HostHeader::Endpoint => {}
            HostHeader::Fixed(value) => exchange.changes.host = Some(value.clone()),
            HostHeader::Template(template) => {
                let request = Request {
                    facts,
                    head,
                    changes: &mut exchange.changes,
                    step: 0,
                };
                let text = template.fill(&request, &template::Scope::default());
                exchange.changes.host = Some(header_value(&text));
            }
        }
        Ok(())
    }
}

/// The target without scheme and authority, should it have them.
fn origin_form(target: &[u8]) -> &[u8] {
    if target.first() == Some(&b'/') {
        return target;
    }
    let after = target
        .windows(3)
        .position(|part| part == b"://")
        .map_or(target, |at| &target[at + 3..]);
    match after.iter().position(|byte| matches!(byte, b'/' | b'?')) {
        Some(at) if after[at] == b'/' => &after[at..],
        _ => b"/",
    }
}

fn origin_form_path(target: &[u8]) -> &[u8] {
    target.split(|byte| *byte == b'?').next().unwrap_or_default()
}
