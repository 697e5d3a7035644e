//! An explanation with its places in the files. Its serial form is what `--format json` prints.

use std::net::IpAddr;
use std::sync::Arc;

use ferrik_config::name::ObjectRef;
use ferrik_config::policy::{Expires, Source};
use ferrik_config::table::{Dialect, EndpointSet, PathKind, TlsAlgorithms, TlsVersions};
use ferrik_proxy::Engine;
use ferrik_proxy::explain::{
    Candidate, Change, End, Explanation, FieldOp, Outcome, Round, StepOutcome, StepTaken,
};
use http::HeaderMap;
use serde::Serialize;

use crate::cli;
use crate::load::Places;
use crate::problem::Place;
use crate::stand_in::Translated;

/// Everything that is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct View {
    pub(super) request: Request,
    /// The handshake turns clients without a certificate away.
    pub(super) demands_certificate: bool,
    /// What the handshake is limited to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) limits: Option<LimitsView>,
    pub(super) rounds: Vec<RoundView>,
    pub(super) end: EndView,
    /// What the chosen route refers to and is not among the files.
    pub(super) absent: Vec<ObjectRef>,
    /// The hosts that have rules, where none of them is asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) hosts: Vec<String>,
}

/// The request.
#[derive(Debug, Serialize)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) from: IpAddr,
}

/// What handshakes for the server name may agree on.
#[derive(Debug, Serialize)]
pub(super) struct LimitsView {
    pub(super) versions: TlsVersions,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) algorithms: Option<Arc<TlsAlgorithms>>,
}

/// One look-up.
#[derive(Debug, Serialize)]
pub(super) struct RoundView {
    pub(super) host: String,
    pub(super) path: String,
    pub(super) candidates: Vec<CandidateView>,
    pub(super) steps: Vec<StepView>,
}

/// Where something comes from.
#[derive(Debug, Serialize)]
pub(super) struct Origin {
    #[serde(flatten)]
    pub(super) place: Option<Place>,
    pub(super) object: ObjectRef,
    pub(super) field: String,
}

/// One route.
#[derive(Debug, Serialize)]
pub(super) struct CandidateView {
    pub(super) host: String,
    pub(super) path: String,
    #[serde(rename = "match")]
    pub(super) kind: PathKind,
    pub(super) dialect: Dialect,
    #[serde(flatten)]
    pub(super) origin: Origin,
    pub(super) service: Option<String>,
    /// Who would serve the request over HTTP/1.1: `lane` or `pingora`.
    pub(super) engine: &'static str,
    /// Why it is not the lane.
    #[serde(rename = "engineCause", skip_serializing_if = "Option::is_none")]
    pub(super) engine_cause: Option<&'static str>,
    pub(super) chosen: bool,
    /// Why it serves the request, or does not.
    pub(super) why: String,
}

/// One step.
#[derive(Debug, Serialize)]
pub(super) struct StepView {
    pub(super) step: &'static str,
    #[serde(flatten)]
    pub(super) origin: Origin,
    pub(super) outcome: &'static str,
    /// The line of the snippet that answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) statement: Option<String>,
    pub(super) changes: Vec<ChangeView>,
}

/// One change.
#[derive(Debug, Serialize)]
pub(super) struct ChangeView {
    /// `request`, `response`, `path`, `query`, `host`, `body_limit` or `error_page`.
    pub(super) on: &'static str,
    /// `set`, `append`, `remove`, `remove_prefix`.
    pub(super) op: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
}

/// How it ends.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum EndView {
    Answer {
        status: u16,
        reason: &'static str,
        meaning: &'static str,
        fields: Vec<(String, String)>,
        #[serde(skip_serializing_if = "Option::is_none")]
        body: Option<String>,
    },
    Backend {
        service: Option<String>,
        protocol: String,
        target: String,
        /// Empty for the address of the endpoint.
        host: String,
        fields: Vec<(String, String)>,
        endpoints: EndpointSet,
    },
}

impl View {
    pub(super) fn new(
        arguments: &cli::Explain,
        explanation: &Explanation,
        places: &Places,
        translated: &Translated,
    ) -> Self {
        let scheme = if arguments.url.https { "https" } else { "http" };
        let url = format!("{scheme}://{}{}", arguments.url.authority, arguments.url.target);
        let chosen = explanation.rounds.iter().flat_map(|round| &round.candidates);
        let chosen: Vec<&ObjectRef> = chosen
            .filter(|it| it.outcome == Outcome::Chosen)
            .map(|it| &it.source.object)
            .collect();
        let mut absent: Vec<ObjectRef> = chosen
            .into_iter()
            .flat_map(|ingress| translated.absent(ingress))
            .cloned()
            .collect();
        absent.sort();
        absent.dedup();
        let is_unknown_host = explanation.rounds.iter().all(|round| round.candidates.is_empty());
        let hosts = translated
            .assumed
            .table
            .hosts
            .keys()
            .filter(|_| is_unknown_host)
            .map(ToString::to_string);
        Self {
            request: Request {
                method: arguments.method.to_string(),
                url,
                from: arguments.from,
            },
            demands_certificate: explanation.demands_certificate,
            limits: explanation.limits.as_ref().map(|limits| LimitsView {
                versions: limits.versions,
                algorithms: limits.algorithms.clone(),
            }),
            rounds: explanation
                .rounds
                .iter()
                .map(|round| RoundView::new(round, places))
                .collect(),
            end: EndView::new(arguments, &explanation.end, translated),
            absent,
            hosts: hosts.collect(),
        }
    }
}

impl RoundView {
    fn new(round: &Round, places: &Places) -> Self {
        Self {
            host: round.host.clone(),
            path: round.path.clone(),
            candidates: round
                .candidates
                .iter()
                .map(|candidate| CandidateView::new(candidate, places))
                .collect(),
            steps: round
                .steps
                .iter()
                .map(|step| StepView::new(step, places))
                .collect(),
        }
    }
}

impl Origin {
    fn new(source: &Source, line: Option<usize>, places: &Places) -> Self {
        Self {
            place: places.find(&source.object, &source.field, line),
            object: source.object.clone(),
            field: source.field.clone(),
        }
    }
}

impl CandidateView {
    fn new(candidate: &Candidate, places: &Places) -> Self {
        let engine_cause = match candidate.engine {
            Engine::Lane => None,
            Engine::General(cause) => Some(cause.as_str()),
        };
        Self {
            host: candidate.host.clone(),
            path: candidate.path.clone(),
            kind: candidate.kind,
            dialect: candidate.dialect,
            origin: Origin::new(&candidate.source, None, places),
            service: candidate.service.as_ref().map(ToString::to_string),
            engine: candidate.engine.as_str(),
            engine_cause,
            chosen: candidate.outcome == Outcome::Chosen,
            why: match &candidate.outcome {
                Outcome::Chosen => "it is the first that matches".to_owned(),
                Outcome::PathDiffers(how) => how.clone(),
                Outcome::Later => "it matches, but another that matches stands before it".to_owned(),
                Outcome::OtherReading => {
                    "it matches, but the path can also be read as that of a route which guards access"
                        .to_owned()
                }
                Outcome::OtherScheme => "its entry points take the other scheme only".to_owned(),
                Outcome::HostNotAsked => {
                    "a more specific host has rules, so this one is not asked".to_owned()
                }
                Outcome::ForeignHost => {
                    "it matches, but a certificate authority asks here, and the host belongs to another namespace"
                        .to_owned()
                }
            },
        }
    }
}

impl StepView {
    fn new(step: &StepTaken, places: &Places) -> Self {
        let (outcome, line) = match step.outcome {
            StepOutcome::Passed => ("passed", None),
            StepOutcome::Answered(line) => ("answered", line),
            StepOutcome::LookedUpAgain => ("looked_up_again", None),
            StepOutcome::NotReached => ("not_reached", None),
        };
        let statement = line.and_then(|line| places.text(&step.source.object, &step.source.field, line));
        Self {
            step: step.word,
            origin: Origin::new(&step.source, line, places),
            outcome,
            statement: statement.map(str::to_owned),
            changes: step.changes.iter().map(ChangeView::new).collect(),
        }
    }
}

impl ChangeView {
    fn new(change: &Change) -> Self {
        let set = |on, value: &str| Self {
            on,
            op: "set",
            name: None,
            value: Some(value.to_owned()),
        };
        match change {
            Change::Path(path) => set("path", path),
            Change::Query(Some(query)) => set("query", query),
            Change::Query(None) => Self {
                on: "query",
                op: "remove",
                name: None,
                value: None,
            },
            Change::Host(host) => set("host", host),
            Change::ErrorPage(statuses, service) => {
                let statuses: Vec<String> = statuses.iter().map(ToString::to_string).collect();
                set("error_page", &format!("{} by {service}", statuses.join(", ")))
            }
            Change::BodyLimit(bytes) => set("body_limit", &bytes.to_string()),
            Change::Request(op) => Self::field("request", op),
            Change::Response(op) => Self::field("response", op),
        }
    }

    fn field(on: &'static str, op: &FieldOp) -> Self {
        let (op, name, value) = match op {
            FieldOp::Set(name, value) => ("set", name.clone(), Some(value.clone())),
            FieldOp::Append(name, value) => ("append", name.clone(), Some(value.clone())),
            FieldOp::Remove(name) => ("remove", name.clone(), None),
            FieldOp::RemovePrefix(prefix) => ("remove_prefix", prefix.clone(), None),
            FieldOp::Expires(expires) => (
                "set",
                "expires and cache-control".to_owned(),
                Some(span(*expires)),
            ),
        };
        Self {
            on,
            op,
            name: Some(name),
            value,
        }
    }
}

/// As nginx's `expires` is written.
fn span(expires: Expires) -> String {
    match expires {
        Expires::Off => "off".to_owned(),
        Expires::Epoch => "epoch".to_owned(),
        Expires::Max => "max".to_owned(),
        Expires::Access(seconds) => format!("{seconds}s"),
        Expires::Modified(seconds) => format!("modified {seconds}s"),
        Expires::Daily(second) => format!("@{:02}h{:02}m", second / 3600, second / 60 % 60),
    }
}

impl EndView {
    fn new(arguments: &cli::Explain, end: &End, translated: &Translated) -> Self {
        match end {
            End::Answer {
                status,
                reason,
                fields,
                body,
            } => Self::Answer {
                status: *status,
                reason: reason.as_str(),
                meaning: reason.row().doc,
                fields: list(fields),
                body: body.clone(),
            },
            End::Backend {
                service,
                protocol,
                target,
                host,
                fields,
            } => {
                let mut fields = list(fields);
                let has_own_id = arguments
                    .header
                    .iter()
                    .any(|header| header.name == "x-request-id");
                for (name, value) in &mut fields {
                    if name == "x-request-id" && !has_own_id {
                        "(another for each request)".clone_into(value);
                    }
                }
                let sets = &translated.assumed.endpoints.by_port;
                let set = service.as_ref().and_then(|service| sets.get(service));
                Self::Backend {
                    service: service.as_ref().map(ToString::to_string),
                    protocol: protocol
                        .map(|protocol| format!("{protocol:?}"))
                        .unwrap_or_default(),
                    target: target.clone(),
                    host: host.clone().unwrap_or_default(),
                    fields,
                    endpoints: set.map(|set| (**set).clone()).unwrap_or_default(),
                }
            }
        }
    }
}

/// Header fields in the order of their names.
fn list(fields: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut list: Vec<(String, String)> = fields
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect();
    list.sort();
    list
}
