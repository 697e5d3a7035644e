//! Changes as they are found without any event, and the little that an event makes it read.

use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::*;

struct Case {
    dir: TempDir,
    folder: Folder,
}

impl Case {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::new(vec![dir.path().to_path_buf()]);
        Self { dir, folder }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.at(name), text).expect("the folder is writable");
    }

    /// Whether anything changed after these paths were reported.
    fn told(&mut self, names: &[&str]) -> bool {
        let paths = names.iter().map(|name| self.at(name)).collect();
        self.folder.refresh(&Change::Paths(paths))
    }

    fn found(&mut self) -> bool {
        self.folder.refresh(&Change::All)
    }

    fn values(&self) -> Vec<String> {
        self.folder
            .reading()
            .documents
            .iter()
            .map(|document| document.value["v"].to_string())
            .collect()
    }
}

#[test]
fn every_change_is_found_without_being_told() {
    let mut case = Case::new();
    case.write("a.yaml", "v: 1\n");
    assert!(case.found());
    assert!(!case.found(), "nothing changed");
    case.write("a.yaml", "v: 10\n");
    assert!(case.found());
    assert_eq!(case.values(), ["10"]);
    case.write("b.tmp", "v: 20\n");
    fs::rename(case.at("b.tmp"), case.at("a.yaml")).expect("the file is there");
    assert!(case.found());
    assert_eq!(case.values(), ["20"]);
    fs::remove_file(case.at("a.yaml")).expect("the file is there");
    assert!(case.found());
    assert_eq!(case.values(), [""; 0]);
}

#[test]
fn a_file_written_anew_with_the_same_content_is_no_change() {
    let mut case = Case::new();
    case.write("a.yaml", "v: 1\n");
    case.found();
    let later = SystemTime::now() + Duration::from_secs(60);
    let file = fs::File::options()
        .write(true)
        .open(case.at("a.yaml"))
        .expect("the file is there");
    file.set_modified(later).expect("times can be set");
    assert!(!case.found());
    assert!(!case.told(&["a.yaml"]));
}

#[test]
fn a_reported_file_is_read_though_it_looks_the_same() {
    let mut case = Case::new();
    case.write("a.yaml", "v: 1\n");
    case.found();
    case.write("a.yaml", "v: 2\n");
    let meta = fs::metadata(case.at("a.yaml")).expect("the file is there");
    let entry = case.folder.entries.get_mut(&case.at("a.yaml"));
    entry.expect("it was read").pretend_current(Stamp::from(&meta));
    assert!(!case.found(), "as on a file system with coarse times");
    assert!(case.told(&["a.yaml"]));
    assert_eq!(case.values(), ["2"]);
}

#[test]
fn only_reported_files_are_read() {
    let mut case = Case::new();
    case.write("a.yaml", "v: 1\n");
    case.write("b.yaml", "v: 2\n");
    case.found();
    case.write("a.yaml", "v: 10\n");
    case.write("b.yaml", "v: 20\n");
    assert!(case.told(&["b.yaml"]));
    assert_eq!(case.values(), ["1", "20"]);
    case.write("c.yaml", "v: 30\n");
    case.write("c.txt", "v: 40\n");
    assert!(case.told(&["c.yaml", "c.txt", "come-and-gone"]));
    assert_eq!(case.values(), ["1", "20", "30"]);
}

#[test]
fn a_reported_removal_or_folder_is_followed_up() {
    let mut case = Case::new();
    fs::create_dir(case.at("sub")).expect("the folder is writable");
    case.write("sub/a.yaml", "v: 1\n");
    case.write("b.yaml", "v: 2\n");
    assert!(case.told(&["sub"]));
    assert_eq!(case.values(), ["2", "1"]);
    fs::remove_file(case.at("b.yaml")).expect("the file is there");
    assert!(case.told(&["b.yaml"]));
    assert_eq!(case.values(), ["1"]);
    fs::remove_dir_all(case.at("sub")).expect("the folder is there");
    assert!(case.told(&["sub"]));
    assert_eq!(case.values(), [""; 0]);
}

#[test]
fn a_folder_that_cannot_be_read_keeps_its_files() {
    let mut case = Case::new();
    fs::create_dir(case.at("sub")).expect("the folder is writable");
    case.write("sub/a.yaml", "v: 1\n");
    case.write("b.yaml", "v: 2\n");
    case.found();
    // A link to itself cannot be resolved, a fault that file permissions of the tester cannot hide.
    fs::rename(case.at("sub"), case.at(".away")).expect("the folder is there");
    std::os::unix::fs::symlink("sub", case.at("sub")).expect("links are supported");
    assert!(case.found());
    assert_eq!(case.values(), ["2", "1"]);
    let errors = case.folder.reading().errors;
    assert_eq!(
        (errors.len(), errors[0].kept, &*errors[0].path),
        (1, true, &*case.at("sub"))
    );
    assert!(!case.found(), "reported once");
    fs::remove_file(case.at("sub")).expect("the link is there");
    assert!(case.found());
    assert_eq!(case.values(), ["2"]);
}
