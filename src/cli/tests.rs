//! Command lines that are understood, and some that are not.

use std::time::Duration;

use super::*;

fn parse(words: &str) -> Result<Command, String> {
    let words = std::iter::once("ferrik").chain(words.split_whitespace());
    Cli::try_parse_from(words)
        .map(|cli| cli.command)
        .map_err(|error| error.to_string())
}

fn run(words: &str) -> Run {
    match parse(&format!("run {words}")) {
        Ok(Command::Run(run)) => *run,
        other => panic!("{words}: {other:?}"),
    }
}

fn explain(words: &str) -> Result<Explain, String> {
    match parse(&format!("explain objects {words}"))? {
        Command::Explain(explain) => Ok(explain),
        other => panic!("{words}: {other:?}"),
    }
}

#[test]
fn the_definitions_fit_together() {
    use clap::CommandFactory as _;
    Cli::command().debug_assert();
}

#[test]
fn defaults_are_those_that_the_help_names() {
    let run = run("--files objects");
    let addresses: Vec<String> = [&run.listen.http, &run.listen.https]
        .into_iter()
        .flatten()
        .map(ToString::to_string)
        .collect();
    assert_eq!(addresses, ["[::]:80", "[::]:443"]);
    assert_eq!(run.listen.admin.to_string(), "127.0.0.1:10254");
    assert_eq!(
        (run.listen.trusted_proxies.len(), run.listen.https_redirect),
        (0, false)
    );
    assert_eq!(run.limit.client_header_timeout, Duration::from_secs(60));
    assert_eq!(run.limit.keepalive_timeout, Duration::from_secs(75));
    assert_eq!((run.limit.max_connections, run.limit.threads), (None, None));
    assert_eq!(
        (run.log.access_log, run.log.log_format),
        (LogTarget::Stdout, LogFormat::Text)
    );
    assert_eq!(
        (run.log.access_log_header.len(), run.log.access_log_query),
        (0, LogQuery::Keep)
    );
    let settings = run.selection.settings(run.ingress_class_by_name);
    assert_eq!(settings, ferrik_config::settings::Settings::default());
}

#[test]
fn flags_repeat_and_replace_their_default() {
    let run = run(
        "--files a --files b --http 127.0.0.1:0 --http [::1]:0 --https 127.0.0.1:0 --ingress-class public \
         --trusted-proxies 10.0.0.0/8,192.0.2.1 --trusted-proxies fd00::/8 --default-backend-service ns/web \
         --access-log off --access-log-header X-A,X-B --access-log-header X-C --access-log-query drop \
         --drain-timeout 5s --threads 2",
    );
    assert_eq!(
        (run.files.len(), run.listen.http.len(), run.listen.https.len()),
        (2, 2, 1)
    );
    let nets: Vec<String> = run
        .listen
        .trusted_proxies
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(nets, ["10.0.0.0/8", "192.0.2.1/32", "fd00::/8"]);
    assert_eq!(
        (run.log.access_log, run.limit.drain_timeout),
        (LogTarget::Off, Duration::from_secs(5))
    );
    assert_eq!(run.log.access_log_header, ["x-a", "x-b", "x-c"]);
    assert_eq!(run.log.access_log_query, LogQuery::Drop);
    let settings = run.selection.settings(false);
    assert_eq!(settings.ingress_classes, ["public"]);
    assert_eq!(settings.default_backend, Some(("ns".into(), "web".into())));
}

#[test]
fn switches_are_understood_as_ingress_nginx_writes_them() {
    for (words, expected) in [
        ("", false),
        ("--watch-ingress-without-class", true),
        ("--watch-ingress-without-class=true", true),
        ("--watch-ingress-without-class=false", false),
    ] {
        assert_eq!(
            run(&format!("--files a {words}"))
                .selection
                .watch_ingress_without_class,
            expected,
            "{words}"
        );
    }
}

#[test]
fn classes_are_taken_by_name_offline() {
    for (words, expected) in [("", true), ("--ingress-class-by-name=false", false)] {
        let settings = explain(&format!("--url http://a {words}"))
            .expect("understood")
            .offline
            .settings();
        assert_eq!(settings.class_by_name, expected, "{words}");
    }
}

#[test]
fn urls_keep_every_byte() {
    for (text, https, authority, target) in [
        ("https://a.example.org", true, "a.example.org", "/"),
        (
            "http://a.example.org:8080?b=c",
            false,
            "a.example.org:8080",
            "/?b=c",
        ),
        (
            "HTTPS://A/doi%3A10.5063%2FF1//x?y=/z#here",
            true,
            "A",
            "/doi%3A10.5063%2FF1//x?y=/z",
        ),
        ("http://[::1]:80/a", false, "[::1]:80", "/a"),
    ] {
        let url = explain(&format!("--url {text}")).expect("understood").url;
        assert_eq!(
            (url.https, &*url.authority, &*url.target),
            (https, authority, target),
            "{text}"
        );
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    for words in [
        "run --files a --kubeconfig b",
        "run --files a --watch-namespace b",
        "run --publish-service name",
        "run --publish-service a/b --publish-status-address 192.0.2.1",
        "run --publish-node-address 192.0.2.2 --publish-status-address 192.0.2.1",
        "status name",
        "status a/b --timeout 5",
        "run --files a --http 80",
        "run --files a --trusted-proxies everyone",
        "run --files a --default-ssl-certificate name",
        "run --files a --threads 0",
        "run --files a --access-log-header a:b",
        "run --files a --access-log-query some",
        "check",
        "explain objects",
        "explain objects --url a.example.org/",
        "explain objects --url ftp://a.example.org/",
        "explain objects --url http:///a",
        "explain objects --url http://user@a.example.org/",
        "explain objects --url http://a --header nothing",
        "explain objects --url http://a --from somewhere",
        "help check",
    ] {
        assert!(parse(words).is_err(), "{words}");
    }
}
