//! deploy/examples/replace-traefik, step by step: its values as the chart renders them, the rights that they give, and what
//! its README says of a node that changes hands. Helm's and Traefik's own part is done in the API.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use ferrik_test_cluster::{Backend, Identity, Lab, eventually, run, within};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::ferrik::{Ferrik, Load, get};
use crate::tls::Authority;
use crate::{chart, traefik};

/// The text that the tests follow.
const TEXT: &str = include_str!("../../deploy/examples/replace-traefik/README.md");
/// The node's address.
const NODE: &str = "192.0.2.7";
/// One host of each class, and one whose Ingress names none.
const SITE: [(&str, &str); 3] = [
    ("traefik", "a.example.org"),
    ("nginx", "b.example.org"),
    ("", "c.example.org"),
];
/// What `Before` and `Back` set otherwise; not port 8080, on which the lab's applications listen.
const BESIDE: [&str; 3] = ["ports.http=8081", "ports.https=8443", "status.update=false"];

/// What helm renders, without a cluster: as installed beside Traefik, and in its place.
struct Rendered {
    beside: String,
    instead: String,
}

impl Rendered {
    fn new() -> Self {
        Self {
            beside: chart::render_example("replace-traefik", &BESIDE),
            instead: chart::render_example("replace-traefik", &[]),
        }
    }
}

/// A cluster whose node Traefik serves.
struct Site {
    authority: Authority,
    app: Backend,
    sockets: tempfile::TempDir,
}

impl Site {
    async fn new(lab: &Lab) -> Self {
        traefik::add_kinds(lab).await;
        for namespace in ["ferrik", "shop"] {
            lab.cluster.namespace(namespace).await;
        }
        let site = Self {
            authority: Authority::new("site"),
            app: lab.backend("shop", "app").await,
            sockets: tempfile::tempdir().expect("a folder"),
        };
        let hosts = SITE.map(|(_, host)| host);
        lab.cluster
            .apply(&site.authority.server_secret("shop", "site", &hosts))
            .await;
        // Older than the default class, which the API would write into it.
        lab.cluster.apply(&ingress("", "c.example.org")).await;
        lab.cluster
            .apply(&class("traefik", "traefik.io/ingress-controller", true))
            .await;
        lab.cluster
            .apply(&class("nginx", "k8s.io/ingress-nginx", false))
            .await;
        for (class, host) in &SITE[..2] {
            lab.cluster.apply(&ingress(class, host)).await;
        }
        site
    }

    /// `helm upgrade --install`, and the Pod that it starts.
    async fn install(&self, lab: &Lab, objects: &str, pod: &str) -> Ferrik {
        lab.cluster.apply(objects).await;
        let identity = Identity::service_account("ferrik", "ferrik");
        let kubeconfig = lab.cluster.kubeconfig(&identity).await;
        let ferrik = Ferrik::spawn_with_arguments(&self.arguments(objects, pod, &kubeconfig));
        ferrik.ready().await;
        ferrik
    }

    /// Those of the `DaemonSet`, with what the kubelet would put in.
    fn arguments(&self, objects: &str, pod: &str, kubeconfig: &Path) -> Vec<String> {
        let mut arguments = chart::arguments(objects);
        let socket = "--admin-socket=/run/ferrik/admin.sock";
        for argument in &mut arguments {
            if argument == socket {
                let path = self.sockets.path().join(pod);
                *argument = format!("--admin-socket={}", path.display());
            }
            *argument = argument.replace("$(HOST_IPS)", NODE);
        }
        assert!(!arguments.iter().any(|it| it.contains("$(") || it == socket));
        let kubeconfig = format!("--kubeconfig={}", kubeconfig.display());
        arguments.extend([
            kubeconfig,
            "--pod-namespace=ferrik".into(),
            format!("--pod-name={pod}"),
        ]);
        arguments
    }

    /// Asks for all hosts at a port, over TLS and, to be redirected, without.
    async fn is_served(&self, http: u16, https: u16) {
        for (_, host) in SITE {
            let clients = self.authority.clients(None, at(https), host);
            eventually(&format!("{host} is served at {https}"), async || {
                clients.get("/").await.is_ok_and(|answer| answer.status == 200)
            })
            .await;
            let answer = get(at(http), host, "/").await.expect("the plain port answers");
            assert_eq!(answer.status, 301, "{host}");
        }
    }

    fn load(&self) -> Vec<Load> {
        let clients = SITE.map(|(_, host)| self.authority.clients(None, at(443), host));
        clients.into_iter().map(Load::over_tls).collect()
    }
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// As the charts of Traefik and ingress-nginx create theirs.
fn class(name: &str, controller: &str, is_default: bool) -> String {
    format!(
        "{{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {{name: {name}, annotations: \
         {{ingressclass.kubernetes.io/is-default-class: '{is_default}'}}}}, spec: {{controller: {controller}}}}}"
    )
}

/// An Ingress that is called like its host; of no class if the name is empty.
fn ingress(class: &str, host: &str) -> String {
    let class = if class.is_empty() {
        String::new()
    } else {
        format!("ingressClassName: {class}, ")
    };
    format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: {host}, namespace: shop}}
spec: {{{class}tls: [{{hosts: [{host}], secretName: site}}], rules: [{{host: {host}, http: {{paths: \
         [{{path: /, pathType: Prefix, backend: {{service: {{name: app, port: {{number: 80}}}}}}}}]}}}}]}}
"
    )
}

/// What the status of all Ingresses tells.
async fn told(lab: &Lab) -> Vec<String> {
    let path = "jsonpath={range .items[*]}{.status.loadBalancer.ingress[*].ip};{end}";
    let all = ["get", "ingresses", "-n", "shop", "-o", path];
    let text = lab.cluster.kubectl(&Identity::Admin, &all).await;
    text.split_terminator(';').map(str::to_owned).collect()
}

async fn delete_class(lab: &Lab, name: &str) {
    let delete = ["delete", "ingressclass", name];
    lab.cluster.kubectl(&Identity::Admin, &delete).await;
}

/// Traefik's listeners, which share their ports with nobody. `None` while somebody else has one.
fn traefik() -> Option<[TcpListener; 2]> {
    let bind = |port: u16| TcpListener::bind(("::", port)).ok();
    Some([bind(80)?, bind(443)?])
}

#[test]
fn a_node_changes_hands_and_goes_back() {
    let rendered = Rendered::new();
    run(async move |lab| {
        let site = Site::new(&lab).await;
        let listeners = traefik().expect("the ports are free");

        // Before, step 3.
        let beside = site.install(&lab, &rendered.beside, "one").await;
        site.is_served(8081, 8443).await;

        // The change.
        drop(listeners);
        let instead = site.install(&lab, &rendered.instead, "two").await;
        assert_eq!(told(&lab).await, ["", "", ""], "nobody writes beside Traefik");
        beside.stop().await;
        site.is_served(80, 443).await;
        eventually("the node is told", async || told(&lab).await == [NODE; 3]).await;

        // Back, with an upload that is on its way.
        let mut upload = site
            .authority
            .clients(None, at(443), SITE[0].1)
            .stream()
            .await
            .expect("it connects");
        let head = format!(
            "POST / HTTP/1.1\r\nhost: {}\r\ncontent-length: 4\r\n\r\nha",
            SITE[0].1
        );
        let before = site.app.requests();
        upload.write_all(head.as_bytes()).await.expect("it is sent");
        eventually("the upload has begun", async || site.app.requests() > before).await;
        let beside = site.install(&lab, &rendered.beside, "three").await;
        instead.signal("TERM").await;
        eventually("Traefik gets the ports again", async || traefik().is_some()).await;
        upload.write_all(b"lf").await.expect("the rest is sent");
        let mut answer = [0; 15];
        within("the answer", upload.read_exact(&mut answer))
            .await
            .expect("there is one");
        assert_eq!(&answer, b"HTTP/1.1 200 OK");
        instead.ended().await;
        site.is_served(8081, 8443).await;
        assert_eq!(told(&lab).await, [NODE; 3], "the addresses stay");
        beside.stop().await;
    });
}

#[test]
fn uninstalling_traefik_and_ingress_nginx_takes_no_host_away() {
    let rendered = Rendered::new();
    run(async move |lab| {
        let site = Site::new(&lab).await;
        // Goes last, so it shows when the other classes are seen to be gone.
        lab.cluster
            .apply(&class("marker", "k8s.io/ingress-nginx", false))
            .await;
        let of_marker = ingress("marker", "marker.example.org");
        lab.cluster.apply(&of_marker).await;
        let ferrik = site.install(&lab, &rendered.instead, "one").await;
        site.is_served(80, 443).await;
        let marker = site.authority.clients(None, at(443), SITE[0].1);
        let ask_marker = async || {
            let mut client = marker.connect().await.expect("it connects");
            client
                .get("marker.example.org", "/")
                .await
                .expect("it answers")
                .status
        };
        assert_eq!(ask_marker().await, 200);
        let loads = site.load();

        // Afterwards, step 1: the Ingresses that name no class get one.
        let columns = r"custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name,CLASS:.spec.ingressClassName,OLD:.metadata.annotations.kubernetes\.io/ingress\.class";
        assert!(TEXT.contains(columns));
        let list = ["get", "ingresses", "-A", "-o", columns];
        let listed = lab.cluster.kubectl(&Identity::Admin, &list).await;
        let classless = listed.lines().filter(|line| line.trim_end().ends_with("<none>"));
        let classless: Vec<Vec<&str>> = classless
            .map(|line| line.split_whitespace().collect())
            .filter(|fields: &Vec<&str>| fields[2] == "<none>")
            .collect();
        assert_eq!(classless, [["shop", "c.example.org", "<none>", "<none>"]]);
        let class_of_traefik = r#"{"spec":{"ingressClassName":"traefik"}}"#;
        assert!(TEXT.contains(class_of_traefik));
        let patch = [
            "patch",
            "ingress",
            "-n",
            "shop",
            "c.example.org",
            "-p",
            class_of_traefik,
        ];
        lab.cluster.kubectl(&Identity::Admin, &patch).await;

        // What `helm uninstall` deletes.
        for class in ["traefik", "nginx", "marker"] {
            delete_class(&lab, class).await;
        }
        eventually("it is seen", async || ask_marker().await == 404).await;
        for load in &loads {
            load.more(200).await;
        }
        for (class, host) in [("traefik", "d.example.org"), ("nginx", "e.example.org")] {
            lab.cluster.apply(&ingress(class, host)).await;
            eventually(&format!("{host} is served"), async || {
                let mut client = marker.connect().await.expect("it connects");
                client
                    .get(host, "/")
                    .await
                    .is_ok_and(|answer| answer.status == 200)
            })
            .await;
        }

        // The class anew, for Ingresses that will name none.
        lab.cluster
            .apply(&class("traefik", "traefik.io/ingress-controller", true))
            .await;
        lab.cluster.apply(&ingress("", "f.example.org")).await;
        eventually("an Ingress without a class is served", async || {
            let mut client = marker.connect().await.expect("it connects");
            client
                .get("f.example.org", "/")
                .await
                .is_ok_and(|answer| answer.status == 200)
        })
        .await;
        for load in loads {
            load.more(200).await;
            load.end().await;
        }
        ferrik.stop().await;
    });
}
