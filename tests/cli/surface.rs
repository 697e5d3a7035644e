//! What every command has: help, a version, and refusals that say what would have been right.

use super::binary::ferrik;

#[test]
fn the_version_is_one_line() {
    let outcome = ferrik(&["version"]);
    assert_eq!(
        outcome.stdout,
        concat!("ferrik ", env!("CARGO_PKG_VERSION"), "\n")
    );
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""));
    assert_eq!(ferrik(&["--version"]).stdout, outcome.stdout);
}

#[test]
fn help_names_every_command_and_flag() {
    let help = ferrik(&["--help"]).stdout;
    for command in ["run", "check", "translate", "explain", "demo", "version"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command}: {help}");
        assert_eq!(ferrik(&[command, "--help"]).code, Some(0), "{command}");
    }
    let help = ferrik(&["run", "--help"]).stdout;
    for flag in [
        "--files",
        "--http",
        "--https",
        "--admin",
        "--admin-socket",
        "--trusted-proxies",
        "--default-ssl-certificate",
        "--default-backend-service",
        "--ingress-class",
        "--controller-class",
        "--watch-ingress-without-class",
        "--ingress-class-by-name",
        "--configmap",
        "--access-log",
        "--access-log-header",
        "--access-log-query",
        "--log-format",
        "--drain-timeout",
        "--https-redirect",
        "--client-header-timeout",
        "--keepalive-timeout",
        "--threads",
        "--max-connections",
    ] {
        assert!(
            help.contains(&format!("{flag} ")) || help.contains(&format!("{flag}[")),
            "{flag}: {help}"
        );
    }
}

#[test]
fn without_a_folder_and_without_a_cluster_there_is_nothing_to_serve() {
    let outcome = ferrik(&[
        "run",
        "--http",
        "127.0.0.1:0",
        "--https",
        "127.0.0.1:0",
        "--admin",
        "127.0.0.1:0",
    ]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
    for word in ["not running in a cluster", "--files", "--kubeconfig"] {
        assert!(outcome.stderr.contains(word), "{}", outcome.stderr);
    }
}

#[test]
fn a_wrong_command_line_is_told_on_standard_error() {
    for arguments in [
        &[][..],
        &["serve"],
        &["check"],
        &["run", "--files"],
        &["run", "--files", ".", "--kubeconfig", "x"],
        &["explain", "."],
        &["check", ".", "--format", "xml"],
    ] {
        let outcome = ferrik(arguments);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (Some(2), ""),
            "{arguments:?}"
        );
        assert!(
            outcome.stderr.starts_with("error: ") || outcome.stderr.contains("Usage: ferrik"),
            "{arguments:?}: {}",
            outcome.stderr
        );
    }
}
