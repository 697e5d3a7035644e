//! The connection to the authority: one TLS client with a deadline for each call, and a note of `Retry-After` in refusals,
//! which the protocol library does not pass on.

use std::cell::Cell;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Request;
use http::header::RETRY_AFTER as RETRY_AFTER_FIELD;
use http_body_util::{BodyExt as _, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Hyper;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// For one call, with connecting and the whole answer.
const ANSWER: Duration = Duration::from_secs(30);
/// Longer answers are no authority's.
const LONGEST_ANSWER: usize = 1 << 20;
/// More than an authority can mean.
const LONGEST_RETRY: i64 = 7 * 24 * 3600;

tokio::task_local! {
    /// The seconds that the last answer to this task asked to wait, or 0.
    static RETRY_AFTER: Cell<i64>;
}

/// Runs work that may ask [`take_retry_after`] about its own calls.
pub(super) async fn noting<T>(work: impl Future<Output = T>) -> T {
    RETRY_AFTER.scope(Cell::new(0), work).await
}

/// The seconds that the last refusal asked to wait, once.
pub(super) fn take_retry_after() -> Option<i64> {
    let seconds = RETRY_AFTER.try_with(|note| note.replace(0)).unwrap_or(0);
    Some(seconds).filter(|seconds| *seconds > 0)
}

/// A client of one authority; copies share everything.
#[derive(Clone)]
pub(super) struct Http {
    hyper: Hyper<HttpsConnector<HttpConnector>, BodyWrapper<Bytes>>,
}

impl Http {
    /// A client that trusts the certificates of this file, or what the system trusts. The error is one sentence.
    pub(super) fn new(ca_bundle: Option<&Path>) -> Result<Self, String> {
        let roots = ca_bundle.map_or_else(of_system, of_file)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_only()
            .enable_http1()
            .build();
        Ok(Self {
            hyper: Hyper::builder(TokioExecutor::new()).build(connector),
        })
    }
}

/// What a refusal asks for counts for the call that met it alone.
fn note(response: &http::response::Parts) {
    let text = response
        .headers
        .get(RETRY_AFTER_FIELD)
        .and_then(|value| value.to_str().ok());
    let text = text.filter(|_| response.status.as_u16() >= 400);
    let seconds = text
        .and_then(|text| seconds(text, SystemTime::now()))
        .unwrap_or(0);
    // Outside of an order nobody asks.
    let _ = RETRY_AFTER.try_with(|note| note.set(seconds));
}

fn of_file(path: &Path) -> Result<RootCertStore, String> {
    let wrong = |why: String| format!("the authorities in {}: {why}", path.display());
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("there is no certificate in PEM".to_owned()));
    }
    Ok(roots)
}

fn of_system() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(
            "the system has no list of trusted authorities; name one with --acme-ca-bundle".to_owned(),
        );
    }
    Ok(roots)
}

/// Seconds, or a date (RFC 9110 §10.2.3).
fn seconds(text: &str, now: SystemTime) -> Option<i64> {
    let seconds = text.trim().parse::<i64>().ok().or_else(|| {
        let date = httpdate::parse_http_date(text.trim()).ok()?;
        i64::try_from(date.duration_since(now).ok()?.as_secs()).ok()
    })?;
    (seconds > 0).then_some(seconds.min(LONGEST_RETRY))
}

impl HttpClient for Http {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let answer = self.hyper.request(request);
        Box::pin(async move {
            let whole = async {
                let (parts, body) = answer
                    .await
                    .map_err(|error| Error::Other(error.into()))?
                    .into_parts();
                let body = Limited::new(body, LONGEST_ANSWER)
                    .collect()
                    .await
                    .map_err(Error::Other)?;
                note(&parts);
                Ok(BytesResponse {
                    parts,
                    body: Box::new(body.to_bytes()),
                })
            };
            let answer = tokio::time::timeout(ANSWER, whole).await;
            answer.unwrap_or_else(|_| Err(Error::Other("no answer in time".into())))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_how_long_to_wait_in_either_way() {
        let now = httpdate::parse_http_date("Sat, 21 Nov 2026 12:00:00 GMT").expect("a date");
        for (text, expected) in [
            ("120", Some(120)),
            (" 5 ", Some(5)),
            ("Sat, 21 Nov 2026 12:01:00 GMT", Some(60)),
            ("Sat, 21 Nov 2026 11:00:00 GMT", None),
            ("99999999999", Some(LONGEST_RETRY)),
            ("0", None),
            ("-1", None),
            ("soon", None),
        ] {
            assert_eq!(seconds(text, now), expected, "{text}");
        }
    }
}
