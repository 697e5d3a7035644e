//! Folders as they are read, and as they are followed while they change.

use std::{fs, os::unix::fs::symlink, time::Duration};

use tempfile::TempDir;
use tokio::{
    sync::watch::{self, Receiver},
    task::JoinHandle,
    time::timeout,
};

use super::*;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// Writes a file below `dir`, with the folders it needs.
fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder is writable");
    fs::write(path, text).expect("the folder is writable");
}

/// A document per name.
fn objects(names: &[&str]) -> String {
    let documents: Vec<_> = names.iter().map(|name| format!("name: {name}\n")).collect();
    documents.join("---\n")
}

fn names(reading: &Reading) -> Vec<&str> {
    reading
        .documents
        .iter()
        .filter_map(|document| document.value["name"].as_str())
        .collect()
}

/// The errors as they are shown, paths relative to `dir`.
fn errors(reading: &Reading, dir: &Path) -> Vec<String> {
    let prefix = format!("{}/", dir.display());
    reading
        .errors
        .iter()
        .map(|error| error.to_string().replace(&prefix, ""))
        .collect()
}

fn read(paths: &[&Path]) -> Reading {
    Files::new(paths.iter().map(PathBuf::from).collect()).read()
}

/// Files that are being followed.
struct Followed {
    readings: Receiver<Arc<Reading>>,
    task: JoinHandle<()>,
}

impl Followed {
    fn new(path: &Path) -> Self {
        let (send, readings) = watch::channel(Arc::default());
        let files = Files::new(vec![path.to_path_buf()]);
        let task = tokio::spawn(async move { files.watch(send).await });
        Self { readings, task }
    }

    /// The first reading in which `wanted` holds; the test fails if none comes.
    async fn until(&mut self, wanted: impl Fn(&Reading) -> bool) -> Arc<Reading> {
        let found = timeout(
            Duration::from_secs(20),
            self.readings.wait_for(|reading| wanted(reading)),
        )
        .await;
        let Ok(found) = found.map(|found| found.expect("the files are followed").clone()) else {
            panic!("last reading: {:?}", self.readings.borrow());
        };
        assert!(!self.task.is_finished());
        found
    }

    async fn until_names(&mut self, wanted: &[&str]) -> Arc<Reading> {
        self.until(|reading| names(reading) == wanted && reading.errors.is_empty())
            .await
    }
}

#[test]
fn object_files_are_found_in_order_and_others_are_not() {
    let dir = folder();
    for name in ["b.yaml", "a/z.yml", "a/deep/er.json", "c.json"] {
        write(dir.path(), name, &format!("{{\"name\": \"{name}\"}}"));
    }
    write(dir.path(), "d.yaml", &objects(&["second", "first"]));
    let skipped = [
        ".hidden.yaml",
        ".git/a.yaml",
        "..data/a.yaml",
        "a.yaml~",
        "#a.yaml#",
        ".#a.yaml",
        ".a.yaml.swp",
        "a.yaml.bak",
        "a.yaml.tmp",
        "~a.yaml",
        "a.txt",
        "README.md",
        "yaml",
        "4913",
    ];
    for name in skipped {
        write(dir.path(), name, "name: skipped\n");
    }
    let reading = read(&[dir.path()]);
    assert_eq!(
        names(&reading),
        ["a/deep/er.json", "a/z.yml", "b.yaml", "c.json", "second", "first"]
    );
    assert_eq!(reading.errors, []);
    assert_eq!(&*reading.documents[1].file, dir.path().join("a/z.yml"));
}

#[test]
fn a_named_file_is_read_whatever_its_name() {
    let dir = folder();
    write(dir.path(), ".objects", "name: one\n");
    write(dir.path(), "b.yaml", "name: two\n");
    let named = dir.path().join(".objects");
    assert_eq!(names(&read(&[&named])), ["one"]);
    assert_eq!(
        names(&read(&[dir.path(), &named, dir.path()])),
        ["one", "two"],
        "nothing is read twice"
    );
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_read() {
    let dir = folder();
    write(dir.path(), "a.yaml", "name: a\n---\nx: [\n---\nname: b\n");
    fs::write(dir.path().join("b.yaml"), b"name: a\nx: \xff\n").expect("the folder is writable");
    symlink("nowhere", dir.path().join("c.yaml")).expect("links are supported");
    write(
        dir.path(),
        "d.yaml",
        &" ".repeat(crate::source::yaml::MAX_BYTES + 1),
    );
    write(dir.path(), "e.yaml", "name: e\n");
    let missing = dir.path().join("missing");
    let reading = read(&[dir.path(), &missing]);
    assert_eq!(names(&reading), ["a", "b", "e"]);
    let found = errors(&reading, dir.path());
    let expected = [
        "a.yaml:4:1: ",
        "b.yaml:2: the text is not UTF-8",
        "c.yaml: No such file or directory",
        "d.yaml: file too large",
        "missing: No such file or directory",
    ];
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            found.starts_with(expected) && !found.contains("stays in force"),
            "{found} / {expected}"
        );
    }
}

#[test]
fn links_are_followed_but_not_in_circles() {
    let dir = folder();
    write(dir.path(), "real/a.yaml", "name: a\n");
    write(dir.path(), "objects/keep.txt", "");
    symlink(dir.path().join("real"), dir.path().join("objects/linked")).expect("links are supported");
    symlink(dir.path().join("objects"), dir.path().join("objects/again")).expect("links are supported");
    let reading = read(&[&dir.path().join("objects")]);
    assert_eq!(names(&reading), ["a"]);
    assert_eq!(reading.errors, []);
}

#[tokio::test]
async fn files_are_added_changed_replaced_and_removed() {
    let dir = folder();
    write(dir.path(), "a.yaml", &objects(&["a"]));
    let mut files = Followed::new(dir.path());
    let first = files.until_names(&["a"]).await;

    write(dir.path(), "b.yaml", &objects(&["b"]));
    let added = files.until_names(&["a", "b"]).await;
    assert!(
        Arc::ptr_eq(&first.documents[0], &added.documents[0]),
        "an unchanged file is not read again"
    );

    write(dir.path(), "b.yaml", &objects(&["b1", "b2"]));
    files.until_names(&["a", "b1", "b2"]).await;

    write(dir.path(), ".b.tmp", &objects(&["new"]));
    fs::rename(dir.path().join(".b.tmp"), dir.path().join("b.yaml")).expect("the file is there");
    files.until_names(&["a", "new"]).await;

    fs::rename(dir.path().join("b.yaml"), dir.path().join("0.yaml")).expect("the file is there");
    files.until_names(&["new", "a"]).await;

    fs::remove_file(dir.path().join("a.yaml")).expect("the file is there");
    files.until_names(&["new"]).await;

    write(dir.path(), "0.yaml", "# name: new\n");
    files.until_names(&[]).await;
}

#[tokio::test]
async fn a_broken_file_keeps_what_it_said_until_it_is_repaired() {
    let dir = folder();
    write(dir.path(), "a.yaml", &objects(&["a", "b"]));
    write(dir.path(), "z.yaml", &objects(&["z"]));
    let mut files = Followed::new(dir.path());
    files.until_names(&["a", "b", "z"]).await;

    write(dir.path(), "a.yaml", "name: changed\n---\nname: 'half");
    let broken = files.until(|reading| !reading.errors.is_empty()).await;
    assert_eq!(names(&broken), ["a", "b", "z"]);
    let shown = errors(&broken, dir.path());
    assert!(
        shown[0].starts_with("a.yaml:3:7: ") && shown[0].ends_with("; what was read before stays in force"),
        "{shown:?}"
    );

    write(dir.path(), "z.yaml", &objects(&["other"]));
    let other = files.until(|reading| names(reading).contains(&"other")).await;
    assert_eq!(names(&other), ["a", "b", "other"], "other files go on");
    assert_eq!(other.errors, broken.errors);

    write(dir.path(), "a.yaml", "");
    let empty = files.until(|reading| reading.errors != broken.errors).await;
    assert_eq!(names(&empty), ["a", "b", "other"]);
    assert_eq!(
        errors(&empty, dir.path()),
        ["a.yaml: the file is empty; what was read before stays in force"]
    );

    write(dir.path(), "a.yaml", &objects(&["repaired"]));
    files.until_names(&["repaired", "other"]).await;
}

#[tokio::test]
async fn a_file_that_starts_out_broken_says_what_it_can() {
    let dir = folder();
    write(dir.path(), "a.yaml", "name: a\n---\nx: [\n---\nname: b\n");
    let mut files = Followed::new(dir.path());
    let first = files.until(|reading| names(reading) == ["a", "b"]).await;
    assert_eq!((first.errors.len(), first.errors[0].kept), (1, false));

    write(dir.path(), "a.yaml", &objects(&["a", "b", "c"]));
    files.until_names(&["a", "b", "c"]).await;
}

#[tokio::test]
async fn new_folders_are_followed() {
    let dir = folder();
    let mut files = Followed::new(dir.path());
    files.until_names(&[]).await;

    write(dir.path(), "one/two/a.yaml", &objects(&["a"]));
    files.until_names(&["a"]).await;
    write(dir.path(), "one/two/b.yaml", &objects(&["b"]));
    files.until_names(&["a", "b"]).await;

    fs::rename(dir.path().join("one"), dir.path().join("other")).expect("the folder is there");
    let moved = files
        .until(|reading| {
            reading
                .documents
                .iter()
                .all(|document| document.file.starts_with(dir.path().join("other")))
        })
        .await;
    assert_eq!(names(&moved), ["a", "b"]);

    fs::remove_dir_all(dir.path().join("other")).expect("the folder is there");
    files.until_names(&[]).await;
}

#[tokio::test]
async fn a_mounted_config_map_is_swapped_as_a_whole() {
    let dir = folder();
    let at = |name: &str| dir.path().join(name);
    write(dir.path(), "..1/a.yaml", &objects(&["old"]));
    symlink("..1", at("..data")).expect("links are supported");
    symlink("..data/a.yaml", at("a.yaml")).expect("links are supported");
    let mut mount = Followed::new(dir.path());
    let mut single = Followed::new(&at("a.yaml"));
    mount.until_names(&["old"]).await;
    single.until_names(&["old"]).await;

    write(dir.path(), "..2/a.yaml", &objects(&["new"]));
    symlink("..2", at("..data_tmp")).expect("links are supported");
    fs::rename(at("..data_tmp"), at("..data")).expect("the link is there");
    mount.until_names(&["new"]).await;
    single.until_names(&["new"]).await;
}

#[tokio::test]
async fn a_folder_that_vanishes_keeps_what_it_said_until_it_is_back() {
    let dir = folder();
    let root = dir.path().join("objects");
    write(&root, "a.yaml", &objects(&["a"]));
    let mut files = Followed::new(&root);
    files.until_names(&["a"]).await;

    fs::rename(&root, dir.path().join("away")).expect("the folder is there");
    let gone = files.until(|reading| !reading.errors.is_empty()).await;
    assert_eq!(names(&gone), ["a"]);
    let shown = errors(&gone, dir.path());
    assert!(
        shown[0].starts_with("objects: No such file") && shown[0].ends_with("stays in force"),
        "{shown:?}"
    );

    write(&root, "b.yaml", &objects(&["b"]));
    files.until_names(&["b"]).await;
    write(&root, "c.yaml", &objects(&["c"]));
    files.until_names(&["b", "c"]).await;
}

#[tokio::test]
async fn a_named_file_is_followed_through_a_rename_over_it() {
    let dir = folder();
    let path = dir.path().join("objects");
    let mut files = Followed::new(&path);
    let missing = files.until(|reading| !reading.errors.is_empty()).await;
    assert_eq!(names(&missing), [""; 0]);

    write(dir.path(), "objects", &objects(&["a"]));
    files.until_names(&["a"]).await;
    write(dir.path(), "objects.new", &objects(&["b"]));
    fs::rename(dir.path().join("objects.new"), &path).expect("the file is there");
    files.until_names(&["b"]).await;
    write(dir.path(), "objects", &objects(&["c"]));
    files.until_names(&["c"]).await;
}

#[tokio::test]
async fn following_ends_when_nobody_listens() {
    let dir = folder();
    let mut files = Followed::new(dir.path());
    files.until_names(&[]).await;
    let Followed { readings, task } = files;
    drop(readings);
    timeout(Duration::from_secs(20), task)
        .await
        .expect("it ends")
        .expect("without a panic");
}
