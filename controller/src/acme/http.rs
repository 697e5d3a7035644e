//! The connection to the authority: one TLS client with a deadline for each call, and a note of `Retry-After` in refusals,
//! which the protocol library does not pass on.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Request;
use http::header::RETRY_AFTER;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Hyper;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// For one call, with connecting and its answer's head.
const ANSWER: Duration = Duration::from_secs(30);
/// More than an authority can mean.
const LONGEST_RETRY: i64 = 7 * 24 * 3600;

/// A client of one authority; copies share everything.
#[derive(Clone)]
pub(super) struct Http {
    hyper: Hyper<HttpsConnector<HttpConnector>, BodyWrapper<Bytes>>,
    retry_after: Arc<AtomicI64>,
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
            retry_after: Arc::default(),
        })
    }

    /// The seconds that the last refusal asked to wait, once.
    pub(super) fn take_retry_after(&self) -> Option<i64> {
        Some(self.retry_after.swap(0, Relaxed)).filter(|seconds| *seconds > 0)
    }

    fn note(&self, response: &http::response::Parts) {
        if response.status.as_u16() < 400 {
            return;
        }
        let text = response
            .headers
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok());
        if let Some(seconds) = text.and_then(|text| seconds(text, SystemTime::now())) {
            self.retry_after.fetch_max(seconds, Relaxed);
        }
    }
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
        let (this, answer) = (self.clone(), self.hyper.request(request));
        Box::pin(async move {
            match tokio::time::timeout(ANSWER, answer).await {
                Ok(Ok(response)) => {
                    let response = BytesResponse::from(response);
                    this.note(&response.parts);
                    Ok(response)
                }
                Ok(Err(error)) => Err(Error::Other(Box::new(error))),
                Err(_) => Err(Error::Other("no answer in time".into())),
            }
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
