//! One program on one host, without a cluster: objects and certificates in folders.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use ferrik_test_acme::AcmeOptions;
use ferrik_test_cluster::{Lab, eventually, run};
use tempfile::TempDir;

use super::{HOST, authority, certs, is_trusted};
use crate::ferrik::Ferrik;

const ADDRESS: &str = "127.0.0.1";

#[test]
fn a_folder_takes_the_place_of_the_cluster() {
    run(async |lab| {
        serve(&lab, "127.0.0.1:80", "http-01").await;
    });
}

#[test]
fn a_folder_is_enough_for_handshakes_too() {
    run(async |lab| {
        let state = serve(&lab, "127.0.0.1:8080", "tls-alpn-01").await;
        let account = fs::read_to_string(state.path().join("state/ferrik.ferrik-acme.json"));
        let account: serde_json::Value =
            serde_json::from_str(&account.expect("it is there")).expect("it is JSON");
        let answers = account["stringData"]["tls-alpn-01"]
            .as_str()
            .expect("there was one");
        assert!(
            answers.ends_with(r#""hosts":{}}"#),
            "nothing is left of it: {answers}"
        );
    });
}

/// Gets a certificate, verified in this way, and uses it again. Returns the folder of both folders.
async fn serve(lab: &Lab, http: &str, challenge: &str) -> TempDir {
    let acme = authority(lab, AcmeOptions::default(), HOST, &[ADDRESS]).await;
    let root = tempfile::tempdir().expect("a folder");
    let (objects, state) = (root.path().join("objects"), root.path().join("state"));
    fs::create_dir(&objects).expect("the folder is ours");
    let snippet = "nginx.ingress.kubernetes.io/configuration-snippet: 'return 200 served;'";
    let ingress = crate::yaml::annotated(
        "default",
        "a",
        HOST,
        "app",
        &format!("{{ferrik.dev/acme: 'true', {snippet}}}"),
    ) + &format!("  tls: [{{hosts: [{HOST}], secretName: a}}]\n");
    fs::write(objects.join("a.yaml"), ingress).expect("the folder is ours");
    let (directory, authorities) = (acme.directory_url(), acme.listener_ca_file());
    let start = async || {
        let arguments = [
            "--http",
            http,
            "--https",
            "127.0.0.1:443",
            "--admin",
            "127.0.0.1:0",
            "--acme-state",
            state.to_str().expect("a path in UTF-8"),
            "--acme-server",
            &directory,
            "--acme-ca-bundle",
            authorities.to_str().expect("a path in UTF-8"),
            "--acme-challenge",
            challenge,
            "--acme-key",
            "rsa",
        ];
        let ferrik = Ferrik::spawn_with_files(&objects, &arguments);
        ferrik.ready().await;
        ferrik
    };
    let ferrik = start().await;
    let issuer = acme.issuing_root_pem().await;
    eventually("the certificate is served", async || {
        is_trusted(&issuer, HOST, ADDRESS).await
    })
    .await;
    let text = certs(&ferrik).await;
    assert!(
        text.contains("default/a") && text.contains("in 89 d") && text.contains("renewed in"),
        "{text}"
    );
    for file in ["default.a.json", "ferrik.ferrik-acme.json"] {
        let mode = fs::metadata(state.join(file))
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    ferrik.stop().await;
    // What is kept is used by the next process: nothing is ordered again.
    let ferrik = start().await;
    assert!(is_trusted(&issuer, HOST, ADDRESS).await);
    assert_eq!((acme.orders(), acme.accounts()), (1, 1));
    ferrik.stop().await;
    root
}
