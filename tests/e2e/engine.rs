//! The dual run: both HTTP/1.1 engines are asked the same, over the same objects and the same backend, and everything that
//! can be seen of them is compared: the answers, what the backend received, the access log and the counters.

mod cases;
mod conversation;
mod difference;
mod objects;
mod origin;
mod page;
mod pair;
mod random;
mod traffic;
mod wire;

use conversation::{Conversation, Request};
use difference::{ALLOWED, Tally};
use pair::Pair;
use traffic::Traffic;

/// Conversations that are held at the same time.
const AT_A_TIME: usize = 24;
/// Requests after which new ferriks are started: their logs are read anew again and again.
const OF_A_PAIR: usize = 10_000;
/// No more is asked after so many differences.
const ENOUGH: usize = 20;

/// Everything but random requests; how many cases there were.
async fn run_cases(tally: &mut Tally) -> usize {
    let mut count = 0;
    let mut pair = Pair::start(objects::all, &[]).await;
    let one = |conversation: Conversation| [cases::dripping(conversation.clone()), conversation];
    for (name, texts) in [cases::ROUTES, cases::FRAMING].concat() {
        for conversation in one(cases::conversation(texts, false)) {
            tally.add(name, &pair.hold(&conversation).await);
            count += 1;
        }
    }
    for (name, texts) in cases::PIPELINED {
        for conversation in one(cases::conversation(texts, true)) {
            tally.add(
                &format!("pipelined: {name}"),
                &pair.hold_apart(&conversation).await,
            );
            count += 1;
        }
    }
    for (name, texts) in [cases::PIPELINED, cases::HANDED_OVER].concat() {
        let conversation = cases::conversation(texts, true);
        let name = format!("pipelined to both: {name}");
        tally.add(&name, &pair.hold(&conversation).await);
        count += 1;
    }
    for (name, texts) in cases::WAITING {
        tally.add(
            &format!("waiting: {name}"),
            &pair.hold(&cases::waiting(texts)).await,
        );
        count += 1;
    }
    for (name, texts) in cases::SECURE {
        let mut conversation = cases::conversation(texts, false);
        conversation.tls = Some("secure.example.org".to_owned());
        tally.add(&format!("over TLS: {name}"), &pair.hold(&conversation).await);
        count += 1;
    }
    for (name, conversation) in cases::abuse() {
        tally.add(&format!("abuse: {name}"), &pair.hold(&conversation).await);
        count += 1;
    }
    let mut pair = Pair::start(objects::all, &["--trusted-proxies", "127.0.0.1/32"]).await;
    for (name, texts) in cases::TRUSTED {
        let conversation = cases::conversation(texts, false);
        tally.add(&format!("trusted: {name}"), &pair.hold(&conversation).await);
        count += 1;
    }
    count
}

/// Random requests until there are so many; how many there were.
async fn run_traffic(tally: &mut Tally, seed: u64, requests: usize) -> usize {
    let mut pair = Pair::start(objects::all, &[]).await;
    let mut traffic = Traffic::new(seed);
    let mut of_pair = 0;
    while traffic.count < requests {
        if traffic.count - of_pair > OF_A_PAIR {
            pair = Pair::start(objects::all, &[]).await;
            of_pair = traffic.count;
        }
        let conversations: Vec<Conversation> = (0..AT_A_TIME).map(|_| traffic.conversation()).collect();
        for (id, both) in pair.hold_all(&conversations).await {
            let request = conversations
                .iter()
                .flat_map(|conversation| &conversation.requests)
                .find(|request| request.id() == id);
            let line = request.map(Request::line).unwrap_or_default();
            tally.add(&line, &both);
        }
        if tally.others.len() > ENOUGH {
            break;
        }
    }
    traffic.count
}

/// A number from the environment.
fn setting(name: &str, default: u64) -> u64 {
    let Ok(text) = std::env::var(name) else {
        return default;
    };
    text.parse()
        .unwrap_or_else(|_| panic!("{name} is a number, not {text:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_give_the_same_answers() {
    let mut tally = Tally::default();
    let cases = run_cases(&mut tally).await;
    let unseen = ALLOWED
        .iter()
        .filter(|row| !row.is_chance && !tally.allowed.contains_key(row.name));
    let unseen: Vec<&str> = unseen.map(|row| row.name).collect();
    assert!(
        unseen.is_empty(),
        "no case shows {unseen:?} any more: the rows have to go"
    );
    let seed = setting("FERRIK_DUAL_SEED", 1);
    let requests = usize::try_from(setting("FERRIK_DUAL_REQUESTS", 4000)).expect("it is no huge number");
    let requests = run_traffic(&mut tally, seed, requests).await;
    let allowed: Vec<String> = tally
        .allowed
        .iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    let summary = format!(
        "dual: cases {cases}, requests {requests}, differences {} (allowed: {})",
        tally.others.len(),
        allowed.join(", ")
    );
    eprintln!("{summary}");
    assert!(
        tally.others.is_empty(),
        "seed {seed}: {summary}\n{}",
        tally.others.join("\n")
    );
}
