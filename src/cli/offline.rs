//! Arguments of the commands that read files and need no running proxy.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};
use ferrik_config::settings::Settings;
use http::Method;

use super::Selection;
use super::value::{Header, Url, header, url};

/// What every offline command takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Offline {
    /// Files and folders of objects; of a folder, .yaml, .yml and .json with its sub-folders.
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,

    #[command(flatten)]
    pub(crate) selection: Selection,

    /// Take an Ingress whose class has one of the --ingress-class names even if its IngressClass is not among the files.
    /// That is the default here, unlike in `run`: a folder of objects seldom holds the class. Its dialect follows the
    /// name. =false takes only what `run` would take without the flag.
    #[arg(
        long,
        value_name = "BOOL",
        action = ArgAction::Set,
        num_args = 0..=1,
        require_equals = true,
        default_value = "true",
        default_missing_value = "true",
        hide_possible_values = true,
        help_heading = "Which objects"
    )]
    pub(crate) ingress_class_by_name: bool,
}

impl Offline {
    /// What translation needs to know.
    pub(crate) fn settings(&self) -> Settings {
        self.selection.settings(self.ingress_class_by_name)
    }
}

/// Arguments of `check`.
#[derive(Args, Debug)]
pub(crate) struct Check {
    /// Exit with 1 for warnings too.
    #[arg(long)]
    pub(crate) strict: bool,

    /// text: a line for each problem; json: one object with all of them.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,

    #[command(flatten)]
    pub(crate) offline: Offline,
}

/// Arguments of `translate`.
#[derive(Args, Debug)]
pub(crate) struct Translate {
    /// Indent the JSON.
    #[arg(long)]
    pub(crate) pretty: bool,

    #[command(flatten)]
    pub(crate) offline: Offline,
}

/// Arguments of `explain`.
#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// text: for people; json: for programs.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,

    /// The URL that is asked for, with scheme and host; nothing in it is changed.
    #[arg(long, value_name = "URL", value_parser = url, help_heading = "The request")]
    pub(crate) url: Url,

    /// A header field of the request. May be given several times; Host replaces the host of the URL.
    #[arg(long, value_name = "NAME: VALUE", value_parser = header, help_heading = "The request")]
    pub(crate) header: Vec<Header>,

    /// The method.
    #[arg(
        long,
        value_name = "METHOD",
        default_value = "GET",
        help_heading = "The request"
    )]
    pub(crate) method: Method,

    /// The address that the request comes from.
    #[arg(
        long,
        value_name = "IP",
        default_value = "192.0.2.1",
        help_heading = "The request"
    )]
    pub(crate) from: IpAddr,

    #[command(flatten)]
    pub(crate) offline: Offline,
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}
