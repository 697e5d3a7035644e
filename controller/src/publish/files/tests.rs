//! Tests of the way from files to tables.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use super::*;

const INGRESS: &str = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: app, namespace: ns, annotations: {kubernetes.io/ingress.class: nginx}}
spec: {rules: [{host: HOST, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}}]}
";

fn hosts(output: &Output) -> Vec<String> {
    output.table.hosts.keys().map(ToString::to_string).collect()
}

/// Follows a folder and collects the hosts of every table.
struct Follow {
    seen: Arc<Mutex<Vec<Vec<String>>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Follow {
    fn start(folder: &Path) -> Self {
        let seen: Arc<Mutex<Vec<Vec<String>>>> = Arc::default();
        let sink = seen.clone();
        let publish = move |output: &Output| sink.lock().expect("no test panics here").push(hosts(output));
        let task = tokio::spawn(follow_files(
            vec![folder.to_owned()],
            Settings::default(),
            publish,
        ));
        Self { seen, task }
    }

    async fn wait_for(&self, wanted: &[&str]) {
        let is_there = || {
            self.seen
                .lock()
                .expect("no test panics here")
                .last()
                .is_some_and(|last| last == wanted)
        };
        let outcome = tokio::time::timeout(Duration::from_secs(10), async {
            while !is_there() {
                tokio::task::yield_now().await;
            }
        });
        outcome
            .await
            .unwrap_or_else(|_| panic!("{wanted:?} was not published: {:?}", self.seen));
    }
}

impl Drop for Follow {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_followed_and_broken_ones_keep_what_they_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.yaml");
    std::fs::write(&file, INGRESS.replace("HOST", "a.example.org")).expect("written");
    let follow = Follow::start(folder.path());
    follow.wait_for(&["a.example.org"]).await;
    std::fs::write(
        folder.path().join("b.yaml"),
        INGRESS.replace("HOST", "b.example.org").replace("app", "other"),
    )
    .expect("written");
    follow.wait_for(&["a.example.org", "b.example.org"]).await;
    std::fs::write(&file, "apiVersion: [").expect("written");
    std::fs::remove_file(folder.path().join("b.yaml")).expect("removed");
    follow.wait_for(&["a.example.org"]).await;
    std::fs::write(&file, INGRESS.replace("HOST", "c.example.org")).expect("written");
    follow.wait_for(&["c.example.org"]).await;
}

#[test]
fn an_object_in_two_files_survives_the_loss_of_one() {
    let document = |host: &str| {
        let (documents, errors) =
            crate::source::yaml::parse(Path::new("x.yaml"), &INGRESS.replace("HOST", host));
        assert!(errors.is_empty());
        Arc::new(documents.into_iter().next().expect("one document"))
    };
    let (first, second) = (document("a.example.org"), document("b.example.org"));
    let mut work = Work::new(Settings::default());
    let reading = |documents: &[&Arc<Document>]| Reading {
        documents: documents.iter().map(|document| Arc::clone(document)).collect(),
        errors: Vec::new(),
    };
    assert_eq!(hosts(&work.take(&reading(&[&first, &second]))), ["b.example.org"]);
    assert_eq!(hosts(&work.take(&reading(&[&first]))), ["a.example.org"]);
    assert_eq!(hosts(&work.take(&reading(&[]))), Vec::<String>::new());
}
