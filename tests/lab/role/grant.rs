//! What a role grants and what was asked, in the same words.

use ferrik_test_cluster::Lab;
use ferrik_test_cluster::k8s_openapi::api::rbac::v1::{ClusterRole, PolicyRule, Role};
use ferrik_test_cluster::kube::Api;
use ferrik_test_cluster::kube::api::ListParams;
use serde_json::Value;

/// One verb on one resource. An empty namespace or name is the whole cluster or any name in a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) verb: String,
    /// With its subresource, as in `ingresses/status`.
    pub(crate) resource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Call {
    /// True if this grant was needed for that call.
    pub(crate) fn covers(&self, call: &Self) -> bool {
        let fits = |granted: &str, asked: &str| granted.is_empty() || granted == asked;
        self.verb == call.verb
            && self.resource == call.resource
            && fits(&self.namespace, &call.namespace)
            && fits(&self.name, &call.name)
    }

    fn of(line: &Value) -> Option<Self> {
        let object = &line["objectRef"];
        let text = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
        let resource = object["resource"].as_str()?;
        Some(Self {
            verb: line["verb"].as_str()?.to_owned(),
            resource: match object["subresource"].as_str() {
                Some(sub) => format!("{resource}/{sub}"),
                None => resource.to_owned(),
            },
            namespace: text("namespace"),
            name: text("name"),
        })
    }
}

/// What a user was allowed, and what was refused.
pub(crate) fn calls(log: &[Value], user: &str) -> (Vec<Call>, Vec<Call>) {
    let ours = log.iter().filter(|line| line["user"]["username"] == user);
    let (refused, allowed): (Vec<&Value>, Vec<&Value>) =
        ours.partition(|line| line["annotations"]["authorization.k8s.io/decision"] == "forbid");
    let all = |lines: Vec<&Value>| lines.into_iter().filter_map(Call::of).collect();
    (all(allowed), all(refused))
}

/// Everything that the roles of the chart grant.
pub(crate) async fn granted(lab: &Lab) -> Vec<Call> {
    let of_chart = ListParams::default().labels("app.kubernetes.io/name=ferrik");
    let roles: Api<Role> = Api::all(lab.cluster.client());
    let roles = roles.list(&of_chart).await.expect("roles can be listed");
    let cluster_roles: Api<ClusterRole> = Api::all(lab.cluster.client());
    let cluster_roles = cluster_roles.list(&of_chart).await.expect("roles can be listed");
    let mut granted = Vec::new();
    for role in &cluster_roles {
        granted.extend(role.rules.iter().flatten().flat_map(|rule| of_rule(rule, "")));
    }
    for role in &roles {
        let namespace = role.metadata.namespace.as_deref().expect("a Role has one");
        granted.extend(
            role.rules
                .iter()
                .flatten()
                .flat_map(|rule| of_rule(rule, namespace)),
        );
    }
    let has = |verb: &str, resource: &str| {
        granted
            .iter()
            .any(|call: &Call| call.verb == verb && call.resource == resource)
    };
    assert!(has("list", "ingresses") && has("patch", "leases"), "{granted:?}");
    granted
}

fn of_rule(rule: &PolicyRule, namespace: &str) -> Vec<Call> {
    let any = vec![String::new()];
    let names = rule.resource_names.as_ref().filter(|names| !names.is_empty());
    let mut calls = Vec::new();
    for verb in &rule.verbs {
        for resource in rule.resources.iter().flatten() {
            for name in names.unwrap_or(&any) {
                calls.push(Call {
                    verb: verb.clone(),
                    resource: resource.clone(),
                    namespace: namespace.to_owned(),
                    name: name.clone(),
                });
            }
        }
    }
    calls
}
