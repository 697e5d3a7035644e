//! Golden cases: the objects that a user would write in, table, endpoints and report out.
//!
//! `golden/<topic>/<case>.yaml` holds objects, as YAML documents; `<case>.json` what they must become. A case may open
//! with `# settings: class_by_name=true default_backend=shop/web`. `UPDATE=1 cargo test -p ferrik-config --test golden`
//! writes the JSON anew: read every line of the difference, it is the proof. The proxy's router tests read the same JSON.

#![expect(
    clippy::disallowed_methods,
    reason = "reads the cases, and writes them on request"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::Value;

use ferrik_config::Snapshot;
use ferrik_config::acme::Wanted;
use ferrik_config::name::ObjectRef;
use ferrik_config::settings::{Acme, Settings};
use ferrik_config::snapshot::Object;
use ferrik_config::translate::{Output, Translator};

/// One case, read.
struct Case {
    /// Path of the YAML file.
    path: PathBuf,
    settings: Settings,
    objects: Vec<Value>,
}

#[test]
fn every_case_becomes_what_it_should() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut failures = Vec::new();
    for case in cases() {
        let path = case.path.with_extension("json");
        let got = json(&Translator::full(case.settings.clone(), &snapshot(&case.objects)));
        if update {
            fs::write(&path, &got).expect("the folder of the cases can be written");
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if got != expected {
            failures.push(format!("{}: {}", path.display(), difference(&expected, &got)));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_json_has_its_case() {
    let orphans: Vec<PathBuf> = files("json")
        .into_iter()
        .filter(|path| !path.with_extension("yaml").is_file())
        .collect();
    assert_eq!(orphans, Vec::<PathBuf>::new());
}

#[test]
fn objects_may_arrive_one_by_one_in_any_order() {
    for case in cases() {
        let whole = json(&Translator::full(case.settings.clone(), &snapshot(&case.objects)));
        let reversed: Vec<Value> = case.objects.iter().rev().cloned().collect();
        for objects in [&case.objects, &reversed] {
            let mut snapshot = Snapshot::default();
            let mut translator = Translator::new(case.settings.clone());
            for object in objects {
                let changed = snapshot.insert(read(object));
                translator.update(&snapshot, changed);
            }
            assert_eq!(json(&translator.output()), whole, "{}", case.path.display());
        }
    }
}

#[test]
fn no_output_holds_a_secret() {
    for case in cases() {
        let output = Translator::full(case.settings.clone(), &snapshot(&case.objects));
        let shown = format!("{}{output:?}", json(&output));
        for secret in case.objects.iter().filter(|object| object["kind"] == "Secret") {
            let entries = secret["stringData"].as_object().into_iter().flatten();
            // What every authority is told or shown is no secret (RFC 8555 §8.1, RFC 8737 §3).
            for (key, text) in entries.filter(|(key, _)| !matches!(&***key, "thumbprint" | "tls-alpn-01")) {
                let words = text
                    .as_str()
                    .unwrap_or_default()
                    .split([':', '\n'])
                    .filter(|word| word.len() > 12);
                for word in words {
                    assert!(
                        !shown.contains(word),
                        "{}: the value of `{key}` is shown",
                        case.path.display()
                    );
                }
            }
        }
    }
}

fn cases() -> Vec<Case> {
    let cases: Vec<Case> = files("yaml").into_iter().map(case).collect();
    assert!(cases.len() > 50, "the cases are not where they should be");
    cases
}

fn files(extension: &str) -> Vec<PathBuf> {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).expect("the folder of the cases can be read");
        entries
            .map(|entry| entry.expect("the folder of the cases can be read").path())
            .collect()
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let topics = entries(&root).into_iter().filter(|path| path.is_dir());
    let mut files: Vec<PathBuf> = topics.flat_map(|topic| entries(&topic)).collect();
    files.retain(|path| path.extension().is_some_and(|it| it == extension));
    files.sort();
    files
}

fn case(path: PathBuf) -> Case {
    let text = fs::read_to_string(&path).expect("a case can be read");
    let settings = text
        .lines()
        .find_map(|line| line.strip_prefix("# settings:"))
        .map(settings)
        .unwrap_or_default();
    let events = Parser::new_from_str(&text).map(|event| match event {
        Ok((event, _)) => event,
        Err(error) => panic!("{}: {error}", path.display()),
    });
    let objects = documents(events);
    Case {
        path,
        settings,
        objects,
    }
}

fn settings(line: &str) -> Settings {
    let mut settings = Settings::default();
    for word in line.split_whitespace() {
        let (name, text) = word.split_once('=').expect("a setting is name=value");
        let object = || {
            text.split_once('/')
                .map(|(namespace, name)| (Arc::from(namespace), Arc::from(name)))
        };
        match name {
            "class_by_name" => settings.class_by_name = text == "true",
            "watch_without_class" => settings.watch_without_class = text == "true",
            "configmap" => settings.configmap = object(),
            "default_backend" => settings.default_backend = object(),
            "acme" => {
                settings.acme = object().map(|account| Acme {
                    account,
                    by_default: false,
                    default_namespaces: Vec::new(),
                });
            }
            "acme_default_namespace" => {
                if let Some(acme) = &mut settings.acme {
                    acme.default_namespaces.push(text.to_owned());
                }
            }
            "acme_by_default" => {
                if let Some(acme) = &mut settings.acme {
                    acme.by_default = text == "true";
                }
            }
            "default_certificate" => settings.default_certificate = object(),
            _ => panic!("no setting {name}"),
        }
    }
    settings
}

fn snapshot(objects: &[Value]) -> Snapshot {
    let mut snapshot = Snapshot::default();
    for object in objects {
        snapshot.insert(read(object));
    }
    snapshot
}

fn read(object: &Value) -> Object {
    Object::read(object).unwrap_or_else(|error| panic!("{error:?}\n{object:#}"))
}

fn json(output: &Output) -> String {
    #[derive(serde::Serialize)]
    struct Whole<'a> {
        table: &'a ferrik_config::Table,
        endpoints: &'a ferrik_config::Endpoints,
        report: &'a ferrik_config::Report,
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        wanted: BTreeMap<String, &'a Arc<[Wanted]>>,
    }
    let name = |(ingress, wanted): (&ObjectRef, _)| (ingress.to_string(), wanted);
    let whole = Whole {
        table: &output.table,
        endpoints: &output.endpoints,
        report: &output.report,
        wanted: output.wanted.iter().map(name).collect(),
    };
    let mut text = serde_json::to_string_pretty(&whole).expect("every part has a serial form");
    text.push('\n');
    text
}

/// YAML as JSON, in the subset that the cases are written in: no anchors and no tags.
fn documents<'a>(mut events: impl Iterator<Item = Event<'a>>) -> Vec<Value> {
    let mut documents = Vec::new();
    while let Some(event) = events.next() {
        match event {
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::Nothing => {}
            event => documents.push(value(event, &mut events)),
        }
    }
    documents
}

fn value<'a>(event: Event<'a>, events: &mut impl Iterator<Item = Event<'a>>) -> Value {
    match event {
        Event::Scalar(text, ScalarStyle::Plain, _, None) => match &*text {
            "" | "null" => Value::Null,
            "true" | "false" => Value::from(text == "true"),
            text => text
                .parse::<i64>()
                .map_or_else(|_| Value::from(text), Value::from),
        },
        Event::Scalar(text, _, _, None) => Value::from(&*text),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match events.next().expect("the parser ends every sequence") {
                    Event::SequenceEnd => return items.into(),
                    event => items.push(value(event, events)),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut fields = serde_json::Map::new();
            loop {
                match events.next().expect("the parser ends every mapping") {
                    Event::MappingEnd => return fields.into(),
                    Event::Scalar(key, ..) => {
                        let event = events.next().expect("every key has a value");
                        fields.insert(key.into_owned(), value(event, events));
                    }
                    other => panic!("a key is a word, not {other:?}"),
                }
            }
        }
        other => panic!("not in the subset that cases are written in: {other:?}"),
    }
}

/// The first line that differs, which is enough to find the place.
fn difference(expected: &str, got: &str) -> String {
    let (mut left, mut right) = (expected.lines(), got.lines());
    for number in 1.. {
        match (left.next(), right.next()) {
            (None, None) => break,
            (left, right) if left != right => {
                return format!(
                    "line {number}: expected {:?}, got {:?}",
                    left.unwrap_or("nothing"),
                    right.unwrap_or("nothing")
                );
            }
            _ => {}
        }
    }
    "they differ in line ends".to_owned()
}
