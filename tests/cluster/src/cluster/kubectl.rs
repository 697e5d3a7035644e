//! kubectl, because tests type what users type.

use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::Cluster;
use crate::identity::Identity;
use ferrik_test_process::bound_to_us;

impl Cluster {
    /// What kubectl prints; fails with what it complains about.
    pub async fn kubectl(&self, identity: &Identity, arguments: &[&str]) -> String {
        let result = self.try_kubectl(identity, arguments).await;
        result.unwrap_or_else(|errors| panic!("kubectl {}: {errors}", arguments.join(" ")))
    }

    /// What kubectl prints, or what it complains about.
    pub async fn try_kubectl(&self, identity: &Identity, arguments: &[&str]) -> Result<String, String> {
        self.try_kubectl_with(identity, arguments, "").await
    }

    /// The same with something on its input, which `-f -` reads.
    pub async fn try_kubectl_with(
        &self,
        identity: &Identity,
        arguments: &[&str],
        input: &str,
    ) -> Result<String, String> {
        let kubeconfig = self.kubeconfig(identity).await;
        let binary = self.parts.servers.lock().await.binary().to_owned();
        let mut child = Command::from(bound_to_us(binary.as_os_str()))
            .arg("kubectl")
            .args(arguments)
            .env("KUBECONFIG", kubeconfig)
            .env("KUBECACHEDIR", self.file("kubectl"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("setpriv (package util-linux) starts");
        let mut stdin = child.stdin.take().expect("it is piped");
        let feed = async move {
            // It closes its input early when its arguments are wrong.
            let _ = stdin.write_all(input.as_bytes()).await;
        };
        let (output, ()) = tokio::join!(child.wait_with_output(), feed);
        let output = output.expect("kubectl is our child");
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// Applies objects as the administrator. Server-side, so that tests and controllers own fields apart.
    pub async fn apply(&self, yaml: &str) {
        let arguments = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
        self.feed(&arguments, yaml).await;
    }

    /// Deletes objects that may be gone already, and waits until they are.
    pub async fn delete(&self, yaml: &str) {
        self.feed(&["delete", "--ignore-not-found", "-f", "-"], yaml)
            .await;
    }

    async fn feed(&self, arguments: &[&str], yaml: &str) {
        let result = self.try_kubectl_with(&Identity::Admin, arguments, yaml).await;
        if let Err(errors) = result {
            panic!("kubectl {}: {errors}\n{yaml}", arguments.join(" "));
        }
    }
}
