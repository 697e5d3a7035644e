//! `allow` and `deny` (`ngx_http_access_module.c`).

use crate::policy::{AccessRule, Action};
use crate::value::{Cidr, Value};

use super::builder::{Builder, Built, Trouble};
use super::parser::Directive;

/// `allow address | CIDR | all;`
pub(super) fn allow(_: &mut Builder, directive: &Directive) -> Built {
    rule(true, directive)
}

/// `deny address | CIDR | all;`
pub(super) fn deny(_: &mut Builder, directive: &Directive) -> Built {
    rule(false, directive)
}

fn rule(allow: bool, directive: &Directive) -> Built {
    let network = match directive.arguments.first().map_or("", String::as_str) {
        "all" => None,
        text => {
            let Cidr(network) = Cidr::parse(text).map_err(|invalid| {
                Trouble::invalid(invalid, "name an address, a network such as 10.0.0.0/8, or `all`")
            })?;
            Some(network)
        }
    };
    Ok(Some(Action::Access(AccessRule { allow, network })))
}
