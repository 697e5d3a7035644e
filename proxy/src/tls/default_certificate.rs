//! The certificate for server names without one: self-signed, made once when it is first needed.
//!
//! Its name cannot be a real host's (RFC 2606 §2), so that nobody takes it for a misissued certificate.

use std::sync::{Arc, LazyLock};

use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

use super::crypto::provider;

static CERTIFICATE: LazyLock<Arc<CertifiedKey>> = LazyLock::new(|| Arc::new(make()));

/// The self-signed certificate of this process, with an ECDSA key on P-256.
pub(crate) fn default_certificate() -> Arc<CertifiedKey> {
    CERTIFICATE.clone()
}

fn make() -> CertifiedKey {
    let key = KeyPair::generate().expect("the system has randomness for a P-256 key");
    let mut params = CertificateParams::new(vec!["ferrik.invalid".to_owned()]).expect("a valid DNS name");
    params
        .distinguished_name
        .push(DnType::CommonName, "Ferrik default certificate");
    let certificate = params
        .self_signed(&key)
        .expect("a fixed template makes a certificate");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    CertifiedKey::from_der(vec![certificate.der().clone()], key, provider())
        .expect("the key belongs to the certificate")
}

#[cfg(test)]
mod tests {
    use super::super::Identity;
    use super::default_certificate;

    #[test]
    fn it_says_what_it_is() {
        let certificate = default_certificate();
        let identity = Identity::parse(&certificate.cert[0]).expect("a certificate");
        assert_eq!(identity.subject_dn(), "CN=Ferrik default certificate");
        assert_eq!(identity.alternative_names(), ["ferrik.invalid"]);
    }

    #[test]
    fn it_is_made_once() {
        assert!(std::sync::Arc::ptr_eq(
            &default_certificate(),
            &default_certificate()
        ));
    }
}
