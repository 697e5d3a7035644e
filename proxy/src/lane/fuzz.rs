//! Arbitrary bytes through the lane's parsers: heads, the places where bodies end, and what is written of both.
//!
//! Seeds are messages that were once of interest, joined and broken at random. What is accepted must mean the same to the
//! narrow parser in `reference`, in any fragmentation, and once more after it was written. `FERRIK_FUZZ_CASES` sets how many
//! cases are tried of each property, for long runs.

mod reference;
mod seed;

use http::Method;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::framing::Framing;
use super::message::{self, Parsed, Request};
use super::render::{self, Delivery};
use crate::exchange::Exchange;
use reference::Length;

/// Cases of each property in a usual run: some seconds in a debug build.
const CASES: u32 = 100_000;

/// Fields of one connection, which are not written to the next one; a broken name may become one of them.
const ENDING: [&str; 5] = ["connection", "keep-alive", "proxy-connection", "te", "trailer"];

fn config() -> ProptestConfig {
    let cases = std::env::var("FERRIK_FUZZ_CASES").ok();
    ProptestConfig {
        cases: cases.and_then(|cases| cases.parse().ok()).unwrap_or(CASES),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// How a message is broken.
#[derive(Clone, Debug)]
enum Break {
    Insert(Index, &'static str),
    Byte(Index, u8),
    Remove(Index, u8),
    Repeat(Index, u8),
    End(Index),
}

fn broken(seeds: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let one = prop_oneof![
        6 => (any::<Index>(), select(seed::PIECES)).prop_map(|(at, piece)| Break::Insert(at, piece)),
        3 => any::<(Index, u8)>().prop_map(|(at, byte)| Break::Byte(at, byte)),
        2 => (any::<Index>(), 1..12_u8).prop_map(|(at, count)| Break::Remove(at, count)),
        2 => (any::<Index>(), 1..40_u8).prop_map(|(at, count)| Break::Repeat(at, count)),
        1 => any::<Index>().prop_map(Break::End),
    ];
    (select(seeds), select(seeds), vec(one, 0..5)).prop_map(|(first, second, breaks)| {
        let mut bytes = [first.as_bytes(), second.as_bytes()].concat();
        for each in breaks {
            apply(&mut bytes, &each);
        }
        bytes
    })
}

fn apply(bytes: &mut Vec<u8>, each: &Break) {
    let place = |at: &Index| at.index(bytes.len() + 1);
    let end = |at: usize, count: u8| (at + usize::from(count)).min(bytes.len());
    match each {
        Break::Insert(at, piece) => {
            let at = place(at);
            bytes.splice(at..at, piece.bytes());
        }
        Break::Byte(at, byte) => {
            let at = place(at);
            if let Some(place) = bytes.get_mut(at) {
                *place = *byte;
            }
        }
        Break::Remove(at, count) => {
            let at = place(at);
            let end = end(at, *count);
            bytes.drain(at..end);
        }
        Break::Repeat(at, count) => {
            let at = place(at);
            let part = bytes[at..end(at, *count)].to_vec();
            bytes.splice(at..at, part);
        }
        Break::End(at) => bytes.truncate(at.index(bytes.len() + 1)),
    }
}

fn accepted(bytes: &[u8]) -> Option<(Request, usize)> {
    match message::request(bytes) {
        Ok(Parsed::Complete(request, length)) => Some((request, length)),
        _ => None,
    }
}

fn length(framing: Framing) -> Length {
    match framing {
        Framing::Done => Length::Bytes(0),
        Framing::Length(count) => Length::Bytes(count),
        Framing::Chunked(_) => Length::Chunks,
        Framing::Close => Length::Connection,
    }
}

fn owned<'h>(fields: impl Iterator<Item = (&'h [u8], &'h [u8])>) -> Vec<(Vec<u8>, Vec<u8>)> {
    fields
        .map(|(name, value)| (name.to_vec(), value.to_vec()))
        .collect()
}

/// What is left of the body of one message, whether it is whole, and what is forwarded of it, read in these pieces; `None` if
/// it is malformed.
#[derive(Debug, PartialEq, Eq)]
struct Passed {
    bytes: usize,
    content: usize,
    forwarded: Vec<u8>,
    is_done: bool,
}

fn pass(bytes: &[u8], cuts: &[Index]) -> Option<Passed> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.push(bytes.len());
    places.sort_unstable();
    let (mut framing, mut start) = (Framing::CHUNKED, 0);
    let mut passed = Passed {
        bytes: 0,
        content: 0,
        forwarded: Vec::new(),
        is_done: false,
    };
    for end in places {
        let mut piece = bytes[start..end].to_vec();
        let taken = framing.take(&mut piece).ok()?;
        assert!(taken.forward <= taken.bytes && taken.content <= taken.forward);
        assert_eq!(
            piece[taken.bytes..],
            bytes[start + taken.bytes..end],
            "what follows is not touched"
        );
        passed.bytes += taken.bytes;
        passed.content += taken.content;
        passed.forwarded.extend_from_slice(&piece[..taken.forward]);
        if taken.is_cut {
            passed.forwarded.extend_from_slice(b"\r\n");
        }
        start = end;
    }
    passed.is_done = framing.is_done();
    Some(passed)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_request_that_is_taken_has_one_meaning(bytes in broken(seed::REQUESTS), cut: Index) {
        let Some((request, taken)) = accepted(&bytes) else { return Ok(()) };
        let read = reference::request(&bytes);
        let Some(read) = read else { panic!("the reference refuses {:?}", String::from_utf8_lossy(&bytes[..taken])) };
        prop_assert_eq!(read.start, format!("{} {} HTTP/1.1", request.method, String::from_utf8_lossy(request.uri.target())));
        prop_assert_eq!((read.length, read.taken), (length(request.framing), taken));
        prop_assert_eq!(&read.fields, &owned(request.head.each()));
        prop_assert_eq!(request.head.bytes(), &bytes[..taken]);
        // A part of it is a part and nothing else, and what follows changes nothing.
        let part = message::request(&bytes[..cut.index(taken)]);
        prop_assert!(matches!(part, Ok(Parsed::Partial)));
        prop_assert_eq!(accepted(&bytes[..taken]).map(|(_, length)| length), Some(taken));
    }

    #[test]
    fn a_request_that_is_written_is_the_one_that_was_read(bytes in broken(seed::REQUESTS)) {
        let Some((request, _)) = accepted(&bytes) else { return Ok(()) };
        let mut out = Vec::new();
        render::request(&request, &Exchange::new(), &mut out);
        let (again, taken) = accepted(&out).expect("what is written is taken");
        prop_assert_eq!(taken, out.len());
        prop_assert!(reference::request(&out).is_some_and(|read| read.taken == out.len()));
        prop_assert_eq!((&again.method, again.uri.target(), again.framing), (&request.method, request.uri.target(), request.framing));
        let is_kept = |(name, _): &(&[u8], &[u8])| !ENDING.iter().any(|own| name.eq_ignore_ascii_case(own.as_bytes()));
        let lower = |fields: Vec<(Vec<u8>, Vec<u8>)>| -> Vec<_> {
            let each = fields.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value.to_ascii_lowercase()));
            each.collect()
        };
        prop_assert_eq!(lower(owned(again.head.each())), lower(owned(request.head.each().filter(is_kept))));
    }

    #[test]
    fn an_answer_that_is_written_has_one_meaning(bytes in broken(seed::ANSWERS), cut: Index, closes: bool) {
        let Ok(Some((answer, taken))) = message::response(&bytes, &Method::GET) else { return Ok(()) };
        prop_assert!(matches!(message::response(&bytes[..cut.index(taken)], &Method::GET), Ok(None)));
        let delivery = if answer.framing == Framing::Close { Delivery::InChunks } else { Delivery::AsItIs };
        let mut out = Vec::new();
        render::response(&answer, delivery, closes, &mut out);
        let Some(read) = reference::answer(&out) else { panic!("written: {:?}", String::from_utf8_lossy(&out)) };
        let expected = if delivery == Delivery::InChunks { Length::Chunks } else { length(answer.framing) };
        prop_assert_eq!((read.length, read.taken), (expected, out.len()));
        let line = format!("HTTP/1.1 {:03} ", answer.status);
        prop_assert!(read.start.starts_with(&line));
    }

    #[test]
    fn chunks_pass_in_any_fragmentation(bytes in broken(seed::CHUNKS), cuts in vec(any::<Index>(), 0..12)) {
        let whole = pass(&bytes, &[]);
        prop_assert_eq!(&pass(&bytes, &cuts), &whole);
        let Some(passed) = whole else { return Ok(()) };
        if !passed.is_done {
            prop_assert_eq!(passed.bytes, bytes.len());
            return Ok(());
        }
        let read = reference::chunks(&bytes, false).expect("what is taken is clear");
        let written = reference::chunks(&passed.forwarded, true).expect("what is forwarded is clear to everybody");
        prop_assert_eq!((read.taken, read.content.len()), (passed.bytes, passed.content));
        prop_assert_eq!(written.taken, passed.forwarded.len());
        prop_assert_eq!(written.content, read.content);
    }
}
