//! The reference pages under `docs/` are what the rows say. `UPDATE=1` writes them anew (`make docs`).

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use ferrik_config::{annotation, metric, nginx, report, traefik};

fn page(title: &str, intro: &str, body: &str) -> String {
    format!(
        "# {title}\n\n<!-- Written by `make docs` from the rows in the code. -->\n\n{intro}\n\n{}\n",
        body.trim_end()
    )
}

fn annotations() -> String {
    let intro = format!(
        "Which annotations an object's class selects: classes of `k8s.io/ingress-nginx` read `{}` and `{}`, classes of \
         `traefik.io/ingress-controller` read `{}`, classes of `ferrik.dev/ingress-controller` read all three. The names \
         behind `{}` are those of the nginx dialect. What is not read on an object is reported on it.",
        nginx::PREFIX,
        nginx::OWN_PREFIX,
        traefik::PREFIX,
        nginx::OWN_PREFIX,
    );
    let body = format!(
        "## nginx dialect\n\n{}## Traefik dialect\n\n{}{}",
        annotation::markdown(nginx::PREFIX, nginx::FEATURES),
        annotation::markdown(traefik::PREFIX, traefik::FEATURES),
        traefik::middlewares_markdown(),
    );
    page("Annotations", &intro, &body)
}

fn reasons() -> String {
    let mut body = String::from("## Diagnostics\n\n| reason | severity | meaning |\n|---|---|---|\n");
    for row in report::REASONS {
        let severity = format!("{:?}", row.severity).to_lowercase();
        writeln!(body, "| `{}` | {severity} | {} |", row.reason.as_str(), row.doc)
            .expect("writing to a String");
    }
    body.push_str("\n## Events\n\n| reason | type | meaning |\n|---|---|---|\n");
    for row in ferrik_controller::event::EVENTS {
        writeln!(body, "| `{}` | {} | {} |", row.name, row.kind, row.doc).expect("writing to a String");
    }
    body.push_str("\n## Answers\n\n| reason | meaning |\n|---|---|\n");
    for row in ferrik_proxy::REASONS {
        writeln!(body, "| `{}` | {} |", row.name, row.doc).expect("writing to a String");
    }
    let intro = "Diagnostics are what `ferrik check` and the log say of objects; in a cluster each is an Event of type \
                 `Warning` as well. The other Events say what became of something. Answers are why a request was answered \
                 by the proxy itself: in the access log, in the metric `ferrik_own_answers_total` and on the page.";
    page("Reasons", intro, &body)
}

fn metrics() -> String {
    page(
        "Metrics",
        "Served at `/metrics` of the admin listener. Labels come from configuration only.",
        &format!(
            "{}\n## With a cluster\n\n{}\n## With an authority\n\n{}",
            metric::markdown(ferrik_proxy::METRICS),
            metric::markdown(ferrik_controller::metric::METRICS),
            metric::markdown(ferrik_controller::acme::METRICS)
        ),
    )
}

#[test]
fn metrics_have_names_of_their_own_and_a_sentence() {
    let rows = ferrik_proxy::METRICS
        .iter()
        .chain(ferrik_controller::metric::METRICS)
        .chain(ferrik_controller::acme::METRICS);
    let mut names = BTreeSet::new();
    for row in rows {
        assert!(names.insert(row.name), "{} is there twice", row.name);
        assert!(
            row.name.starts_with("ferrik_") && row.doc.ends_with('.'),
            "{}",
            row.name
        );
    }
}

#[test]
fn reference_pages_are_what_the_rows_say() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs");
    for (name, text) in [
        ("annotations.md", annotations()),
        ("reasons.md", reasons()),
        ("metrics.md", metrics()),
    ] {
        let path = folder.join(name);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &text).expect("the page can be written");
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == text,
            "docs/{name} is not what the rows say: run `make docs`"
        );
    }
}
