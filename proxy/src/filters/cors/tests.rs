//! Tests of CORS in both ways.

use super::*;
use crate::filters::testing::{Case, Run};
use ferrik_config::policy::{Origins, Pattern, Policy};

fn policy(preflight: CorsPreflight, origins: Origins) -> policy::Cors {
    policy::Cors {
        vary: preflight == CorsPreflight::AnyOptions && !origins.any,
        origins,
        credentials: true,
        methods: "GET, POST".into(),
        headers: "Range".into(),
        expose: String::new(),
        max_age: 60,
        preflight,
    }
}

fn nginx(listed: Vec<Origin>) -> Case {
    let origins = Origins { any: listed.is_empty(), listed };
    Case::policy(Policy::Cors(policy(CorsPreflight::AnyOptions, origins)))
}

fn traefik(pattern: &str) -> Case {
    let pattern = Origin::Pattern(Pattern::parse(pattern, false).expect("a pattern"));
    Case::policy(Policy::Cors(policy(CorsPreflight::Fetch, Origins { any: false, listed: vec![pattern] })))
}

fn allow_origin(run: &Run) -> Option<String> {
    let response = run.respond(200, &[]);
    response.get(ACCESS_CONTROL_ALLOW_ORIGIN).map(|value| value.to_str().expect("ASCII").to_owned())
}

#[test]
fn nginx_answers_every_options_of_an_allowed_origin() {
    let run = nginx(vec![]).method("OPTIONS").run();
    assert_eq!(run.status(), Some(204));
    let fields = run.reply_fields();
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", "GET, POST"),
        ("access-control-allow-headers", "Range"),
        ("access-control-max-age", "60"),
        ("content-type", "text/plain charset=UTF-8"),
    ] {
        assert!(fields.contains(&(name.to_owned(), value.to_owned())), "{name}: {fields:?}");
    }
    let listed = || nginx(vec![Origin::Exact("https://b.example.org".into())]).method("OPTIONS");
    assert_eq!(listed().field("origin", "https://evil.example").status(), None);
    assert_eq!(listed().field("origin", "https://B.example.org").status(), Some(204));
}

#[test]
fn nginx_gives_the_headers_to_allowed_origins_only() {
    let case = || nginx(vec![Origin::Subdomain { scheme: "https://".into(), suffix: ".example.org".into() }]);
    for (origin, allowed) in [
        ("https://b.example.org", true),
        ("https://b.c.example.org", false),
        ("https://.example.org", false),
        ("http://b.example.org", false),
        ("https://evil-example.org", false),
        ("https://evil.com/.example.org", false),
    ] {
        let run = case().field("origin", origin).run();
        assert_eq!(allow_origin(&run), allowed.then(|| origin.to_owned()), "{origin}");
        assert_eq!(run.respond(404, &[]).contains_key(ACCESS_CONTROL_ALLOW_METHODS), allowed, "{origin}");
    }
    assert_eq!(allow_origin(&case().run()), None);
}

#[test]
fn traefik_answers_real_preflights_only() {
    let preflight = || traefik(".*").method("OPTIONS").field("origin", "https://b.example.org");
    assert_eq!(preflight().status(), None);
    let run = preflight().field("access-control-request-method", "PUT").run();
    assert_eq!(run.status(), Some(200));
    assert!(run.reply_fields().contains(&("access-control-allow-origin".into(), "https://b.example.org".into())));
}

#[test]
fn traefik_gives_origin_and_credentials_to_other_responses() {
    let run = traefik("^https://b\\.").field("origin", "https://b.example.org").run();
    let response = run.respond(200, &[]);
    assert_eq!(response.get(ACCESS_CONTROL_ALLOW_ORIGIN).expect("set"), "https://b.example.org");
    assert_eq!(response.get(ACCESS_CONTROL_ALLOW_CREDENTIALS).expect("set"), "true");
    assert!(!response.contains_key(ACCESS_CONTROL_ALLOW_METHODS));
    assert_eq!(allow_origin(&traefik("^https://b\\.").field("origin", "https://c.example.org").run()), None);
}
