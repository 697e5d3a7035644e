//! The cryptography that every handshake uses, fixed here instead of taken from the process default.
//!
//! Other crates of the process may install another default provider first; this one is the only one that
//! offers X25519MLKEM768, which browsers speak by default.

use std::sync::{Arc, LazyLock};

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::ProducesTickets;

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(aws_lc_rs::default_provider()));

/// The provider, with X25519MLKEM768 as its first key exchange group.
pub(super) fn provider() -> &'static Arc<CryptoProvider> {
    &PROVIDER
}

/// Makes a ticket key of its own, replaced every six hours. `None` if there is no randomness: then sessions
/// are not resumed.
pub(super) fn tickets() -> Option<Arc<dyn ProducesTickets>> {
    aws_lc_rs::Ticketer::new()
        .inspect_err(|error| tracing::warn!(%error, "session tickets are off"))
        .ok()
}

#[cfg(test)]
mod tests {
    use rustls::NamedGroup;

    use super::provider;

    #[test]
    fn the_hybrid_group_is_preferred() {
        assert_eq!(provider().kx_groups[0].name(), NamedGroup::X25519MLKEM768);
    }
}
