//! Time spans in whole seconds.

use std::time::Duration;

use super::{Invalid, Value};

/// A number of seconds, as ingress-nginx's timeouts are written; a trailing `s` is accepted because people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds(pub u32);

impl Seconds {
    /// The same span as the standard library's type.
    pub fn duration(self) -> Duration {
        Duration::from_secs(u64::from(self.0))
    }
}

impl Value for Seconds {
    const KIND: &'static str = "a whole number of seconds";

    fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let digits = text.strip_suffix('s').unwrap_or(text);
        digits
            .parse()
            .map(Self)
            .map_err(|_| Invalid::new(Self::KIND, text))
    }
}
