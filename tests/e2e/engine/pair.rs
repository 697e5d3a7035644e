//! Two ferriks over the same objects and the same backend, one for each engine, and what is seen of each.

use std::collections::BTreeMap;

use serde_json::Value;

use super::conversation::{Answer, Conversation, Ending, id};
use super::origin::{Arrival, Origin};
use crate::support::{Ferrik, eventually};

/// What differs from one run to the next in any case.
const NEVER_ALIKE: [&str; 3] = ["time", "duration", "request_id"];
/// Header fields that tell the time.
const OF_TIME: [&str; 2] = ["date", "x-retry-in"];
/// The target of a probe.
const PROBE_ID: &str = "/probe?id=probe";
/// Who connects how often is the client's affair.
const OF_CONNECTIONS: &str = "ferrik_connections";
/// Tells the engines apart on purpose.
const OF_ENGINES: &str = "ferrik_requests_by_engine";

/// A ferrik, and how far its log has been read.
struct Door {
    ferrik: Ferrik,
    lines: usize,
}

/// The pair and its backend.
pub(super) struct Pair {
    origin: Origin,
    lane: Door,
    pingora: Door,
}

/// What is seen of some requests.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) answers: Vec<Answer>,
    pub(super) arrivals: Vec<Arrival>,
    /// Lines of the access log, field by field.
    pub(super) log: Vec<BTreeMap<String, String>>,
    /// How much each counter has grown.
    pub(super) metrics: BTreeMap<String, f64>,
}

/// What both engines did.
#[derive(Debug)]
pub(super) struct Both {
    pub(super) lane: Seen,
    pub(super) pingora: Seen,
}

impl Pair {
    /// Over objects that name the backend's address.
    pub(super) async fn start(objects: impl Fn(&Origin) -> String, arguments: &[&str]) -> Self {
        let origin = Origin::start().await;
        let objects = objects(&origin);
        let door = async |engine: &str| {
            let engine = ["--http1-engine", engine, "--log-format", "json"];
            let setup = Ferrik::setup().file("objects.yaml", &objects);
            let ferrik = setup.arguments(&engine).arguments(arguments).start().await;
            Door { ferrik, lines: 0 }
        };
        let (lane, pingora) = (door("lane").await, door("pingora").await);
        Self {
            origin,
            lane,
            pingora,
        }
    }

    /// Holds the same conversation with both.
    pub(super) async fn hold(&mut self, conversation: &Conversation) -> Both {
        Both {
            lane: self.lane.hold(conversation, &self.origin).await,
            pingora: self.pingora.hold(conversation, &self.origin).await,
        }
    }

    /// The same, but with requests pipelined only where that is served.
    pub(super) async fn hold_apart(&mut self, conversation: &Conversation) -> Both {
        Both {
            lane: self.lane.hold(conversation, &self.origin).await,
            pingora: self.pingora.hold(&conversation.apart(), &self.origin).await,
        }
    }

    /// Holds many conversations at a time with both; what is seen of each request, by its id. Requests are pipelined where
    /// that is served.
    pub(super) async fn hold_all(&mut self, conversations: &[Conversation]) -> BTreeMap<String, Both> {
        let mut lane = self.lane.hold_all(conversations, &self.origin).await;
        let apart: Vec<Conversation> = conversations.iter().map(Conversation::apart).collect();
        let pingora = self.pingora.hold_all(&apart, &self.origin).await;
        let with = |(id, pingora): (String, Seen)| {
            let lane = lane.remove(&id).unwrap_or_default();
            (id, Both { lane, pingora })
        };
        pingora.into_iter().map(with).collect()
    }
}

impl Door {
    async fn hold(&mut self, conversation: &Conversation, origin: &Origin) -> Seen {
        let before = self.metrics().await;
        let answers = self.talk(conversation).await;
        let mut seen = Seen {
            log: self.log(origin, 1, &[]).await,
            answers,
            ..Seen::default()
        };
        let mut arrivals = origin.take();
        arrivals.remove("probe");
        seen.arrivals = arrivals
            .into_values()
            .flatten()
            .map(|it| self.plain(it))
            .collect();
        seen.metrics = self.metrics().await;
        for (name, value) in &mut seen.metrics {
            *value -= before.get(name).copied().unwrap_or_default();
        }
        seen.metrics.retain(|_, value| *value > 0.0);
        seen
    }

    async fn hold_all(&mut self, conversations: &[Conversation], origin: &Origin) -> BTreeMap<String, Seen> {
        let talks = conversations.iter().map(|conversation| self.talk(conversation));
        let answers = futures_util::future::join_all(talks).await;
        let is_answered = |answer: &Answer| matches!(answer.ending, Ending::Whole | Ending::Cut);
        let answered: Vec<String> = conversations
            .iter()
            .zip(&answers)
            .flat_map(|(conversation, answers)| conversation.requests.iter().zip(answers))
            .filter(|(_, answer)| is_answered(answer))
            .map(|(request, _)| format!("id={}&", request.id()))
            .collect();
        let mut all: BTreeMap<String, Seen> = BTreeMap::new();
        for line in self.log(origin, conversations.len(), &answered).await {
            let id = id(line.get("target").map(String::as_str).unwrap_or_default());
            all.entry(id).or_default().log.push(line);
        }
        for (id, arrivals) in origin.take() {
            let arrivals = arrivals.into_iter().map(|it| self.plain(it));
            all.entry(id).or_default().arrivals.extend(arrivals);
        }
        for (conversation, answers) in conversations.iter().zip(answers) {
            for (request, answer) in conversation.requests.iter().zip(answers) {
                all.entry(request.id()).or_default().answers.push(answer);
            }
        }
        all.remove("probe");
        all
    }

    async fn talk(&self, conversation: &Conversation) -> Vec<Answer> {
        let address = match conversation.tls {
            Some(_) => self.ferrik.https(),
            None => self.ferrik.http(),
        };
        let mut answers = conversation.hold(address).await;
        for answer in &mut answers {
            for (name, values) in &mut answer.head.fields {
                for value in values {
                    *value = self.text(value);
                    if OF_TIME.contains(&&**name) {
                        value.clear();
                    }
                }
            }
            if !answer.head.fields.contains_key("x-origin") {
                let text = self.text(&String::from_utf8_lossy(&answer.content.bytes));
                answer.content.bytes = text.into_bytes();
            }
        }
        answers
    }

    /// The lines since the last call, once so many probes and one line of each of these others are among them and the
    /// backend has nothing to do.
    async fn log(
        &mut self,
        origin: &Origin,
        probes: usize,
        others: &[String],
    ) -> Vec<BTreeMap<String, String>> {
        let mut text = String::new();
        eventually("every request is logged", async || {
            text = self.ferrik.access_log();
            let lines: Vec<&str> = text.lines().skip(self.lines).collect();
            let found = lines.iter().filter(|line| line.contains(PROBE_ID)).count();
            let is_there = |id: &String| lines.iter().any(|line| line.contains(&**id));
            origin.is_idle() && found == probes && others.iter().all(is_there)
        })
        .await;
        let lines: Vec<&str> = text.lines().skip(self.lines).collect();
        self.lines += lines.len();
        let others = lines.into_iter().filter(|line| !line.contains(PROBE_ID));
        others.map(|line| self.line(line)).collect()
    }

    fn line(&self, line: &str) -> BTreeMap<String, String> {
        let line: BTreeMap<String, Value> = serde_json::from_str(line).expect("a line is a JSON object");
        let fields = line
            .into_iter()
            .filter(|(name, _)| !NEVER_ALIKE.contains(&&**name));
        let plain = |(name, value): (String, Value)| {
            let text = match value {
                Value::Number(_) if name == "upstream_response_time" => "a time".to_owned(),
                Value::String(text) => self.text(&text),
                value => value.to_string(),
            };
            (name, text)
        };
        fields.map(plain).collect()
    }

    fn plain(&self, mut arrival: Arrival) -> Arrival {
        for value in arrival.fields.values_mut().flatten() {
            *value = self.text(value);
        }
        arrival
    }

    /// The text without what belongs to this process or to this request only: its ports, and request ids.
    fn text(&self, text: &str) -> String {
        let http = self.ferrik.http().port().to_string();
        let https = self.ferrik.https().port().to_string();
        let mut plain = String::with_capacity(text.len());
        let mut before = None;
        for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
            let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            let mark = &word[bare.len()..];
            let is_id = bare.len() == 32 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
            // A number alone is a port only if it is one of ours, and no value of a query: those count up, past our ports.
            let is_value = before.replace(mark) == Some("=");
            let bare = match bare {
                _ if is_id => "(id)",
                _ if is_value => bare,
                _ if bare == http => "(http)",
                _ if bare == https => "(https)",
                _ => bare,
            };
            plain += bare;
            plain += mark;
        }
        plain
    }

    async fn metrics(&self) -> BTreeMap<String, f64> {
        let text = self.ferrik.get_admin("/metrics").await.text();
        let counters = text.lines().filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            let bare = name.split('{').next()?;
            let is_left_out = [OF_CONNECTIONS, OF_ENGINES].iter().any(|it| bare.starts_with(it));
            let is_compared = bare.ends_with("_total") && !is_left_out;
            is_compared.then_some((name.to_owned(), value.parse().ok()?))
        });
        counters.collect()
    }
}
