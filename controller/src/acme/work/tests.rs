//! What the leader begins and what it leaves, by a store in a folder and an authority that nobody is.

use std::collections::BTreeSet;

use ferrik_config::name::Kind as ObjectKind;

use super::super::due::Window;
use super::super::entry::OpenOrder;
use super::super::suggestion::tests::issued;
use super::super::{Challenge, KeyKind};
use super::*;

const SERVER: &str = "https://127.0.0.1:1/directory";

fn lasting() -> Lasting {
    let options = Options {
        server: SERVER.to_owned(),
        ca_bundle: None,
        contacts: Vec::new(),
        external_account: None,
        key: KeyKind::P256,
        profile: None,
        preflight: false,
        challenge: Challenge::Http01,
    };
    Lasting {
        options: options.into(),
        http: Http::new(None).expect("a client"),
        audience: Audience {
            published: watch::channel(Published::default()).1,
            replicas: None,
        },
        listeners: Listeners {
            cluster: None,
            identity: "a".into(),
        },
        pace: Arc::default(),
        spare: Arc::default(),
        forgotten: Arc::default(),
    }
}

/// The work on Secrets with these names, for a host of the same name each.
async fn work(folder: &tempfile::TempDir, secrets: &[&str]) -> Work {
    let account = ("ferrik".into(), "ferrik-acme".into());
    let place = Place::Folder(folder.path().join("acme"), account);
    let (store, kept) = Store::open(&place).await.expect("a store");
    let mut work = Work::new(store, kept, lasting());
    for name in secrets {
        let request = Request {
            secret: ObjectRef::new(ObjectKind::Secret, "shop", *name),
            hosts: BTreeSet::from([format!("{name}.example.org")]),
            ingresses: Vec::new(),
            current: None,
            server: None,
        };
        work.requests.insert(request.secret.clone(), request);
    }
    // They stand in no Ingress.
    work.has_news = false;
    work
}

#[tokio::test]
async fn without_budget_only_what_the_authority_has_already_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut work = work(&folder, &["made", "new"]).await;
    let hosts = BTreeSet::from(["made.example.org".to_owned()]);
    let mut made = Entry::default().about(SERVER, &hosts);
    made.order = Some(OpenOrder {
        account: "us".to_owned(),
        key: String::new(),
        url: Some("https://127.0.0.1:1/order".to_owned()),
    });
    work.ledger.save("shop/made", &made).await.expect("it is kept");
    let start = now();
    (0..1000).for_each(|_| work.lasting.pace().ordered(start));
    let begun = |state: State| -> Vec<String> {
        let standings = state.standings.into_iter();
        let begun = standings.filter(|standing| standing.next <= start + 60);
        begun.map(|standing| standing.secret.name.to_string()).collect()
    };
    assert_eq!(begun(work.look().await), ["made"]);
    let begun_orders: Vec<&str> = work.under_way.iter().map(|secret| &*secret.name).collect();
    assert_eq!(begun_orders, ["made"]);
    work.under_way.clear();
    work.orders.abort_all();
    work.lasting.pace().close(Some(600), start);
    assert!(begun(work.look().await).is_empty());
    assert!(work.under_way.is_empty());
}

#[tokio::test]
async fn it_is_looked_again_when_something_may_be_due_and_not_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut work = work(&folder, &[]).await;
    work.has_news = false;
    assert!(work.is_to_look(false, now()), "it was never looked");
    let request = issued("a", SERVER, now(), 90 * 24 * 3600);
    let secret = request.secret.clone();
    work.requests.insert(secret.clone(), request.clone());
    let state = work.look().await;
    let (_, start) = work.looked.expect("it was looked");
    let far = state.standings[0].next;
    assert!(far > start + 50 * 24 * 3600, "{far}");
    assert!(!work.is_to_look(true, start), "nothing is due");
    assert!(work.is_to_look(true, start + SELDOM));
    assert!(work.is_to_look(true, start - 60), "the clock was set back");
    work.has_news = true;
    assert!(work.is_to_look(true, start) && !work.is_to_look(false, start));
    work.has_news = false;
    // The authority wants it renewed soon, then at once.
    let window = |at: i64| Window { start: at, end: at };
    work.suggestions
        .suggest(&request, window(start + 20), start + 1000);
    work.note_suggestion(&secret);
    assert!(!work.is_to_look(true, start + 19));
    assert!(work.is_to_look(true, start + 20));
    work.look().await;
    assert_eq!(work.look_at, start + 20);
    work.suggestions
        .suggest(&request, window(start - 20), start + 1000);
    work.note_suggestion(&secret);
    assert!(work.is_to_look(false, start));
    work.look().await;
    assert!(work.under_way.contains(&secret));
}
