//! Objects that the lab makes itself, written through the client: a kubectl call takes ten times as long.

use std::fmt::Debug;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::rbac::v1::{ClusterRole, RoleBinding};
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};
use kube::api::{Patch, PatchParams};
use kube::{Api, Resource};
use serde_json::{Value, json};

use super::Cluster;
use ferrik_test_process::eventually;

impl Cluster {
    /// Makes a namespace, unless it is there, and waits until pods can be made in it.
    pub async fn namespace(&self, name: &str) {
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        self.put::<Namespace>(name, &namespace).await;
        self.wait_service_account(name).await;
    }

    /// Applies one object of the cluster.
    pub(crate) async fn put<K>(&self, name: &str, object: &Value)
    where
        K: Resource<Scope = ClusterResourceScope, DynamicType = ()> + Debug + Clone,
        K: k8s_openapi::serde::de::DeserializeOwned,
    {
        apply(&Api::<K>::all(self.client()), name, object).await;
    }

    /// Applies one object of a namespace.
    pub(crate) async fn put_in<K>(&self, namespace: &str, name: &str, object: &Value)
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()> + Debug + Clone,
        K: k8s_openapi::serde::de::DeserializeOwned,
    {
        apply(&Api::<K>::namespaced(self.client(), namespace), name, object).await;
    }

    /// Lets a user edit a namespace, as `kubectl create rolebinding --clusterrole=edit` does.
    pub(crate) async fn bind_team(&self, namespace: &str, user: &str) {
        self.namespace(namespace).await;
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": user},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        });
        self.put_in::<RoleBinding>(namespace, user, &binding).await;
        let roles: Api<ClusterRole> = Api::all(self.client());
        eventually("a controller fills the ClusterRole edit", async || {
            let role = roles.get("edit").await;
            role.is_ok_and(|role| role.rules.is_some_and(|rules| !rules.is_empty()))
        })
        .await;
    }
}

async fn apply<K>(api: &Api<K>, name: &str, object: &Value)
where
    K: Clone + Debug + k8s_openapi::serde::de::DeserializeOwned,
{
    let as_lab = PatchParams::apply("lab").force();
    let result = api.patch(name, &as_lab, &Patch::Apply(object)).await;
    result.unwrap_or_else(|error| panic!("{name} is not accepted: {error}\n{object}"));
}
