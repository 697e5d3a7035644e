//! `chain`: the names of other middlewares, in order.

use super::kind::Effect;
use crate::traefik::field::Fields;

/// One middleware of a chain.
#[derive(Debug)]
pub(in crate::traefik) struct Member {
    /// Its place in the list.
    pub(super) at: usize,
    /// Its name.
    pub(super) name: String,
    /// Its namespace, if one is written.
    pub(super) namespace: Option<String>,
}

pub(super) fn read(fields: &mut Fields<'_, '_>) -> Effect {
    let mut members = Vec::new();
    for at in 0..fields.list("middlewares").len() {
        members.extend(fields.item("middlewares", at, |item| {
            let name = item.required(
                "name",
                "no name is written",
                "name a Middleware of this namespace",
            );
            Member {
                at,
                name: name.to_owned(),
                namespace: item
                    .text("namespace")
                    .filter(|it| !it.is_empty())
                    .map(str::to_owned),
            }
        }));
    }
    Effect::Chain(members)
}
