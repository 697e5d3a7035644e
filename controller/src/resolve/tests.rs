//! Tests with a resolver of their own: nothing here asks the network.

use std::time::Duration;

use ferrik_config::name::{PortRef, ServicePort};
use tokio::sync::watch;

use super::*;

/// Answers what it was told to; a name that it does not know fails. Counts the questions.
#[derive(Default)]
struct Fake {
    answers: Mutex<BTreeMap<String, Vec<IpAddr>>>,
    asked: watch::Sender<usize>,
}

impl Lookup for Arc<Fake> {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let answer = self
            .answers
            .lock()
            .expect("no test panics here")
            .get(name)
            .cloned();
        self.asked.send_modify(|count| *count += 1);
        answer.ok_or_else(|| io::Error::other("no answer"))
    }
}

type Publish = Box<dyn Fn(&Output) + Send + Sync>;

struct Bench {
    fake: Arc<Fake>,
    published: watch::Receiver<Arc<Endpoints>>,
    resolver: Resolver<Arc<Fake>, Publish>,
}

impl Bench {
    fn new() -> Self {
        let fake = Arc::new(Fake::default());
        let (send, published) = watch::channel(Arc::default());
        let publish: Publish = Box::new(move |output: &Output| {
            send.send_replace(output.endpoints.clone());
        });
        let pace = Pace {
            refresh: Duration::from_millis(4),
            retry: Duration::from_millis(1),
        };
        Self {
            resolver: Resolver::new(fake.clone(), pace, publish),
            fake,
            published,
        }
    }

    fn answer(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|ip| ip.parse().expect("an address"));
        let mut answers = self.fake.answers.lock().expect("no test panics here");
        answers.insert(name.to_owned(), addresses.collect());
    }

    fn fail(&self, name: &str) {
        self.fake
            .answers
            .lock()
            .expect("no test panics here")
            .remove(name);
    }

    /// Publishes one Service for each name, its port 80 led to port 8080.
    fn publish(&self, names: &[&str]) {
        let set = |name: &str| EndpointSet {
            endpoints: Vec::new(),
            external_name: Some((name.to_owned(), 8080)),
        };
        let by_port = names
            .iter()
            .map(|name| (port(name), Arc::new(set(name))))
            .collect();
        self.resolver.publish(&Output {
            endpoints: Arc::new(Endpoints { by_port }),
            ..Output::default()
        });
    }

    fn addresses(&self, name: &str) -> Vec<String> {
        addresses(&self.published.borrow(), name)
    }

    async fn wait_for(&mut self, name: &str, wanted: &[&str]) {
        let wait = self
            .published
            .wait_for(|endpoints| addresses(endpoints, name) == wanted);
        let outcome = tokio::time::timeout(Duration::from_secs(10), wait)
            .await
            .map(|it| it.is_ok());
        assert_eq!(outcome, Ok(true), "{name} is not {wanted:?}");
    }

    /// Waits until this many further questions were asked.
    async fn wait_for_questions(&self, count: usize) {
        let mut asked = self.fake.asked.subscribe();
        let enough = *asked.borrow() + count;
        let wait = asked.wait_for(|asked| *asked >= enough);
        let outcome = tokio::time::timeout(Duration::from_secs(10), wait)
            .await
            .map(|it| it.is_ok());
        assert_eq!(outcome, Ok(true), "nothing is asked");
    }
}

fn port(name: &str) -> ServicePort {
    ServicePort {
        namespace: "ns".into(),
        service: name.into(),
        port: PortRef::Number(80),
    }
}

fn addresses(endpoints: &Endpoints, name: &str) -> Vec<String> {
    let set = endpoints.by_port.get(&port(name));
    set.into_iter()
        .flat_map(|set| &set.endpoints)
        .map(|endpoint| endpoint.address.to_string())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_are_resolved_and_published_and_followed() {
    let mut bench = Bench::new();
    bench.answer("a.test", &["192.0.2.2", "192.0.2.1", "192.0.2.2", "2001:db8::1"]);
    bench.publish(&["a.test"]);
    let sorted = ["192.0.2.1:8080", "192.0.2.2:8080", "[2001:db8::1]:8080"];
    bench.wait_for("a.test", &sorted).await;
    bench.answer("a.test", &["192.0.2.3"]);
    bench.wait_for("a.test", &["192.0.2.3:8080"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_keeps_the_last_good_answer() {
    let mut bench = Bench::new();
    bench.publish(&["a.test"]);
    bench.wait_for_questions(2).await;
    bench.answer("a.test", &["192.0.2.1"]);
    bench.wait_for("a.test", &["192.0.2.1:8080"]).await;
    bench.fail("a.test");
    bench.wait_for_questions(3).await;
    assert_eq!(bench.addresses("a.test"), ["192.0.2.1:8080"]);
    // So does a new table.
    bench.publish(&["a.test", "b.test"]);
    assert_eq!(bench.addresses("a.test"), ["192.0.2.1:8080"]);
    bench.answer("a.test", &["192.0.2.2"]);
    bench.wait_for("a.test", &["192.0.2.2:8080"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_leads_to_this_machine_is_no_endpoint() {
    let mut bench = Bench::new();
    bench.answer("a.test", &["127.0.0.1", "192.0.2.1", "::1"]);
    bench.publish(&["a.test"]);
    bench.wait_for("a.test", &["192.0.2.1:8080"]).await;
    // An answer is no failure: what was good before is not kept against it.
    bench.answer("a.test", &["127.0.0.1"]);
    bench.wait_for("a.test", &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_is_no_longer_used_is_no_longer_asked_for() {
    let mut bench = Bench::new();
    bench.answer("a.test", &["192.0.2.1"]);
    bench.publish(&["a.test", "b.test"]);
    bench.wait_for("a.test", &["192.0.2.1:8080"]).await;
    let tasks = || Arc::strong_count(&bench.resolver.0.lookup) - 1;
    assert_eq!(tasks(), 2);
    bench.publish(&[]);
    assert!(bench.published.borrow().by_port.is_empty());
    let gone = async {
        while tasks() > 0 {
            tokio::task::yield_now().await;
        }
    };
    let outcome = tokio::time::timeout(Duration::from_secs(10), gone).await;
    assert!(outcome.is_ok(), "{} names are still followed", tasks());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_names_the_endpoints_are_handed_on_as_they_are() {
    let bench = Bench::new();
    let endpoints: Arc<Endpoints> = Arc::default();
    bench.resolver.publish(&Output {
        endpoints: endpoints.clone(),
        ..Output::default()
    });
    assert!(Arc::ptr_eq(&bench.published.borrow(), &endpoints));
}
