//! Random requests: what is asked, how it is written and how the backend answers all follow from a seed.
//!
//! Each request has an id of its own in its query, with the way in which the backend is to answer.

use super::conversation::{Conversation, Pieces, Request};
use super::random::{Random, pattern};

/// The largest body of a request or an answer.
const LARGEST: usize = 200 << 10;
/// Host and path.
const PLACES: [(&str, &str); 7] = [
    ("n.example.org", "/plain/a"),
    ("n.example.org", "/snippet"),
    ("n.example.org", "/change/b%20c"),
    ("t.example.org", "/plain"),
    ("t.example.org", "/headers/a"),
    ("t.example.org", "/strip/a//b"),
    ("f.example.org", "/prefix"),
];

/// Makes conversations.
pub(super) struct Traffic {
    random: Random,
    /// Requests so far.
    pub(super) count: usize,
}

impl Traffic {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            count: 0,
        }
    }

    /// What one client says on its connections.
    pub(super) fn conversation(&mut self) -> Conversation {
        let mut conversation = Conversation::default();
        for _ in 0..=self.random.below(5) {
            let size = 1 + self.random.below(4);
            conversation.groups.push(size);
            for _ in 0..size {
                let request = self.request();
                conversation.requests.push(request);
            }
        }
        conversation.pieces = match self.random.below(4) {
            0 => Pieces::Whole,
            1 => Pieces::Drops,
            _ => Pieces::Random(self.random.next()),
        };
        if self.random.one_in(8) {
            conversation.tls = Some("secure.example.org".to_owned());
        }
        conversation
    }

    fn request(&mut self) -> Request {
        self.count += 1;
        let random = &mut self.random;
        let methods = [
            "GET", "GET", "GET", "POST", "POST", "PUT", "DELETE", "HEAD", "PATCH",
        ];
        let method = random.choose(&methods);
        let (host, path) = random.choose(&PLACES);
        let is_early = random.one_in(30);
        let plan = plan(random, method == "HEAD", is_early);
        let mut text = format!(
            "{method} {path}?id={}{plan} HTTP/1.1\r\nHost: {host}\r\n",
            self.count
        );
        for name in [
            "Accept: */*",
            "X-Long: ",
            "Cookie: a=b; c=d",
            "X-Forwarded-For: 192.0.2.1",
            "x-gone: a",
        ] {
            if random.one_in(3) {
                text += name;
                if name.ends_with(' ') {
                    text += &"l".repeat(random.size(4 << 10));
                }
                text += "\r\n";
            }
        }
        if random.one_in(25) {
            text += "Connection: close\r\n";
        }
        let body = match (method, random.below(3)) {
            ("GET" | "HEAD" | "DELETE", 1 | 2) | (_, 0) => None,
            _ => Some(pattern(self.count, random.size(LARGEST))),
        };
        let mut bytes = text.into_bytes();
        match body {
            None => bytes.extend_from_slice(b"\r\n"),
            Some(body) if random.one_in(2) => {
                bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
                bytes.extend_from_slice(&body);
            }
            Some(body) => {
                bytes.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
                chunks(random, &body, &mut bytes);
            }
        }
        Request {
            bytes,
            is_head: method == "HEAD",
            pause: None,
        }
    }
}

/// How the backend is to answer.
fn plan(random: &mut Random, is_head: bool, is_early: bool) -> String {
    let status = random.choose(&[200, 200, 200, 200, 201, 204, 304, 404, 500]);
    let length = random.size(LARGEST);
    let mut plan = vec![format!("&s={status}&n={length}")];
    let framing = random.choose(&["l", "l", "c", "c", "u"]);
    match (status, framing) {
        (204 | 304, _) => plan.push("&f=none".to_owned()),
        // Nothing else says where it ends.
        (_, "u") => plan.push("&f=u&k=c".to_owned()),
        _ => plan.push(format!("&f={framing}")),
    }
    if framing == "c" {
        plan.push(format!("&cs={}", 1 + length / 50 + random.size(4 << 10)));
        for option in ["&ext=1", "&t=1"] {
            if random.one_in(4) {
                plan.push(option.to_owned());
            }
        }
    }
    if random.one_in(3) {
        plan.push(format!("&w={}", 1 + length / 100 + random.size(8 << 10)));
    }
    if framing != "u" {
        plan.push(random.choose(&["", "", "", "&k=c", "&k=a"]).to_owned());
    }
    if is_early {
        plan.push("&early=1".to_owned());
        return plan.concat();
    }
    let accident = random.below(40);
    if accident < 2 {
        plan.push(match random.below(4) {
            0 => "&x=head".to_owned(),
            1 => "&x=part".to_owned(),
            2 => "&x=reset".to_owned(),
            // An answer that is whole does not look broken off: the connection would end in silence.
            _ if is_head || length == 0 || matches!(status, 204 | 304) => String::new(),
            _ => format!("&x={}", random.below(length)),
        });
    } else if accident < 4 {
        plan.push("&i=103".to_owned());
    }
    plan.concat()
}

/// A body in chunks of random sizes, some with extensions, and perhaps with trailers.
fn chunks(random: &mut Random, body: &[u8], bytes: &mut Vec<u8>) {
    let mut at = 0;
    while at < body.len() {
        let end = body.len().min(at + 1 + body.len() / 100 + random.size(16 << 10));
        let extension = if random.one_in(5) { ";a=\"b c\"" } else { "" };
        bytes.extend_from_slice(format!("{:x}{extension}\r\n", end - at).as_bytes());
        bytes.extend_from_slice(&body[at..end]);
        bytes.extend_from_slice(b"\r\n");
        at = end;
    }
    let trailer = if random.one_in(4) { "X-Trailer: 1\r\n" } else { "" };
    bytes.extend_from_slice(format!("0\r\n{trailer}\r\n").as_bytes());
}
