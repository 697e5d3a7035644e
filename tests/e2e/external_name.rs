//! Services that are the name of another host. A test reaches this machine only, so what is shown is that a name that
//! leads nowhere, or here, is answered for, and says so in the log.

use crate::support::{Backend, Ferrik, Ingress, eventually, get, yaml};

const HOST: &str = "app.example.org";

fn objects(name: &str, port: u16) -> String {
    let service = format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: other, namespace: team}}\nspec: {{type: ExternalName, externalName: \
         {name}, ports: [{{port: 80, targetPort: {port}}}]}}"
    );
    let ingress = Ingress::new("team", "app", "nginx").prefix(HOST, "/", "other");
    yaml::file(&[&yaml::classes(), &ingress, &service])
}

#[tokio::test]
async fn names_that_lead_nowhere_or_here_are_answered_503() {
    let backend = Backend::echo().await;
    // RFC 6761 §6.4: names below `invalid` never resolve.
    for name in ["nowhere.invalid", "localhost"] {
        let ferrik = Ferrik::start(&objects(name, backend.address.port())).await;
        eventually("the log names it", async || {
            ferrik.stderr().contains(name) || ferrik.stderr().contains("team/other")
        })
        .await;
        assert_eq!(ferrik.plain(get(HOST, "/")).await.status, 503, "{name}");
    }
    assert_eq!(backend.count(), 0);
}
