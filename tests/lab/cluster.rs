//! The lab itself: that the cluster behaves like one, and that its faults are those that it promises.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use ferrik_test_cluster::k8s_openapi::api::core::v1::{ConfigMap, Secret};
use ferrik_test_cluster::kube::api::{Api, ListParams, WatchEvent, WatchParams};
use ferrik_test_cluster::kube::{Client, Error};
use ferrik_test_cluster::{Identity, Lab, Node, Options, run, run_with, within};
use futures_util::{Stream, StreamExt as _};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::ChildStdout;

#[test]
fn everyone_has_the_rights_that_were_granted() {
    run(async |lab| {
        let team = Identity::team("shop");
        let cart = lab.backend("shop", "cart").await;
        let slices = lab
            .cluster
            .kubectl(&team, &["get", "endpointslices", "-o", "wide"])
            .await;
        assert!(slices.contains(&cart.address().ip().to_string()), "{slices}");
        let refused = lab.cluster.try_kubectl(&team, &["get", "nodes"]).await;
        assert!(refused.is_err_and(|error| error.contains("Forbidden")));
        let stranger = Identity::service_account("shop", "stranger");
        let secrets: Api<Secret> = Api::namespaced(lab.cluster.client_as(&stranger).await, "shop");
        let refused = secrets.list(&ListParams::default()).await;
        let Err(Error::Api(status)) = refused else {
            panic!("a ServiceAccount without a role reads Secrets")
        };
        assert_eq!(status.code, 403);
        assert!(status.message.contains("system:serviceaccount:shop:stranger"));
    });
}

#[test]
fn pods_answer_and_are_replaced() {
    run(async |lab| {
        lab.deployment("shop", "cart", 2).await;
        let first = lab.endpoints("shop", "cart").await;
        let answer = get(first[0], "/a%20b?c=d").await;
        assert_eq!(answer["path"], "/a%20b?c=d");
        assert_eq!(answer["namespace"], "shop");
        lab.rollout("shop", "cart").await;
        let second = lab.endpoints("shop", "cart").await;
        assert_eq!(second.len(), 2);
        let other = get(second[0], "/").await;
        assert_ne!(answer["pod"], other["pod"]);
        lab.deployment("shop", "cart", 1).await;
    });
}

#[test]
fn storage_forgets_and_history_ends() {
    run(async |lab| {
        write(&lab, "before").await;
        lab.deployment("default", "cart", 1).await;
        let snapshot = lab.cluster.snapshot().await;
        let early = lab.cluster.revision().await;
        write(&lab, "after").await;
        lab.deployment("default", "cart", 2).await;
        let late = lab.cluster.revision().await;
        assert!(late > early);

        lab.cluster.restore(&snapshot).await;
        let names = list(lab.cluster.client()).await;
        assert!(names.contains(&"before".to_owned()), "{names:?}");
        assert!(!names.contains(&"after".to_owned()), "{names:?}");
        assert_eq!(lab.endpoints("default", "cart").await.len(), 1);
        lab.deployment("default", "cart", 3).await;

        write(&lab, "again").await;
        lab.cluster.compact().await;
        let maps: Api<ConfigMap> = Api::namespaced(lab.cluster.client(), "default");
        let events = maps.watch(&WatchParams::default(), &early.to_string()).await;
        let mut events = Box::pin(events.expect("the watch is accepted"));
        match within("the watch says something", events.next()).await {
            Some(Ok(WatchEvent::Error(status))) => assert_eq!(status.code, 410),
            other => panic!("no 410: {other:?}"),
        }
    });
}

#[test]
fn the_api_server_comes_back_with_what_it_had() {
    run(async |lab| {
        write(&lab, "kept").await;
        lab.cluster.kill_api().await;
        let down = lab.cluster.client().apiserver_version().await;
        assert!(down.is_err());
        lab.cluster.start_api().await;
        assert!(list(lab.cluster.client()).await.contains(&"kept".to_owned()));
    });
}

#[test]
fn options_reach_the_servers() {
    let options = Options {
        audit: true,
        dual_stack: true,
        ..Options::default()
    };
    run_with(options, async |lab| {
        lab.deployment("shop", "cart", 1).await;
        let endpoints = lab.endpoints("shop", "cart").await;
        assert!(endpoints.iter().all(SocketAddr::is_ipv4), "{endpoints:?}");
        let pods = lab
            .cluster
            .kubectl(&Identity::Admin, &["get", "pods", "-n", "shop", "-o", SECOND_IP]);
        let second = SocketAddr::new(pods.await.parse().expect("an address"), 8080);
        assert!(second.is_ipv6());
        assert_eq!(get(second, "/").await["namespace"], "shop");
        let log = lab.cluster.audit_log();
        let made = |line: &&Value| line["verb"] == "create" && line["objectRef"]["resource"] == "pods";
        let user = &log.iter().find(made).expect("somebody made the pod")["user"]["username"];
        assert_eq!(user, "lab-controllers");
    });
}

const SECOND_IP: &str = "jsonpath={.items[0].status.podIPs[1].ip}";

#[test]
fn servers_freeze_and_go_on() {
    run(async |lab| {
        let patience = Duration::from_millis(300);
        lab.cluster.pause_etcd().await;
        let write = write(&lab, "late");
        let mut write = std::pin::pin!(write);
        assert!(tokio::time::timeout(patience, &mut write).await.is_err());
        lab.cluster.resume_etcd().await;
        within("storage goes on", write).await;

        lab.cluster.pause_api().await;
        let version = tokio::time::timeout(patience, list(lab.cluster.client())).await;
        assert!(version.is_err());
        lab.cluster.resume_api().await;
        assert!(list(lab.cluster.client()).await.contains(&"late".to_owned()));
    });
}

async fn write(lab: &Lab, name: &str) {
    let map = format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}}}");
    lab.cluster.apply(&map).await;
}

async fn list(client: Client) -> Vec<String> {
    let maps: Api<ConfigMap> = Api::namespaced(client, "default");
    let list = maps.list(&ListParams::default()).await.expect("the API answers");
    list.items
        .into_iter()
        .filter_map(|map| map.metadata.name)
        .collect()
}

/// What an application says of the request that it received.
async fn get(address: SocketAddr, path: &str) -> Value {
    let stream = TcpStream::connect(address).await.expect("the pod listens");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("it is open");
    tokio::spawn(connection);
    let request = hyper::Request::get(path)
        .header("host", "lab")
        .body(Empty::<bytes::Bytes>::new())
        .expect("the request is complete");
    let answer = sender.send_request(request).await.expect("the pod answers");
    let body = answer
        .into_body()
        .collect()
        .await
        .expect("the answer is complete");
    serde_json::from_slice(&body.to_bytes()).expect("the answer is JSON")
}

#[test]
fn machines_lose_the_network_and_get_it_back() {
    run(async |lab| {
        let cart = lab.backend("shop", "cart").await;
        let (url, api) = (
            format!("http://{}/", cart.address()),
            lab.cluster.server_address(),
        );
        let (a, b) = (lab.node("a"), lab.node("b"));
        assert!(curl(&a, &[&url]).await);
        assert!(curl(&b, &["-k", &api]).await);
        a.cut();
        assert!(!curl(&a, &[&url]).await);
        assert!(curl(&b, &[&url]).await);
        a.heal();
        assert!(curl(&a, &[&url]).await);

        let mut watch = watch_from(&a, &lab).await;
        write(&lab, "one").await;
        assert!(watch.next_line().await.is_ok_and(|line| line.is_some()));
        a.half_open();
        write(&lab, "two").await;
        // A new connection works, and brings the event that the old one does not.
        let mut other = watch_from(&a, &lab).await;
        for _ in 0..2 {
            let line = within("the new watch", other.next_line()).await;
            assert!(line.is_ok_and(|line| line.is_some()));
        }
        let pending = tokio::time::timeout(Duration::from_millis(100), watch.next_line()).await;
        assert!(pending.is_err(), "{pending:?}");
        a.heal();
        let line = within("the old watch", watch.next_line()).await;
        assert!(line.is_ok_and(|line| line.is_some_and(|line| line.contains("\"two\""))));
    });
}

#[test]
fn the_wire_has_faults() {
    run(async |lab| {
        let relay = lab.relay().await;
        write(&lab, "one").await;
        let through = relay.client_as(&Identity::Admin).await;
        let maps: Api<ConfigMap> = Api::namespaced(through.clone(), "default");
        let path = "/api/v1/namespaces/default/configmaps";
        let listed = maps.list(&ListParams::default()).await.expect("it passes");
        assert_eq!(relay.count("GET", path), 1);

        relay.delay(Duration::from_millis(200));
        let start = Instant::now();
        list(through.clone()).await;
        assert!(start.elapsed() >= Duration::from_millis(200));
        relay.pass().await;

        relay.refuse(429, Some(Duration::from_secs(3)));
        let refused = maps.get("one").await;
        assert!(matches!(refused, Err(Error::Api(status)) if status.code == 429));
        relay.pass().await;

        relay.duplicate_events(true);
        let version = listed.metadata.resource_version.expect("a list has a version");
        let events = maps.watch(&WatchParams::default(), &version).await;
        let mut events = Box::pin(events.expect("the watch begins"));
        assert_eq!(relay.count("WATCH", path), 1);
        write(&lab, "two").await;
        for _ in 0..2 {
            assert_eq!(added(&mut events).await, "two");
        }
        relay.duplicate_events(false);
        relay.reorder_events(true);
        lab.cluster.apply(THREE_AND_FOUR).await;
        assert_eq!(added(&mut events).await, "four");
        assert_eq!(added(&mut events).await, "three");

        relay.freeze();
        let frozen = tokio::time::timeout(Duration::from_millis(100), maps.get("one")).await;
        assert!(frozen.is_err());
        relay.cut().await;
        assert!(maps.get("one").await.is_err());
        assert!(!matches!(events.next().await, Some(Ok(_))), "the watch is cut");
        relay.pass().await;
        maps.get("one").await.expect("it passes again");
    });
}

const THREE_AND_FOUR: &str = "\
{apiVersion: v1, kind: ConfigMap, metadata: {name: three}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: four}}
";

/// The name of the object that the next event adds.
async fn added<S>(events: &mut S) -> String
where
    S: Stream<Item = Result<WatchEvent<ConfigMap>, Error>> + Unpin,
{
    match within("an event", events.next()).await {
        Some(Ok(WatchEvent::Added(map))) => map.metadata.name.expect("it has a name"),
        other => panic!("no object is added: {other:?}"),
    }
}

/// The events in `default`, as a client on this machine sees them: one connection, which ends with the value.
async fn watch_from(node: &Node, lab: &Lab) -> Lines<BufReader<ChildStdout>> {
    let url = format!(
        "{}/api/v1/namespaces/default/configmaps?watch=1",
        lab.cluster.server_address()
    );
    let mut curl = node.command("curl");
    curl.args(["-skN", "-H", "Authorization: Bearer admin-token", &url]);
    let mut child = curl
        .stdout(Stdio::piped())
        .kill_on_drop(false)
        .spawn()
        .expect("curl starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    // What is there already: a ConfigMap that controllers make in every namespace.
    let line = within("the watch begins", lines.next_line()).await;
    assert!(line.is_ok_and(|line| line.is_some()));
    lines
}

async fn curl(node: &Node, arguments: &[&str]) -> bool {
    let mut curl = node.command("curl");
    let status = curl
        .args(["-so", "/dev/null", "-m", "1"])
        .args(arguments)
        .status()
        .await;
    status.expect("curl starts").success()
}
