//! Whole snippets: what each directive becomes, and with which line. Problems, the site's shape and arbitrary texts have
//! files of their own.

mod problem;
mod property;
mod shape;

use super::{Parsed, parse};
use crate::policy::Statement;

/// The statements as `line action` with the action in JSON, bodies of `if` indented behind it.
fn shown(statements: &[Statement]) -> Vec<String> {
    let action = |statement: &Statement| serde_json::to_string(&statement.action).expect("plain data");
    statements
        .iter()
        .map(|statement| format!("{} {}", statement.line, action(statement)))
        .collect()
}

/// Parses a text that has no problems.
fn parsed(text: &str) -> Parsed {
    let parsed = parse(text);
    assert_eq!(parsed.problems, [], "{text}");
    parsed
}

/// Checks that each text becomes exactly one statement, on line 1.
fn check(cases: &[(&str, &str)]) {
    for (text, action) in cases {
        assert_eq!(
            shown(&parsed(text).snippet.statements),
            [format!("1 {action}")],
            "{text}"
        );
    }
}

#[test]
fn an_empty_text_has_no_statements() {
    for text in ["", " \n\t\r\n", "# a comment\n  # deny all;"] {
        assert_eq!(parsed(text).snippet, crate::policy::Snippet::default());
    }
}

#[test]
fn variables_get_slots_in_order_of_appearance() {
    let snippet =
        parsed("set $B $a; if ($c) { set $a 1; }\nset $b ''; set $c \"${A}x\"; set $args \"$args&x=1\";")
            .snippet;
    assert_eq!(snippet.variables, ["b", "a", "c"]);
    assert_eq!(
        shown(&snippet.statements),
        [
            r#"1 {"Set":{"slot":0,"value":"${a}"}}"#,
            r#"1 {"If":{"condition":{"Truthy":"$c"},"body":[{"line":1,"action":{"Set":{"slot":1,"value":"1"}}}]}}"#,
            r#"2 {"Set":{"slot":0,"value":""}}"#,
            r#"2 {"Set":{"slot":2,"value":"${a}x"}}"#,
            r#"2 {"SetArguments":{"value":"${args}&x=1"}}"#,
        ]
    );
}

#[test]
fn conditions_are_read_as_nginx_reads_them() {
    for (condition, expected) in [
        ("($http_x_a)", r#"{"Truthy":"$http_x_a"}"#),
        (
            "( $scheme = http )",
            r#"{"Equal":{"variable":"$scheme","value":"http","negated":false}}"#,
        ),
        (
            r#"($host != "a b")"#,
            r#"{"Equal":{"variable":"$host","value":"a b","negated":true}}"#,
        ),
        (
            "($args = '')",
            r#"{"Equal":{"variable":"$args","value":"","negated":false}}"#,
        ),
        (
            "($arg_a = ${arg_b}x)",
            r#"{"Equal":{"variable":"$arg_a","value":"${arg_b}x","negated":false}}"#,
        ),
        (
            "($uri ~ ^/(a|b))",
            r#"{"Match":{"variable":"$uri","pattern":"^/(a|b)","negated":false}}"#,
        ),
        (
            r#"($uri ~ "^/(\d{2}) \"")"#,
            r#"{"Match":{"variable":"$uri","pattern":"^/(\\d{2}) \"","negated":false}}"#,
        ),
        (
            "($http_user_agent ~* bot)",
            r#"{"Match":{"variable":"$http_user_agent","pattern":"(?i)bot","negated":false}}"#,
        ),
        (
            "($request_method !~ ^GET$)",
            r#"{"Match":{"variable":"$request_method","pattern":"^GET$","negated":true}}"#,
        ),
        (
            "($uri !~* x )",
            r#"{"Match":{"variable":"$uri","pattern":"(?i)x","negated":true}}"#,
        ),
    ] {
        let expected =
            format!(r#"{{"If":{{"condition":{expected},"body":[{{"line":1,"action":"Break"}}]}}}}"#);
        check(&[(&format!("if {condition} {{ break; }}"), &expected)]);
    }
}

#[test]
fn answers_are_pages_texts_or_locations() {
    check(&[
        ("return 403;", r#"{"Return":{"status":403,"answer":"Default"}}"#),
        (
            "return 404 '';",
            r#"{"Return":{"status":404,"answer":"Default"}}"#,
        ),
        ("return 204;", r#"{"Return":{"status":204,"answer":"Default"}}"#),
        (
            "return 200 '';",
            r#"{"Return":{"status":200,"answer":{"Text":""}}}"#,
        ),
        (
            "return 200 \"a\nb $host\";",
            r#"{"Return":{"status":200,"answer":{"Text":"a\nb ${host}"}}}"#,
        ),
        ("return 444;", r#"{"Return":{"status":444,"answer":"Default"}}"#),
        (
            "return 405 no;",
            r#"{"Return":{"status":405,"answer":{"Text":"no"}}}"#,
        ),
        (
            "return 301 /a?$args;",
            r#"{"Return":{"status":301,"answer":{"Location":"/a?${args}"}}}"#,
        ),
        (
            "return 308 https://a$request_uri;",
            r#"{"Return":{"status":308,"answer":{"Location":"https://a${request_uri}"}}}"#,
        ),
        ("return 301;", r#"{"Return":{"status":301,"answer":"Default"}}"#),
        (
            "return http://a;",
            r#"{"Return":{"status":302,"answer":{"Location":"http://a"}}}"#,
        ),
        (
            "return $scheme://a;",
            r#"{"Return":{"status":302,"answer":{"Location":"${scheme}://a"}}}"#,
        ),
        (
            "return 304 x;",
            r#"{"Return":{"status":304,"answer":{"Text":"x"}}}"#,
        ),
    ]);
}

#[test]
fn rewrites_carry_flag_and_query() {
    let rewrite = |text: &str, fields: &str| {
        check(&[(
            text,
            &format!(r#"{{"Rewrite":{{"pattern":"^/a(.*)",{fields}}}}}"#),
        )]);
    };
    rewrite(
        "rewrite ^/a(.*) /b$1;",
        r#""replacement":"/b$1","keep_query":true,"flag":"Continue""#,
    );
    rewrite(
        "rewrite ^/a(.*) /b$1 last;",
        r#""replacement":"/b$1","keep_query":true,"flag":"Last""#,
    );
    rewrite(
        "rewrite ^/a(.*) /b? break;",
        r#""replacement":"/b","keep_query":false,"flag":"Break""#,
    );
    rewrite(
        "rewrite ^/a(.*)\n  /b\n  break;",
        r#""replacement":"/b","keep_query":true,"flag":"Break""#,
    );
    rewrite(
        "rewrite ^/a(.*) /b?x=$1;",
        r#""replacement":"/b","query":"x=$1","keep_query":true,"flag":"Continue""#,
    );
    rewrite(
        "rewrite ^/a(.*) /b?x=1? last;",
        r#""replacement":"/b","query":"x=1","keep_query":false,"flag":"Last""#,
    );
    rewrite(
        "rewrite ^/a(.*) /b redirect;",
        r#""replacement":"/b","keep_query":true,"flag":{"Redirect":302}"#,
    );
    rewrite(
        "rewrite ^/a(.*) /b permanent;",
        r#""replacement":"/b","keep_query":true,"flag":{"Redirect":301}"#,
    );
    rewrite(
        "rewrite ^/a(.*) https://b/$1;",
        r#""replacement":"https://b/$1","keep_query":true,"flag":{"Redirect":302}"#,
    );
    rewrite(
        "rewrite ^/a(.*) $scheme://b break;",
        r#""replacement":"${scheme}://b","keep_query":true,"flag":{"Redirect":302}"#,
    );
    rewrite(
        "rewrite ^/a(.*) http://b? permanent;",
        r#""replacement":"http://b","keep_query":false,"flag":{"Redirect":301}"#,
    );
}

#[test]
fn response_headers_follow_headers_more() {
    check(&[
        (
            "more_set_headers 'X-A: 1' \"X-B:  $host: 2 \" X-C;",
            r#"{"ResponseHeaders":{"ops":[{"Set":{"name":"x-a","value":"1"}},{"Set":{"name":"x-b","value":"${host}: 2"}},{"Clear":"x-c"}]}}"#,
        ),
        (
            "more_set_headers 'Server:' '';",
            r#"{"ResponseHeaders":{"ops":[{"Clear":"server"}]}}"#,
        ),
        (
            "more_set_headers 'X-A 1';",
            r#"{"ResponseHeaders":{"ops":[{"Set":{"name":"x-a","value":"1"}}]}}"#,
        ),
        (
            "more_set_headers 'X-*:';",
            r#"{"ResponseHeaders":{"ops":[{"ClearPrefix":"x-"}]}}"#,
        ),
        (
            "more_set_headers -s '404 500' -t 'text/plain text/html' -s 503 'X-A: 1';",
            r#"{"ResponseHeaders":{"statuses":[404,500,503],"types":["text/plain","text/html"],"ops":[{"Set":{"name":"x-a","value":"1"}}]}}"#,
        ),
        (
            "more_clear_headers -s 404 'X-A: ignored' 'X-Hidden-*' Server;",
            r#"{"ResponseHeaders":{"statuses":[404],"ops":[{"Clear":"x-a"},{"ClearPrefix":"x-hidden-"},{"Clear":"server"}]}}"#,
        ),
        (
            "add_header X-A \"b c\" always;",
            r#"{"Add":{"name":"x-a","value":"b c","always":true}}"#,
        ),
        (
            "add_header X-A $uri;",
            r#"{"Add":{"name":"x-a","value":"${uri}","always":false}}"#,
        ),
        ("proxy_hide_header X-Powered-By;", r#"{"Hide":"x-powered-by"}"#),
        ("expires modified +1d;", r#"{"Expires":{"Modified":86400}}"#),
        ("expires -1;", r#"{"Expires":{"Access":-1}}"#),
        ("expires off;", r#"{"Expires":"Off"}"#),
    ]);
}

#[test]
fn request_headers_follow_headers_more_and_the_proxy_module() {
    check(&[
        (
            "more_set_input_headers 'X-Key: k' 'X-Gone:';",
            r#"{"RequestHeaders":{"ops":[{"Set":{"name":"x-key","value":"k"}},{"Clear":"x-gone"}]}}"#,
        ),
        (
            "more_set_input_headers -r -t 'text/plain' 'X-Key: $arg_k' 'X-Gone:';",
            r#"{"RequestHeaders":{"types":["text/plain"],"ops":[{"Replace":{"name":"x-key","value":"${arg_k}"}},{"Clear":"x-gone"}]}}"#,
        ),
        (
            "more_clear_input_headers 'X-*';",
            r#"{"RequestHeaders":{"ops":[{"ClearPrefix":"x-"}]}}"#,
        ),
        (
            "proxy_set_header X-Real-IP $remote_addr;",
            r#"{"Proxy":{"name":"x-real-ip","value":"${remote_addr}"}}"#,
        ),
        (
            "proxy_set_header Proxy \"\";",
            r#"{"Proxy":{"name":"proxy","value":""}}"#,
        ),
    ]);
}

#[test]
fn access_rules_take_addresses_networks_and_all() {
    check(&[
        (
            "allow 10.1.2.3/8;",
            r#"{"Access":{"allow":true,"network":"10.0.0.0/8"}}"#,
        ),
        (
            "allow 10.1.2.3;",
            r#"{"Access":{"allow":true,"network":"10.1.2.3/32"}}"#,
        ),
        (
            "deny fd00::1;",
            r#"{"Access":{"allow":false,"network":"fd00::1/128"}}"#,
        ),
        ("deny all;", r#"{"Access":{"allow":false,"network":null}}"#),
    ]);
}

#[test]
fn a_snippet_guards_if_it_may_refuse() {
    for (text, guards) in [
        ("deny all;", true),
        ("allow all;", true),
        ("if ($arg_a) { return 404; }", true),
        ("return 301 https://a;", false),
        ("more_set_headers 'X-A: deny';", false),
    ] {
        assert_eq!(parsed(text).snippet.guards(), guards, "{text}");
    }
}
