//! Objects that change while requests flow: each change is served soon, and none costs a request or a connection.

use std::net::SocketAddr;

use crate::support::backend::Gate;
use crate::support::{Backend, Connection, Ferrik, Ingress, eventually, get, yaml};

const HOST: &str = "app.example.org";

/// One host with its service, as one file.
fn app(host: &str, address: SocketAddr) -> String {
    let name = host.split('.').next().unwrap_or_default();
    let ingress = Ingress::new("team", name, "nginx").prefix(host, "/", name);
    yaml::file(&[&ingress, &yaml::service_and_slice("team", name, 80, &[address])])
}

async fn start(address: SocketAddr) -> Ferrik {
    let setup = Ferrik::setup().file("classes.yaml", &yaml::classes());
    setup.file("app.yaml", &app(HOST, address)).start().await
}

async fn status(ferrik: &Ferrik, host: &str) -> u16 {
    ferrik.plain(get(host, "/")).await.status.as_u16()
}

#[tokio::test]
async fn an_added_file_is_served_and_a_removed_one_is_not() {
    let backend = Backend::echo().await;
    let ferrik = start(backend.address).await;
    assert_eq!(status(&ferrik, "new.example.org").await, 404);
    ferrik.write("new.yaml", &app("new.example.org", backend.address));
    eventually("the new host is served", async || {
        status(&ferrik, "new.example.org").await == 200
    })
    .await;
    ferrik.remove("new.yaml");
    eventually("the host is gone", async || {
        status(&ferrik, "new.example.org").await == 404
    })
    .await;
    assert_eq!(status(&ferrik, HOST).await, 200);
}

#[tokio::test]
async fn a_changed_file_moves_requests_without_losing_one() {
    let (first, second) = (Backend::echo().await, Backend::echo().await);
    let ferrik = start(first.address).await;
    assert_eq!(status(&ferrik, HOST).await, 200);
    ferrik.write_by_rename("app.yaml", &app(HOST, second.address));
    eventually("the second backend is asked", async || {
        assert_eq!(status(&ferrik, HOST).await, 200);
        second.count() > 0
    })
    .await;
    let before = first.count();
    assert_eq!(status(&ferrik, HOST).await, 200);
    assert_eq!(first.count(), before, "the first backend is asked no more");
}

#[tokio::test]
async fn a_renamed_file_is_served_all_along() {
    let backend = Backend::echo().await;
    let ferrik = start(backend.address).await;
    ferrik.rename("app.yaml", "moved.yaml");
    // What comes after the rename is read after it, or together with it.
    ferrik.write("marker.yaml", &app("marker.example.org", backend.address));
    eventually("the marker is served", async || {
        assert_eq!(status(&ferrik, HOST).await, 200);
        status(&ferrik, "marker.example.org").await == 200
    })
    .await;
    assert_eq!(status(&ferrik, HOST).await, 200);
}

#[tokio::test]
async fn a_broken_file_keeps_what_it_said_last() {
    let (first, second) = (Backend::echo().await, Backend::echo().await);
    let ferrik = start(first.address).await;
    ferrik.write(
        "app.yaml",
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: [this is {not YAML\n",
    );
    ferrik.write("marker.yaml", &app("marker.example.org", first.address));
    eventually("the marker is served", async || {
        status(&ferrik, "marker.example.org").await == 200
    })
    .await;
    assert_eq!(status(&ferrik, HOST).await, 200);
    eventually("the fault is reported", async || {
        ferrik.stderr().contains("app.yaml")
    })
    .await;
    ferrik.write("app.yaml", &app(HOST, second.address));
    eventually("the mended file counts", async || {
        assert_eq!(status(&ferrik, HOST).await, 200);
        second.count() > 0
    })
    .await;
}

#[tokio::test]
async fn a_bad_object_does_not_touch_its_neighbours() {
    let backend = Backend::echo().await;
    let ferrik = start(backend.address).await;
    let bad = Ingress::new("team", "bad", "nginx")
        .prefix("not a host!", "/", "app")
        .prefix("half.example.org", "/", "app");
    ferrik.write("bad.yaml", &bad.to_string());
    eventually("the sound rule is served", async || {
        status(&ferrik, "half.example.org").await == 200
    })
    .await;
    assert_eq!(status(&ferrik, HOST).await, 200);
}

#[tokio::test]
async fn a_connection_survives_a_new_table_and_sees_it() {
    let (first, second) = (Backend::echo().await, Backend::echo().await);
    let ferrik = start(first.address).await;
    let mut connection = Connection::plain(ferrik.http()).await;
    assert_eq!(
        connection.send(get(HOST, "/")).await.expect("an answer").status,
        200
    );
    ferrik.write_by_rename("app.yaml", &app(HOST, second.address));
    eventually("the same connection reaches the second backend", async || {
        assert_eq!(
            connection
                .send(get(HOST, "/"))
                .await
                .expect("the connection stands")
                .status,
            200
        );
        second.count() > 0
    })
    .await;
}

#[tokio::test]
async fn a_request_under_way_survives_the_removal_of_its_route() {
    let gate = Gate::new();
    let backend = Backend::held(&gate).await;
    let ferrik = start(backend.address).await;
    let mut connection = Connection::plain(ferrik.http()).await;
    let change = async {
        gate.reached().await;
        ferrik.remove("app.yaml");
        eventually("the route is gone", async || status(&ferrik, HOST).await == 404).await;
        gate.open();
    };
    let (answer, ()) = tokio::join!(connection.send(get(HOST, "/held")), change);
    assert_eq!(answer.expect("the answer arrives").received().target, "/held");
}

#[tokio::test]
async fn the_last_of_many_changes_counts() {
    let (first, second) = (Backend::echo().await, Backend::echo().await);
    let ferrik = start(first.address).await;
    for at in 0..200 {
        let address = if at % 2 == 0 {
            first.address
        } else {
            second.address
        };
        ferrik.write_by_rename("app.yaml", &app(HOST, address));
    }
    ferrik.write_by_rename("app.yaml", &app("last.example.org", second.address));
    eventually("the last change is served", async || {
        status(&ferrik, "last.example.org").await == 200
    })
    .await;
    assert_eq!(status(&ferrik, HOST).await, 404);
}

#[tokio::test]
async fn endpoints_come_and_go_without_a_failed_request() {
    let (first, second) = (Backend::echo().await, Backend::echo().await);
    let setup = Ferrik::setup().file("classes.yaml", &yaml::classes());
    let ingress = Ingress::new("team", "web", "nginx")
        .prefix(HOST, "/", "web")
        .to_string();
    let endpoints = |addresses: &[SocketAddr]| yaml::service_and_slice("team", "web", 80, addresses);
    let setup = setup
        .file("ingress.yaml", &ingress)
        .file("endpoints.yaml", &endpoints(&[first.address]));
    let ferrik = setup.start().await;
    for (addresses, served_by) in [
        (vec![first.address, second.address], &second),
        (vec![second.address], &second),
        (vec![first.address], &first),
    ] {
        let before = served_by.count();
        ferrik.write_by_rename("endpoints.yaml", &endpoints(&addresses));
        eventually("the endpoint is asked", async || {
            assert_eq!(status(&ferrik, HOST).await, 200);
            served_by.count() > before
        })
        .await;
    }
    ferrik.write_by_rename("endpoints.yaml", &endpoints(&[]));
    eventually("no endpoint is left", async || status(&ferrik, HOST).await == 503).await;
}

#[tokio::test]
async fn nothing_fails_under_load_while_everything_changes() {
    let (first, second) = (Backend::echo().await, Backend::echo().await);
    let ferrik = start(first.address).await;
    let address = ferrik.http();
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let load = async |stopped: tokio::sync::watch::Receiver<bool>| {
        let mut connection = Connection::plain(address).await;
        let mut count = 0;
        while !*stopped.borrow() {
            let answer = connection
                .send(get(HOST, "/"))
                .await
                .expect("the connection stands");
            assert_eq!(answer.status, 200);
            count += 1;
        }
        count
    };
    let changes = async {
        for at in 0..30 {
            let address = if at % 2 == 0 {
                second.address
            } else {
                first.address
            };
            ferrik.write_by_rename("app.yaml", &app(HOST, address));
            let marker = format!("marker-{at}.example.org");
            ferrik.write_by_rename("marker.yaml", &app(&marker, address));
            eventually("the change is served", async || {
                status(&ferrik, &marker).await == 200
            })
            .await;
        }
        stop.send_replace(true);
    };
    let clients = (
        load(stopped.clone()),
        load(stopped.clone()),
        load(stopped.clone()),
        load(stopped),
    );
    let (one, two, three, four, ()) = tokio::join!(clients.0, clients.1, clients.2, clients.3, changes);
    assert!(
        one.min(two).min(three).min(four) > 10,
        "every client was served all along"
    );
}
