//! Follows the addresses of one name: asks, tells what was answered, waits, asks again.
//!
//! A failure is logged once, until an answer comes; the caller keeps what it was told before.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::Lookup;

/// How often a name is looked up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// After an answer; the longest wait after failures, too.
    pub(crate) refresh: Duration,
    /// After the first failure; it doubles with each further one.
    pub(crate) retry: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            refresh: Duration::from_secs(30),
            retry: Duration::from_secs(1),
        }
    }
}

/// Follows one name until it is dropped. `tell` gets every answer, sorted, without addresses that are refused; the next
/// question waits until it is through.
pub(super) async fn follow<L: Lookup>(
    name: String,
    lookup: Arc<L>,
    lookups: Arc<Semaphore>,
    pace: Pace,
    tell: impl Fn(&str, Vec<IpAddr>) -> JoinHandle<()>,
) {
    let mut retry = pace.retry;
    let mut fails = false;
    let mut refused = Vec::new();
    loop {
        let answer = {
            let _permit = lookups.acquire().await;
            lookup.addresses(&name).await
        };
        match answer {
            Ok(mut addresses) => {
                addresses.sort_unstable();
                addresses.dedup();
                if fails {
                    tracing::info!(%name, "the name is resolved again");
                }
                (fails, retry) = (false, pace.retry);
                let (used, now_refused): (Vec<_>, Vec<_>) =
                    addresses.into_iter().partition(|ip| !is_refused(*ip));
                if !now_refused.is_empty() && now_refused != refused {
                    tracing::warn!(
                        %name,
                        addresses = ?now_refused,
                        "the name of an external Service leads to this machine or its link; these addresses are not used"
                    );
                }
                refused = now_refused;
                if let Err(error) = tell(&name, used).await {
                    tracing::error!(%name, %error, "the addresses of the name could not be published");
                }
                tokio::time::sleep(pace.refresh).await;
            }
            Err(error) => {
                if !fails {
                    tracing::warn!(%name, %error, "the name of an external Service is not resolved; what it was stays");
                }
                fails = true;
                tokio::time::sleep(retry).await;
                retry = (retry * 2).min(pace.refresh);
            }
        }
    }
}

/// True for addresses that mean this machine or its own link, where metadata services of clouds are (169.254.169.254).
/// An IPv4 address inside an IPv6 one is judged as what it is.
fn is_refused(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    let is_link_local = match ip {
        // 0.0.0.0/8 is "this host" (RFC 1122 §3.2.1.3); Linux connects 0.0.0.0 to itself.
        IpAddr::V4(ip) => ip.is_link_local() || ip.octets()[0] == 0 || ip.is_broadcast(),
        // `::7f00:1` is an IPv4-compatible 127.0.0.1 (RFC 4291 §2.5.5.1).
        IpAddr::V6(ip) => {
            ip.is_unicast_link_local()
                || ip
                    .to_ipv4()
                    .is_some_and(|ip| ip.is_loopback() || ip.is_link_local())
        }
    };
    ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() || is_link_local
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine_and_its_link_are_refused() {
        for text in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(is_refused(text.parse().expect("an address")), "{text}");
        }
        for text in [
            "10.0.0.1",
            "192.0.2.1",
            "2001:db8::1",
            "fd00::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(!is_refused(text.parse().expect("an address")), "{text}");
        }
    }
}
