//! The forms of a request's path: what is forwarded, what each dialect matches, and what a backend might make of it.
//!
//! A plain path has only one form and nothing is copied. Sources: nginx `ngx_http_parse_complex_uri` (decodes everything,
//! merges slashes, resolves dots), RFC 3986 §6.2.2 (escapes of unreserved characters mean the same as the characters),
//! Servlet containers (path parameters behind `;`, also in `..;`).

use std::borrow::Cow;

use crate::reason::Reason;

/// One request's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path<'a> {
    /// What is forwarded: the client's bytes, with dot segments resolved.
    pub(crate) forward: Cow<'a, [u8]>,
    /// The key of the Kubernetes and Traefik dialects: slashes merged, dots resolved, escapes of unreserved characters
    /// decoded; `%2F` stays what it is.
    pub(crate) plain: Cow<'a, [u8]>,
    /// The key of the nginx dialect: as above, with every escape decoded.
    pub(crate) decoded: Cow<'a, [u8]>,
    odd: bool,
}

impl<'a> Path<'a> {
    /// Reads the path of a target; it starts with `/`.
    pub(crate) fn parse(raw: &'a [u8]) -> Result<Self, Reason> {
        if raw.first() != Some(&b'/') {
            return Err(Reason::BadTarget);
        }
        if !is_odd(raw) {
            let raw = Cow::Borrowed(raw);
            return Ok(Self {
                forward: raw.clone(),
                plain: raw.clone(),
                decoded: raw,
                odd: false,
            });
        }
        check_escapes(raw)?;
        let forward = if has_dot_segment(raw) {
            Cow::Owned(resolve(raw)?)
        } else {
            Cow::Borrowed(raw)
        };
        let plain = resolve(&merge_slashes(&decode_unreserved(&forward)))?;
        let decoded = decode(&forward);
        if decoded.contains(&0) {
            return Err(Reason::BadTarget);
        }
        let decoded = resolve(&merge_slashes(&decoded))?;
        Ok(Self {
            forward,
            plain: Cow::Owned(plain),
            decoded: Cow::Owned(decoded),
            odd: true,
        })
    }

    /// Other paths that a backend might take this one for. Empty for plain paths.
    pub(crate) fn readings(&self) -> Vec<Vec<u8>> {
        if !self.odd {
            return Vec::new();
        }
        let mut readings = vec![self.plain.to_vec(), self.decoded.to_vec()];
        for form in forms(decode_unreserved(&self.forward)) {
            readings.push(clamp(&merge_slashes(&form)));
            readings.push(merge_slashes(&clamp(&form)));
        }
        readings.sort();
        readings.dedup();
        readings
    }
}

/// What becomes of a path on its way through a backend: escapes decoded up to twice (a proxy and the server behind it),
/// parameters cut, `\` read as `/`, in any order. Steps that change nothing are not taken, so most paths have few forms.
fn forms(path: Vec<u8>) -> Vec<Vec<u8>> {
    /// A form, how often it may still be decoded, and whether parameters and backslashes are still to come.
    type Step = (Vec<u8>, u8, bool, bool);
    let mut steps: Vec<Step> = vec![(path, 2, true, true)];
    let mut at = 0;
    while let Some((form, decodes, cut, turn)) = steps.get(at).cloned() {
        let mut next = Vec::new();
        if decodes > 0 {
            next.push((decode(&form), decodes - 1, cut, turn));
        }
        if cut {
            next.push((without_parameters(&form), decodes, false, turn));
        }
        if turn {
            next.push((with_slashes(&form), decodes, cut, false));
        }
        for step in next {
            if step.0 != form && !steps.contains(&step) {
                steps.push(step);
            }
        }
        at += 1;
    }
    steps.into_iter().map(|(form, ..)| form).collect()
}

/// True if the path may have more than one form.
fn is_odd(raw: &[u8]) -> bool {
    let (mut previous, mut odd) = (0, 0);
    for byte in raw {
        let shape = SHAPE[usize::from(*byte)];
        odd |= shape & (ODD | previous >> 1);
        previous = shape;
    }
    odd != 0
}

/// Bits that say what a byte of a path may mean: more than itself; an end or a dot, which is odd behind an end; an end. The
/// last one, moved by one, is the one before it.
const SHAPE: [u8; 256] = {
    let mut shape = [0; 256];
    shape[b'%' as usize] = ODD;
    shape[b';' as usize] = ODD;
    shape[b'\\' as usize] = ODD;
    shape[b'/' as usize] = END | ODD_BEHIND_END;
    shape[b'.' as usize] = ODD_BEHIND_END;
    shape
};
const ODD: u8 = 1;
const ODD_BEHIND_END: u8 = 2;
const END: u8 = 4;

fn check_escapes(raw: &[u8]) -> Result<(), Reason> {
    let mut rest = raw;
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        match rest[at + 1..] {
            [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => rest = &rest[at + 3..],
            _ => return Err(Reason::BadTarget),
        }
    }
    Ok(())
}

/// Decodes every escape. A `%` without two digits behind it stays.
pub(crate) fn decode(path: &[u8]) -> Vec<u8> {
    decode_if(path, |_| true)
}

fn decode_unreserved(path: &[u8]) -> Vec<u8> {
    decode_if(path, |byte| {
        byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
    })
}

fn decode_if(path: &[u8], wanted: impl Fn(u8) -> bool) -> Vec<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut result = Vec::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = path.get(at) {
        let escape = match path.get(at + 1..at + 3) {
            Some(&[high, low]) if byte == b'%' => {
                digit(high).zip(digit(low)).map(|(high, low)| high * 16 + low)
            }
            _ => None,
        };
        if let Some(decoded) = escape.filter(|byte| wanted(*byte)) {
            result.push(decoded);
            at += 3;
        } else {
            result.push(byte);
            at += 1;
        }
    }
    result
}

/// Escapes what cannot stand in a path, as nginx does for a rewritten URI.
pub(crate) fn encode(path: &[u8]) -> Vec<u8> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut result = Vec::with_capacity(path.len());
    for &byte in path {
        if byte <= b' ' || byte >= 0x7f || b"\"#%<>?[\\]^`{|}".contains(&byte) {
            result.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        } else {
            result.push(byte);
        }
    }
    result
}

fn merge_slashes(path: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(path.len());
    for &byte in path {
        if byte != b'/' || result.last() != Some(&b'/') {
            result.push(byte);
        }
    }
    result
}

fn with_slashes(path: &[u8]) -> Vec<u8> {
    path.iter()
        .map(|byte| if *byte == b'\\' { b'/' } else { *byte })
        .collect()
}

fn without_parameters(path: &[u8]) -> Vec<u8> {
    let cut = |segment: &[u8]| {
        segment
            .split(|byte| *byte == b';')
            .next()
            .unwrap_or_default()
            .to_vec()
    };
    path.split(|byte| *byte == b'/')
        .map(cut)
        .collect::<Vec<_>>()
        .join(&b'/')
}

/// `.` and `..` as they may be written: RFC 3986 §6.2.2.3 with §6.2.2.2.
fn dots(segment: &[u8]) -> Option<usize> {
    match decode_unreserved(segment).as_slice() {
        b"." => Some(1),
        b".." => Some(2),
        _ => None,
    }
}

fn has_dot_segment(path: &[u8]) -> bool {
    path.split(|byte| *byte == b'/')
        .any(|segment| dots(segment).is_some())
}

/// Resolves dot segments and touches nothing else (RFC 3986 §5.2.4): empty segments and escapes stay as the client wrote
/// them. A path that climbs above the root is refused, as nginx does.
fn resolve(path: &[u8]) -> Result<Vec<u8>, Reason> {
    let (resolved, climbs) = resolved(path);
    if climbs {
        return Err(Reason::BadTarget);
    }
    Ok(resolved)
}

/// As lenient servers resolve dot segments: above the root is the root.
fn clamp(path: &[u8]) -> Vec<u8> {
    resolved(path).0
}

/// The path without dot segments, and whether it climbs above the root.
fn resolved(path: &[u8]) -> (Vec<u8>, bool) {
    let mut climbs = false;
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut segments = path[1..].split(|byte| *byte == b'/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match dots(segment) {
            None => kept.push(segment),
            Some(count) => {
                climbs |= count == 2 && kept.pop().is_none();
                if is_last {
                    kept.push(b"");
                }
            }
        }
    }
    let mut result = Vec::with_capacity(path.len());
    for segment in kept {
        result.push(b'/');
        result.extend_from_slice(segment);
    }
    if result.is_empty() {
        result.push(b'/');
    }
    (result, climbs)
}

#[cfg(test)]
mod tests;
