//! Tests of what a snippet does to a request and its response.

use ferrik_config::policy::{
    AccessRule, Action, Answer, Condition, HeaderName, HeaderOp, Pattern, Policy, RequestHeaders, ResponseHeaders, Return,
    RewriteFlag, Snippet, Statement, Template, UriRewrite, Variable,
};

use crate::filters::testing::Case;
use crate::reply::Body;

const VARIABLES: [&str; 1] = ["cors"];

fn template(text: &str) -> Template {
    Template::parse(text, &VARIABLES.map(str::to_owned)).expect("a template")
}

fn cors() -> Variable {
    Variable::parse("cors", &VARIABLES.map(str::to_owned)).expect("a variable")
}

fn name(text: &str) -> HeaderName {
    HeaderName::parse(text).expect("a header name")
}

fn set_response(field: &str, value: &str) -> Action {
    let op = HeaderOp::Set { name: name(field), value: template(value) };
    Action::ResponseHeaders(ResponseHeaders { statuses: vec![], types: vec![], ops: vec![op] })
}

fn equal(variable: Variable, value: &str) -> Condition {
    Condition::Equal { variable, value: template(value), negated: false }
}

fn rewrite(pattern: &str, replacement: &str, flag: RewriteFlag) -> Action {
    Action::Rewrite(UriRewrite {
        pattern: Pattern::parse(pattern, false).expect("a pattern"),
        replacement: template(replacement),
        query: None,
        keep_query: true,
        flag,
    })
}

fn block(condition: Condition, body: Vec<Action>) -> Action {
    let body = body.into_iter().map(|action| Statement { line: 9, action }).collect();
    Action::If { condition, body }
}

fn case(actions: Vec<Action>) -> Case {
    let statements = actions.into_iter().zip(1..).map(|(action, line)| Statement { line, action }).collect();
    let snippet = Snippet { variables: VARIABLES.map(str::to_owned).to_vec(), statements };
    Case::policy(Policy::Snippet(snippet))
}

/// The shape of a snippet that answers CORS preflight by itself, adds a key and redirects some paths.
fn site() -> Case {
    case(vec![
        Action::Set { slot: 0, value: template("true") },
        block(equal(Variable::RequestMethod, "OPTIONS"), vec![Action::Set { slot: 0, value: template("${cors}options") }]),
        block(equal(cors(), "true"), vec![set_response("Access-Control-Allow-Origin", "$http_origin")]),
        block(
            equal(cors(), "trueoptions"),
            vec![
                set_response("Access-Control-Allow-Origin", "$http_origin"),
                set_response("Content-Type", "text/plain charset=UTF-8"),
                set_response("Content-Length", "0"),
                Action::Return(Return { status: 204, answer: Answer::Default }),
            ],
        ),
        Action::RequestHeaders(RequestHeaders {
            types: vec![],
            ops: vec![HeaderOp::Set { name: name("X-Key"), value: template("k") }],
        }),
        rewrite("^/(sitemap.+)", "/app/sitemaps/$1", RewriteFlag::Redirect(302)),
        block(
            equal(Variable::Host, "a.example.org"),
            vec![block_free_return(301, "https://b.example.org$request_uri")],
        ),
    ])
}

fn block_free_return(status: u16, url: &str) -> Action {
    Action::Return(Return { status, answer: Answer::Location(template(url)) })
}

#[test]
fn a_preflight_is_answered_with_the_fields_of_its_branch() {
    let run = site().method("OPTIONS").field("origin", "https://o.example").run();
    assert_eq!(run.status(), Some(204));
    let fields = run.reply_fields();
    let has = |name: &str, value: &str| fields.contains(&(name.to_owned(), value.to_owned()));
    assert!(has("access-control-allow-origin", "https://o.example"), "{fields:?}");
    assert!(has("content-type", "text/plain charset=UTF-8"), "{fields:?}");
    assert!(!fields.iter().any(|(name, _)| name == "content-length"), "framing is the engine's");
    assert_eq!(run.reply.as_ref().and_then(|reply| reply.line), Some(9));
}

#[test]
fn redirects_are_absolute_and_keep_the_query() {
    let run = site().https().target("/sitemap1.xml?a=b").run();
    let location = "https://a.example.org/app/sitemaps/sitemap1.xml?a=b";
    assert_eq!((run.status(), run.location()), (Some(302), Some(location.into())));
    let run = site().target("/x?y").run();
    assert_eq!((run.status(), run.location()), (Some(301), Some("https://b.example.org/x?y".into())));
}

#[test]
fn configuration_of_the_last_true_branch_counts() {
    let run = case(vec![
        set_response("X-Outer", "1"),
        block(equal(Variable::RequestMethod, "GET"), vec![set_response("X-First", "1")]),
        block(equal(Variable::Scheme, "http"), vec![set_response("X-Second", "1")]),
        block(equal(Variable::Scheme, "https"), vec![set_response("X-Third", "1")]),
    ])
    .run();
    let response = run.respond(200, &[]);
    let has = |name| response.contains_key(name);
    assert_eq!((has("x-outer"), has("x-first"), has("x-second"), has("x-third")), (true, false, true, false));
}

#[test]
fn an_empty_value_removes_the_field() {
    let case = || case(vec![set_response("Access-Control-Allow-Origin", "$http_origin")]);
    assert!(case().run().respond(200, &[("access-control-allow-origin", "*")]).is_empty());
    let run = case().field("origin", "https://o.example").run();
    assert_eq!(run.respond(404, &[]).get("access-control-allow-origin").expect("set"), "https://o.example");
}

#[test]
fn request_fields_are_set_and_cleared() {
    let ops = vec![
        HeaderOp::Set { name: name("X-Key"), value: template("secret") },
        HeaderOp::Clear(name("X-Gone")),
        HeaderOp::ClearPrefix("x-pre-".into()),
        HeaderOp::Replace { name: name("X-Absent"), value: template("v") },
        HeaderOp::Set { name: name("Content-Length"), value: template("0") },
    ];
    let run = case(vec![Action::RequestHeaders(RequestHeaders { types: vec![], ops })])
        .field("x-key", "forged")
        .field("x-gone", "1")
        .field("x-pre-a", "1")
        .field("content-length", "5")
        .run();
    assert_eq!(run.request_field("x-key"), ["secret"]);
    assert_eq!(run.request_field("content-length"), ["5"]);
    for gone in ["x-gone", "x-pre-a", "x-absent"] {
        assert!(run.request_field(gone).is_empty(), "{gone}");
    }
}

#[test]
fn a_field_that_frames_the_answer_is_not_hidden() {
    let run = case(vec![Action::Hide(name("Content-Length")), Action::Hide(name("X-A"))]).run();
    let response = run.respond(200, &[("content-length", "5"), ("x-a", "1")]);
    assert!(response.contains_key("content-length") && !response.contains_key("x-a"));
}

#[test]
fn rewrites_change_the_path_and_may_ask_for_another_route() {
    for (flag, rerouted) in [(RewriteFlag::Break, false), (RewriteFlag::Last, true), (RewriteFlag::Continue, true)] {
        let run = case(vec![rewrite("^/a/(.*)$", "/b/$1", flag)]).target("/a/x%20y?q=1").run();
        assert_eq!((run.changes.path.as_deref(), run.rerouted), (Some(&b"/b/x%20y"[..]), rerouted));
        assert_eq!(run.changes.query, Some(b"q=1".to_vec()));
    }
    assert!(case(vec![rewrite("^/a/", "/b", RewriteFlag::Break)]).target("/c").run().changes.path.is_none());
}

#[test]
fn access_rules_are_tried_in_order() {
    let rule = |allow, net: Option<&str>| {
        Action::Access(AccessRule { allow, network: net.map(|net| net.parse().expect("a network")) })
    };
    let case = || case(vec![rule(true, Some("10.0.0.0/8")), rule(false, None)]);
    assert_eq!(case().client("10.1.2.3").status(), None);
    assert_eq!(case().client("192.0.2.9").status(), Some(403));
}

#[test]
fn returned_texts_and_closed_connections() {
    let answer = |status, answer| case(vec![Action::Return(Return { status, answer })]).run().reply.expect("an answer");
    let reply = answer(200, Answer::Text(template("hello $host")));
    assert_eq!((reply.status, reply.body), (200, Body::Text("hello a.example.org".into())));
    assert_eq!(answer(444, Answer::Default).body, Body::Close);
    assert_eq!(answer(403, Answer::Default).body, Body::Page);
}
