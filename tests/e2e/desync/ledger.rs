//! Three accounts of the same requests: the bytes that left Ferrik, its access log, and what the origin counted. They have to
//! agree.

use std::collections::BTreeMap;

use serde_json::Value;

use super::parser::{self, Message};

/// What no client may make an origin believe.
const CLAIMS: [&str; 2] = ["203.0.113.7", "forged.example"];

/// How often one method and target occurs.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// Heads among the bytes, and those of them whose body is complete.
    heads: usize,
    complete: usize,
    /// Tries that the access log speaks of, and answers of status 200.
    tried: usize,
    answered: usize,
    /// As the origin says.
    counted: usize,
}

/// The accounts of one run.
pub(super) struct Ledger {
    messages: Vec<Message>,
    counts: BTreeMap<(String, String), Count>,
    problems: Vec<String>,
}

impl Ledger {
    /// From the bytes of each connection, the log in JSON, and the origin's list of methods and targets.
    pub(super) fn new(streams: &[Vec<u8>], log: &str, origin: &[(String, String)]) -> Self {
        let (mut messages, mut problems) = (Vec::new(), Vec::new());
        for stream in streams {
            match parser::requests(stream) {
                Ok(requests) => messages.extend(requests),
                Err(why) => problems.push(format!("the origin received what is no HTTP: {why}")),
            }
        }
        let mut counts: BTreeMap<(String, String), Count> = BTreeMap::new();
        for message in &messages {
            let key = (message.word(0).to_owned(), lossy(message.word(1)));
            let count = counts.entry(key).or_default();
            count.heads += 1;
            count.complete += usize::from(message.is_complete);
        }
        for line in log.lines() {
            let line: Value = serde_json::from_str(line).expect("a line is one JSON object");
            let tries = line["tries"].as_u64().unwrap_or_default();
            if tries == 0 {
                continue;
            }
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            let count = counts.entry((text("method"), path(&text("target")))).or_default();
            count.tried += usize::try_from(tries).expect("there are few");
            count.answered += usize::from(line["status"] == 200 && line["error"].is_null());
        }
        for key in origin {
            counts.entry(key.clone()).or_default().counted += 1;
        }
        Self {
            messages,
            counts,
            problems,
        }
    }

    /// Complete requests and heads for targets of this path.
    pub(super) fn of(&self, path: &str) -> (usize, usize) {
        let mine = || {
            self.messages
                .iter()
                .filter(|message| message.word(1).contains(path))
        };
        (
            mine().filter(|message| message.is_complete).count(),
            mine().count(),
        )
    }

    /// True if the path itself, or one below it other than that of the request that follows, was forwarded.
    pub(super) fn has_forwarded(&self, path: &str) -> bool {
        let mut targets = self.messages.iter().map(|message| message.word(1));
        targets.any(|target| target.contains(path) && !target.ends_with("/next"))
    }

    /// Where they disagree, and what must not be in them.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = self.problems.clone();
        for message in &self.messages {
            if message.word(1).ends_with("/smuggled") {
                problems.push(format!("smuggled: {}", message.start));
            }
            for (name, value) in &message.fields {
                if CLAIMS.iter().any(|claim| value.contains(claim)) {
                    problems.push(format!("{}: the origin is told `{name}: {value}`", message.start));
                }
            }
        }
        for ((method, target), count) in &self.counts {
            // An origin may refuse what is clear; it must not see more than was sent.
            let is_right = count.heads <= count.tried
                && count.answered <= count.heads
                && (count.answered..=count.heads).contains(&count.counted);
            if !is_right {
                problems.push(format!("the accounts of {method} {target} disagree: {count:?}"));
            }
        }
        problems
    }
}

/// One character for each byte, read as UTF-8 like the log.
fn lossy(text: &str) -> String {
    let bytes: Vec<u8> = text
        .chars()
        .map(|letter| u8::try_from(letter).expect("a byte"))
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Without the authority of the absolute form, which is not forwarded.
fn path(target: &str) -> String {
    let rest = target.strip_prefix("http://");
    rest.and_then(|rest| Some(rest[rest.find('/')?..].to_owned()))
        .unwrap_or_else(|| target.to_owned())
}
