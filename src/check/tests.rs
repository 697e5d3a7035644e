//! What `check` finds in a folder, in unit tests: the black-box tests hold the lines.

use std::path::PathBuf;

use ferrik_config::settings::Settings;

use super::*;

fn findings(text: &str) -> Findings {
    let folder = tempfile::tempdir().expect("a place for temporary files");
    std::fs::write(folder.path().join("a.yaml"), text).expect("the folder is writable");
    let loaded = load::load(&[PathBuf::from(folder.path())]);
    let settings = Settings {
        class_by_name: true,
        ..Settings::default()
    };
    let translated = stand_in::translate(&loaded.snapshot, settings).expect("stand-ins can be made");
    Findings::new(loaded, &translated)
}

fn ingress(name: &str, class: &str, host: &str) -> String {
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}}}\nspec:\n  \
         ingressClassName: {class}\n  rules:\n    - host: {host}\n      http:\n        paths:\n          - path: /\n            \
         pathType: Prefix\n            backend: {{service: {{name: web, port: {{number: 80}}}}}}\n"
    )
}

const SERVICE: &str =
    "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n";

#[test]
fn an_ingress_of_another_class_is_named_as_not_examined() {
    let text = [
        SERVICE,
        &ingress("ours", "nginx", "a.example.org"),
        &ingress("theirs", "alb", "b.example.org"),
    ]
    .concat();
    let findings = findings(&text);
    let skipped: Vec<String> = findings.skipped.iter().map(ToString::to_string).collect();
    assert_eq!(
        (findings.errors, findings.warnings),
        (0, 0),
        "{:?}",
        findings.problems
    );
    assert_eq!(skipped, ["Ingress default/theirs"]);
    assert!(
        findings
            .notes()
            .starts_with("note: Ingress default/theirs is of a class ")
    );
}

#[test]
fn an_ingress_that_is_ours_and_serves_nothing_is_examined() {
    let findings = findings(&[SERVICE, &ingress("ours", "nginx", "'a b'")].concat());
    assert_eq!(
        (findings.errors, findings.skipped.len()),
        (1, 0),
        "{:?}",
        findings.problems
    );
}

#[test]
fn an_object_that_is_written_twice_is_an_error_if_the_texts_differ() {
    for (second, errors, warnings, effect) in [
        (ingress("web", "nginx", "a.example.org"), 0, 1, "says the same"),
        (ingress("web", "nginx", "b.example.org"), 1, 0, "has no effect"),
    ] {
        let findings = findings(&[SERVICE, &ingress("web", "nginx", "a.example.org"), &second].concat());
        assert_eq!(
            (findings.errors, findings.warnings),
            (errors, warnings),
            "{:?}",
            findings.problems
        );
        let problem = &findings.problems[0];
        assert_eq!(problem.reason, "ObjectDuplicate");
        assert!(
            problem.message.contains("a.yaml:7 ") && problem.message.ends_with(effect),
            "{}",
            problem.message
        );
    }
}

#[test]
fn the_closing_line_counts() {
    let text = findings("").text();
    assert_eq!(text, "0 errors, 0 warnings in 0 files\n");
    let text = findings("a: b\n---\nkind: x\n").text();
    assert!(text.ends_with("\n1 error, 1 warning in 1 file\n"), "{text}");
}
