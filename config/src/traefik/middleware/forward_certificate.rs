//! `passTLSClientCert`: tells the backend about the client's certificate.

use super::kind::Effect;
use crate::policy::{CertificateInfo, ForwardCertificate, NameParts, Policy};
use crate::traefik::field::Fields;

pub(super) fn read(fields: &mut Fields<'_, '_>) -> Effect {
    let forward = ForwardCertificate {
        pem: fields.flag("pem"),
        info: fields.nested("info", info),
    };
    Effect::Steps(vec![Policy::ForwardCertificate(forward)])
}

fn info(fields: &mut Fields<'_, '_>) -> CertificateInfo {
    CertificateInfo {
        subject: fields.nested("subject", |fields| {
            let organizational_unit = fields.flag("organizationalUnit");
            NameParts {
                organizational_unit,
                ..parts(fields)
            }
        }),
        // Traefik's issuer has no organizational unit.
        issuer: fields.nested("issuer", parts),
        serial_number: fields.flag("serialNumber"),
        not_before: fields.flag("notBefore"),
        not_after: fields.flag("notAfter"),
        sans: fields.flag("sans"),
    }
}

fn parts(fields: &mut Fields<'_, '_>) -> NameParts {
    NameParts {
        domain_component: fields.flag("domainComponent"),
        country: fields.flag("country"),
        province: fields.flag("province"),
        locality: fields.flag("locality"),
        organization: fields.flag("organization"),
        organizational_unit: false,
        serial_number: fields.flag("serialNumber"),
        common_name: fields.flag("commonName"),
    }
}
