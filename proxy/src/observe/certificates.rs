//! The certificates that are served and those that are asked for, as JSON for `ferrik certs`. No key is part of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ferrik_config::Table;
use ferrik_config::table::Certificate;
use serde_json::{Value, json};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// One object for each Secret: its certificate, the hosts that are served with it, and how its order stands. `orders` are
/// objects with a `secret` each.
pub(crate) fn list(table: &Table, orders: &Value) -> Value {
    let mut served: BTreeMap<String, (Arc<Certificate>, BTreeSet<String>)> = BTreeMap::new();
    let hosts = table.tls.iter().map(|(key, host)| (key.to_string(), host));
    let default = std::iter::once(("(default)".to_owned(), &table.default_tls));
    for (name, host) in hosts.chain(default) {
        for certificate in &host.certificates {
            let source = &certificate.source;
            let secret = format!("{}/{}", source.namespace, source.name);
            let row = served.entry(secret);
            let row = row.or_insert_with(|| (certificate.clone(), BTreeSet::new()));
            row.1.insert(name.clone());
        }
    }
    let mut orders: BTreeMap<String, Value> = orders
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|order| Some((order["secret"].as_str()?.to_owned(), order.clone())))
        .collect();
    let mut rows: Vec<Value> = served
        .into_iter()
        .map(|(secret, (certificate, hosts))| {
            json!({
                "order": orders.remove(&secret),
                "secret": secret,
                "hosts": hosts,
                "names": certificate.names,
                "issuer": issuer(&certificate),
                "notBefore": certificate.not_before,
                "notAfter": certificate.not_after,
                "fingerprint": certificate.fingerprint,
            })
        })
        .collect();
    rows.extend(
        orders
            .into_iter()
            .map(|(secret, order)| json!({"secret": secret, "hosts": order["hosts"], "order": order})),
    );
    rows.into()
}

/// The issuer's common name, or all that it has.
fn issuer(certificate: &Certificate) -> Option<String> {
    let (_, parsed) = X509Certificate::from_der(certificate.chain.first()?).ok()?;
    let issuer = parsed.issuer();
    let common = issuer.iter_common_name().find_map(|name| name.as_str().ok());
    Some(common.map_or_else(|| issuer.to_string(), str::to_owned))
}
