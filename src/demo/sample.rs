//! The sample objects: one file for each application, one for the classes, one for the certificate.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context as _;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};

use super::application::NAMES;

/// The files of the applications, in the order of [`NAMES`]; `APP_IP` and `APP_PORT` stand for the address.
const FILES: [&str; 3] = [
    include_str!("sample/shop.yaml"),
    include_str!("sample/api.yaml"),
    include_str!("sample/docs.yaml"),
];
const CLASSES: &str = include_str!("sample/classes.yaml");

/// Writes all files. Files of the same name are replaced.
pub(super) fn write(folder: &Path, addresses: &[SocketAddr; 3]) -> anyhow::Result<()> {
    let put = |name: &str, text: &str| {
        let path = folder.join(format!("{name}.yaml"));
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    put("classes", CLASSES)?;
    put("certificate", &certificate()?)?;
    for ((name, text), address) in NAMES.iter().zip(FILES).zip(addresses) {
        put(
            name,
            &text
                .replace("APP_IP", &address.ip().to_string())
                .replace("APP_PORT", &address.port().to_string()),
        )?;
    }
    Ok(())
}

/// A Secret with a certificate that signs itself, so clients have to be told not to mind.
fn certificate() -> anyhow::Result<String> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(["docs.localhost".to_owned()])?;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "docs.localhost");
    let certificate = params.self_signed(&key)?;
    let block = |pem: &str| {
        pem.lines()
            .fold(String::new(), |block, line| block + "    " + line + "\n")
    };
    Ok(format!(
        "# Made for this run of the demo; it signs itself.\napiVersion: v1\nkind: Secret\nmetadata:\n  name: docs-tls\n  \
         namespace: demo\ntype: kubernetes.io/tls\nstringData:\n  tls.crt: |\n{}  tls.key: |\n{}",
        block(&certificate.pem()),
        block(&key.serialize_pem())
    ))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use ferrik_config::settings::Settings;
    use ferrik_config::translate::Translator;

    use super::*;
    use crate::load;

    #[test]
    fn nothing_is_wrong_with_the_samples() {
        let folder = tempfile::tempdir().expect("a place for temporary files");
        let addresses = [1, 2, 3].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        write(folder.path(), &addresses).expect("the folder is writable");
        let loaded = load::load(&[PathBuf::from(folder.path())]);
        assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
        let output = Translator::full(Settings::default(), &loaded.snapshot);
        let report: Vec<_> = output.report.iter().collect();
        assert!(report.is_empty(), "{report:#?}");
        let hosts: Vec<String> = output.table.hosts.keys().map(ToString::to_string).collect();
        assert_eq!(hosts, ["api.localhost", "docs.localhost", "shop.localhost"]);
        assert!(
            output
                .endpoints
                .by_port
                .values()
                .all(|set| set.endpoints.len() == 1),
            "{:?}",
            output.endpoints
        );
    }
}
