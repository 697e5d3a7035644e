//! `check`: exact lines, their order, the closing line, exit statuses, JSON.

use serde_json::Value;

use super::binary::{Folder, ferrik};

const BROKEN: &str = "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/client_max_body_size: \"8m\"
    nginx.ingress.kubernetes.io/configuration-snippet: |
      more_set_headers 'X-A: b';
      lua_need_request_body on;
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: web
                port:
                  number: 80
    - host: \"not a host\"
      http:
        paths: []
---
apiVersion: v1
kind: Service
metadata:
  name: other
  namespace: shop
spec:
  ports:
    - port: eighty
";

const SOUND: &str = "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: web
                port:
                  number: 80
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  ports:
    - port: 80
";

#[test]
fn every_problem_has_its_line_and_a_fix() {
    let folder = Folder::new(&[("b.yaml", BROKEN), ("a.yaml", "a: b: c\n")]);
    let outcome = folder.run(&["check", "objects"]);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    let expected = [
        "objects/a.yaml:1: error: ",
        "objects/b.yaml:7: warning Ingress shop/web metadata.annotations[nginx.ingress.kubernetes.io/client_max_body_size]: \
         there is no annotation `nginx.ingress.kubernetes.io/client_max_body_size`; it has no effect; fix: did you mean \
         `proxy-body-size`? Otherwise remove it",
        "objects/b.yaml:10: warning Ingress shop/web metadata.annotations[nginx.ingress.kubernetes.io/configuration-snippet]: \
         `lua_need_request_body`: ",
        "objects/b.yaml:21: warning Ingress shop/web spec.rules[0].http.paths[0].backend.service.name: there is no Service \
         shop/web; requests are answered 503; fix: create the Service, or name one that exists",
        "objects/b.yaml:24: error Ingress shop/web spec.rules[1].host: host: expected a DNS name such as a.example.org or *.example.org, got \
         `not a host`; the rule is not served; fix: write a host name, or *. and a domain, or nothing",
        "objects/b.yaml:35: error Service shop/other spec.ports[0].port: invalid type: string \"eighty\", expected u16; the \
         object is not read; fix: see `kubectl explain service.spec.ports.port`",
        "3 errors, 3 warnings in 2 files",
    ];
    assert_eq!(lines.len(), expected.len(), "{}", outcome.stdout);
    for (line, expected) in lines.iter().zip(expected) {
        // Of a parser's and a directive's own words only the beginning is promised.
        let is_right = if expected.ends_with(' ') {
            line.starts_with(expected)
        } else {
            *line == expected
        };
        assert!(is_right, "{line}\n{expected}");
    }
    assert!(
        lines[..6].iter().all(|line| line.contains("; fix: ")),
        "{}",
        outcome.stdout
    );
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(1), ""));
}

#[test]
fn nothing_wrong_is_one_line_and_success() {
    for arguments in [&["check", "objects"][..], &["check", "objects", "--strict"]] {
        let outcome = Folder::new(&[("a.yaml", SOUND)]).run(arguments);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (Some(0), "0 errors, 0 warnings in 1 file\n")
        );
    }
}

#[test]
fn warnings_fail_only_where_that_is_asked_for() {
    let other = "apiVersion: apps/v1\nkind: Deployment\n";
    let folder = Folder::new(&[("a.yaml", SOUND), ("b.yaml", other)]);
    let outcome = folder.run(&["check", "objects"]);
    assert_eq!(outcome.code, Some(0));
    assert!(
        outcome.stdout.ends_with("\n0 errors, 1 warning in 2 files\n"),
        "{}",
        outcome.stdout
    );
    assert_eq!(folder.run(&["check", "--strict", "objects"]).code, Some(1));
}

#[test]
fn what_is_kept_elsewhere_is_a_warning() {
    let text = SOUND.replace(
        "namespace: shop\nspec:\n  ingressClassName: nginx",
        "namespace: shop\n  annotations:\n    nginx.ingress.kubernetes.io/auth-type: basic\n    \
         nginx.ingress.kubernetes.io/auth-secret: users\nspec:\n  ingressClassName: nginx\n  tls:\n    \
         - hosts: [shop.example.org]\n      secretName: shop-tls",
    );
    let outcome = Folder::new(&[("a.yaml", &text)]).run(&["check", "objects"]);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    assert!(
        lines[0].starts_with("objects/a.yaml:8: warning Ingress shop/web "),
        "{lines:?}"
    );
    assert!(
        lines[1].starts_with("objects/a.yaml:13: warning Ingress shop/web spec.tls[0].secretName: "),
        "{lines:?}"
    );
    assert_eq!(
        (lines[2], outcome.code),
        ("0 errors, 2 warnings in 1 file", Some(0))
    );
}

#[test]
fn a_snippet_that_lets_every_origin_in_is_named_by_its_line() {
    let text = SOUND.replace(
        "namespace: shop\nspec:\n  ingressClassName: nginx",
        "namespace: shop\n  annotations:\n    nginx.ingress.kubernetes.io/configuration-snippet: |\n      \
         more_set_headers 'Access-Control-Allow-Credentials: true';\n      \
         more_set_headers 'Access-Control-Allow-Origin: $http_origin';\nspec:\n  ingressClassName: nginx",
    );
    let outcome = Folder::new(&[("a.yaml", &text)]).run(&["check", "objects"]);
    assert!(
        outcome
            .stdout
            .starts_with("objects/a.yaml:9: warning Ingress shop/web "),
        "{}",
        outcome.stdout
    );
    assert!(
        outcome.stdout.ends_with("\n0 errors, 1 warning in 1 file\n"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn a_path_that_is_not_there_is_an_error() {
    let outcome = Folder::new(&[]).run(&["check", "nowhere"]);
    assert_eq!(outcome.code, Some(1));
    assert!(
        outcome.stdout.starts_with("nowhere: error: "),
        "{}",
        outcome.stdout
    );
}

#[test]
fn the_class_decides_what_is_examined() {
    let folder = Folder::new(&[(
        "a.yaml",
        &SOUND.replace("ingressClassName: nginx", "ingressClassName: public"),
    )]);
    let outcome = folder.run(&["check", "objects"]);
    assert_eq!(outcome.stdout, "0 errors, 0 warnings in 1 file\n");
    assert!(
        outcome
            .stderr
            .starts_with("note: Ingress shop/web is of a class "),
        "{}",
        outcome.stderr
    );
    assert_eq!(
        folder
            .run(&["check", "objects", "--ingress-class", "public"])
            .stderr,
        ""
    );
    let folder = Folder::new(&[("a.yaml", SOUND)]);
    let outcome = folder.run(&["check", "objects", "--ingress-class-by-name=false"]);
    assert!(
        outcome
            .stdout
            .contains("a.yaml:7: warning Ingress shop/web spec.ingressClassName: "),
        "{}",
        outcome.stdout
    );
}

#[test]
fn json_has_the_same_problems() {
    let outcome = Folder::new(&[("b.yaml", BROKEN)]).run(&["check", "objects", "--format", "json"]);
    let value: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(
        (&value["errors"], &value["warnings"], &value["files"]),
        (&2.into(), &3.into(), &1.into())
    );
    assert_eq!(value["skipped"], Value::Array(Vec::new()));
    let first = &value["problems"][0];
    let text = |name: &str| first[name].as_str().unwrap_or_default();
    assert_eq!((text("file"), &first["line"]), ("objects/b.yaml", &7.into()));
    assert_eq!(
        (text("severity"), text("reason"), text("object")),
        ("warning", "AnnotationUnknown", "Ingress shop/web")
    );
    assert_eq!(
        text("field"),
        "metadata.annotations[nginx.ingress.kubernetes.io/client_max_body_size]"
    );
    assert!(text("message").starts_with("there is no annotation") && text("fix").starts_with("did you mean"));
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(1), ""));
}

#[test]
fn the_examples_that_we_ship_are_right() {
    let outcome = ferrik(&[
        "check",
        "--strict",
        concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/examples"),
    ]);
    assert_eq!(
        (outcome.code, &*outcome.stdout),
        (Some(0), "0 errors, 0 warnings in 2 files\n")
    );
}
