//! The cluster's certificate authority: certificates of servers, and of clients whose subject is who they are.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};

/// A certificate with its key, both PEM.
pub(crate) struct Issued {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// A certificate authority, made anew for each cluster.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = named("lab-ca");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = key();
        let certificate = params.self_signed(&key).expect("the parameters are good");
        Self {
            certificate: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// The root, PEM.
    pub(crate) fn pem(&self) -> &str {
        &self.certificate
    }

    /// A server certificate for names and addresses.
    pub(crate) fn server(&self, names: &[String]) -> Issued {
        let mut params = CertificateParams::new(names).expect("host names and addresses");
        params.distinguished_name = named("kube-apiserver");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.issue(&params)
    }

    /// A client certificate: Kubernetes reads the user from the common name and groups from the organizations.
    pub(crate) fn client(&self, user: &str, groups: &[String]) -> Issued {
        let mut params = CertificateParams::default();
        params.distinguished_name = named(user);
        // rcgen keeps one value for each type, and its two spellings of the organization are two types.
        let spellings = [DnType::OrganizationName, DnType::CustomDnType(vec![2, 5, 4, 10])];
        assert!(groups.len() <= spellings.len(), "at most two groups");
        for (spelling, group) in spellings.into_iter().zip(groups) {
            params.distinguished_name.push(spelling, group.as_str());
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(&params)
    }

    fn issue(&self, params: &CertificateParams) -> Issued {
        let key = key();
        let certificate = params
            .signed_by(&key, &self.issuer)
            .expect("the parameters are good");
        Issued {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

/// A new key pair, ECDSA P-256.
pub(crate) fn key() -> KeyPair {
    KeyPair::generate().expect("keys can be made")
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}
