//! Logins as clients send them, against lists as translation makes them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as PADDED;
use ferrik_config::policy::{Credential, HeaderName as Name, Policy};

use super::checks::Checks;
use crate::filters::testing::{Case, Run};
use crate::lasting::Lasting;
use crate::reason::Reason;

/// All are of `secret`.
const BCRYPT: &str = "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
const APR1: &str = "$apr1$salt$VEpBc9VHGUKwI9.yg13Iu0";
const SHA: &str = "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=";
const DES: &str = "abNANd1rDfiNc";

fn policy(credentials: &[(&str, &str)]) -> super::policy::BasicAuth {
    let credential = |(user, hash): &(&str, &str)| Credential {
        user: (*user).into(),
        hash: (*hash).into(),
    };
    super::policy::BasicAuth {
        realm: "Members".into(),
        credentials: credentials.iter().map(credential).collect(),
        forward_authorization: false,
        user_header: None,
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", PADDED.encode(format!("{user}:{password}")))
}

fn login(credentials: &[(&str, &str)], user: &str, password: &str) -> Run {
    Case::policy(Policy::BasicAuth(policy(credentials)))
        .field("authorization", &basic(user, password))
        .run()
}

#[test]
fn the_right_password_of_a_user_passes() {
    let list = [
        ("ann", BCRYPT),
        ("bob", APR1),
        ("cid", SHA),
        ("dan", "{PLAIN}secret"),
        ("eve", DES),
        ("ann", SHA),
    ];
    for (user, password, status) in [
        ("ann", "secret", None),
        ("bob", "secret", None),
        ("cid", "secret", None),
        ("dan", "secret", None),
        ("ann", "Secret", Some(401)),
        ("bob", "", Some(401)),
        ("cid", "secret ", Some(401)),
        ("dan", "{PLAIN}secret", Some(401)),
        ("eve", "secret", Some(401)),
        ("Ann", "secret", Some(401)),
        ("fay", "secret", Some(401)),
        ("", "secret", Some(401)),
        ("", "", Some(401)),
    ] {
        assert_eq!(login(&list, user, password).status(), status, "{user}:{password}");
    }
}

#[test]
fn the_first_of_a_name_counts_even_if_it_is_unusable() {
    assert_eq!(
        login(&[("ann", DES), ("ann", SHA)], "ann", "secret").status(),
        Some(401)
    );
    assert_eq!(
        login(&[("ann", SHA), ("ann", DES)], "ann", "secret").status(),
        None
    );
}

#[test]
fn without_a_usable_user_nobody_passes() {
    for list in [&[][..], &[("ann", DES)], &[("ann", "")]] {
        for (user, password) in [("ann", "secret"), ("ann", ""), ("", "")] {
            assert_eq!(login(list, user, password).status(), Some(401), "{list:?}");
        }
    }
}

#[test]
fn a_password_may_hold_colons_and_any_letters() {
    assert_eq!(login(&[("ann", "{PLAIN}a:b:")], "ann", "a:b:").status(), None);
    assert_eq!(
        login(&[("jürgen", "{PLAIN}pässwörd ✓")], "jürgen", "pässwörd ✓").status(),
        None
    );
    assert_eq!(
        login(&[("ann:a", "{PLAIN}b:")], "ann", "a:b:").status(),
        Some(401)
    );
}

#[test]
fn credentials_are_read_as_the_rfc_writes_them() {
    let right = PADDED.encode("cid:secret");
    for (value, status) in [
        (format!("Basic {right}"), None),
        (format!("bAsIc   {right}  "), None),
        (format!("Basic {}", right.trim_end_matches('=')), None),
        (format!("Basic{right}"), Some(401)),
        (format!("Bearer {right}"), Some(401)),
        (right.clone(), Some(401)),
        ("Basic".into(), Some(401)),
        ("Basic ".into(), Some(401)),
        ("Basic \u{e9}".into(), Some(401)),
        ("Basic !!!!".into(), Some(401)),
        (format!("Basic {right} {right}"), Some(401)),
        (format!("Basic {}", PADDED.encode("cid")), Some(401)),
        (format!("Basic {}", PADDED.encode("cid:secret\n")), Some(401)),
        (format!("Basic {}", PADDED.encode("cid:secret\0x")), Some(401)),
        (format!("Basic {}", PADDED.encode(b"cid:\xff\xfe")), Some(401)),
    ] {
        let case = Case::policy(Policy::BasicAuth(policy(&[("cid", SHA)]))).field("authorization", &value);
        assert_eq!(case.status(), status, "{value}");
    }
}

#[test]
fn two_credentials_are_none() {
    let right = basic("cid", "secret");
    for other in [&right, &basic("root", "x")] {
        let case = Case::policy(Policy::BasicAuth(policy(&[("cid", SHA)])));
        assert_eq!(
            case.field("authorization", &right)
                .field("authorization", other)
                .status(),
            Some(401)
        );
    }
}

#[test]
fn the_refusal_names_the_realm() {
    for (realm, value) in [
        ("Members", r#"Basic realm="Members""#),
        ("", r#"Basic realm="""#),
        (r#"a"b\c"#, r#"Basic realm="a\"b\\c""#),
        ("a\r\nb", r#"Basic realm="a  b""#),
    ] {
        for credentials in [&[("ann", BCRYPT)], &[("ann", SHA)]] {
            let policy = || {
                Policy::BasicAuth(super::policy::BasicAuth {
                    realm: realm.into(),
                    ..policy(credentials)
                })
            };
            for case in [
                Case::policy(policy()),
                Case::policy(policy()).field("authorization", &basic("ann", "x")),
            ] {
                let reply = case.run().reply.expect("refused");
                assert_eq!((reply.status, reply.reason), (401, Reason::PasswordMissing));
                assert_eq!(
                    reply.fields,
                    [(super::WWW_AUTHENTICATE, value.parse().expect("a value"))]
                );
            }
        }
    }
}

#[test]
fn the_backend_learns_the_user_and_the_password_only_where_it_should() {
    for hash in [BCRYPT, SHA] {
        for forward_authorization in [false, true] {
            let policy = super::policy::BasicAuth {
                forward_authorization,
                user_header: Some(Name::parse("X-Web-User").expect("a name")),
                ..policy(&[("ann", hash)])
            };
            let run = Case::policy(Policy::BasicAuth(policy))
                .field("authorization", &basic("ann", "secret"))
                .field("x-web-user", "root")
                .field("x-web-user", "admin")
                .field("x_web-user", "root")
                .field("x_web_user", "root")
                .field("x-web-users", "stays")
                .run();
            assert_eq!(run.status(), None);
            assert_eq!(run.request_field("x-web-user"), ["ann"]);
            assert_eq!(
                run.request_field("x_web-user").len() + run.request_field("x_web_user").len(),
                0
            );
            assert_eq!(run.request_field("x-web-users"), ["stays"]);
            assert_eq!(
                run.request_field("authorization").len(),
                usize::from(forward_authorization)
            );
            assert_eq!(run.changes.user.as_deref(), Some("ann"));
        }
    }
}

#[test]
fn a_users_name_frames_no_message() {
    let policy = super::policy::BasicAuth {
        user_header: Some(Name::parse("Content-Length").expect("a name")),
        ..policy(&[("ann", SHA)])
    };
    let case = Case::policy(Policy::BasicAuth(policy)).field("authorization", &basic("ann", "secret"));
    let run = case.field("content-length", "5").run();
    assert_eq!(run.status(), None);
    assert_eq!(run.request_field("content-length"), ["5"]);
}

#[test]
fn a_login_that_was_proved_is_not_checked_again_by_a_new_table() {
    let lasting = Lasting::default();
    let list = [("ann", BCRYPT), ("bob", APR1), ("cid", SHA)];
    let status = |list, user, password| {
        let case =
            Case::policy(Policy::BasicAuth(policy(list))).field("authorization", &basic(user, password));
        case.run_with(&lasting)
            .reply
            .map(|reply| (reply.status, reply.reason))
    };
    assert_eq!(status(&list, "ann", "secret"), None);
    let checks = Checks::of(&policy(&list).credentials, &lasting);
    // As long as no slow check can be made, who needs one is sent away.
    let crowd = checks.crowd();
    let (busy, wrong) = ((503, Reason::TooManyRequests), (401, Reason::PasswordMissing));
    for (user, password, answer) in [
        ("ann", "secret", None),
        ("ann", "wrong", Some(busy)),
        ("bob", "secret", Some(busy)),
        ("cid", "secret", None),
        ("cid", "wrong", Some(wrong)),
    ] {
        assert_eq!(status(&list, user, password), answer, "{user}:{password}");
    }
    drop(crowd);
    assert_eq!(status(&list, "bob", "secret"), None);
    assert_eq!(status(&list, "ann", "wrong"), Some(wrong));
    assert_eq!(
        status(
            &[("ann", BCRYPT.replace("WIrW", "WIrX").as_str())],
            "ann",
            "secret"
        ),
        Some(wrong)
    );
}

#[test]
fn who_is_sent_away_is_told_when_to_come_back() {
    let lasting = Lasting::default();
    let policy = policy(&[("ann", BCRYPT)]);
    let checks = Checks::of(&policy.credentials, &lasting);
    let _crowd = checks.crowd();
    // A user who is not there takes the same way as one who is.
    for user in ["ann", "eve"] {
        let case =
            Case::policy(Policy::BasicAuth(policy.clone())).field("authorization", &basic(user, "secret"));
        let reply = case.run_with(&lasting).reply.expect("refused");
        assert_eq!(reply.status, 503, "{user}");
        assert_eq!(
            reply.fields,
            [(super::RETRY_AFTER, "1".parse().expect("a value"))]
        );
    }
}
