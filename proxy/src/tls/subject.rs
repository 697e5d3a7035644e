//! Distinguished names and other fields of a client's certificate as backends are told of them.
//!
//! Called by the filters that forward a client's certificate. The text form is OpenSSL's `XN_FLAG_RFC2253`
//! (RFC 2253 §2, last attribute first), which nginx prints as `$ssl_client_s_dn`.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::X509Name;

use self::attribute::Attribute;

mod attribute;

/// A parsed certificate.
pub(crate) struct Identity<'a>(X509Certificate<'a>);

impl<'a> Identity<'a> {
    /// Reads a certificate; `None` if it is none.
    pub(crate) fn parse(certificate: &'a CertificateDer<'_>) -> Option<Self> {
        X509Certificate::from_der(certificate)
            .ok()
            .map(|(_, certificate)| Self(certificate))
    }

    /// nginx's `$ssl_client_s_dn`.
    pub(crate) fn subject_dn(&self) -> String {
        distinguished_name(self.0.subject())
    }

    /// nginx's `$ssl_client_i_dn`.
    pub(crate) fn issuer_dn(&self) -> String {
        distinguished_name(self.0.issuer())
    }

    /// Attributes of the subject in the certificate's order, as (OpenSSL's short name or dotted OID, text).
    pub(crate) fn subject(&self) -> Vec<(Cow<'static, str>, String)> {
        attributes(self.0.subject())
    }

    /// Attributes of the issuer, as [`Self::subject`].
    pub(crate) fn issuer(&self) -> Vec<(Cow<'static, str>, String)> {
        attributes(self.0.issuer())
    }

    /// The serial number in decimal.
    pub(crate) fn serial_number(&self) -> String {
        self.0.tbs_certificate.serial.to_string()
    }

    /// Start and end of its validity, seconds since 1970.
    pub(crate) fn validity(&self) -> (i64, i64) {
        let validity = self.0.validity();
        (validity.not_before.timestamp(), validity.not_after.timestamp())
    }

    /// Subject alternative names in Traefik's order: DNS names, mail addresses, IP addresses, URIs.
    pub(crate) fn alternative_names(&self) -> Vec<String> {
        let extension = self.0.subject_alternative_name().ok().flatten();
        let mut names: Vec<(u8, String)> = extension
            .iter()
            .flat_map(|extension| &extension.value.general_names)
            .filter_map(|name| match name {
                GeneralName::DNSName(name) => Some((0, (*name).to_owned())),
                GeneralName::RFC822Name(name) => Some((1, (*name).to_owned())),
                GeneralName::IPAddress(bytes) => address(bytes).map(|address| (2, address.to_string())),
                GeneralName::URI(name) => Some((3, (*name).to_owned())),
                _ => None,
            })
            .collect();
        names.sort_by_key(|(rank, _)| *rank);
        names.into_iter().map(|(_, name)| name).collect()
    }
}

fn distinguished_name(name: &X509Name<'_>) -> String {
    let mut text = String::new();
    // OpenSSL reverses all attributes, also within a relative name of several.
    let relative: Vec<_> = name.iter_rdn().collect();
    for part in relative.into_iter().rev() {
        let attributes: Vec<_> = part.iter().collect();
        for (position, attribute) in attributes.into_iter().rev().enumerate() {
            if !text.is_empty() {
                text.push(if position == 0 { ',' } else { '+' });
            }
            Attribute::from(attribute).write(&mut text);
        }
    }
    text
}

fn attributes(name: &X509Name<'_>) -> Vec<(Cow<'static, str>, String)> {
    name.iter_attributes()
        .map(|attribute| {
            let attribute = Attribute::from(attribute);
            (attribute.name(), attribute.text())
        })
        .collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(|octets| IpAddr::V4(Ipv4Addr::from(octets)));
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(|octets| IpAddr::V6(Ipv6Addr::from(octets))))
        .ok()
}

#[cfg(test)]
mod tests;
