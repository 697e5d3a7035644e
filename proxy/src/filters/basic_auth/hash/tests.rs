//! Stored passwords of every form, right, wrong and refused.

use super::*;

fn matches(hash: &str, password: &[u8]) -> Option<bool> {
    Hash::parse(hash).map(|hash| match hash {
        Hash::Fast(hash) => hash.matches(password),
        Hash::Slow(hash) => hash.matches(password),
    })
}

/// Each made by `openssl passwd`, by the C library's crypt, or by the rules of RFC 2307.
const OF_SECRET: &[&str] = &[
    "$2a$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
    "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
    "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
    "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW:a remark",
    "$apr1$salt$VEpBc9VHGUKwI9.yg13Iu0",
    "$1$salt$ez2vlPGdaLYkJam5pWs/Y1",
    "$5$salt$kpa26zwgX83BPSR8d7w93OIXbFt/d3UOTZaAu5vsTM6",
    "$5$rounds=1000$salt$CCvcOM6b7TEJDPb37Aec/9UpOg4QhPNAxPpL9ZzjTB7",
    "$6$salt$egUxKNxDs8kPfh8iPMNcosMhb2eWah6d3R44JDm5Rj/j/XWR5E33QPd0YmHXoDHOIDR6kL5D3JcQcz0O8FHE00",
    "$6$rounds=1000$saltsaltsaltsalt$cv7no.30n.S75jcCNBQv6o7WVXQ5AaB1EpIeSKwsNupcnQDQ0DsukcAPRNjPumwKIBg2JK5ii9uw5enNnnA4N/",
    "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
    "{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0",
    "{PLAIN}secret",
];

#[test]
fn every_accepted_form_knows_its_password() {
    for hash in OF_SECRET {
        assert_eq!(matches(hash, b"secret"), Some(true), "{hash}");
        for wrong in [&b""[..], b"secres", b"Secret", b"secret ", b"secre", b"secret\0"] {
            assert_eq!(matches(hash, wrong), Some(false), "{hash}");
        }
    }
    assert_eq!(matches("{PLAIN}a:b", b"a:b"), Some(true));
}

#[test]
fn passwords_are_bytes() {
    let hash =
        "$6$abcdefgh$gFQ4j2hLSmpS.7keFyrqjaz.yP0vtAgLGrbTNijD.NsUMM77g0a9Cd/xGJ6M85e.y8grpxMBPvccjd7nWeHO./";
    assert_eq!(matches(hash, "päss wörd".as_bytes()), Some(true));
    assert_eq!(matches(hash, b"p\xe4ss w\xf6rd"), Some(false));
}

#[test]
fn bcrypt_sees_72_bytes_and_nothing_slow_sees_a_password_that_is_too_long() {
    let hash = "$2b$04$abcdefghijklmnopqrstuubzadhGtS2zEF.gu0yd0opP6cVzb.e0i";
    assert_eq!(matches(hash, &[b'x'; 72]), Some(true));
    assert_eq!(matches(hash, &[b'x'; 256]), Some(true));
    assert_eq!(matches(hash, &[b'x'; 257]), Some(false));
    assert_eq!(matches(hash, &[b'x'; 71]), Some(false));
}

#[test]
fn weak_unknown_broken_and_costly_forms_are_refused() {
    for hash in [
        "",
        "secret",
        "abNANd1rDfiNc",
        "_J9..rasmBYk8r9AiWNc",
        "{PLAIN}",
        "{plain}secret",
        "{CRYPT}abNANd1rDfiNc",
        "{SHA}",
        "{SHA}5en6G6Me",
        "{SHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0",
        "{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
        "{SSHA}*",
        "$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIr",
        "$2x$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
        "$2y$18$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
        "$2y$03$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
        "$apr1$salt",
        "$apr1$salt$",
        "$1$salt$ez2vlPGdaLYkJam5pWs/Y",
        "$5$salt$",
        "$5$rounds=999$salt$CCvcOM6b7TEJDPb37Aec/9UpOg4QhPNAxPpL9ZzjTB7",
        "$5$rounds=10000000$salt$CCvcOM6b7TEJDPb37Aec/9UpOg4QhPNAxPpL9ZzjTB7",
        "$6$salt$kpa26zwgX83BPSR8d7w93OIXbFt/d3UOTZaAu5vsTM6",
        "$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D",
        "$argon2id$v=19$m=65536,t=2,p=1$gZiV/M1gPc22ElAH/Jh1Hw$CWOrkoo7oJBQ/iyh7uJ0LO2aLEfrHwTWllSAxT0zRno",
    ] {
        assert!(Hash::parse(hash).is_none(), "{hash}");
    }
}

#[test]
fn nothing_of_a_password_is_shown() {
    for hash in OF_SECRET {
        let shown = format!("{:?}", Hash::parse(hash).expect("accepted"));
        assert!(!shown.contains("secret") && !shown.contains("salt"), "{shown}");
    }
}
