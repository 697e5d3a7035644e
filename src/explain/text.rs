//! An explanation as text for a terminal: the request, the routes, the steps, the end.

use std::fmt::{self, Write as _};

use ferrik_config::table::{Dialect, Endpoint, EndpointSet, PathKind, SuiteOrder, TlsVersions};
use http::StatusCode;

use super::view::{CandidateView, ChangeView, EndView, LimitsView, Origin, RoundView, StepView, View};

/// Hosts that are named where the one that is asked for is unknown.
const MANY: usize = 20;

/// The whole text.
pub(super) fn render(view: &View) -> String {
    let mut text = String::new();
    write(&mut text, view).expect("writing to a String");
    text
}

fn write(out: &mut String, view: &View) -> fmt::Result {
    let request = &view.request;
    writeln!(out, "{} {} from {}", request.method, request.url, request.from)?;
    if view.demands_certificate {
        writeln!(
            out,
            "\nThe TLS handshake already turns away clients without a certificate. For one that passes:"
        )?;
    }
    if let Some(limits) = &view.limits {
        write_limits(out, limits)?;
    }
    for (at, round) in view.rounds.iter().enumerate() {
        if at > 0 {
            writeln!(out, "\nThe route is looked up again with the new path.")?;
        }
        write_round(out, round, at > 0)?;
    }
    if !view.hosts.is_empty() {
        let more = if view.hosts.len() > MANY { ", …" } else { "" };
        let hosts = view
            .hosts
            .iter()
            .take(MANY)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ");
        writeln!(out, "\nHosts that have rules: {hosts}{more}")?;
    }
    write_end(out, &view.end)?;
    if !view.absent.is_empty() {
        writeln!(out, "\nNot among the files, and taken to be there and in order")?;
        for object in &view.absent {
            writeln!(out, "  {object}")?;
        }
    }
    Ok(())
}

fn write_limits(out: &mut String, limits: &LimitsView) -> fmt::Result {
    let versions = match limits.versions {
        TlsVersions::Tls12And13 => "TLS 1.2 and 1.3",
        TlsVersions::Tls12 => "TLS 1.2",
        TlsVersions::Tls13 => "TLS 1.3",
    };
    writeln!(out, "\nThe TLS handshake is limited to {versions}")?;
    let Some(algorithms) = &limits.algorithms else {
        return Ok(());
    };
    let suites: Vec<_> = algorithms.suites.iter().map(|suite| suite.name()).collect();
    if !suites.is_empty() {
        let order = match algorithms.order {
            SuiteOrder::Client => "in the client's order",
            SuiteOrder::Server => "in this order",
        };
        writeln!(out, "  suites of TLS 1.2, {order}: {}", suites.join(", "))?;
    }
    let groups: Vec<_> = algorithms.groups.iter().map(|group| group.name()).collect();
    if !groups.is_empty() {
        writeln!(out, "  key exchange groups: {}", groups.join(", "))?;
    }
    Ok(())
}

fn write_round(out: &mut String, round: &RoundView, again: bool) -> fmt::Result {
    let again = if again { " (again)" } else { "" };
    writeln!(
        out,
        "\nRoutes for {} {}{again}, in the order in which they are asked",
        round.host, round.path
    )?;
    if round.candidates.is_empty() {
        writeln!(out, "  none")?;
    }
    for candidate in &round.candidates {
        write_candidate(out, candidate)?;
    }
    if !round.steps.is_empty() {
        writeln!(out, "\nSteps of the chosen route{again}")?;
    }
    for (number, step) in (1..).zip(&round.steps) {
        write_step(out, number, step)?;
    }
    Ok(())
}

fn write_candidate(out: &mut String, candidate: &CandidateView) -> fmt::Result {
    let mark = if candidate.chosen { '*' } else { '-' };
    let kind = match candidate.kind {
        PathKind::Exact => "exactly",
        PathKind::Prefix => "under",
        PathKind::StartsWith => "starting with",
        PathKind::Pattern => "matching",
    };
    let dialect = match candidate.dialect {
        Dialect::Kubernetes => "kubernetes",
        Dialect::Nginx => "nginx",
        Dialect::Traefik => "traefik",
    };
    write!(out, "  {mark} {} {kind} {}", candidate.host, candidate.path)?;
    if let Some(service) = &candidate.service {
        write!(out, " -> Service {service}")?;
    }
    writeln!(out, " ({dialect})")?;
    writeln!(out, "      {}", Written(&candidate.origin))?;
    let verdict = if candidate.chosen { "chosen" } else { "not chosen" };
    writeln!(out, "      {verdict}: {}", candidate.why)?;
    if !candidate.chosen {
        return Ok(());
    }
    write!(out, "      engine of HTTP/1.1 requests: {}", candidate.engine)?;
    match candidate.engine_cause {
        Some(cause) => writeln!(out, ", because {cause}"),
        None => writeln!(out),
    }
}

fn write_step(out: &mut String, number: usize, step: &StepView) -> fmt::Result {
    let outcome = match step.outcome {
        "answered" => "answers the request",
        "looked_up_again" => "has the route looked up again",
        "not_reached" => "not reached",
        other => other,
    };
    writeln!(out, "  {number}. {}: {outcome}", step.step)?;
    writeln!(out, "      {}", Written(&step.origin))?;
    if let Some(statement) = &step.statement {
        writeln!(out, "      > {statement}")?;
    }
    for change in &step.changes {
        writeln!(out, "      {}", Done(change))?;
    }
    Ok(())
}

fn write_end(out: &mut String, end: &EndView) -> fmt::Result {
    match end {
        EndView::Answer {
            status,
            reason,
            meaning,
            fields,
            body,
        } => {
            let phrase = StatusCode::from_u16(*status)
                .ok()
                .and_then(|status| status.canonical_reason());
            writeln!(out, "\nAnswer: {status} {}", phrase.unwrap_or_default())?;
            writeln!(out, "  reason {reason}: {meaning}")?;
            write_fields(out, fields)?;
            body.as_ref().map_or(Ok(()), |body| writeln!(out, "\n  {body}"))
        }
        EndView::Backend {
            service,
            protocol,
            target,
            host,
            fields,
            endpoints,
        } => {
            let Some(service) = service else {
                return writeln!(
                    out,
                    "\nAnswer: 503 Service Unavailable\n  the route has no backend"
                );
            };
            writeln!(out, "\nBackend: Service {service} ({})", protocol.to_lowercase())?;
            writeln!(out, "  {target}")?;
            let host = if host.is_empty() {
                "(the address of the endpoint)"
            } else {
                host
            };
            writeln!(out, "  host: {host}")?;
            write_fields(out, fields)?;
            write_endpoints(out, endpoints)
        }
    }
}

fn write_fields(out: &mut String, fields: &[(String, String)]) -> fmt::Result {
    fields
        .iter()
        .try_for_each(|(name, value)| writeln!(out, "  {name}: {value}"))
}

fn write_endpoints(out: &mut String, set: &EndpointSet) -> fmt::Result {
    writeln!(out, "\nEndpoints")?;
    if let Some((host, port)) = &set.external_name {
        writeln!(out, "  the addresses of {host}, port {port}")?;
    } else if set.endpoints.is_empty() {
        writeln!(
            out,
            "  none among the files; if that is all there is, the answer is 503"
        )?;
    }
    for Endpoint {
        address,
        draining,
        pod,
        zone,
        ..
    } in &set.endpoints
    {
        write!(out, "  {address}")?;
        if let Some(pod) = pod {
            write!(out, " Pod {pod}")?;
        }
        if let Some(zone) = zone {
            write!(out, " in zone {zone}")?;
        }
        writeln!(
            out,
            "{}",
            if *draining {
                " (on its way out: only if no other is left)"
            } else {
                ""
            }
        )?;
    }
    Ok(())
}

/// `file:line object field`.
struct Written<'a>(&'a Origin);

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Origin { place, object, field } = self.0;
        match place {
            Some(place) => write!(f, "{place} {object} {field}")?,
            None => write!(f, "{object} (not among the files) {field}")?,
        }
        // Behaviour that no annotation asks for has the place where one would stand.
        if field == "metadata.annotations" {
            f.write_str(" (not written: the default)")
        } else {
            Ok(())
        }
    }
}

/// What a change does, in words.
struct Done<'a>(&'a ChangeView);

impl fmt::Display for Done<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ChangeView { on, op, name, value } = self.0;
        let (name, value) = (
            name.as_deref().unwrap_or_default(),
            value.as_deref().unwrap_or_default(),
        );
        match (*on, *op) {
            ("error_page", _) => write!(f, "answers are replaced: {value}"),
            ("body_limit", _) => write!(f, "bodies larger than {value} bytes are refused"),
            ("query", "remove") => f.write_str("the backend receives no query"),
            ("path" | "query" | "host", _) => write!(f, "the backend receives the {on} {value}"),
            (_, "append") => write!(f, "{on}: adds {name}: {value}"),
            (_, "remove") => write!(f, "{on}: removes {name}"),
            (_, "remove_prefix") => write!(f, "{on}: removes {name}*"),
            _ => write!(f, "{on}: sets {name}: {value}"),
        }
    }
}
