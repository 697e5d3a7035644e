//! The chart in deploy/, rendered by helm. Built once from its module if it is not there, with the network that a lab lacks:
//! render before the lab starts.

use std::path::PathBuf;
use std::process::Command;

/// The sets of values in deploy/chart/ci, without what follows their name.
pub(crate) fn sets() -> Vec<String> {
    let folder = std::fs::read_dir(root().join("chart/ci")).expect("the folder is there");
    let files = folder.map(|entry| entry.expect("it can be read").file_name());
    let names = files.filter_map(|name| Some(name.to_str()?.strip_suffix("-values.yaml")?.to_owned()));
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    names
}

/// The objects for one set of values, in the namespace `ferrik`.
pub(crate) fn render(set: &str) -> String {
    template(&format!("chart/ci/{set}-values.yaml"), &[])
}

/// The same for the values of an example in deploy/examples, with some of them set otherwise.
pub(crate) fn render_example(name: &str, set: &[&str]) -> String {
    template(&format!("examples/{name}/values.yaml.example"), set)
}

fn template(values: &str, set: &[&str]) -> String {
    let output = Command::new(root().join("helm/helm.sh"))
        .args(["template", "ferrik", "--namespace", "ferrik", "--values"])
        .arg(root().join(values))
        .args(set.iter().flat_map(|value| ["--set", value]))
        .arg(root().join("chart"))
        .output()
        .expect("helm.sh starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "helm renders {values}: {errors}");
    String::from_utf8(output.stdout).expect("YAML is text")
}

/// The arguments that rendered objects start the program with, but for its command `run`.
pub(crate) fn arguments(objects: &str) -> Vec<String> {
    let mut lines = objects.lines().map(str::trim).skip_while(|line| *line != "args:");
    assert_eq!((lines.next(), lines.next()), (Some("args:"), Some("- run")));
    let arguments = lines.map_while(|line| line.strip_prefix("- "));
    arguments
        .map(|argument| argument.trim_matches('"').to_owned())
        .collect()
}

/// A file of deploy/manifests.
pub(crate) fn manifest(profile: &str) -> String {
    let path = root().join(format!("manifests/{profile}.yaml"));
    std::fs::read_to_string(path).expect("there is such a profile")
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy")
}
