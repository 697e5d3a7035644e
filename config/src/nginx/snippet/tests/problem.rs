//! Texts with faults: which line, which directive, what is said, whether a guard is lost, and what still works.

use super::{parse, shown};
use crate::nginx::snippet::{MAX_TEXT, SnippetProblem};

/// Parses a text with one problem; checks its line and directive, and that the message contains the words.
fn problem(text: &str, line: usize, directive: &str, words: &str) -> SnippetProblem {
    let problems = parse(text).problems;
    let [problem] = problems.as_slice() else {
        panic!("{text}: {problems:#?}")
    };
    assert_eq!(
        (problem.line, problem.directive.as_str()),
        (line, directive),
        "{text}"
    );
    assert!(problem.message.contains(words), "{text}: {}", problem.message);
    assert!(!problem.fix.is_empty(), "{text}");
    problem.clone()
}

/// One problem that costs no guard.
fn open(text: &str, line: usize, directive: &str, words: &str) -> SnippetProblem {
    let problem = problem(text, line, directive, words);
    assert!(!problem.guards, "{text}: {problem:#?}");
    problem
}

/// One problem that costs a guard.
fn closed(text: &str, line: usize, directive: &str, words: &str) -> SnippetProblem {
    let problem = problem(text, line, directive, words);
    assert!(problem.guards, "{text}: {problem:#?}");
    problem
}

#[test]
fn an_unknown_directive_has_its_line_and_the_rest_works() {
    let text = "set $a 1;\n\nproxy_red_timeout 5s;\nbreak;";
    let problem = open(
        text,
        3,
        "proxy_red_timeout",
        "unknown directive `proxy_red_timeout`",
    );
    assert_eq!(problem.fix, "did you mean `proxy_read_timeout`?");
    assert_eq!(
        shown(&parse(text).snippet.statements),
        [r#"1 {"Set":{"slot":0,"value":"1"}}"#, r#"4 "Break""#]
    );
    assert_eq!(
        open("frobnicate;", 1, "frobnicate", "unknown").fix,
        "remove it; the snippet reference lists what can be used"
    );
    open("lua { more_set_headers 'A: b'; }", 1, "lua", "unknown directive");
}

#[test]
fn fields_that_frame_messages_are_left_alone() {
    for (text, directive, change) in [
        (
            "proxy_set_header Connection 'upgrade';",
            "proxy_set_header",
            "`Connection: upgrade`",
        ),
        ("proxy_hide_header Upgrade;", "proxy_hide_header", "`Upgrade`"),
        ("add_header Trailer X-Sum;", "add_header", "`Trailer: X-Sum`"),
        (
            "more_set_headers 'content-length: 5';",
            "more_set_headers",
            "`content-length: 5`",
        ),
        ("more_clear_headers TE;", "more_clear_headers", "`TE`"),
        (
            "more_set_input_headers -r 'Keep-Alive: 5';",
            "more_set_input_headers",
            "`Keep-Alive: 5`",
        ),
        (
            "more_clear_input_headers Transfer-Encoding;",
            "more_clear_input_headers",
            "`Transfer-Encoding`",
        ),
    ] {
        open(text, 1, directive, &format!("{change} has no effect"));
        assert!(parse(text).snippet.statements.is_empty(), "{text}");
    }
    assert!(
        parse("more_clear_headers 'te*';").problems.is_empty(),
        "a prefix names no field"
    );
}

#[test]
fn a_known_directive_that_is_not_done_says_what_to_use() {
    for (text, name, fix) in [
        (
            "proxy_read_timeout 3600;",
            "proxy_read_timeout",
            "use the annotation nginx.ingress.kubernetes.io/proxy-read-timeout",
        ),
        (
            "client_max_body_size 0;",
            "client_max_body_size",
            "use the annotation nginx.ingress.kubernetes.io/proxy-body-size",
        ),
        (
            "proxy_buffering off;",
            "proxy_buffering",
            "use the annotation nginx.ingress.kubernetes.io/proxy-buffering",
        ),
        (
            "error_page 403 /x;",
            "error_page",
            "use the annotation nginx.ingress.kubernetes.io/custom-http-errors",
        ),
        ("gzip on;", "gzip", "use `use-gzip` in the controller's ConfigMap"),
    ] {
        assert_eq!(open(text, 1, name, "is not supported in a snippet").fix, fix);
    }
}

#[test]
fn what_guards_and_cannot_be_done_closes_the_route() {
    closed("auth_basic 'x';", 1, "auth_basic", "not supported");
    closed("auth_request /auth;", 1, "auth_request", "not supported");
    closed("satisfy any;", 1, "satisfy", "not supported");
    closed("internal;", 1, "internal", "not supported");
    closed("valid_referers none;", 1, "valid_referers", "not supported");
    closed("secure_link $arg_md5;", 1, "secure_link", "not supported");
    closed(
        "secure_link_secret x;",
        1,
        "secure_link_secret",
        "unknown directive",
    );
    closed("auth_jwt x;", 1, "auth_jwt", "unknown directive");
    closed(
        "limit_except GET {\n deny all;\n}",
        1,
        "limit_except",
        "not supported",
    );
    closed(
        "location = /metrics { return 404; }",
        1,
        "location",
        "not supported",
    );
    closed("lua { if ($a) { return 403; } }", 1, "lua", "unknown");
    open(
        "location /x { proxy_pass http://y; return 301 /z; }",
        1,
        "location",
        "not supported",
    );
    closed(
        "\ndeny 10.0.0.0/33;",
        2,
        "deny",
        "expected addresses or networks in CIDR notation, got `10.0.0.0/33`",
    );
    closed("allow unix:;", 1, "allow", "got `unix:`");
    closed("deny;", 1, "deny", "`deny` cannot have 0 arguments");
    closed("deny all { }", 1, "deny", "takes no block");
    closed(
        "return 4O3;",
        1,
        "return",
        "expected a status code from 200 to 599, got `4O3`",
    );
    closed("return 403 a b;", 1, "return", "cannot have 3 arguments");
    closed("return 999;", 1, "return", "got `999`");
    open(
        "return 301 $nothing;",
        1,
        "return",
        "expected a known variable, got `$nothing`",
    );
}

#[test]
fn a_misspelt_guard_is_a_guard() {
    assert_eq!(
        closed("dney all;", 1, "dney", "unknown directive").fix,
        "did you mean `deny`?"
    );
    closed("Deny all;", 1, "Deny", "unknown directive");
    closed("retrun 403;", 1, "retrun", "unknown directive");
    open("retrun 301 https://a;", 1, "retrun", "unknown directive");
    let problem = closed(
        "if($host = a) { return 403; }",
        1,
        "if($host",
        "unknown directive `if($host`",
    );
    assert_eq!(problem.fix, "write `if` and `(` with a space between them");
}

#[test]
fn a_condition_that_cannot_be_read_loses_what_its_body_guards() {
    for (condition, words) in [
        (
            "($geoip_country = X)",
            "expected a known variable, got `$geoip_country`",
        ),
        ("(-f $uri)", "`-f` tests files"),
        ("(!-e $uri)", "`!-e` tests files"),
        ("($host == a)", "unexpected `==` in the condition"),
        ("($host = a && $uri = b)", "nginx has no `&&`"),
        ("$host = a", "not in parentheses"),
        ("()", "invalid condition"),
        ("(", "not in parentheses"),
        ("($host = a b)", "invalid condition `$host = a b`"),
        ("(host = a)", "expected a variable on the left side, got `host`"),
        ("($1 = a)", "expected a variable on the left side, got `$1`"),
        ("(${host} = a)", "expected a variable on the left side"),
        (
            "($uri ~ ^/(?!a))",
            "expected a regular expression without look-around",
        ),
        (
            "($uri ~ *)",
            "expected a regular expression (repetition operator missing expression)",
        ),
    ] {
        closed(&format!("if {condition} {{\n  return 403;\n}}"), 1, "if", words);
        open(
            &format!("if {condition} {{\n  more_set_headers 'A: b';\n}}"),
            1,
            "if",
            words,
        );
    }
    let parsed = parse("if ($nope) {\n  foo;\n  deny all;\n}\nbreak;");
    let problems: Vec<_> = parsed
        .problems
        .iter()
        .map(|p| (p.line, p.directive.as_str(), p.guards))
        .collect();
    assert_eq!(problems, [(1, "if", true), (2, "foo", false), (3, "deny", true)]);
    assert_eq!(shown(&parsed.snippet.statements), [r#"5 "Break""#]);
}

#[test]
fn a_lost_value_that_a_guard_tests_closes_the_route() {
    let guard = "if ($b) { return 403; }";
    closed(
        &format!("{guard} set $a $geoip_country; set $b \"x$a\";"),
        1,
        "set",
        "$geoip_country",
    );
    closed(
        &format!("if ($geoip_country = X) {{ set $b 1; }} {guard}"),
        1,
        "if",
        "$geoip_country",
    );
    closed(
        "set $args $nothing; if ($arg_a) { return 403; }",
        1,
        "set",
        "$nothing",
    );
    open(
        &format!("set $b 1; set $c $geoip_country; {guard}"),
        1,
        "set",
        "$geoip_country",
    );
}

#[test]
fn directives_stand_only_where_nginx_allows_them() {
    let inside = |inner: &str| format!("if ($arg_a) {{\n{inner}\n}}");
    closed(
        &inside("deny all;"),
        2,
        "deny",
        "nginx does not allow `deny` inside `if`",
    );
    open(
        &inside("proxy_set_header A b;"),
        2,
        "proxy_set_header",
        "does not allow",
    );
    open(
        &inside("proxy_hide_header A;"),
        2,
        "proxy_hide_header",
        "does not allow",
    );
    open(&inside("if ($arg_b) { break; }"), 2, "if", "does not allow");
    closed(&inside("if ($arg_b) { return 403; }"), 2, "if", "does not allow");
    open("if ($arg_a);", 1, "if", "`if` needs a block");
    open("set $a { }", 1, "set", "takes no block");
}

#[test]
fn bad_values_are_named() {
    open("set $a;", 1, "set", "`set` cannot have 1 argument");
    open("set a b;", 1, "set", "`a` cannot be set");
    open("set $1 b;", 1, "set", "`$1` cannot be set");
    open("set $host b;", 1, "set", "`$host` cannot be set");
    let fix = open("set $limit_rate 1k;", 1, "set", "`$limit_rate` cannot be set").fix;
    assert_eq!(fix, "use the annotation nginx.ingress.kubernetes.io/limit-rate");
    open("rewrite ^(.*)$ /x gone;", 1, "rewrite", "unknown flag `gone`");
    open("rewrite ^ ?a=b;", 1, "rewrite", "the replacement has no path");
    open("rewrite ^ '';", 1, "rewrite", "the replacement has no path");
    open("rewrite (a)\\1 /x;", 1, "rewrite", "without back-references");
    open(
        "rewrite ^ /${a;",
        1,
        "rewrite",
        "`}` after the name of a variable",
    );
    open(
        "rewrite ^ 'http://a\\n' ;",
        1,
        "rewrite",
        "without control characters",
    );
    open("return 301 'http://a\\nX: y';", 1, "return", "control characters");
    open(
        "more_set_headers 'Bad Name: a' 'X,Y: a';",
        1,
        "more_set_headers",
        "expected a header name, got `X,Y`",
    );
    open(
        "more_set_headers 'X-A: a\\r\\nb';",
        1,
        "more_set_headers",
        "a header value without control characters",
    );
    open(
        "more_set_headers 'X-*: a';",
        1,
        "more_set_headers",
        "`X-*` cannot be given a value",
    );
    open(
        "more_clear_headers '*';",
        1,
        "more_clear_headers",
        "expected a header name",
    );
    open(
        "more_set_headers -s 4xx 'A: b';",
        1,
        "more_set_headers",
        "status codes from 100 to 599",
    );
    open(
        "more_set_headers 'A: b' -s;",
        1,
        "more_set_headers",
        "`-s` needs a list",
    );
    open(
        "more_set_headers -r 'A: b';",
        1,
        "more_set_headers",
        "unknown option `-r`",
    );
    open(
        "more_set_input_headers -s 404 'A: b';",
        1,
        "more_set_input_headers",
        "unknown option `-s`",
    );
    open("add_header A b c;", 1, "add_header", "unknown parameter `c`");
    open("expires tomorrow;", 1, "expires", "got `tomorrow`");
    open("expires modified max;", 1, "expires", "got `max`");
}

#[test]
fn a_bad_header_leaves_its_neighbours() {
    let parsed = parse("more_set_headers 'A: 1' 'B C\u{1}: 2' 'D: $nope' 'E: 5';");
    assert_eq!(parsed.problems.len(), 2);
    assert_eq!(
        shown(&parsed.snippet.statements),
        [
            r#"1 {"ResponseHeaders":{"ops":[{"Set":{"name":"a","value":"1"}},{"Set":{"name":"e","value":"5"}}]}}"#
        ]
    );
}

#[test]
fn a_request_header_without_a_readable_value_is_removed() {
    for (text, name, action) in [
        (
            "proxy_set_header X-User $nope;",
            "proxy_set_header",
            r#"1 {"Proxy":{"name":"x-user","value":""}}"#,
        ),
        (
            "more_set_input_headers -r 'X-User: $nope';",
            "more_set_input_headers",
            r#"1 {"RequestHeaders":{"ops":[{"Clear":"x-user"}]}}"#,
        ),
    ] {
        open(text, 1, name, "got `$nope`; the backend gets no `x-user`");
        assert_eq!(shown(&parse(text).snippet.statements), [action]);
    }
}

#[test]
fn a_refusal_without_a_readable_text_still_refuses() {
    let text = "return 403 'no, $nope';";
    open(text, 1, "return", "$nope");
    assert_eq!(
        shown(&parse(text).snippet.statements),
        [r#"1 {"Return":{"status":403,"answer":"Default"}}"#]
    );
}

#[test]
fn a_fault_of_syntax_keeps_what_is_complete_before_it() {
    let kept = [r#"1 {"Set":{"slot":0,"value":"1"}}"#];
    for (text, line, directive, words) in [
        ("set $a 1;\nset $b 2", 2, "set", "`set` does not end in `;`"),
        (
            "set $a 1;\nmore_set_headers 'A: b'\nset $b 2;",
            2,
            "more_set_headers",
            "does not end in `;`",
        ),
        (
            "set $a 1;\nif ($a) { break }\n",
            2,
            "break",
            "`break` does not end in `;`",
        ),
        (
            "set $a 1;\nif ($a) {\n  break;\n",
            2,
            "if",
            "the block of `if` is never closed",
        ),
        ("set $a 1;\n}\nset $b 1;", 2, "}", "unexpected `}`"),
        ("set $a 1;\n;", 2, ";", "unexpected `;`"),
        ("set $a 1;\n{ }", 2, "{", "unexpected `{`"),
        (
            "set $a 1;\n\nset $b 'x;\nbreak;",
            3,
            "set",
            "a quote is never closed",
        ),
        (
            "set $a 1;\nset $b 'x'y;",
            2,
            "set",
            "unexpected `y` right behind a closing quote",
        ),
    ] {
        open(text, line, directive, words);
        assert_eq!(shown(&parse(text).snippet.statements), kept, "{text}");
    }
}

#[test]
fn a_fault_of_syntax_in_a_text_with_a_guard_closes_the_route() {
    closed("set $a 1\ndeny all;", 1, "set", "does not end in `;`");
    closed("deny all;\nset $a 1", 2, "set", "does not end in `;`");
    closed("if ($arg_a) {\n return 403;\n", 1, "if", "never closed");
    closed("if ($uri ~ ^/\\d{3}$) { return 404; }", 1, "if", "never closed");
    closed("set $a 'x; auth_request /y;", 1, "set", "never closed");
    open("# deny all;\nset $a 1", 2, "set", "does not end in `;`");
}

#[test]
fn hostile_texts_stay_cheap() {
    let deep = "a{".repeat(MAX_TEXT / 2);
    closed(
        &format!("deny all;{}", &deep[..200]),
        1,
        "a",
        "more than 16 blocks inside each other",
    );
    open(&deep, 1, "a", "more than 16 blocks");
    let long = "x".repeat(MAX_TEXT + 1);
    open(&long, 1, "configuration-snippet", "more than 65536");
    closed(
        &format!("deny all; {long}"),
        1,
        "configuration-snippet",
        "more than 65536",
    );
    let problem = open(
        &format!("{};", &long[..MAX_TEXT - 1]),
        1,
        &format!("{}…", "x".repeat(80)),
        "unknown directive",
    );
    assert!(problem.message.len() < 120);
    let patterns = parse(&"rewrite a b;".repeat(201));
    assert_eq!(
        (patterns.snippet.statements.len(), patterns.problems.len()),
        (200, 1)
    );
}
