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
    pub(crate) mod client;
    pub(crate) mod process;
}

use cluster::client::Client;
use cluster::process::Ferrik;
use spread::Spread;

const NAMESPACE: &str = "shop";
/// Secrets with certificates, beside the largest number of Ingresses.
const SECRETS: usize = 500;
/// Calls to the API under way at the same time while objects are made.
const AT_ONCE: usize = 16;

fn main() -> anyhow::Result<()> {
    let is_quick = std::env::var_os("QUICK").is_some_and(|value| !value.is_empty());
    let (sizes, samples) = if is_quick {
        (vec![0, 100], 10)
    } else {
        (vec![0, 1000, 5000], 100)
    };
    page::line("## Changes of a cluster")?;
    page::line(
        "A real kube-apiserver on the same machine. From the call that creates an Ingress, or that changes an EndpointSlice, to \
         the first answer that shows it, asked without a pause. Start: from the start of the process, with everything in \
         the cluster, to ready and complete.",
    )?;
    let rows = run(async move |lab| {
        let mut rows = vec![row(["what", "Ingresses", "p50, ms", "p99, ms", "mark"])];
        measure(&lab, &sizes, samples, &mut rows).await?;
        anyhow::Ok(rows)
    })?;
    page::table(&rows)?;
    Ok(())
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

async fn measure(
    lab: &Lab,
    sizes: &[usize],
    samples: usize,
    rows: &mut Vec<Vec<String>>,
) -> anyhow::Result<()> {
    let (one, two) = (
        lab.backend(NAMESPACE, "one").await,
        lab.backend(NAMESPACE, "two").await,
    );
    let (home, other) = (one.address().ip().to_string(), two.address().ip().to_string());
    let kubeconfig = lab.cluster.kubeconfig(&Identity::Admin).await;
    let mut made = 0;
    for size in sizes {
        if *size == 5000 {
            make_secrets(lab).await?;
        }
        make(lab, made..*size).await?;
        made = *size;
        let ferrik = Ferrik::start(&kubeconfig, &[]).await?;
        let (started, memory) = (ferrik.took, ferrik.memory()?);
        let create = creations(lab, &ferrik, samples).await?;
        rows.push(times("Ingress created → 200", *size, &create, Some((10.0, 40.0))));
        let change = endpoint_changes(lab, &ferrik, &home, &other, samples).await?;
        rows.push(times(
            "endpoint changed → used",
            *size,
            &change,
            Some((f64::INFINITY, 50.0)),
        ));
        rows.push(vec![
            "start → ready and complete".into(),
            size.to_string(),
            format!("{:.0}", started.as_secs_f64() * 1e3),
            String::new(),
            page::against(started.as_secs_f64() * 1e3, 500.0, " ms"),
        ]);
        rows.push(vec![
            "resident memory after start, MiB".into(),
            size.to_string(),
            format!("{memory:.0}"),
            String::new(),
            page::against(memory, 60.0, " MiB"),
        ]);
        ferrik.stop().await?;
    }
    if made >= 1000 {
        let took = status_of_all(lab, &kubeconfig).await?;
        rows.push(vec![
            "status of all objects written".into(),
            made.to_string(),
            format!("{:.0}", took.as_secs_f64() * 1e3),
            String::new(),
            page::against(
                took.as_secs_f64() * 1e6 / f64::from(u32::try_from(made)?),
                2000.0,
                " ms for 1000",
            ),
        ]);
    }
    Ok(())
}

fn times(what: &str, size: usize, samples: &[Duration], marks: Option<(f64, f64)>) -> Vec<String> {
    let mut sorted: Vec<f64> = samples.iter().map(|sample| sample.as_secs_f64() * 1e3).collect();
    sorted.sort_by(f64::total_cmp);
    let late = sorted[(sorted.len() * 99).div_ceil(100) - 1];
    let spread = Spread::of(sorted);
    let mark = marks.map_or(String::new(), |(middle, high)| {
        let middle = if middle.is_finite() {
            format!("p50 {}; ", page::against(spread.median, middle, " ms"))
        } else {
            String::new()
        };
        format!("{middle}p99 {}", page::against(late, high, " ms"))
    });
    vec![
        what.into(),
        size.to_string(),
        format!("{spread:.1}"),
        format!("{late:.1}"),
        mark,
    ]
}

fn ingress(name: &str, host: &str) -> anyhow::Result<Ingress> {
    Ok(serde_json::from_value(json!({
        "metadata": {"name": name},
        "spec": {"ingressClassName": "nginx", "rules": [{"host": host, "http": {"paths": [
            {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "one", "port": {"number": 80}}}},
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
