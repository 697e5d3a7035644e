//! Lets nobody through.

use ferrik_config::policy;

use super::{Filter, Flow};
use crate::compile::Context;
use crate::head::RequestHead;
use crate::reason::Reason;
use crate::reply::Reply;
use crate::request::Request;

/// The compiled refusal.
#[derive(Debug)]
pub(crate) struct Closed;

impl Filter for Closed {
    type Policy = policy::Closed;

    fn compile(_: &Self::Policy, _: &Context<'_>) -> Self {
        Self
    }

    fn request<H: RequestHead>(&self, _: &mut Request<'_, H>) -> Flow {
        Flow::Reply(Reply::page(503, Reason::RouteClosed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filters::testing::Case;

    #[test]
    fn everything_is_refused() {
        assert_eq!(Case::policy(policy::Policy::Closed(policy::Closed)).status(), Some(503));
    }
}
