//! Notes which answers are replaced by pages of another backend.
//!
//! The engine fetches the page: no filter talks to backends.

use std::sync::Arc;

use ferrik_config::policy;

use super::{Filter, Flow};
use crate::compile::Context;
use crate::head::RequestHead;
use crate::request::Request;
use crate::upstream::Backend;

/// Which answers are replaced, and by whose.
#[derive(Debug)]
pub(crate) struct Pages {
    statuses: Vec<u16>,
    only_own: bool,
    pub(crate) backend: Arc<Backend>,
}

impl Pages {
    /// True if an answer with this status is replaced; `is_own` says that it is not the application's.
    pub(crate) fn replace(&self, status: u16, is_own: bool) -> bool {
        (is_own || !self.only_own) && self.statuses.contains(&status)
    }

    pub(crate) fn statuses(&self) -> &[u16] {
        &self.statuses
    }
}

/// The compiled filter.
#[derive(Debug)]
pub(crate) struct ErrorPage(Arc<Pages>);

impl Filter for ErrorPage {
    type Policy = policy::ErrorPage;

    fn compile(policy: &Self::Policy, context: &Context<'_>) -> Self {
        Self(Arc::new(Pages {
            statuses: policy.statuses.clone(),
            only_own: policy.only_own,
            backend: context.backend(&policy.backend),
        }))
    }

    fn request<H: RequestHead>(&self, request: &mut Request<'_, H>) -> Flow {
        request.changes.error_page = Some(self.0.clone());
        Flow::Next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filters::testing::{Case, backend};

    fn pages(only_own: bool) -> Arc<Pages> {
        let policy = policy::ErrorPage {
            statuses: vec![404, 503],
            only_own,
            backend: backend("team", "pages", 80),
        };
        let run = Case::policy(policy::Policy::ErrorPage(policy)).run();
        assert!(run.reply.is_none());
        run.changes.error_page.expect("noted")
    }

    #[test]
    fn only_the_named_statuses_are_replaced() {
        let pages = pages(false);
        assert_eq!(pages.statuses(), [404, 503]);
        assert!(pages.replace(404, false) && pages.replace(503, true));
        assert!(!pages.replace(200, false) && !pages.replace(500, true));
    }

    #[test]
    fn the_applications_answers_may_be_left_alone() {
        let pages = pages(true);
        assert!(pages.replace(404, true));
        assert!(!pages.replace(404, false));
    }
}
