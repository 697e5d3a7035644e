//! Where a message's body ends, read strictly (RFC 9112 §6, §7.1).
//!
//! Bodies are forwarded as they came, chunk framing included, so the grammar is the narrowest that every server reads the
//! same way: CRLF only, sizes of at most 15 digits. What servers read differently ends here: chunk extensions (RFC 9112
//! §7.1.1), and trailer fields (RFC 9110 §6.5.1), which some take for header fields. Both are bounded. Nothing is decoded.

/// Hexadecimal digits of a chunk's size.
const DIGITS: u8 = 15;
/// Bytes of all trailer fields together.
const TRAILERS: u16 = 8 * 1024;
/// Bytes of the extensions of one chunk.
const EXTENSION: u16 = 1024;

/// The rest of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// Nothing is left.
    Done,
    /// So many bytes.
    Length(u64),
    /// Chunks, from this place on.
    Chunked(Chunked),
    /// Everything until the connection ends; answers only.
    Close,
}

/// A place in a chunked body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Chunked {
    place: Place,
    /// Bytes of the current chunk that are still to come, or its size as far as it has been read.
    left: u64,
    /// Digits of the size so far.
    digits: u8,
    /// Bytes of trailer fields so far.
    trailers: u16,
    /// Bytes of the current chunk's extensions so far.
    extension: u16,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Size,
    Extension,
    SizeEnd,
    Data,
    DataReturn,
    DataEnd,
    /// At the start of a trailer line, or of the line that ends the body.
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerEnd,
    LastEnd,
}

/// What a piece of bytes held of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// Bytes that belong to the body, framing included.
    pub(super) bytes: usize,
    /// Those of them that are content.
    pub(super) content: usize,
    /// What is forwarded: so many bytes at the start of the piece, to where they have been moved.
    pub(super) forward: usize,
    /// True if the body ends here with trailer fields, which are cut: the empty line that ends it must be written instead.
    pub(super) is_cut: bool,
}

/// The framing is not what the grammar allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl Framing {
    pub(super) const CHUNKED: Self = Self::Chunked(Chunked {
        place: Place::Size,
        left: 0,
        digits: 0,
        trailers: 0,
        extension: 0,
    });

    /// A body of this length.
    pub(super) fn length(length: u64) -> Self {
        if length == 0 {
            Self::Done
        } else {
            Self::Length(length)
        }
    }

    pub(super) fn is_done(self) -> bool {
        self == Self::Done
    }

    /// Takes from the start of `bytes` what belongs to the body. Bytes behind it are not touched.
    pub(super) fn take(&mut self, bytes: &mut [u8]) -> Result<Taken, Malformed> {
        let all = |count| Taken {
            bytes: count,
            content: count,
            forward: count,
            is_cut: false,
        };
        match self {
            Self::Done => Ok(Taken::default()),
            Self::Close => Ok(all(bytes.len())),
            Self::Length(left) => {
                let count = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= count as u64;
                if *left == 0 {
                    *self = Self::Done;
                }
                Ok(all(count))
            }
            Self::Chunked(chunked) => {
                let (taken, is_done) = chunked.take(bytes)?;
                if is_done {
                    *self = Self::Done;
                }
                Ok(taken)
            }
        }
    }
}

impl Chunked {
    /// What belongs to the body, and whether it ends there.
    fn take(&mut self, bytes: &mut [u8]) -> Result<(Taken, bool), Malformed> {
        let (mut at, mut content, mut forward) = (0, 0, 0);
        while let Some(&byte) = bytes.get(at) {
            if self.place == Place::Data {
                let rest = bytes.len() - at;
                let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(rest);
                self.left -= count as u64;
                if forward != at {
                    bytes.copy_within(at..at + count, forward);
                }
                at += count;
                forward += count;
                content += count;
                if self.left == 0 {
                    self.place = Place::DataReturn;
                }
                continue;
            }
            at += 1;
            let is_last = self.step(byte)?;
            if self.place != Place::Extension && self.trailers == 0 {
                if let Some(moved) = bytes.get_mut(forward) {
                    *moved = byte;
                }
                forward += 1;
            }
            if is_last {
                let is_cut = self.trailers > 0;
                return Ok((
                    Taken {
                        bytes: at,
                        content,
                        forward,
                        is_cut,
                    },
                    true,
                ));
            }
        }
        Ok((
            Taken {
                bytes: at,
                content,
                forward,
                is_cut: false,
            },
            false,
        ))
    }

    /// Takes one byte that is no content. True if it is the last of the body.
    fn step(&mut self, byte: u8) -> Result<bool, Malformed> {
        self.place = match (self.place, byte) {
            (Place::Size, b'\r') if self.digits > 0 => Place::SizeEnd,
            (Place::Size, b';') if self.digits > 0 => Place::Extension,
            (Place::Extension, b'\r') => Place::SizeEnd,
            (Place::Extension, byte) if is_text(byte) && self.extension < EXTENSION => {
                self.extension += 1;
                Place::Extension
            }
            (Place::Size, _) => {
                let digit = char::from(byte).to_digit(16).ok_or(Malformed)?;
                self.digits += 1;
                if self.digits > DIGITS {
                    return Err(Malformed);
                }
                self.left = self.left << 4 | u64::from(digit);
                Place::Size
            }
            (Place::SizeEnd, b'\n') => {
                (self.digits, self.extension) = (0, 0);
                if self.left == 0 {
                    Place::TrailerStart
                } else {
                    Place::Data
                }
            }
            (Place::DataReturn, b'\r') => Place::DataEnd,
            (Place::DataEnd, b'\n') => Place::Size,
            (Place::TrailerStart, b'\r') => Place::LastEnd,
            (Place::LastEnd, b'\n') => return Ok(true),
            (Place::TrailerStart, byte) if is_token(byte) => self.trailer(Place::TrailerName)?,
            (Place::TrailerName, b':') => self.trailer(Place::TrailerValue)?,
            (Place::TrailerName, byte) if is_token(byte) => self.trailer(Place::TrailerName)?,
            (Place::TrailerValue, b'\r') => Place::TrailerEnd,
            (Place::TrailerValue, byte) if is_text(byte) => self.trailer(Place::TrailerValue)?,
            (Place::TrailerEnd, b'\n') => Place::TrailerStart,
            _ => return Err(Malformed),
        };
        Ok(false)
    }

    fn trailer(&mut self, place: Place) -> Result<Place, Malformed> {
        self.trailers += 1;
        if self.trailers > TRAILERS {
            return Err(Malformed);
        }
        Ok(place)
    }
}

/// What may stand in a field's value (RFC 9110 §5.5).
pub(super) fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes belong to the body, how many are content, and what is forwarded, read in pieces of this size; `None`
    /// if it is malformed or does not end.
    fn read(bytes: &[u8], piece: usize) -> Option<(usize, usize, String)> {
        let mut framing = Framing::CHUNKED;
        let (mut total, mut content, mut forwarded) = (0, 0, Vec::new());
        for part in bytes.to_vec().chunks_mut(piece) {
            let taken = framing.take(part).ok()?;
            total += taken.bytes;
            content += taken.content;
            forwarded.extend_from_slice(&part[..taken.forward]);
            if taken.is_cut {
                forwarded.extend_from_slice(b"\r\n");
            }
        }
        framing
            .is_done()
            .then(|| (total, content, String::from_utf8(forwarded).expect("ASCII")))
    }

    #[test]
    fn chunks_end_at_the_same_byte_in_any_fragmentation() {
        for (all, forwarded, content) in [
            ("0\r\n\r\n", "0\r\n\r\n", 0),
            ("5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", 5),
            ("1;a=\"b\"\r\nx\r\n0;c\r\n\r\n", "1\r\nx\r\n0\r\n\r\n", 1),
            (
                "00005\r\nhello\r\nA\r\n0123456789\r\n0\r\nA: b\r\nc:\r\n\r\n",
                "00005\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n",
                15,
            ),
        ] {
            for piece in 1..=all.len() {
                let found = read(format!("{all}GET / HTTP/1.1").as_bytes(), piece);
                assert_eq!(
                    found,
                    Some((all.len(), content, forwarded.to_owned())),
                    "{all:?} by {piece}"
                );
            }
        }
    }

    #[test]
    fn what_servers_read_differently_is_refused() {
        let long = format!("0\r\nA: {}\r\n\r\n", "x".repeat(usize::from(TRAILERS)));
        for text in [
            "5;x\0\r\nhello\r\n0\r\n\r\n",
            "5;x\nhello\r\n0\r\n\r\n",
            "5;x\r\r\nhello\r\n0\r\n\r\n",
            "5 ;x\r\nhello\r\n0\r\n\r\n",
            ";x\r\nhello\r\n0\r\n\r\n",
            "5 \r\nhello\r\n0\r\n\r\n",
            " 5\r\nhello\r\n0\r\n\r\n",
            "+5\r\nhello\r\n0\r\n\r\n",
            "0x5\r\nhello\r\n0\r\n\r\n",
            "5\nhello\r\n0\r\n\r\n",
            "5\r\nhelloo\r\n0\r\n\r\n",
            "5\r\nhello\n0\r\n\r\n",
            "\r\nhello\r\n",
            "0000000000000005\r\nhello\r\n0\r\n\r\n",
            "0\r\n\n",
            "0\r\nA : b\r\n\r\n",
            "0\r\n A: b\r\n\r\n",
            "0\r\nA: b\n\r\n",
            "0\r\nA: \0\r\n\r\n",
            "0\r\nA\r\n\r\n",
            &long,
        ] {
            for piece in [1, text.len()] {
                assert_eq!(read(text.as_bytes(), piece), None, "{text:?}");
            }
        }
    }

    #[test]
    fn a_length_is_counted_down() {
        let mut framing = Framing::length(5);
        let mut taken = |count: usize| {
            framing
                .take(&mut vec![0; count])
                .expect("a length has no grammar")
                .bytes
        };
        assert_eq!([taken(3), taken(4), taken(1)], [3, 2, 0]);
        assert!(framing.is_done());
        assert!(Framing::length(0).is_done());
    }
}
