//! The certificate authority fails as it is told to, and recovers.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use ferrik_test_acme::{Acme, AcmeOptions, Endpoint, Fault};
use ferrik_test_process::{eventually, within};
use instant_acme::Error;

use crate::client::{account, order, problem};

#[tokio::test]
async fn a_restart_forgets_accounts_and_makes_a_new_root() {
    let acme = Acme::start(AcmeOptions::default()).await;
    let (directory, root) = (acme.directory_url(), acme.issuing_root_pem().await);
    let old = account(&acme, None).await.expect("accounts are free");
    acme.restart().await;
    assert_eq!(problem(order(&old, "shop.test").await), "accountDoesNotExist");
    assert_eq!(acme.directory_url(), directory);
    assert_ne!(acme.issuing_root_pem().await, root);
    let new = account(&acme, None).await.expect("accounts are free");
    order(&new, "shop.test").await.expect("it is known");
    assert_eq!((acme.orders(), acme.accounts()), (1, 2));
}

#[tokio::test]
async fn problems_come_until_they_are_ended() {
    let acme = Acme::start(AcmeOptions::default()).await;
    let account = account(&acme, None).await.expect("accounts are free");
    acme.fail(Endpoint::NewOrder, Fault::rate_limited(Duration::from_secs(3600)));
    for _ in 0..2 {
        assert_eq!(problem(order(&account, "shop.test").await), "rateLimited");
    }
    acme.pass();
    order(&account, "shop.test").await.expect("all is well");
    assert_eq!((acme.orders(), acme.count(Endpoint::NewOrder)), (1, 3));

    acme.fail_next(1, None, Fault::unavailable());
    assert!(order(&account, "shop.test").await.is_err());
    order(&account, "shop.test").await.expect("it was one request");
    let statuses: Vec<_> = acme.requests().iter().map(|request| request.status).collect();
    assert!(statuses.contains(&Some(429)), "{statuses:?}");
    assert!(statuses.contains(&Some(503)), "{statuses:?}");
}

#[tokio::test]
async fn what_is_held_goes_on_and_what_is_cut_does_not() {
    let acme = Acme::start(AcmeOptions::default()).await;
    let account = account(&acme, None).await.expect("accounts are free");
    acme.fail(Endpoint::NewOrder, Fault::Hold);
    let held = tokio::spawn({
        let account = account.clone();
        async move { order(&account, "shop.test").await.is_ok() }
    });
    eventually("the order is under way", async || {
        acme.count(Endpoint::NewOrder) == 1
    })
    .await;
    assert!(!held.is_finished());
    assert_eq!(acme.orders(), 0);
    acme.pass();
    let held = within("the order goes on", held).await;
    assert!(held.expect("nobody panicked"), "the order is made");
    assert_eq!(acme.orders(), 1);

    acme.fail_next(1, Endpoint::NewOrder, Fault::Cut);
    acme.fail_next(1, Endpoint::NewOrder, Fault::LoseAnswer);
    for _ in 0..2 {
        let result = order(&account, "shop.test").await;
        assert!(!matches!(result, Ok(_) | Err(Error::Api(_))), "no answer comes");
    }
    let last = acme.requests().pop().expect("there were some");
    assert_eq!((last.endpoint, last.status), (Endpoint::NewOrder, None));
    order(&account, "shop.test").await.expect("all is well");
}

#[tokio::test]
async fn it_may_stand_still_and_be_gone() {
    let acme = Acme::start(AcmeOptions::default()).await;
    let client = account(&acme, None).await.expect("accounts are free");
    acme.pause();
    let waiting = tokio::spawn(async move { order(&client, "shop.test").await.is_ok() });
    eventually("a request is under way", async || {
        acme.requests().iter().any(|request| request.status.is_none())
    })
    .await;
    assert!(!waiting.is_finished());
    acme.resume();
    let waiting = within("the order goes on", waiting).await;
    assert!(waiting.expect("nobody panicked"), "its memory is there");

    acme.stop();
    assert!(account(&acme, None).await.is_err());
    acme.restart().await;
    account(&acme, None).await.expect("it is back");
}

#[tokio::test]
async fn several_run_side_by_side_and_one_may_listen_elsewhere() {
    let listen = Some((Ipv4Addr::new(127, 0, 0, 9), 0).into());
    let elsewhere = Acme::start(AcmeOptions {
        listen,
        ..AcmeOptions::default()
    })
    .await;
    // It may be started by a task, and shared by several.
    let other = tokio::spawn(Acme::start(AcmeOptions::default())).await;
    let other = Arc::new(other.expect("nobody panicked"));
    let restarted = tokio::spawn({
        let other = other.clone();
        async move { other.restart().await }
    });
    restarted.await.expect("nobody panicked");
    assert!(elsewhere.directory_url().starts_with("https://127.0.0.9:"));
    let here = account(&elsewhere, None).await.expect("accounts are free");
    order(&here, "shop.test").await.expect("it is known");
    assert_eq!((elsewhere.orders(), other.orders()), (1, 0));
}
