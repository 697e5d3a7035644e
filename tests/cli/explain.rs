//! `explain`: the redirect of a snippet with its line, why other routes did not match, what a backend receives, JSON.

use serde_json::Value;

use super::binary::Folder;

const OBJECTS: &str = "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/auth-tls-secret: shop/authorities
    nginx.ingress.kubernetes.io/auth-tls-verify-client: optional
    nginx.ingress.kubernetes.io/configuration-snippet: |
      # Crawlers.

      more_set_input_headers \"X-Proxy-Key: secret\";
      rewrite ^/robots.txt /shop/robots.txt redirect;
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: web, port: {number: 80}}}
          - path: /api
            pathType: Prefix
            backend: {service: {name: api, port: {number: 80}}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: web-1, namespace: shop, labels: {kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints:
  - addresses: [192.0.2.7]
    targetRef: {kind: Pod, name: web-abc}
";

fn explain(arguments: &[&str]) -> String {
    let folder = Folder::new(&[("a.yaml", OBJECTS)]);
    let outcome = folder.run(&[&["explain", "objects"], arguments].concat());
    assert_eq!(
        (outcome.code, outcome.stderr.as_str()),
        (Some(0), ""),
        "{}",
        outcome.stdout
    );
    outcome.stdout
}

#[test]
fn the_redirect_of_a_snippet_has_its_line() {
    let expected = "\
GET https://shop.example.org/robots.txt from 192.0.2.1

Routes for shop.example.org /robots.txt, in the order in which they are asked
  - shop.example.org under /api -> Service shop/api:80 (nginx)
      objects/a.yaml:23 Ingress shop/web spec.rules[0].http.paths[1]
      not chosen: `/robots.txt` is not under `/api`
  * shop.example.org under / -> Service shop/web:80 (nginx)
      objects/a.yaml:20 Ingress shop/web spec.rules[0].http.paths[0]
      chosen: it is the first that matches
      engine of HTTP/1.1 requests: lane

Steps of the chosen route
  1. client_certificate: passed
      objects/a.yaml:7 Ingress shop/web metadata.annotations[nginx.ingress.kubernetes.io/auth-tls-secret]
      request: sets ssl-client-verify: NONE
  2. body_limit: passed
      objects/a.yaml:6 Ingress shop/web metadata.annotations (not written: the default)
      bodies larger than 1048576 bytes are refused
  3. snippet: answers the request
      objects/a.yaml:13 Ingress shop/web metadata.annotations[nginx.ingress.kubernetes.io/configuration-snippet]
      > rewrite ^/robots.txt /shop/robots.txt redirect;

Answer: 302 Found
  reason snippet_return: A snippet answered.
  location: https://shop.example.org/shop/robots.txt

Not among the files, and taken to be there and in order
  Secret shop/authorities
";
    assert_eq!(
        explain(&["--url", "https://shop.example.org/robots.txt"]),
        expected
    );
}

#[test]
fn a_backend_receives_what_it_would_receive() {
    let text = explain(&[
        "--url",
        "http://shop.example.org/doi%3A10.5063%2FF1?a=b",
        "--header",
        "Ssl-Client-Verify: SUCCESS",
        "--header",
        "X-Forwarded-For: 203.0.113.9",
        "--method",
        "POST",
        "--from",
        "198.51.100.4",
    ]);
    let backend = text.split_once("\nBackend: ").expect("it goes to a backend").1;
    let lines: Vec<&str> = backend.lines().map(str::trim).collect();
    assert_eq!(
        lines[..3],
        [
            "Service shop/web:80 (http)",
            "/doi%3A10.5063%2FF1?a=b",
            "host: shop.example.org"
        ]
    );
    for line in [
        "x-proxy-key: secret",
        "x-forwarded-for: 198.51.100.4",
        "x-forwarded-proto: http",
        "192.0.2.7:8080 Pod web-abc",
    ] {
        assert!(lines.contains(&line), "{line}: {text}");
    }
    assert!(!backend.contains("SUCCESS"), "{text}");
}

#[test]
fn an_unknown_host_is_told_with_the_known_ones() {
    let text = explain(&["--url", "http://other.example.org/"]);
    assert!(
        text.contains("\n  none\n\nHosts that have rules: shop.example.org\n"),
        "{text}"
    );
    assert!(
        text.contains("\nAnswer: 404 Not Found\n  reason no_host: "),
        "{text}"
    );
}

#[test]
fn json_says_the_same() {
    let text = explain(&["--url", "https://shop.example.org/robots.txt", "--format", "json"]);
    let value: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["request"]["url"], "https://shop.example.org/robots.txt");
    let round = &value["rounds"][0];
    assert_eq!(
        (&round["host"], &round["path"]),
        (&"shop.example.org".into(), &"/robots.txt".into())
    );
    let chosen: Vec<bool> = round["candidates"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| it["chosen"] == true)
        .collect();
    assert_eq!(chosen, [false, true]);
    let steps = round["steps"].as_array().expect("a list");
    let step = steps
        .iter()
        .find(|step| step["step"] == "snippet")
        .expect("the snippet is a step");
    assert_eq!(
        (&step["outcome"], &step["line"]),
        (&"answered".into(), &13.into())
    );
    assert_eq!(
        step["statement"],
        "rewrite ^/robots.txt /shop/robots.txt redirect;"
    );
    let answer = &value["end"]["answer"];
    assert_eq!(
        (&answer["status"], &answer["reason"]),
        (&302.into(), &"snippet_return".into())
    );
    assert_eq!(
        answer["fields"][0],
        serde_json::json!(["location", "https://shop.example.org/shop/robots.txt"])
    );
    assert_eq!(value["absent"], serde_json::json!(["Secret shop/authorities"]));
}

#[test]
fn the_engine_is_named_and_why_it_is_not_the_lane() {
    let grpc = OBJECTS.replacen(
        "  annotations:\n",
        "  annotations:\n    nginx.ingress.kubernetes.io/backend-protocol: GRPC\n",
        1,
    );
    let folder = Folder::new(&[("a.yaml", &grpc)]);
    let explain = |arguments: &[&str]| folder.run(&[&["explain", "objects"], arguments].concat()).stdout;
    let text = explain(&["--url", "http://shop.example.org/"]);
    let cause = "its backend speaks, or may choose, HTTP/2";
    let line = format!("\n      engine of HTTP/1.1 requests: pingora, because {cause}\n");
    assert!(text.contains(&line), "{text}");
    let text = explain(&["--url", "http://shop.example.org/", "--format", "json"]);
    let value: Value = serde_json::from_str(&text).expect("JSON");
    let candidates = value["rounds"][0]["candidates"].as_array().expect("a list");
    let chosen = candidates
        .iter()
        .find(|it| it["chosen"] == true)
        .expect("one is chosen");
    assert_eq!(
        (&chosen["engine"], &chosen["engineCause"]),
        (&"pingora".into(), &cause.into())
    );
}

#[test]
fn limits_of_the_handshake_are_shown() {
    let limited = OBJECTS.replacen(
        "  annotations:\n",
        "  annotations:\n    nginx.ingress.kubernetes.io/ssl-ciphers: ECDHE-RSA-AES128-GCM-SHA256\n    \
         ferrik.dev/ssl-ecdh-curve: X25519\n",
        1,
    );
    let folder = Folder::new(&[("a.yaml", &limited)]);
    let explain = |arguments: &[&str]| folder.run(&[&["explain", "objects"], arguments].concat()).stdout;
    let text = explain(&["--url", "https://shop.example.org/"]);
    let expected = "
The TLS handshake is limited to TLS 1.2 and 1.3
  suites of TLS 1.2, in this order: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
  key exchange groups: x25519
";
    assert!(text.contains(expected), "{text}");
    let text = explain(&["--url", "https://shop.example.org/", "--format", "json"]);
    let value: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        value["limits"]["algorithms"]["groups"],
        serde_json::json!(["x25519"])
    );
    assert!(!explain(&["--url", "http://shop.example.org/"]).contains("limited to"));
}
