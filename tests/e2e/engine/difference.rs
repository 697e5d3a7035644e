//! Where the two engines differ, and the one list of differences that are allowed, each with its reason.
//!
//! The list is also what `docs/engines.md` says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Debug, Display};

use super::conversation::{Answer, Ending};
use super::origin::Arrival;
use super::pair::{Both, Seen};
use super::wire::Fields;

/// A difference that is allowed.
pub(super) struct Allowed {
    pub(super) name: &'static str,
    /// What differs and why, in sentences for operators.
    pub(super) reason: &'static str,
    /// It need not show each time that the cases run.
    pub(super) is_chance: bool,
    /// True if it explains the mismatch.
    explains: fn(&Mismatch, &Both) -> bool,
}

/// One thing that is not alike.
#[derive(Debug)]
pub(super) struct Mismatch {
    /// `answer`, `arrival`, `log` or `metric`.
    place: &'static str,
    /// Counts answers, arrivals or lines from 0.
    number: usize,
    what: String,
    lane: String,
    pingora: String,
}

/// All that are allowed.
pub(super) const ALLOWED: &[Allowed] = &[
    Allowed {
        name: "pipelining",
        reason: "The lane answers requests that are sent without waiting, in their order. The general engine answers the \
                 first one, sometimes with 400 because more follows than it expects, and closes the connection; clients \
                 send the rest anew (RFC 9112 §9.3.2 lets them expect that). The same happens where the lane hands a request over \
                 behind which more follows.",
        is_chance: false,
        explains: |_, both| {
            let mut answers = both.pingora.answers.iter();
            answers.any(|answer| answer.is_pipelined && !answer.keeps)
        },
    },
    Allowed {
        name: "keep-alive field",
        reason: "The general engine says `Connection: keep-alive` where the connection stays. HTTP/1.1 means that without \
                 saying it (RFC 9112 §9.3), and the lane says nothing.",
        is_chance: false,
        explains: |mismatch, _| {
            let sides = (&*mismatch.lane, &*mismatch.pingora);
            mismatch.is("answer", "field connection") && sides == ("None", "Some([\"keep-alive\"])")
        },
    },
    Allowed {
        name: "unreadable head",
        reason: "A head that is no HTTP is answered 400 (431 if it is too large) and ends the connection in both. The lane \
                 answers with the page of all other refusals, logs and counts it; the general engine's parser answers \
                 before anything of ours sees the request: with a shorter text, without `Date`, without a line in the log.",
        is_chance: false,
        explains: |mismatch, both| {
            let names = ["field date", "field content-length", "field content-type", "body"];
            let is_told = match mismatch.place {
                "answer" => names.contains(&&*mismatch.what),
                place => ["log", "metric"].contains(&place),
            };
            let is_unreadable = |answer: &Answer| {
                !answer.head.fields.contains_key("date")
                    && answer.head.get("connection") == Some("close")
                    && answer.head.line.starts_with("HTTP/1.1 4")
            };
            is_told && both.pingora.answers.iter().any(is_unreadable)
        },
    },
    Allowed {
        name: "connection after a failure",
        reason: "After an answer of ours to a failure of the backend (502, 503, 504) the general engine closes the client's \
                 connection. Nothing is wrong with that connection, and the lane keeps it.",
        is_chance: false,
        explains: |mismatch, both| {
            let is_failure = |answer: &Answer| {
                let statuses = ["HTTP/1.1 502", "HTTP/1.1 503", "HTTP/1.1 504"];
                let line = &answer.head.line;
                answer.head.get("x-origin").is_none()
                    && statuses.iter().any(|status| line.starts_with(status))
            };
            let sides = (&*mismatch.lane, &*mismatch.pingora);
            let is_closed = mismatch.is("answer", "keeps") && sides == ("true", "false")
                || mismatch.is("answer", "field connection") && sides == ("None", "Some([\"close\"])");
            is_closed && both.pingora.answers.get(mismatch.number).is_some_and(is_failure)
        },
    },
    Allowed {
        name: "words of errors",
        reason: "`error` in the access log is a text for people, in each engine's own words; the general engine repeats there \
                 why it answered itself. `reason` is the same.",
        is_chance: false,
        explains: |mismatch, _| mismatch.is("log", "field error"),
    },
    Allowed {
        name: "version of an answer",
        reason: "The general engine repeats the version of a backend that speaks HTTP/1.0. The lane says its own, HTTP/1.1 \
                 (RFC 9110 §6.2).",
        is_chance: false,
        explains: |mismatch, _| {
            mismatch.is("answer", "line") && mismatch.lane.replace("HTTP/1.1", "HTTP/1.0") == mismatch.pingora
        },
    },
    Allowed {
        name: "fields of the backend's connection",
        reason: "`Keep-Alive`, `Proxy-Connection` and what `Connection` of an answer nominates are about the backend's \
                 connection (RFC 9110 §7.6.1). The lane removes them; the general engine passes them on.",
        is_chance: false,
        explains: |mismatch, _| {
            let names = ["field keep-alive", "field proxy-connection", "field x-secret"];
            mismatch.place == "answer" && names.contains(&&*mismatch.what) && mismatch.lane == "None"
        },
    },
    Allowed {
        name: "length of an answer without body",
        reason: "An answer with 204 has no body, and may not say how long it is (RFC 9110 §8.6, RFC 9112 §6.1). The lane removes \
                 `Content-Length` and `Transfer-Encoding` from it; the general engine passes them on.",
        is_chance: false,
        explains: |mismatch, both| {
            let names = ["field content-length", "field transfer-encoding"];
            let is_empty = |answer: &Answer| answer.head.line.starts_with("HTTP/1.1 204");
            mismatch.place == "answer"
                && names.contains(&&*mismatch.what)
                && mismatch.lane == "None"
                && both.lane.answers.get(mismatch.number).is_some_and(is_empty)
        },
    },
    Allowed {
        name: "an answer with two ends",
        reason: "A backend's answer with both `Content-Length` and `Transfer-Encoding` may be an attempt at response \
                 splitting (RFC 9112 §6.3). The lane answers 502; the general engine goes by the chunks and removes the length.",
        is_chance: false,
        explains: |_, both| {
            let errors = both.lane.log.iter().filter_map(|line| line.get("error"));
            errors
                .into_iter()
                .any(|error| error == "it says in two ways where it ends")
        },
    },
    Allowed {
        name: "a space behind a chunk's size",
        reason: "Servers read a space between a chunk's size and its end or its extension differently, which is how requests are \
                 smuggled. The lane refuses the request with 400 and closes the connection; the general engine skips the space.",
        is_chance: false,
        explains: |_, both| {
            let mut reasons = both.lane.log.iter().filter_map(|line| line.get("reason"));
            let is_sized = |answer: &Answer| answer.head.line.starts_with("HTTP/1.1 400") && !answer.keeps;
            reasons.any(|reason| reason == "bad_framing")
                && both.lane.answers.iter().any(is_sized)
                && both
                    .pingora
                    .answers
                    .iter()
                    .all(|answer| answer.head.get("x-origin").is_some())
        },
    },
    Allowed {
        name: "interim answers",
        reason: "Header fields that a route sets or removes are those of the answer. The general engine changes interim answers \
                 (103 and the like) as well; the lane passes them on as they are.",
        is_chance: false,
        explains: |mismatch, both| {
            let statuses = |seen: &Seen| -> Vec<String> {
                let interim = seen.answers.iter().flat_map(|answer| &answer.interim);
                interim.map(|(status, _)| status.clone()).collect()
            };
            mismatch.is("answer", "interim") && statuses(&both.lane) == statuses(&both.pingora)
        },
    },
    Allowed {
        name: "number of tries",
        reason: "A request that may be repeated is sent again if the backend ends a connection that waited for it. The lane makes \
                 a new connection at once; the general engine tries the others that wait first, as often as there are some. So a \
                 backend that breaks under a request may receive it more often. An empty body in chunks is without chunks when \
                 the general engine repeats it.",
        is_chance: true,
        explains: |mismatch, both| {
            // Nothing else may be repeated.
            let may_be = |line: &str| {
                let is_idempotent = !line.starts_with("POST ") && !line.starts_with("PATCH ");
                is_idempotent && (line.contains("?x=") || line.contains("&x="))
            };
            let is_repeated = |seen: &Seen| {
                let is_tried = seen.log.iter().any(|line| line["tries"] != "1");
                is_tried && seen.arrivals.iter().all(|arrival| may_be(&arrival.line))
            };
            let is_about_it = mismatch.is("arrival", "count") || mismatch.is("log", "field tries");
            let is_empty = |seen: &Seen| {
                seen.arrivals
                    .iter()
                    .all(|arrival| arrival.content.bytes.is_empty())
            };
            let is_about_it = is_about_it
                || mismatch.is("arrival", "field transfer-encoding")
                    && mismatch.number > 0
                    && is_empty(&both.lane);
            is_about_it && (is_repeated(&both.lane) || is_repeated(&both.pingora))
        },
    },
    Allowed {
        name: "rest of an unread body",
        reason: "If a backend answers before it has read the request, how much of the body was still passed on (`request_bytes`), \
                 and whether the client's connection stays, depends on which came first.",
        is_chance: true,
        explains: |mismatch, both| {
            let is_early = |seen: &Seen| {
                seen.arrivals
                    .iter()
                    .any(|arrival| arrival.line.contains("early=1"))
            };
            let names = ["keeps", "field connection", "field request_bytes"];
            names.contains(&&*mismatch.what) && is_early(&both.lane) && is_early(&both.pingora)
        },
    },
    Allowed {
        name: "log of a refused head",
        reason: "`target` and `host` of a request whose head is refused: the lane logs what can be read without doubt, the \
                 general engine what its parser makes of it, with odd characters encoded.",
        is_chance: false,
        explains: |mismatch, both| {
            let mut lines = both.pingora.log.iter();
            let is_about_it = ["field host", "field target"].contains(&&*mismatch.what);
            let reasons = ["bad_framing", "bad_target", "header_too_large"];
            mismatch.place == "log" && is_about_it && lines.any(|line| reasons.contains(&&*line["reason"]))
        },
    },
    Allowed {
        name: "a refused body",
        reason: "If what is wrong with a body comes along with the head (chunks that are none, more than the route accepts), the \
                 lane answers before the backend hears of the request. The general engine has sent the head by then, and \
                 breaks off.",
        is_chance: false,
        explains: |mismatch, both| {
            let mut lines = both.lane.log.iter();
            let is_refused = lines.any(|line| ["bad_framing", "body_too_large"].contains(&&*line["reason"]));
            mismatch.is("arrival", "count") && mismatch.lane == "0" && is_refused
        },
    },
];

impl Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            place,
            number,
            what,
            lane,
            pingora,
        } = self;
        write!(f, "{place} {number}, {what}: lane {lane}, pingora {pingora}")
    }
}

impl Mismatch {
    fn is(&self, place: &str, what: &str) -> bool {
        (self.place, &*self.what) == (place, what)
    }
}

/// What is not alike: how many cases and requests each allowed difference explains, and those that none does.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) allowed: BTreeMap<&'static str, usize>,
    pub(super) others: Vec<String>,
}

impl Tally {
    /// Adds what is not alike in a case or a request, which this text names.
    pub(super) fn add(&mut self, name: &str, both: &Both) {
        let mut found = BTreeSet::new();
        let mut others = Vec::new();
        for mismatch in compare(both) {
            if let Some(row) = ALLOWED.iter().find(|row| (row.explains)(&mismatch, both)) {
                found.insert(row.name);
            } else {
                others.push(format!("\n  {mismatch}"));
            }
        }
        if !others.is_empty() {
            let errors = |seen: &Seen| {
                let lines = seen.log.iter().filter_map(|line| line.get("error").cloned());
                lines.collect::<Vec<String>>()
            };
            let (lane, pingora) = (errors(&both.lane), errors(&both.pingora));
            let others = others.concat();
            self.others.push(format!(
                "{name}: errors: lane {lane:?}, pingora {pingora:?}{others}"
            ));
        }
        for name in found {
            *self.allowed.entry(name).or_default() += 1;
        }
    }
}

/// Everything that is not alike.
fn compare(both: &Both) -> Vec<Mismatch> {
    let mut found = Vec::new();
    let (lane, pingora) = (&both.lane, &both.pingora);
    pairs(&mut found, "answer", lane, pingora, |seen| &seen.answers, answers);
    pairs(
        &mut found,
        "arrival",
        lane,
        pingora,
        |seen| &seen.arrivals,
        arrivals,
    );
    pairs(
        &mut found,
        "log",
        lane,
        pingora,
        |seen| &seen.log,
        |lane, pingora, differ| {
            maps(lane, pingora, differ);
        },
    );
    maps(&lane.metrics, &pingora.metrics, &mut |what, lane, pingora| {
        found.push(Mismatch {
            place: "metric",
            number: 0,
            what,
            lane,
            pingora,
        });
    });
    found
}

type Differ<'a> = &'a mut dyn FnMut(String, String, String);

fn pairs<T>(
    found: &mut Vec<Mismatch>,
    place: &'static str,
    lane: &Seen,
    pingora: &Seen,
    of: impl Fn(&Seen) -> &Vec<T>,
    compare: impl Fn(&T, &T, Differ<'_>),
) {
    let (lane, pingora) = (of(lane), of(pingora));
    for (number, (lane, pingora)) in lane.iter().zip(pingora).enumerate() {
        compare(lane, pingora, &mut |what, lane, pingora| {
            found.push(Mismatch {
                place,
                number,
                what,
                lane,
                pingora,
            });
        });
    }
    if lane.len() != pingora.len() {
        found.push(Mismatch {
            place,
            number: lane.len().min(pingora.len()),
            what: "count".to_owned(),
            lane: lane.len().to_string(),
            pingora: pingora.len().to_string(),
        });
    }
}

fn answers(lane: &Answer, pingora: &Answer, differ: Differ<'_>) {
    value("ending", &lane.ending, &pingora.ending, differ);
    value("line", &lane.head.line, &pingora.head.line, differ);
    value("keeps", &lane.keeps, &pingora.keeps, differ);
    value("interim", &lane.interim, &pingora.interim, differ);
    maps(&lane.head.fields, &pingora.head.fields, differ);
    value(
        "trailers",
        &lane.content.trailers,
        &pingora.content.trailers,
        differ,
    );
    let (short, long) = (&lane.content.bytes, &pingora.content.bytes);
    let (short, long) = if short.len() < long.len() {
        (short, long)
    } else {
        (long, short)
    };
    // How much has been passed on of what broke off is chance; what has been is not.
    let is_cut = lane.ending == Ending::Cut && pingora.ending == Ending::Cut;
    if !(short == long || is_cut && long.starts_with(short)) {
        differ(
            "body".to_owned(),
            text(&lane.content.bytes),
            text(&pingora.content.bytes),
        );
    }
}

fn arrivals(lane: &Arrival, pingora: &Arrival, differ: Differ<'_>) {
    value("line", &lane.line, &pingora.line, differ);
    maps(&lane.fields, &pingora.fields, differ);
    value("whole", &lane.content.is_whole, &pingora.content.is_whole, differ);
    if lane.content.is_whole && lane.content.bytes != pingora.content.bytes {
        differ(
            "body".to_owned(),
            text(&lane.content.bytes),
            text(&pingora.content.bytes),
        );
    }
    let none = Fields::new();
    if lane.content.trailers != none || pingora.content.trailers != none {
        value(
            "trailers",
            &lane.content.trailers,
            &pingora.content.trailers,
            differ,
        );
    }
}

fn value<T: Debug + PartialEq>(what: &str, lane: &T, pingora: &T, differ: Differ<'_>) {
    if lane != pingora {
        differ(what.to_owned(), format!("{lane:?}"), format!("{pingora:?}"));
    }
}

fn maps<V: Debug + PartialEq>(lane: &BTreeMap<String, V>, pingora: &BTreeMap<String, V>, differ: Differ<'_>) {
    let names: BTreeSet<&String> = lane.keys().chain(pingora.keys()).collect();
    for name in names {
        value(
            &format!("field {name}"),
            &lane.get(name),
            &pingora.get(name),
            differ,
        );
    }
}

/// The start of a body and its length.
fn text(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(200)];
    format!("{:?} ({} bytes)", String::from_utf8_lossy(start), bytes.len())
}
