//! A long snippet as a data repository runs it: hand-made CORS, a key for the backend, redirects by path and by host.

use super::{parse, shown};

const TEXT: &str = r#"# Cross-origin setup

set $cors 'yes';

if ($request_method = 'OPTIONS') {
  set $cors ${cors}preflight;
}

if ($cors = "yes") {
  more_set_headers 'Access-Control-Allow-Origin: $http_origin';
  more_set_headers 'Access-Control-Allow-Headers: DNT,Keep-Alive,Range';

  more_set_headers 'Access-Control-Max-Age: 600';
}

if ($cors = "yespreflight") {
  more_set_headers 'Access-Control-Allow-Origin: $http_origin';
  more_set_headers 'Content-Type: text/plain charset=UTF-8';
  more_set_headers 'Content-Length: 0';
  return 204;
}
more_set_input_headers "X-Backend-Key: no-secret";
rewrite ^/(sitemap.+) /data/maps/$1 redirect;
rewrite ^/robots.txt /data/robots.txt redirect;
if ($host = "old.example.org") {
  return 301 https://new.example.org$request_uri;
}
"#;

fn set_header(line: usize, name: &str, value: &str) -> String {
    format!(
        r#"{{"line":{line},"action":{{"ResponseHeaders":{{"ops":[{{"Set":{{"name":"{name}","value":"{value}"}}}}]}}}}}}"#
    )
}

fn branch(line: usize, variable: &str, value: &str, body: &[String]) -> String {
    let condition = format!(r#"{{"Equal":{{"variable":"{variable}","value":"{value}","negated":false}}}}"#);
    format!(
        r#"{line} {{"If":{{"condition":{condition},"body":[{}]}}}}"#,
        body.join(",")
    )
}

#[test]
fn every_statement_has_its_line_and_only_the_length_has_no_effect() {
    let parsed = parse(TEXT);
    let problems: Vec<_> = parsed
        .problems
        .iter()
        .map(|problem| (problem.line, problem.guards))
        .collect();
    assert_eq!(problems, [(19, false)]);
    let snippet = parsed.snippet;
    assert_eq!(snippet.variables, ["cors"]);
    let rewrite = |line: usize, pattern: &str, replacement: &str| {
        format!(
            r#"{line} {{"Rewrite":{{"pattern":"{pattern}","replacement":"{replacement}","keep_query":true,"flag":{{"Redirect":302}}}}}}"#
        )
    };
    let origin = |line| set_header(line, "access-control-allow-origin", "${http_origin}");
    let expected = [
        r#"3 {"Set":{"slot":0,"value":"yes"}}"#.to_owned(),
        branch(
            5,
            "$request_method",
            "OPTIONS",
            &[r#"{"line":6,"action":{"Set":{"slot":0,"value":"${cors}preflight"}}}"#.to_owned()],
        ),
        branch(
            9,
            "$cors",
            "yes",
            &[
                origin(10),
                set_header(11, "access-control-allow-headers", "DNT,Keep-Alive,Range"),
                set_header(13, "access-control-max-age", "600"),
            ],
        ),
        branch(
            16,
            "$cors",
            "yespreflight",
            &[
                origin(17),
                set_header(18, "content-type", "text/plain charset=UTF-8"),
                r#"{"line":20,"action":{"Return":{"status":204,"answer":"Default"}}}"#.to_owned(),
            ],
        ),
        r#"22 {"RequestHeaders":{"ops":[{"Set":{"name":"x-backend-key","value":"no-secret"}}]}}"#.to_owned(),
        rewrite(23, "^/(sitemap.+)", "/data/maps/$1"),
        rewrite(24, "^/robots.txt", "/data/robots.txt"),
        branch(
            25,
            "$host",
            "old.example.org",
            &[r#"{"line":26,"action":{"Return":{"status":301,"answer":{"Location":"https://new.example.org${request_uri}"}}}}"#
                .to_owned()],
        ),
    ];
    assert_eq!(shown(&snippet.statements), expected);
    assert!(!snippet.guards());
}
