//! Networks in CIDR notation.

use ipnet::IpNet;

use super::{Invalid, Value};

/// A network, or a plain address that stands for itself alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr(pub IpNet);

impl Value for Cidr {
    const KIND: &'static str = "addresses or networks in CIDR notation";

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        text.parse::<IpNet>()
            .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
            .map(|net| Self(net.trunc()))
            .map_err(|_| Invalid::new(Self::KIND, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_network_of_one() {
        for (text, net) in [
            ("10.1.2.3", "10.1.2.3/32"),
            ("fd00::1", "fd00::1/128"),
            ("10.1.2.3/8", "10.0.0.0/8"),
        ] {
            assert_eq!(Cidr::parse(text).expect("valid").0.to_string(), net);
        }
        for text in ["", "10.0.0.0/33", "localhost", "10.0.0"] {
            assert!(Cidr::parse(text).is_err(), "{text}");
        }
    }
}
