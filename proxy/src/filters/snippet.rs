//! Runs a typed snippet as nginx runs the directives.
//!
//! Compilation turns the statements into a program without names or texts to look up (`program.rs`); `run.rs` executes
//! its rewrite phase from top to bottom and then applies what is configuration: the top level's, and that of the last
//! `if` that was true. Nothing is parsed here and no text is ever evaluated.

mod configure;
mod program;
mod run;

use ferrik_config::policy;

use super::{Filter, Flow};
use crate::compile::Context;
use crate::head::RequestHead;
use crate::request::Request;
use program::Program;

/// The compiled snippet.
#[derive(Debug)]
pub(crate) struct Snippet(Program);

impl Filter for Snippet {
    type Policy = policy::Snippet;

    fn compile(policy: &Self::Policy, _: &Context<'_>) -> Self {
        Self(Program::compile(policy))
    }

    fn request<H: RequestHead>(&self, request: &mut Request<'_, H>) -> Flow {
        run::run(&self.0, request)
    }
}

#[cfg(test)]
mod tests;
