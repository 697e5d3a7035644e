//! What clients notice of trouble with the API: nothing; and how soon what was missed is caught up with.

use std::time::{Duration, Instant};

use ferrik_test_cluster::{Identity, Lab, Options, eventually, run, run_with};

use crate::ferrik::{Ferrik, Load};
use crate::yaml::ingress;

const HOST: &str = "a.example.org";
/// From the end of a fault to a table that knows everything.
const CAUGHT_UP: Duration = Duration::from_secs(5);

/// Applies an Ingress and returns how long it took until it was served.
async fn catches_up(lab: &Lab, ferrik: &Ferrik, name: &str) -> Duration {
    let host = format!("{name}.example.org");
    lab.cluster.apply(&ingress("shop", name, &host, "app")).await;
    let start = Instant::now();
    ferrik.answers(&host, 200).await;
    start.elapsed()
}

#[test]
fn the_api_server_is_killed_and_started_again() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        lab.cluster.apply(&ingress("shop", "app", HOST, "app")).await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        let load = Load::start(&ferrik, HOST);
        lab.cluster.kill_api().await;
        load.more(2_000).await;
        lab.cluster.start_api().await;
        let took = catches_up(&lab, &ferrik, "later").await;
        assert!(took < CAUGHT_UP, "{took:?}");
        load.end().await;
    });
}

#[test]
fn the_api_server_stands_still_and_goes_on() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        lab.cluster.apply(&ingress("shop", "app", HOST, "app")).await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        let load = Load::start(&ferrik, HOST);
        lab.cluster.pause_api().await;
        eventually("the silence is noticed", async || {
            ferrik.log().contains("does not answer in time")
        })
        .await;
        load.more(1_000).await;
        lab.cluster.resume_api().await;
        let took = catches_up(&lab, &ferrik, "later").await;
        assert!(took < CAUGHT_UP, "{took:?}");
        load.end().await;
    });
}

#[test]
fn a_watch_that_hangs_half_open_is_replaced() {
    run(async |lab| {
        let relay = lab.relay().await;
        let _app = lab.backend("shop", "app").await;
        lab.cluster.apply(&ingress("shop", "app", HOST, "app")).await;
        let ferrik = Ferrik::spawn(&relay.kubeconfig(&Identity::Admin).await, &[]);
        ferrik.ready().await;
        let load = Load::start(&ferrik, HOST);
        relay.freeze();
        lab.cluster
            .apply(&ingress("shop", "missed", "missed.example.org", "app"))
            .await;
        eventually("the silence is noticed", async || {
            ferrik.log().contains("does not answer in time")
        })
        .await;
        relay.pass().await;
        let start = Instant::now();
        ferrik.answers("missed.example.org", 200).await;
        assert!(start.elapsed() < CAUGHT_UP, "{:?}", start.elapsed());
        load.end().await;
    });
}

#[test]
fn refusals_and_slowness_only_delay() {
    run(async |lab| {
        let relay = lab.relay().await;
        let _app = lab.backend("shop", "app").await;
        lab.cluster.apply(&ingress("shop", "app", HOST, "app")).await;
        relay.delay(Duration::from_millis(500));
        let ferrik = Ferrik::spawn(&relay.kubeconfig(&Identity::Admin).await, &[]);
        ferrik.ready().await;
        assert_eq!(
            ferrik.get(HOST, "/").await.status,
            200,
            "complete before it is ready"
        );
        let load = Load::start(&ferrik, HOST);
        for status in [429, 500, 503] {
            relay.refuse(status, Some(Duration::from_secs(1)));
            relay.cut().await;
            lab.cluster
                .apply(&ingress(
                    "shop",
                    &format!("s{status}"),
                    &format!("s{status}.example.org"),
                    "app",
                ))
                .await;
            load.more(500).await;
            relay.pass().await;
            let start = Instant::now();
            ferrik.answers(&format!("s{status}.example.org"), 200).await;
            assert!(start.elapsed() < CAUGHT_UP, "{status}: {:?}", start.elapsed());
        }
        load.end().await;
    });
}

#[test]
fn history_that_is_gone_wipes_nothing() {
    let options = Options {
        watch_cache: false,
        ..Options::default()
    };
    run_with(options, async |lab| {
        let _app = lab.backend("shop", "app").await;
        lab.cluster.apply(&ingress("shop", "app", HOST, "app")).await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        let load = Load::start(&ferrik, HOST);
        for round in 0..3 {
            lab.cluster.compact().await;
            let took = catches_up(&lab, &ferrik, &format!("r{round}")).await;
            assert!(took < CAUGHT_UP, "{took:?}");
        }
        load.end().await;
    });
}

#[test]
fn a_cluster_that_is_put_back_in_time_is_noticed() {
    run(async |lab| {
        let _app = lab.backend("shop", "app").await;
        lab.cluster.apply(&ingress("shop", "app", HOST, "app")).await;
        let snapshot = lab.cluster.snapshot().await;
        let ferrik = Ferrik::start(&lab, &[]).await;
        let load = Load::start(&ferrik, HOST);
        for number in 0..10 {
            let name = format!("later-{number}");
            catches_up(&lab, &ferrik, &name).await;
        }
        lab.cluster.restore(&snapshot).await;
        let start = Instant::now();
        ferrik.answers("later-9.example.org", 404).await;
        let took = catches_up(&lab, &ferrik, "anew").await;
        assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
        assert!(took < CAUGHT_UP, "{took:?}");
        load.end().await;
    });
}
