//! Refuses bodies that are too large: at once if `Content-Length` says so, else when the limit is passed.
//!
//! Only the limit is set here; the engine counts, because no filter holds the body.

use ferrik_config::policy;
use http::header::CONTENT_LENGTH;

use super::{Filter, Flow};
use crate::compile::Context;
use crate::head::RequestHead;
use crate::reason::Reason;
use crate::reply::Reply;
use crate::request::Request;

/// The compiled limit.
#[derive(Debug)]
pub(crate) struct BodyLimit {
    bytes: u64,
}

impl Filter for BodyLimit {
    type Policy = policy::BodyLimit;

    fn compile(policy: &Self::Policy, _: &Context<'_>) -> Self {
        Self { bytes: policy.bytes }
    }

    fn request<H: RequestHead>(&self, request: &mut Request<'_, H>) -> Flow {
        let announced = request.head.text(&CONTENT_LENGTH).and_then(|text| text.trim().parse::<u64>().ok());
        if announced.is_some_and(|length| length > self.bytes) {
            return Flow::Reply(Reply::page(413, Reason::BodyTooLarge));
        }
        let limit = request.changes.body_limit.map_or(self.bytes, |other| other.min(self.bytes));
        request.changes.body_limit = Some(limit);
        Flow::Next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filters::testing::Case;

    #[test]
    fn announced_bodies_are_refused_at_once_and_others_are_counted() {
        let case = Case::policy(policy::Policy::BodyLimit(policy::BodyLimit { bytes: 10 }));
        assert_eq!(case.clone().field("content-length", "11").status(), Some(413));
        assert_eq!(case.clone().field("content-length", "10").run().changes.body_limit, Some(10));
        assert_eq!(case.run().changes.body_limit, Some(10));
    }
}
