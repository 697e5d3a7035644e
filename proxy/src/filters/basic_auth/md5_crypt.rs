//! The MD5 based crypt of FreeBSD (`$1$`) and of Apache (`$apr1$`), which differ only in their name.
//!
//! Called by `hash.rs`, off the data plane's threads: a thousand rounds take about as long as a slow request.

use md5::{Digest, Md5};

const ROUNDS: usize = 1000;
const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The order in which the digest's bytes are written, three to a group of four letters; the last stands alone.
const GROUPS: [[usize; 3]; 5] = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]];
const LAST: usize = 11;

/// The 22 letters behind the salt. `magic` is `$1$` or `$apr1$`; no more than eight bytes of the salt count.
pub(super) fn md5_crypt(password: &[u8], salt: &[u8], magic: &[u8]) -> Vec<u8> {
    let salt = &salt[..salt.len().min(8)];
    let mut state = start(password, salt, magic);
    for round in 0..ROUNDS {
        let is_odd = round % 2 == 1;
        let mut digest = Md5::new();
        digest.update(if is_odd { password } else { &state });
        if round % 3 != 0 {
            digest.update(salt);
        }
        if round % 7 != 0 {
            digest.update(password);
        }
        digest.update(if is_odd { &state } else { password });
        state = digest.finalize().into();
    }
    let mut text = Vec::with_capacity(22);
    for [high, middle, low] in GROUPS {
        let bits = u32::from(state[high]) << 16 | u32::from(state[middle]) << 8 | u32::from(state[low]);
        push_letters(&mut text, bits, 4);
    }
    push_letters(&mut text, u32::from(state[LAST]), 2);
    text
}

fn start(password: &[u8], salt: &[u8], magic: &[u8]) -> [u8; 16] {
    let twice: [u8; 16] = Md5::new()
        .chain_update(password)
        .chain_update(salt)
        .chain_update(password)
        .finalize()
        .into();
    let mut digest = Md5::new()
        .chain_update(password)
        .chain_update(magic)
        .chain_update(salt);
    for part in password.chunks(twice.len()) {
        digest.update(&twice[..part.len()]);
    }
    let mut bits = password.len();
    while bits != 0 {
        digest.update(if bits & 1 == 1 { &[0] } else { &password[..1] });
        bits >>= 1;
    }
    digest.finalize().into()
}

/// Writes the lowest six bits first.
fn push_letters(text: &mut Vec<u8>, mut bits: u32, letters: usize) {
    for _ in 0..letters {
        text.push(ALPHABET[(bits & 0x3f) as usize]);
        bits >>= 6;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_equals_openssl() {
        for (password, salt, magic, text) in [
            ("correct horse", "abcdefgh", "$1$", "y6iHhJNbuC0xpbk0w9pm80"),
            ("correct horse", "abcdefgh", "$apr1$", "sIQmFnT1CuEXAsyjuXjUX/"),
            ("", "abcdefgh", "$1$", "M55TzYaaccxVGbptZWaxX/"),
            ("", "abcdefgh", "$apr1$", "L.PT565ESX4Tp2bqNs7Ie."),
            ("x", "abcdefgh", "$1$", "znAnv9M.XU2pRYfmSs46h/"),
            ("päss wörd", "abcdefgh", "$apr1$", "/Xv5Ux4Vaw/nCu4OVXxMK1"),
            (
                "0123456789abcdef0123456789abcdef0",
                "abcdefgh",
                "$1$",
                "cCVsN1KqjMiVVT6c8wlPe.",
            ),
            (
                "0123456789abcdef0123456789abcdef0",
                "abcdefghi",
                "$apr1$",
                "KGJBFt9tfKBeRx6sQxo2h0",
            ),
            ("secret", "salt", "$apr1$", "VEpBc9VHGUKwI9.yg13Iu0"),
        ] {
            let found = md5_crypt(password.as_bytes(), salt.as_bytes(), magic.as_bytes());
            assert_eq!(String::from_utf8_lossy(&found), text, "{password} {magic}");
        }
    }
}
