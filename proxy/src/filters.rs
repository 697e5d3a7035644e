//! Filters: the steps of a route, compiled.
//!
//! A route holds its steps in the order in which translation put them: the user's for Traefik's chains, nginx's phases
//! for the nginx dialect. Requests run them in that order, responses backwards, and only those that the request reached.
//! Each filter is one file: what it does, the compiled struct, `compile`, `impl Filter`, tests without sockets. There is no
//! dynamic dispatch and no boxed future, except where a filter really waits (a slow password hash).

use std::future::Future;
use std::pin::Pin;

use ferrik_config::policy::Policy;

use crate::compile::Context;
use crate::head::{RequestHead, ResponseHead};
use crate::reply::Reply;
use crate::request::Request;

/// One feature's behaviour.
pub(crate) trait Filter: Sized {
    /// The plain policy that it is compiled from.
    type Policy;

    /// Prepares everything that can be prepared. Cannot fail: translation has checked the policy.
    fn compile(policy: &Self::Policy, context: &Context<'_>) -> Self;

    /// Looks at the request; may change it, or answer it.
    fn request<H: RequestHead>(&self, _: &mut Request<'_, H>) -> Flow {
        Flow::Next
    }

    /// Changes the response, from the backend or from a later step, by what is known since compilation.
    fn response<H: ResponseHead>(&self, _: &mut H) {}
}

/// What happens after a step.
pub(crate) enum Flow {
    /// The next step runs.
    Next,
    /// The request is answered here.
    Reply(Reply),
    /// The route is looked up again with the changed path.
    Reroute,
    /// The next step runs once this is done, unless it brings an answer.
    Wait(Pin<Box<dyn Future<Output = Result<(), Reply>> + Send>>),
}

macro_rules! filters {
    ($($module:ident => $Filter:ident,)*) => {
        $(mod $module;)*

        /// One compiled step.
        #[derive(Debug)]
        pub(crate) enum Step {
            $($Filter(Box<$module::$Filter>),)*
        }

        impl Step {
            pub(crate) fn compile(policy: &Policy, context: &Context<'_>) -> Self {
                match policy {
                    $(Policy::$Filter(policy) => {
                        Self::$Filter(Box::new(<$module::$Filter as Filter>::compile(policy, context)))
                    })*
                }
            }

            pub(crate) fn request<H: RequestHead>(&self, request: &mut Request<'_, H>) -> Flow {
                match self { $(Self::$Filter(filter) => filter.request(request),)* }
            }

            pub(crate) fn response<H: ResponseHead>(&self, head: &mut H) {
                match self { $(Self::$Filter(filter) => filter.response(head),)* }
            }
        }
    };
}

filters! {
    basic_auth => BasicAuth,
    body_limit => BodyLimit,
    client_certificate => ClientCertificate,
    closed => Closed,
    connection_limit => ConnectionLimit,
    cors => Cors,
    error_page => ErrorPage,
    forward_certificate => ForwardCertificate,
    header => Header,
    https_redirect => HttpsRedirect,
    ip_access => IpAccess,
    rate_limit => RateLimit,
    redirect => Redirect,
    rewrite => Rewrite,
    snippet => Snippet,
}

pub(crate) use client_certificate::VERIFY;
pub(crate) use connection_limit::ConnectionSlot;
pub(crate) use error_page::Pages;
pub(crate) use https_redirect::{Plain, redirect as https_redirect};

#[cfg(test)]
pub(crate) mod testing;
