//! `translate`: the shape of the JSON, and that equal files give equal bytes.

use serde_json::Value;

use super::binary::Folder;

const OBJECTS: &str = "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: web, port: {number: 80}}}
";

const SERVICE: &str = "\
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
endpoints: [{addresses: [192.0.2.7]}]
";

#[test]
fn table_endpoints_and_report_come_out() {
    let folder = Folder::new(&[("a.yaml", OBJECTS), ("b.yaml", SERVICE)]);
    let outcome = folder.run(&["translate", "objects"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    assert!(
        outcome
            .stdout
            .starts_with("{\"table\":{\"hosts\":{\"shop.example.org\":{\"routes\":["),
        "{}",
        outcome.stdout
    );
    let value: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let route = &value["table"]["hosts"]["shop.example.org"]["routes"][0];
    assert_eq!(route["path"], serde_json::json!({"kind": "prefix", "text": "/"}));
    assert_eq!(route["source"]["object"], "Ingress shop/web");
    assert_eq!(route["backend"]["service"], "shop/web:80");
    assert_eq!(
        value["endpoints"]["shop/web:80"]["endpoints"][0]["address"],
        "192.0.2.7:8080"
    );
    assert_eq!(value["report"], serde_json::json!({}));
    let keys: Vec<&String> = value.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["endpoints", "report", "table"]);
}

#[test]
fn equal_objects_give_equal_bytes() {
    let one = Folder::new(&[("a.yaml", OBJECTS), ("b.yaml", SERVICE)]);
    let two = Folder::new(&[("x.yaml", SERVICE), ("y.yaml", OBJECTS)]);
    for arguments in [
        &["translate", "objects"][..],
        &["translate", "objects", "--pretty"],
    ] {
        assert_eq!(one.run(arguments).stdout, two.run(arguments).stdout);
    }
}

#[test]
fn what_is_wrong_is_in_the_report_and_no_failure() {
    let outcome = Folder::new(&[("a.yaml", OBJECTS)]).run(&["translate", "objects", "--pretty"]);
    let value: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(value["report"]["Ingress shop/web"][0]["reason"], "ServiceMissing");
    assert_eq!(outcome.code, Some(0));
}

#[test]
fn a_file_that_cannot_be_read_fails_and_the_rest_is_translated() {
    let outcome = Folder::new(&[("a.yaml", OBJECTS), ("b.yaml", "a: [\n")]).run(&["translate", "objects"]);
    assert!(outcome.stdout.contains("shop.example.org"), "{}", outcome.stdout);
    assert!(
        outcome.stderr.starts_with("objects/b.yaml:"),
        "{}",
        outcome.stderr
    );
    assert_eq!(outcome.code, Some(1));
}
