//! A whole site as its charts render it, in both dialects, in one cluster: applied, served, and described to its owners.

use ferrik_test_cluster::{Identity, eventually, run};

use crate::ferrik::Ferrik;
use crate::tls::Authority;
use crate::traefik;
use crate::yaml::annotated;

const NGINX: &str = include_str!("../e2e/site_nginx/objects.yaml");
const TRAEFIK: &str = include_str!("../e2e/site_traefik/objects.yaml");
const ARCHIVE: &str = "archive.example.org";
const GULF: &str = "gulf.example.org";
const ALIASES: [&str; 3] = ["data.example.org", "ecogrid.example.net", "old.example.org"];
const CORS: &str = "{nginx.ingress.kubernetes.io/enable-cors: 'true', nginx.ingress.kubernetes.io/cors-allow-origin: $http_origin, \
                    nginx.ingress.kubernetes.io/ssl-redirect: 'false'}";

#[test]
fn a_site_of_both_dialects_is_served_and_described() {
    run(async |lab| {
        traefik::add_kinds(&lab).await;
        let _backends = (
            lab.backend("repository", "archive").await,
            lab.backend("gulf", "gulf").await,
            lab.backend("quality", "controller").await,
        );
        for objects in [NGINX, TRAEFIK] {
            // The lab's Services have port 80.
            lab.cluster
                .apply(&objects.replace("number: 8080", "number: 80"))
                .await;
        }
        let api = annotated("quality", "api", "api.example.org", "controller", CORS);
        lab.cluster.apply(&api).await;
        let (servers, authority) = (Authority::new("servers"), Authority::new("clients"));
        let mut names = vec![ARCHIVE];
        names.extend(ALIASES);
        let archive_server = servers.server_secret("repository", "server-certificate", &names);
        lab.cluster.apply(&archive_server).await;
        let names = [GULF, "spill.example.org"];
        lab.cluster
            .apply(&servers.server_secret("gulf", "server-certificate", &names))
            .await;
        let arguments = ["--publish-status-address", "192.0.2.10"];
        let ferrik = Ferrik::start(&lab, &arguments).await;
        let secure = async |host: &'static str, path: &str| {
            let clients = servers.clients(Some(&authority), ferrik.https(), host);
            clients.get(path).await.map(|answer| answer.status)
        };

        // Without the authorities of client certificates both hosts are closed, each in the way of its dialect.
        assert_eq!(secure(ARCHIVE, "/archive").await.expect("an answer"), 403);
        assert!(secure(GULF, "/gulf").await.is_err(), "the handshake fails");
        assert_eq!(ferrik.get("api.example.org", "/").await.status, 200);
        for namespace in ["repository", "gulf"] {
            lab.cluster.apply(&authority.secret(namespace, "client-ca")).await;
        }
        for (host, path, status) in [
            (ARCHIVE, "/archive/d1/mn/v2/object/doi%3A10.5063%2FF1", 200),
            (ARCHIVE, "/robots.txt", 302),
            (ARCHIVE, "/sitemap.xml", 302),
            ("data.example.org", "/archive", 200),
            ("ecogrid.example.net", "/archive", 200),
            ("old.example.org", "/archive", 301),
            (GULF, "/gulf/d1", 200),
            (GULF, "/robots.txt", 302),
            ("spill.example.org", "/gulf", 301),
        ] {
            eventually(&format!("{host}{path} answers {status}"), async || {
                secure(host, path).await.is_ok_and(|answer| answer == status)
            })
            .await;
        }
        for (host, status) in [(ARCHIVE, 308), ("api.example.org", 200)] {
            assert_eq!(ferrik.get(host, "/x").await.status, status, "{host}");
        }

        let get = ["get", "ingress", "--all-namespaces", "--no-headers"];
        eventually("every Ingress shows the address", async || {
            let list = lab.cluster.kubectl(&Identity::Admin, &get).await;
            list.lines().count() == 3 && list.lines().all(|line| line.contains(" 192.0.2.10 "))
        })
        .await;
        eventually(
            "the owner is told of the annotation that nobody reads",
            async || {
                let describe = ["describe", "ingress", "archive"];
                let text = lab
                    .cluster
                    .kubectl(&Identity::team("repository"), &describe)
                    .await;
                text.contains("AnnotationUnknown")
                    && text.contains("client_max_body_size")
                    && text.contains("did you mean")
            },
        )
        .await;
        ferrik.stop().await;
    });
}
