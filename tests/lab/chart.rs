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
    let output = Command::new(root().join("helm/helm.sh"))
        .args(["template", "ferrik", "--namespace", "ferrik", "--values"])
        .arg(root().join(format!("chart/ci/{set}-values.yaml")))
        .arg(root().join("chart"))
        .output()
        .expect("helm.sh starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "helm renders {set}: {errors}");
    String::from_utf8(output.stdout).expect("YAML is text")
}

/// A file of deploy/manifests.
pub(crate) fn manifest(profile: &str) -> String {
    let path = root().join(format!("manifests/{profile}.yaml"));
    std::fs::read_to_string(path).expect("there is such a profile")
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy")
}
