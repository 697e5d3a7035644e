//! A folder of one machine: one file for each Secret, readable by its owner alone, each replaced as a whole.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Kept, failure};
use crate::acme::order::Failure;

/// The folder; locked while the value lives.
pub(in crate::acme) struct Folder {
    path: PathBuf,
    account: (Arc<str>, Arc<str>),
    _lock: File,
}

impl std::fmt::Debug for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Folder({})", self.path.display())
    }
}

impl Folder {
    /// Opens or makes it. Fails if another process has it.
    pub(super) fn open(path: &Path, account: (Arc<str>, Arc<str>)) -> Result<Self, Failure> {
        let wrong = |error: io::Error| failure(format!("--acme-state {}: {error}", path.display()));
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700).create(path).map_err(wrong)?;
        let mode = fs::metadata(path).map_err(wrong)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let what = format!(
                "--acme-state {}: others may read it (mode {mode:o}); name a folder of its own, or chmod 700 it",
                path.display()
            );
            return Err(failure(what));
        }
        let lock = writer(&path.join(".lock"), false).map_err(wrong)?;
        if lock.try_lock().is_err() {
            let what = format!("--acme-state {}: another process uses it", path.display());
            return Err(failure(what));
        }
        Ok(Self {
            path: path.to_owned(),
            account,
            _lock: lock,
        })
    }

    fn file(&self, namespace: &str, name: &str) -> PathBuf {
        self.path.join(format!("{namespace}.{name}.json"))
    }

    pub(super) fn load(&self) -> Result<Kept, Failure> {
        let path = self.file(&self.account.0, &self.account.1);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kept::default()),
            Err(error) => return Err(failure(format!("{}: {error}", path.display()))),
        };
        let object: Value = serde_json::from_str(&text)
            .map_err(|error| failure(format!("{}: {error}; mend it or remove it", path.display())))?;
        Ok(Kept::read(|key| {
            object["stringData"][key].as_str().map(str::to_owned)
        }))
    }

    pub(super) fn save(&self, data: &BTreeMap<&'static str, String>) -> Result<(), Failure> {
        let (namespace, name) = &self.account;
        let object = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"namespace": &**namespace, "name": &**name},
            "type": "Opaque",
            "stringData": data,
        });
        self.write(namespace, name, &object)
    }

    /// Replaces one file: what is read is always the old or the new whole.
    pub(super) fn write(&self, namespace: &str, name: &str, object: &Value) -> Result<(), Failure> {
        let path = self.file(namespace, name);
        // A hidden name is no object to whoever follows the folder.
        let new = self.path.join(format!(".{namespace}.{name}.new"));
        let work = || {
            let mut file = writer(&new, true)?;
            file.write_all(&serde_json::to_vec_pretty(object)?)?;
            file.sync_all()?;
            fs::rename(&new, &path)?;
            File::open(&self.path)?.sync_all()
        };
        work().map_err(|error| failure(format!("{}: {error}", path.display())))
    }
}

fn writer(path: &Path, truncate: bool) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(truncate)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> (Arc<str>, Arc<str>) {
        ("ferrik".into(), "ferrik-acme".into())
    }

    #[test]
    fn what_is_kept_is_read_again_and_nobody_else_may() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("acme");
        let folder = Folder::open(&path, account()).expect("it can be made");
        assert!(folder.load().expect("nothing yet").account.is_none());
        let data = BTreeMap::from([
            ("server", "https://ca.example/dir".to_owned()),
            ("account.json", "{}".to_owned()),
            ("thumbprint", "thumb".to_owned()),
            ("state.json", r#"{"shop/tls":{"failures":2}}"#.to_owned()),
        ]);
        folder.save(&data).expect("it is written");
        let kept = folder.load().expect("it is read");
        assert_eq!(kept.account.expect("an account").thumbprint, "thumb");
        assert_eq!(kept.entries["shop/tls"].failures, 2);
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join("ferrik.ferrik-acme.json")), 0o600);
        let other = Folder::open(&path, account()).expect_err("it is locked");
        assert!(
            other.message.ends_with("another process uses it"),
            "{}",
            other.message
        );
        drop(folder);
        assert!(Folder::open(&path, account()).is_ok());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is ours");
        let open = Folder::open(&path, account()).expect_err("others may read it");
        assert!(open.message.contains("mode 755"), "{}", open.message);
    }
}
