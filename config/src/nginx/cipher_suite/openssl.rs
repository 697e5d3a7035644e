//! OpenSSL's cipher strings, as far as they are about the suites that are spoken here.
//!
//! Words, exclusions and orders have the effect that `openssl ciphers -s -tls1_2` shows; what they say about other suites
//! is left out. Evidence: ciphers(1) of OpenSSL 3.

use crate::table::{CipherSuite, TLS13_SUITES};
use crate::value::{Invalid, Value};

/// What a cipher string says.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::nginx) struct CipherString {
    /// The suites that it allows, best first.
    pub(super) suites: Vec<CipherSuite>,
    /// The suites that it does not exclude for good.
    pub(super) open: Vec<CipherSuite>,
    /// What it allows besides, and nobody speaks here.
    pub(super) left_out: Vec<String>,
    /// What cannot be read.
    pub(super) unknown: Vec<String>,
    /// It names a suite of TLS 1.3. OpenSSL passes over these, because they are chosen elsewhere.
    pub(super) names_tls13: bool,
}

impl Value for CipherString {
    const KIND: &'static str = "an OpenSSL cipher string";

    fn parse(text: &str) -> Result<Self, Invalid> {
        let mut string = Self {
            suites: Vec::new(),
            open: Vec::new(),
            left_out: Vec::new(),
            unknown: Vec::new(),
            names_tls13: false,
        };
        // What is not in the list, in the order in which it would be added.
        let mut pool = CipherSuite::ALL.to_vec();
        let mut is_read = false;
        let rules = text.split([':', ',', ';', ' ', '\n', '\t']).map(str::trim);
        for rule in rules.filter(|rule| !rule.is_empty()) {
            if string.apply(rule, &mut pool) {
                is_read = true;
            } else {
                string.unknown.push(rule.to_owned());
            }
        }
        if !is_read {
            return Err(Invalid::new(Self::KIND, text.trim()));
        }
        string.open = CipherSuite::ALL.to_vec();
        string
            .open
            .retain(|suite| pool.contains(suite) || string.suites.contains(suite));
        Ok(string)
    }
}

impl CipherString {
    /// Applies one rule; false if it cannot be read.
    fn apply(&mut self, rule: &str, pool: &mut Vec<CipherSuite>) -> bool {
        if rule == "@STRENGTH" {
            self.suites.sort_by_key(|suite| {
                matches!(
                    suite,
                    CipherSuite::EcdheEcdsaAes128Gcm | CipherSuite::EcdheRsaAes128Gcm
                )
            });
            return true;
        }
        if let Some(level) = rule.strip_prefix("@SECLEVEL=") {
            // The higher ones exclude suites by strength.
            return matches!(level, "0" | "1" | "2" | "3");
        }
        if TLS13_SUITES.contains(&rule) {
            self.names_tls13 = true;
            return true;
        }
        let (operator, words) = match rule.as_bytes().first() {
            Some(operator @ (b'!' | b'-' | b'+')) => (Some(*operator), &rule[1..]),
            _ => (None, rule),
        };
        let Some(set) = intersection(words) else {
            return false;
        };
        let is_meant = |suite: &CipherSuite| set & (1 << *suite as u8) != 0;
        match operator {
            None if set == 0 => self.left_out.push(rule.to_owned()),
            None => self.suites.extend(pool.extract_if(.., |suite| is_meant(suite))),
            Some(b'!') => {
                pool.retain(|suite| !is_meant(suite));
                self.suites.retain(|suite| !is_meant(suite));
            }
            Some(b'-') => {
                let removed: Vec<_> = self.suites.extract_if(.., |suite| is_meant(suite)).collect();
                pool.splice(0..0, removed);
            }
            Some(_) => {
                let moved: Vec<_> = self.suites.extract_if(.., |suite| is_meant(suite)).collect();
                self.suites.extend(moved);
            }
        }
        true
    }
}

/// The suites that all words have, joined by `+`, have in common: one bit each, in the order of [`CipherSuite::ALL`].
fn intersection(words: &str) -> Option<u8> {
    words
        .split('+')
        .map(set)
        .try_fold(ALL, |sets, set| Some(sets & set?))
}

fn set(word: &str) -> Option<u8> {
    let named = CipherSuite::ALL
        .iter()
        .position(|suite| suite.openssl() == word || suite.name() == word);
    if let Some(at) = named {
        return Some(1 << at);
    }
    let known = WORDS.iter().find(|(words, _)| words.contains(&word));
    known.map(|(_, set)| *set).or_else(|| is_suite(word).then_some(0))
}

const ALL: u8 = 0b11_1111;
const ECDSA: u8 = 0b01_0101;
const RSA: u8 = 0b10_1010;
const AES256: u8 = 0b00_0011;
const CHACHA20: u8 = 0b00_1100;
const AES128: u8 = 0b11_0000;

/// Words and what they mean of the suites that are spoken. `RSA` is the exchange of keys by RSA, and `SHA256` the code of
/// records that are not AEAD.
const WORDS: &[(&[&str], u8)] = &[
    (&["ALL", "DEFAULT", "HIGH", "TLSv1.2"], ALL),
    (&["ECDH", "ECDHE", "EECDH", "kECDHE", "kEECDH"], ALL),
    (&["ECDSA", "aECDSA"], ECDSA),
    (&["aRSA"], RSA),
    (&["AES", "AESGCM", "FIPS"], AES256 | AES128),
    (&["AES128"], AES128),
    (&["AES256"], AES256),
    (&["CHACHA20"], CHACHA20),
    (&["SUITEB128"], ECDSA & (AES128 | AES256)),
    (&["SUITEB128ONLY"], ECDSA & AES128),
    (&["SUITEB192"], ECDSA & AES256),
    (&["COMPLEMENTOFALL", "COMPLEMENTOFDEFAULT"], 0),
    (&["MEDIUM", "LOW", "EXP", "EXPORT", "EXPORT40", "EXPORT56"], 0),
    (&["NULL", "eNULL", "aNULL", "ADH", "AECDH"], 0),
    (&["RSA", "kRSA", "kECDH", "kECDHr", "kECDHe", "aECDH"], 0),
    (
        &["DH", "DHE", "EDH", "kDH", "kDHE", "kEDH", "kDHr", "kDHd", "aDH", "DSS", "aDSS"],
        0,
    ),
    (&["PSK", "kPSK", "kRSAPSK", "kECDHEPSK", "kDHEPSK", "aPSK", "SRP", "kSRP", "aSRP"], 0),
    (&["GOST", "GOST89MAC", "GOST94", "aGOST", "aGOST01", "aGOST12", "kGOST", "kGOST18"], 0),
    (&["AESCCM", "AESCCM8", "CBC", "DES", "3DES", "RC2", "RC4", "IDEA", "SEED"], 0),
    (&["CAMELLIA", "CAMELLIA128", "CAMELLIA256"], 0),
    (&["ARIA", "ARIA128", "ARIA256", "ARIAGCM"], 0),
    (&["MD5", "SHA", "SHA1", "SHA256", "SHA384"], 0),
    (&["SSLv2", "SSLv3", "TLSv1", "TLSv1.0"], 0),
];

/// True for the name of a suite, OpenSSL's or IANA's, whoever speaks it.
fn is_suite(word: &str) -> bool {
    const PARTS: &[&str] = &[
        "ADH", "AECDH", "AES128", "AES256", "ARIA128", "ARIA256", "CAMELLIA128", "CAMELLIA256", "CBC", "CBC3", "CCM",
        "CCM8", "CHACHA20", "DES", "DH", "DHE", "DSS", "ECDH", "ECDHE", "ECDSA", "EDH", "EXP", "GCM", "IDEA", "MD5",
        "NULL", "POLY1305", "PSK", "RC2", "RC4", "RSA", "SEED", "SHA", "SHA256", "SHA384", "SRP",
    ];
    let is_openssl = word.contains('-') && word.split('-').all(|part| PARTS.contains(&part));
    let is_iana = || {
        word.starts_with("TLS_") && word.contains("_WITH_") && word.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
    };
    is_openssl || is_iana()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(suites: &[CipherSuite]) -> Vec<&'static str> {
        suites.iter().map(|suite| suite.openssl()).collect()
    }

    /// What OpenSSL's own command makes of the strings, without the suites that are not spoken here.
    #[test]
    fn strings_mean_what_openssl_makes_of_them() {
        const E256: &str = "ECDHE-ECDSA-AES256-GCM-SHA384";
        const R256: &str = "ECDHE-RSA-AES256-GCM-SHA384";
        const ECHA: &str = "ECDHE-ECDSA-CHACHA20-POLY1305";
        const RCHA: &str = "ECDHE-RSA-CHACHA20-POLY1305";
        const E128: &str = "ECDHE-ECDSA-AES128-GCM-SHA256";
        const R128: &str = "ECDHE-RSA-AES128-GCM-SHA256";
        for (text, expected) in [
            ("HIGH:!aNULL:!MD5", &[E256, R256, ECHA, RCHA, E128, R128][..]),
            ("EECDH+AESGCM:EDH+AESGCM", &[E256, R256, E128, R128]),
            ("EECDH+AESGCM:!AES256", &[E128, R128]),
            ("EECDH+ECDSA+AESGCM:EECDH+aRSA+AESGCM:!RC4", &[E256, E128, R256, R128]),
            ("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384", &[R128, R256]),
            ("ECDHE-RSA-AES128-GCM-SHA256 ECDHE-RSA-AES256-GCM-SHA384", &[R128, R256]),
            ("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:@STRENGTH", &[R256, R128]),
            ("AESGCM+aRSA:CHACHA20+aRSA:+AES256", &[R128, RCHA, R256]),
            ("AESGCM+aRSA:-AES256:CHACHA20+aRSA:AES256+aRSA", &[R128, RCHA, R256]),
            ("ALL:-CHACHA20:-AES128:ALL", &[E256, R256, E128, R128, ECHA, RCHA]),
            ("ALL:!AES128:ECDHE-RSA-AES128-GCM-SHA256:!CHACHA20", &[E256, R256]),
            ("ECDHE-RSA-AES128-GCM-SHA256:TLS_AES_256_GCM_SHA384:@SECLEVEL=2", &[R128]),
        ] {
            let string = CipherString::parse(text).expect(text);
            assert_eq!(names(&string.suites), expected, "{text}");
            assert_eq!(string.unknown, Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn what_nobody_speaks_is_told_from_what_cannot_be_read() {
        let text = "ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:RC4+RSA:!3DES:AES256-SHA:HIHG:!MD6:\
                    TLS_RSA_WITH_AES_128_CBC_SHA:@SECLEVEL=5:AES+";
        let string = CipherString::parse(text).expect("one is known");
        assert_eq!(names(&string.suites), ["ECDHE-RSA-AES128-GCM-SHA256"]);
        assert_eq!(
            string.left_out,
            ["DHE-RSA-AES256-GCM-SHA384", "RC4+RSA", "AES256-SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"]
        );
        assert_eq!(string.unknown, ["HIHG", "!MD6", "@SECLEVEL=5", "AES+"]);
        assert_eq!(string.open, CipherSuite::ALL);
    }

    #[test]
    fn what_is_excluded_for_good_is_not_open() {
        let string = CipherString::parse("AES256-SHA:!AES128:!ECDSA").expect("known words");
        assert_eq!(
            names(&string.open),
            ["ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"]
        );
        assert!(string.suites.is_empty());
    }
}
