//! `ferrik status`: which replicas serve an Ingress as it is in the cluster.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ferrik_controller::replica::{self, Served};
use ferrik_controller::source::kube::Cluster;

use crate::cli;

/// Between two questions while it waits.
const AGAIN: Duration = Duration::from_millis(500);

/// Asks once, or until every replica serves it, and prints the answer.
pub(crate) fn run(arguments: &cli::Status) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let served = runtime.block_on(ask(arguments))?;
    let is_everywhere = is_everywhere(&served);
    let name = format!("{}/{}", arguments.ingress.namespace, arguments.ingress.name);
    crate::print(&text(&name, &served))?;
    Ok(if is_everywhere {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn ask(arguments: &cli::Status) -> anyhow::Result<Served> {
    let cluster = Cluster::connect(arguments.kubeconfig.as_deref()).await?;
    let own: Arc<str> = match &arguments.namespace {
        Some(namespace) => namespace.as_str().into(),
        None => cluster.namespace().clone(),
    };
    let (ingress, start) = (&arguments.ingress, Instant::now());
    loop {
        let served = replica::served(
            &cluster,
            &own,
            &arguments.election_id,
            &ingress.namespace,
            &ingress.name,
        );
        let served = served.await.map_err(anyhow::Error::msg)?;
        if !arguments.wait || is_everywhere(&served) || start.elapsed() >= arguments.timeout {
            return Ok(served);
        }
        tokio::time::sleep(AGAIN).await;
    }
}

fn is_everywhere(served: &Served) -> bool {
    !served.replicas.is_empty() && served.count() == served.replicas.len()
}

fn text(name: &str, served: &Served) -> String {
    if served.replicas.is_empty() {
        return format!("{name}: no replica has told anything; is --namespace the one that they run in?\n");
    }
    let mut text = format!(
        "{name}: served by {}/{} replicas\n",
        served.count(),
        served.replicas.len()
    );
    for replica in &served.replicas {
        let role = if replica.leads { " (leader)" } else { "" };
        let state = match served.behind(replica) {
            Some(why) => format!("stalled: {why}"),
            None => "serves it".to_owned(),
        };
        writeln!(text, "  {}{role}: {state}, table {}", replica.name, replica.table)
            .expect("writing to a String");
    }
    text
}
