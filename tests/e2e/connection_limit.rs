//! Limits of the nginx dialect on how much one client may have under way.

use crate::support::backend::Gate;
use crate::support::{Backend, Connection, Ferrik, Ingress, eventually, get, yaml};

const HOST: &str = "app.example.org";

#[tokio::test]
async fn a_request_under_way_occupies_its_slot_until_it_ends() {
    let gate = Gate::new();
    let backend = Backend::held(&gate).await;
    let ingress = Ingress::new("team", "app", "nginx")
        .nginx("limit-connections", "1")
        .prefix(HOST, "/", "app");
    let services = yaml::service_and_slice("team", "app", 80, &[backend.address]);
    let ferrik = Ferrik::start(&yaml::file(&[&yaml::classes(), &ingress, &services])).await;
    let status = async || ferrik.plain(get(HOST, "/")).await.status;

    let mut holder = Connection::plain(ferrik.http()).await;
    let others = async {
        gate.reached().await;
        let refused = ferrik.plain(get(HOST, "/")).await;
        assert_eq!(refused.status, 503);
        assert!(
            refused.text().contains("more requests under way"),
            "{}",
            refused.text()
        );
        // A new table for the host, while the slot is held.
        let marker = Ingress::new("team", "marker", "nginx").prefix(HOST, "/marker", "app");
        ferrik.write("marker.yaml", &marker.to_string());
        eventually("the new file is served", async || {
            ferrik.plain(get(HOST, "/marker")).await.status == 200
        })
        .await;
        assert_eq!(status().await, 503);
        gate.open();
    };
    let (held, ()) = tokio::join!(holder.send(get(HOST, "/held")), others);
    assert_eq!(held.expect("an answer").status, 200);
    // The connection is kept open: it is the request that had the slot.
    eventually("the slot is free", async || status().await == 200).await;
    // A client may have its answer before the slot of that request is free.
    for _ in 0..100 {
        let again = holder.send(get(HOST, "/")).await.expect("an answer");
        if again.status == 200 {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("the connection that held the slot is refused");
}

#[tokio::test]
async fn a_client_that_goes_away_gives_its_slot_back() {
    let gate = Gate::new();
    let backend = Backend::held(&gate).await;
    let ingress = Ingress::new("team", "app", "nginx")
        .nginx("limit-connections", "1")
        .prefix(HOST, "/", "app");
    let services = yaml::service_and_slice("team", "app", 80, &[backend.address]);
    let ferrik = Ferrik::start(&yaml::file(&[&yaml::classes(), &ingress, &services])).await;
    let mut holder = Connection::plain(ferrik.http()).await;
    let mut held = Box::pin(holder.send(get(HOST, "/held")));
    tokio::select! {
        answer = &mut held => panic!("nothing answers: {answer:?}"),
        () = gate.reached() => {}
    }
    assert_eq!(ferrik.plain(get(HOST, "/")).await.status, 503);
    // The client closes its connection.
    drop(held);
    eventually("the slot is free", async || {
        ferrik.plain(get(HOST, "/")).await.status == 200
    })
    .await;
}
