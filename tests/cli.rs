//! The commands that need no running proxy, as a user's script sees them: arguments and files in, lines, JSON and exit
//! status out.
//!
//! Everything that is asserted here is a promise; whoever changes a line changes scripts of others.

mod cli {
    pub(crate) mod binary;
    mod check;
    mod demo;
    mod explain;
    mod surface;
    mod translate;
}
