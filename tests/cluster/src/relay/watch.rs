//! The events of a watch, which are lines of JSON: sent twice, or swapped in pairs. Without faults every line passes at once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Body, Frame, Incoming};
use serde_json::Value;

use super::State;

/// How long an event waits for another one to be swapped with.
const HOLD: Duration = Duration::from_millis(50);

/// The same watch with the relay's faults, which are looked up for each event.
pub(super) fn rewrite(from: Incoming, state: Arc<State>) -> impl Body<Data = Bytes, Error = hyper::Error> {
    let lines = Lines {
        from,
        state,
        partial: BytesMut::new(),
        held: None,
        ready: VecDeque::new(),
        ended: false,
    };
    StreamBody::new(lines.into_stream())
}

struct Lines {
    from: Incoming,
    state: Arc<State>,
    /// The beginning of a line whose end has not come.
    partial: BytesMut,
    /// An event that waits to be swapped.
    held: Option<Bytes>,
    ready: VecDeque<Bytes>,
    ended: bool,
}

impl Lines {
    fn into_stream(self) -> impl Stream<Item = Result<Frame<Bytes>, hyper::Error>> {
        futures_util::stream::unfold(self, async |mut lines| {
            let item = lines.next().await?;
            Some((item.map(Frame::data), lines))
        })
    }

    async fn next(&mut self) -> Option<Result<Bytes, hyper::Error>> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                return Some(Ok(line));
            }
            if self.ended {
                return None;
            }
            let frame = match self.held {
                Some(_) => tokio::time::timeout(HOLD, self.from.frame()).await,
                None => Ok(self.from.frame().await),
            };
            match frame {
                // Nothing came to swap it with.
                Err(_) => self.release(),
                Ok(Some(Ok(frame))) => self.read(&frame.into_data().unwrap_or_default()),
                Ok(Some(Err(error))) => return Some(Err(error)),
                Ok(None) => {
                    self.ended = true;
                    self.release();
                    let rest = self.partial.split().freeze();
                    self.ready.extend(Some(rest).filter(|rest| !rest.is_empty()));
                }
            }
        }
    }

    fn read(&mut self, data: &[u8]) {
        self.partial.extend_from_slice(data);
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let line = self.partial.split_to(end + 1).freeze();
            self.order(line);
        }
    }

    fn order(&mut self, line: Bytes) {
        let object = object(&line).filter(|_| self.state.faults().reorder);
        let Some(object) = object else {
            self.release();
            self.send(line);
            return;
        };
        match self.held.take() {
            None => self.held = Some(line),
            Some(held) if self::object(&held).as_ref() == Some(&object) => {
                self.send(held);
                self.held = Some(line);
            }
            Some(held) => {
                self.send(line);
                self.send(held);
            }
        }
    }

    fn release(&mut self) {
        if let Some(held) = self.held.take() {
            self.send(held);
        }
    }

    fn send(&mut self, line: Bytes) {
        if self.state.faults().duplicate {
            self.ready.push_back(line.clone());
        }
        self.ready.push_back(line);
    }
}

/// Which object an event is of. Bookmarks and errors are of none: they stay where they are.
fn object(line: &[u8]) -> Option<String> {
    let event: Value = serde_json::from_slice(line).ok()?;
    let uid = event["object"]["metadata"]["uid"].as_str()?;
    matches!(event["type"].as_str(), Some("ADDED" | "MODIFIED" | "DELETED")).then(|| uid.to_owned())
}
