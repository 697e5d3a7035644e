//! Routes of the model in, rounds, steps and ends out.

use std::sync::Arc;

use ferrik_config::name::{HostKey, Kind, ObjectRef, PortRef};
use ferrik_config::policy::{
    Action, BodyLimit, Closed, HeaderChange, HeaderName, Headers, Pattern, Policy, Redirect, RedirectStatus,
    RedirectTarget, Rewrite, RewriteFlag, Snippet, Statement, Step, Template, Timeouts, UriRewrite,
};
use ferrik_config::table::{Backend, Balance, Entry, HostTable, PathRule, Route};
use ferrik_config::{Endpoints, Table};

use super::*;

fn source(field: &str) -> Source {
    Source {
        object: ObjectRef::new(Kind::Ingress, "shop", "web"),
        field: field.to_owned(),
    }
}

fn route(path: &str, steps: Vec<Policy>) -> Route {
    let step = |(at, policy): (usize, Policy)| Step {
        policy,
        source: source(&format!("step {at}")),
    };
    Route {
        path: PathRule {
            kind: PathKind::Prefix,
            text: path.to_owned(),
            pattern: None,
        },
        entry: Entry::Any,
        dialect: Dialect::Nginx,
        source: source(path),
        steps: steps.into_iter().enumerate().map(step).collect(),
        backend: Some(Backend {
            service: ServicePort {
                namespace: "shop".into(),
                service: "web".into(),
                port: PortRef::Number(80),
            },
            protocol: Protocol::Http,
            timeouts: Timeouts::default(),
            host: ferrik_config::table::HostHeader::Client,
            balance: Balance::default(),
            sticky: None,
            fallback: None,
        }),
        priority: None,
    }
}

/// Explains a GET of a plain URL of `a.example.org`, which has these routes.
fn explained(routes: Vec<Route>, target: &str, fields: &[(&'static str, &'static str)]) -> Explanation {
    let host = HostTable {
        routes: routes.into_iter().map(Arc::new).collect(),
        ..HostTable::default()
    };
    let mut table = Table::default();
    table
        .hosts
        .insert(HostKey::parse("a.example.org").expect("a host"), Arc::new(host));
    explained_by(table, target, fields)
}

fn explained_by(table: Table, target: &str, fields: &[(&'static str, &'static str)]) -> Explanation {
    let tables = Tables::default();
    tables.publish(Arc::new(table), Arc::new(Endpoints::default()));
    let field = |(name, value): &(&'static str, &'static str)| {
        (
            http::HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    };
    let question = Question {
        https: false,
        authority: HeaderValue::from_static("A.example.org"),
        target: target.to_owned(),
        method: Method::GET,
        fields: fields.iter().map(field).collect(),
        from: [192, 0, 2, 1].into(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(explain(&tables, &question))
}

fn headers(name: &str, value: &str) -> Policy {
    let set = || {
        vec![HeaderChange::Set(
            HeaderName::parse(name).expect("a name"),
            value.to_owned(),
        )]
    };
    Policy::Header(Headers {
        request: set(),
        response: set(),
        ..Headers::default()
    })
}

fn redirect(to: &str) -> Policy {
    Policy::Redirect(Redirect {
        status: RedirectStatus::Code(301),
        to: RedirectTarget::Url(to.to_owned()),
    })
}

fn outcomes(round: &Round) -> Vec<(&'static str, StepOutcome)> {
    round.steps.iter().map(|step| (step.word, step.outcome)).collect()
}

#[test]
fn every_step_says_what_it_changes() {
    let steps = vec![
        headers("x-a", "b"),
        Policy::Rewrite(Rewrite::AddPrefix {
            prefix: "/app".to_owned(),
        }),
        Policy::BodyLimit(BodyLimit { bytes: 10 }),
    ];
    let explanation = explained(
        vec![route("/", steps)],
        "/x%2Fy?q",
        &[("x-a", "client's"), ("x_b", "alias")],
    );
    let [round] = &*explanation.rounds else {
        panic!("one look-up: {explanation:?}")
    };
    assert_eq!((&*round.host, &*round.path), ("a.example.org", "/x%2Fy"));
    let changes: Vec<&Change> = round.steps.iter().flat_map(|step| &step.changes).collect();
    let set = || FieldOp::Set("x-a".to_owned(), "b".to_owned());
    assert_eq!(
        changes,
        [
            &Change::Request(set()),
            &Change::Response(set()),
            &Change::Path("/app/x%2Fy".to_owned()),
            &Change::BodyLimit(10),
        ]
    );
    let End::Backend {
        target, host, fields, ..
    } = &explanation.end
    else {
        panic!("{explanation:?}")
    };
    assert_eq!(
        (&**target, host.as_deref()),
        ("/app/x%2Fy?q", Some("A.example.org"))
    );
    assert_eq!(
        (fields.get("x-a").map(HeaderValue::as_bytes), fields.get("x_b")),
        (Some(&b"b"[..]), None)
    );
    assert_eq!(
        fields.get("x-forwarded-for").map(HeaderValue::as_bytes),
        Some(&b"192.0.2.1"[..])
    );
}

#[test]
fn another_service_stands_in_for_one_without_endpoints() {
    let mut route = route("/", Vec::new());
    let own = route.backend.as_mut().expect("it has one");
    let mut other = own.clone();
    other.service.service = "pages".into();
    own.fallback = Some(Box::new(other));
    let explanation = explained(vec![route], "/", &[("x-code", "200"), ("x-format", "a/b")]);
    let End::Backend { service, fields, .. } = &explanation.end else {
        panic!("{explanation:?}")
    };
    let service = service.as_ref().map(ToString::to_string);
    assert_eq!(service.as_deref(), Some("shop/pages:80"));
    let field = |name: &str| fields.get(name).map(HeaderValue::as_bytes);
    assert_eq!((field("x-code"), field("x-format")), (Some(&b"503"[..]), None));
    assert_eq!(field("x-service-name"), Some(&b"web"[..]));
}

#[test]
fn an_answer_ends_the_steps() {
    let steps = vec![
        headers("x-a", "b"),
        redirect("https://b.example.org/"),
        Policy::Closed(Closed),
    ];
    let explanation = explained(vec![route("/", steps)], "/", &[]);
    assert_eq!(
        outcomes(&explanation.rounds[0]),
        [
            ("header", StepOutcome::Passed),
            ("redirect", StepOutcome::Answered(None)),
            ("closed", StepOutcome::NotReached),
        ]
    );
    let End::Answer {
        status,
        reason,
        fields,
        ..
    } = &explanation.end
    else {
        panic!("{explanation:?}")
    };
    assert_eq!((*status, *reason), (301, Reason::Redirect));
    assert_eq!(
        fields.get("location").map(HeaderValue::as_bytes),
        Some(&b"https://b.example.org/"[..])
    );
    assert_eq!(fields.get("x-a").map(HeaderValue::as_bytes), Some(&b"b"[..]));
}

#[test]
fn a_snippet_that_changes_the_path_has_the_route_looked_up_again() {
    let rewrite = |pattern: &str, replacement: &str, flag| {
        Action::Rewrite(UriRewrite {
            pattern: Pattern::parse(pattern, false).expect("a pattern"),
            replacement: Template::literal(replacement),
            query: None,
            keep_query: true,
            flag,
        })
    };
    let statements = vec![
        Statement {
            line: 2,
            action: rewrite("^/old", "/new", RewriteFlag::Last),
        },
        Statement {
            line: 3,
            action: rewrite("^/new", "/gone", RewriteFlag::Redirect(302)),
        },
    ];
    let snippet = || {
        Policy::Snippet(Snippet {
            variables: Vec::new(),
            statements: statements.clone(),
        })
    };
    let routes = vec![route("/new", vec![snippet()]), route("/", vec![snippet()])];
    let explanation = explained(routes, "/old", &[]);
    let [first, second] = &*explanation.rounds else {
        panic!("two look-ups: {explanation:?}")
    };
    assert_eq!(
        (&*first.path, outcomes(first)),
        ("/old", vec![("snippet", StepOutcome::LookedUpAgain)])
    );
    assert_eq!(
        (&*second.path, outcomes(second)),
        ("/new", vec![("snippet", StepOutcome::Answered(Some(3)))])
    );
}

#[test]
fn candidates_say_why_they_were_not_chosen() {
    let explanation = explained(
        vec![route("/api", vec![]), route("/a", vec![]), route("/", vec![])],
        "/a/b",
        &[],
    );
    let candidates: Vec<(&str, &Outcome)> = explanation.rounds[0]
        .candidates
        .iter()
        .map(|it| (&*it.path, &it.outcome))
        .collect();
    let differs = Outcome::PathDiffers("`/a/b` is not under `/api`".to_owned());
    assert_eq!(
        candidates,
        [
            ("/api", &differs),
            ("/a", &Outcome::Chosen),
            ("/", &Outcome::Later)
        ]
    );
}

#[test]
fn what_has_no_route_or_no_sense_is_answered_without_steps() {
    for (routes, target, expected) in [
        (vec![route("/a", vec![])], "/b", (404, Reason::NoPath)),
        (vec![route("/", vec![])], "/%zz", (400, Reason::BadTarget)),
    ] {
        let explanation = explained(routes, target, &[]);
        assert!(
            explanation.rounds.iter().all(|round| round.steps.is_empty()),
            "{explanation:?}"
        );
        let End::Answer { status, reason, .. } = explanation.end else {
            panic!("{target}")
        };
        assert_eq!((status, reason), expected, "{target}");
    }
}

#[test]
fn every_host_is_shown_with_its_default() {
    let traefik = |path: &str| {
        Arc::new(Route {
            dialect: Dialect::Traefik,
            ..route(path, vec![])
        })
    };
    let host = |routes, default, fall_through| {
        Arc::new(HostTable {
            routes,
            default,
            fall_through,
            owner: None,
        })
    };
    let mut table = Table::default();
    let mut put = |key: &str, table_of_host| {
        table
            .hosts
            .insert(HostKey::parse(key).expect("a host"), table_of_host)
    };
    put("a.example.org", host(vec![traefik("/x")], None, true));
    put(
        "*.example.org",
        host(vec![Arc::new(route("/", vec![]))], Some(traefik("/")), true),
    );
    put("", host(vec![traefik("/any")], None, true));
    let explanation = explained_by(table, "/any", &[]);
    let candidates: Vec<(&str, &str, &Outcome)> = explanation.rounds[0]
        .candidates
        .iter()
        .map(|it| (&*it.host, &*it.path, &it.outcome))
        .collect();
    assert_eq!(
        candidates,
        [
            (
                "a.example.org",
                "/x",
                &Outcome::PathDiffers("`/any` is not under `/x`".to_owned())
            ),
            ("*.example.org", "/", &Outcome::HostNotAsked),
            ("*", "/any", &Outcome::Chosen),
            ("*.example.org", "/", &Outcome::Later),
        ]
    );
}

#[test]
fn a_guard_under_another_reading_goes_first() {
    let routes = vec![
        route("/admin", vec![Policy::Closed(Closed)]),
        route("/public", vec![]),
        route("/", vec![]),
    ];
    let explanation = explained(routes, "/public/..;/admin", &[]);
    let outcomes: Vec<&Outcome> = explanation.rounds[0]
        .candidates
        .iter()
        .map(|it| &it.outcome)
        .collect();
    assert!(matches!(outcomes[0], Outcome::Chosen), "{outcomes:?}");
    assert_eq!(outcomes[1..], [&Outcome::Later, &Outcome::Later]);
    let routes = vec![
        route("/public", vec![]),
        route("/admin", vec![Policy::Closed(Closed)]),
    ];
    let explanation = explained(routes, "/public/..;/admin", &[]);
    let outcomes: Vec<&Outcome> = explanation.rounds[0]
        .candidates
        .iter()
        .map(|it| &it.outcome)
        .collect();
    assert_eq!(outcomes, [&Outcome::OtherReading, &Outcome::Chosen]);
}

#[test]
fn an_authority_is_answered_by_the_namespace_of_the_host_alone() {
    let of = |namespace: &str, path: &str| {
        let mut route = route(path, vec![]);
        route.source.object.namespace = namespace.into();
        Arc::new(route)
    };
    let challenge = "/.well-known/acme-challenge/t0ken";
    // The routes of a host that belongs to `shop`, by namespace and path, and what becomes of each for a path.
    let outcomes = |routes: &[(&str, &str)], target: &str| -> Vec<Outcome> {
        let host = HostTable {
            routes: routes
                .iter()
                .map(|(namespace, path)| of(namespace, path))
                .collect(),
            owner: Some("shop".into()),
            ..HostTable::default()
        };
        let mut table = Table::default();
        let key = HostKey::parse("a.example.org").expect("a host");
        table.hosts.insert(key, Arc::new(host));
        let explanation = explained_by(table, target, &[]);
        let candidates = explanation.rounds[0].candidates.iter();
        candidates.map(|it| it.outcome.clone()).collect()
    };
    let both = [("thief", "/.well-known"), ("shop", "/")];
    assert_eq!(
        outcomes(&both, challenge),
        [Outcome::ForeignHost, Outcome::Chosen]
    );
    assert_eq!(
        outcomes(&both, "/.well-known/security.txt"),
        [Outcome::Chosen, Outcome::Later]
    );
    // Where the owner has no rule for it, nobody answers.
    let apart = [("shop", "/shop"), ("thief", "/")];
    let closed = outcomes(&apart, challenge);
    assert!(!closed.contains(&Outcome::Chosen), "{closed:?}");
    assert_eq!(closed[1], Outcome::ForeignHost);
    assert_eq!(outcomes(&apart, "/other")[1], Outcome::Chosen);
    // A route of a less specific host is no way around it.
    let mut table = Table::default();
    let traefik = |namespace, path| {
        Arc::new(Route {
            dialect: Dialect::Traefik,
            ..(*of(namespace, path)).clone()
        })
    };
    for (key, route) in [
        ("a.example.org", traefik("shop", "/shop")),
        ("*.example.org", traefik("thief", "/")),
    ] {
        let host = HostTable {
            routes: vec![route],
            fall_through: true,
            ..HostTable::default()
        };
        let key = HostKey::parse(key).expect("a host");
        table.hosts.insert(key, Arc::new(host));
    }
    for (target, outcome) in [(challenge, Outcome::ForeignHost), ("/other", Outcome::Chosen)] {
        let explanation = explained_by(table.clone(), target, &[]);
        let last = explanation.rounds[0].candidates.last();
        assert_eq!(last.expect("a candidate").outcome, outcome, "{target}");
    }
}
