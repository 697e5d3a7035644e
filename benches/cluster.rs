//! How soon a change of a cluster is served: against a real Kubernetes API, with more and more objects in it.
//!
//! `benches/run.sh` runs it as root, after `make lab`. With `QUICK` set there are fewer samples and objects. Missed marks
//! are only printed.

use std::time::{Duration, Instant};

use ferrik_test_cluster::k8s_openapi::api::core::v1::Secret;
use ferrik_test_cluster::k8s_openapi::api::discovery::v1::EndpointSlice;
use ferrik_test_cluster::k8s_openapi::api::networking::v1::Ingress;
use ferrik_test_cluster::kube::Api;
use ferrik_test_cluster::kube::api::{ListParams, Patch, PatchParams, PostParams};
use ferrik_test_cluster::{Identity, Lab, run};
use futures_util::stream::{self, StreamExt as _};
use serde_json::json;

#[path = "report/page.rs"]
mod page;
#[path = "report/spread.rs"]
mod spread;
mod cluster {
    pub(crate) mod churn;
    pub(crate) mod client;
    pub(crate) mod process;
    pub(crate) mod result;
}

use cluster::churn::Churn;
use cluster::client::Client;
use cluster::process::Ferrik;
use cluster::result::{Mark, Measure, table};

const NAMESPACE: &str = "shop";
/// Secrets with certificates, beside the largest number of Ingresses.
const SECRETS: usize = 500;
/// Calls to the API under way at the same time while objects are made.
const AT_ONCE: usize = 16;

fn main() -> anyhow::Result<()> {
    let is_quick = std::env::var_os("QUICK").is_some_and(|value| !value.is_empty());
    let (sizes, samples, runs) = if is_quick {
        (vec![0, 100], 10, 1)
    } else {
        (vec![0, 1000, 5000], 100, 5)
    };
    page::line("## Changes of a cluster")?;
    page::line(&format!(
        "A real kube-apiserver on the same machine, new for each of {runs} runs; medians of the runs with their quartiles. From the \
         call that creates an Ingress, or that changes an EndpointSlice, to the first answer that shows it, asked without a \
         pause. Start: from the start of the process, with everything in the cluster, to ready and complete. Churn: 100 \
         changes of endpoints in a second, of a Service that is routed to."
    ))?;
    let mut measures = Vec::new();
    for _ in 0..runs {
        let sizes = sizes.clone();
        measures.push(run(async move |lab| measure(&lab, &sizes, samples).await)?);
    }
    page::table(&table(&measures))?;
    Ok(())
}

async fn measure(lab: &Lab, sizes: &[usize], samples: usize) -> anyhow::Result<Vec<Measure>> {
    let mut measures = Vec::new();
    let (one, two) = (
        lab.backend(NAMESPACE, "one").await,
        lab.backend(NAMESPACE, "two").await,
    );
    let (home, other) = (one.address().ip().to_string(), two.address().ip().to_string());
    let kubeconfig = lab.cluster.kubeconfig(&Identity::Admin).await;
    let churned: Api<Ingress> = Api::namespaced(lab.cluster.client(), NAMESPACE);
    let object = ingress_to("churned", "churned.example.org", "two")?;
    churned.create(&PostParams::default(), &object).await?;
    let mut made = 0;
    for size in sizes {
        if *size == 5000 {
            make_secrets(lab).await?;
        }
        make(lab, made..*size).await?;
        made = *size;
        let ferrik = Ferrik::start(&kubeconfig, &[]).await?;
        let started = ferrik.took.as_secs_f64() * 1e3;
        measures.push(Measure::one(
            "start → ready and complete, ms",
            *size,
            started,
            Mark::Most(500.0),
        ));
        let memory = ferrik.memory()?;
        measures.push(Measure::one(
            "resident memory after start, MiB",
            *size,
            memory,
            Mark::Most(60.0),
        ));
        let create = creations(lab, &ferrik, samples).await?;
        let create = Measure::many(
            "Ingress created → 200, ms",
            *size,
            &create,
            Mark::Both(10.0, 40.0),
        );
        let alone = create.middle;
        measures.push(create);
        let change = endpoint_changes(lab, &ferrik, &home, &other, samples).await?;
        measures.push(Measure::many(
            "endpoint changed → used, ms",
            *size,
            &change,
            Mark::Late(50.0),
        ));
        let churn = Churn::start(lab, NAMESPACE, "two", &other);
        let used = churn.cost(&ferrik).await?;
        measures.push(Measure::one(
            "cores used by churn alone",
            *size,
            used,
            Mark::Most(0.03),
        ));
        let create = creations(lab, &ferrik, samples).await?;
        let create = Measure::many(
            "Ingress created → 200 during churn, ms",
            *size,
            &create,
            Mark::None,
        );
        let ratio = create.middle / alone;
        measures.push(create);
        measures.push(Measure::one(
            "the same, ÷ without churn",
            *size,
            ratio,
            Mark::Most(1.2),
        ));
        churn.end().await?;
        ferrik.stop().await?;
    }
    if made >= 1000 {
        let took = status_of_all(lab, &kubeconfig).await?;
        let each = took.as_secs_f64() * 1e6 / f64::from(u32::try_from(made)?);
        measures.push(Measure::one(
            "status of 1000 objects written, ms",
            made,
            each,
            Mark::Most(2000.0),
        ));
    }
    Ok(measures)
}

fn ingress(name: &str, host: &str) -> anyhow::Result<Ingress> {
    ingress_to(name, host, "one")
}

fn ingress_to(name: &str, host: &str, service: &str) -> anyhow::Result<Ingress> {
    Ok(serde_json::from_value(json!({
        "metadata": {"name": name},
        "spec": {"ingressClassName": "nginx", "rules": [{"host": host, "http": {"paths": [
            {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": service, "port": {"number": 80}}}},
        ]}}]},
    }))?)
}

async fn make(lab: &Lab, numbers: std::ops::Range<usize>) -> anyhow::Result<()> {
    let api: Api<Ingress> = Api::namespaced(lab.cluster.client(), NAMESPACE);
    let calls = stream::iter(numbers).map(async |number| {
        let mut object = ingress(&format!("old-{number}"), &format!("old-{number}.example.org"))?;
        if number < SECRETS
            && let Some(spec) = &mut object.spec
        {
            let tls = json!([{"hosts": [format!("old-{number}.example.org")], "secretName": format!("tls-{number}")}]);
            spec.tls = serde_json::from_value(tls)?;
        }
        api.create(&PostParams::default(), &object).await?;
        anyhow::Ok(())
    });
    let results: Vec<anyhow::Result<()>> = calls.buffer_unordered(AT_ONCE).collect().await;
    results.into_iter().collect()
}

async fn make_secrets(lab: &Lab) -> anyhow::Result<()> {
    let api: Api<Secret> = Api::namespaced(lab.cluster.client(), NAMESPACE);
    let calls = stream::iter(0..SECRETS).map(async |number| {
        let made = rcgen::generate_simple_self_signed(vec![format!("old-{number}.example.org")])?;
        let secret: Secret = serde_json::from_value(json!({
            "metadata": {"name": format!("tls-{number}")}, "type": "kubernetes.io/tls",
            "stringData": {"tls.crt": made.cert.pem(), "tls.key": made.signing_key.serialize_pem()},
        }))?;
        api.create(&PostParams::default(), &secret).await?;
        anyhow::Ok(())
    });
    let results: Vec<anyhow::Result<()>> = calls.buffer_unordered(AT_ONCE).collect().await;
    results.into_iter().collect()
}

/// Creates Ingresses one after the other. Only 404 and 200 may be seen.
async fn creations(lab: &Lab, ferrik: &Ferrik, samples: usize) -> anyhow::Result<Vec<Duration>> {
    let api: Api<Ingress> = Api::namespaced(lab.cluster.client(), NAMESPACE);
    let mut client = Client::connect(ferrik.http).await?;
    let mut times = Vec::new();
    for number in 0..samples {
        let (name, host) = (format!("new-{number}"), format!("new-{number}.example.org"));
        let object = ingress(&name, &host)?;
        let start = Instant::now();
        let (created, params) = (api.clone(), PostParams::default());
        let call = tokio::spawn(async move { created.create(&params, &object).await });
        loop {
            match client.get(&host).await?.0 {
                200 => break,
                404 => anyhow::ensure!(start.elapsed() < Duration::from_secs(30), "{host} is not served"),
                other => anyhow::bail!("{host} answers {other}"),
            }
        }
        times.push(start.elapsed());
        call.await??;
        api.delete(&name, &ferrik_test_cluster::kube::api::DeleteParams::default())
            .await?;
    }
    Ok(times)
}

/// Moves the only endpoint of a Service to another Pod and back.
async fn endpoint_changes(
    lab: &Lab,
    ferrik: &Ferrik,
    home: &str,
    other: &str,
    samples: usize,
) -> anyhow::Result<Vec<Duration>> {
    let slices: Api<EndpointSlice> = Api::namespaced(lab.cluster.client(), NAMESPACE);
    let ingresses: Api<Ingress> = Api::namespaced(lab.cluster.client(), NAMESPACE);
    let host = "endpoints.example.org";
    ingresses
        .create(&PostParams::default(), &ingress("endpoints", host)?)
        .await?;
    let mut client = Client::connect(ferrik.http).await?;
    while client.get(host).await?.0 != 200 {}
    let mut times = Vec::new();
    for number in 0..samples {
        let (address, pod) = if number % 2 == 0 {
            (other, "two")
        } else {
            (home, "one")
        };
        let patch = json!({"endpoints": [{"addresses": [address], "conditions": {"ready": true}}]});
        let start = Instant::now();
        let (api, patch) = (slices.clone(), Patch::Merge(patch));
        let call = tokio::spawn(async move { api.patch("one", &PatchParams::default(), &patch).await });
        let wanted = format!("\"pod\":\"{pod}\"");
        loop {
            let (status, body) = client.get(host).await?;
            anyhow::ensure!(status == 200, "an endpoint change was answered {status}");
            if body.replace(' ', "").contains(&wanted) {
                break;
            }
            anyhow::ensure!(
                start.elapsed() < Duration::from_secs(30),
                "the endpoint is not used: {body}"
            );
        }
        times.push(start.elapsed());
        call.await??;
    }
    let back = json!({"endpoints": [{"addresses": [home], "conditions": {"ready": true}}]});
    slices
        .patch("one", &PatchParams::default(), &Patch::Merge(back))
        .await?;
    ingresses
        .delete(
            "endpoints",
            &ferrik_test_cluster::kube::api::DeleteParams::default(),
        )
        .await?;
    Ok(times)
}

/// From the start of a leader to the last status.
async fn status_of_all(lab: &Lab, kubeconfig: &std::path::Path) -> anyhow::Result<Duration> {
    let ferrik = Ferrik::start(kubeconfig, &["--publish-status-address", "192.0.2.1"]).await?;
    let start = Instant::now();
    let api: Api<Ingress> = Api::namespaced(lab.cluster.client(), NAMESPACE);
    loop {
        let list = api.list(&ListParams::default()).await?;
        let is_told = |ingress: &Ingress| {
            let balancer = ingress
                .status
                .as_ref()
                .and_then(|status| status.load_balancer.as_ref());
            balancer.is_some_and(|balancer| {
                balancer
                    .ingress
                    .as_ref()
                    .is_some_and(|entries| !entries.is_empty())
            })
        };
        if list.items.iter().all(is_told) {
            break;
        }
        anyhow::ensure!(
            start.elapsed() < Duration::from_secs(120),
            "the status is not written"
        );
    }
    let took = start.elapsed();
    ferrik.stop().await?;
    Ok(took)
}
