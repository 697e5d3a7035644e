//! Certificates are issued as the options say.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, SystemTime};

use ferrik_test_acme::{Acme, AcmeOptions, Endpoint, ExternalAccount};
use instant_acme::{CertificateIdentifier, ExternalAccountKey};

use crate::client::{account, issue, order, parse, problem, read};
use crate::responder::Responder;

#[tokio::test]
async fn a_certificate_is_issued_and_its_order_is_counted() {
    let responder = Responder::start(&[Ipv4Addr::LOCALHOST]).await;
    let acme = Acme::start(AcmeOptions {
        http_port: responder.port(),
        lifetime: Duration::from_secs(600),
        ..AcmeOptions::default()
    })
    .await;
    let account = account(&acme, None).await.expect("accounts are free");
    let chain = issue(&account, "shop.test", &responder)
        .await
        .expect("no problem");
    let chain = parse(&chain);

    let leaf = read(&chain[0]);
    let names = leaf.subject_alternative_name().expect("readable").expect("names");
    assert!(
        format!("{:?}", names.value).contains("shop.test"),
        "{:?}",
        names.value
    );
    let validity = leaf.validity();
    assert_eq!(
        validity.not_after.timestamp() - validity.not_before.timestamp(),
        599,
        "both ends count"
    );
    let root = parse(&acme.issuing_root_pem().await);
    let last = chain.last().expect("a chain");
    assert_eq!(
        read(last).issuer(),
        read(&root[0]).subject(),
        "the chain ends at the root"
    );

    assert_eq!((acme.orders(), acme.accounts()), (1, 1));
    for endpoint in [Endpoint::NewOrder, Endpoint::Finalize, Endpoint::Certificate] {
        assert_eq!(acme.count(endpoint), 1, "{endpoint:?}");
    }
    let requests = acme.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.endpoint != Endpoint::Unknown),
        "{requests:?}"
    );
    assert!(requests.is_sorted_by_key(|request| request.at));
}

#[tokio::test]
async fn half_of_all_nonces_may_be_bad() {
    let responder = Responder::start(&[Ipv4Addr::LOCALHOST]).await;
    let acme = Acme::start(AcmeOptions {
        http_port: responder.port(),
        bad_nonces: 50,
        ..AcmeOptions::default()
    })
    .await;
    let refused = || {
        acme.requests()
            .iter()
            .filter(|request| request.status == Some(400))
            .count()
    };
    // The client gives up after three bad nonces in a row.
    for _ in 0..200 {
        let Ok(account) = account(&acme, None).await else {
            continue;
        };
        if issue(&account, "shop.test", &responder).await.is_ok() && refused() > 0 {
            return;
        }
    }
    panic!(
        "{} nonces were refused, and no certificate was issued:\n{}",
        refused(),
        acme.log()
    );
}

#[tokio::test]
async fn the_renewal_window_is_the_one_that_was_set() {
    let responder = Responder::start(&[Ipv4Addr::LOCALHOST]).await;
    let acme = Acme::start(AcmeOptions {
        http_port: responder.port(),
        ..AcmeOptions::default()
    })
    .await;
    let account = account(&acme, None).await.expect("accounts are free");
    let chain = issue(&account, "shop.test", &responder)
        .await
        .expect("no problem");
    let leaf = &parse(&chain)[0];
    let name = CertificateIdentifier::try_from(leaf).expect("it names its issuer");

    let (_, delay) = account.renewal_info(&name).await.expect("pebble's own window");
    assert!(delay > Duration::from_secs(5 * 3600), "{delay:?}");
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let end = start + Duration::from_secs(60);
    acme.set_renewal_window(&chain, start, end).await;
    acme.set_renewal_retry_after(Duration::from_secs(30));
    let (info, delay) = account.renewal_info(&name).await.expect("the window");
    let window = info.suggested_window;
    assert_eq!(window.start.unix_timestamp(), 1_000_000);
    assert_eq!(window.end.unix_timestamp(), 1_000_060);
    assert!(delay <= Duration::from_secs(30), "{delay:?}");
    assert_eq!(acme.count(Endpoint::RenewalInfo), 2);

    acme.set_renewal_answer(&chain, "no JSON").await;
    assert!(account.renewal_info(&name).await.is_err());
}

#[tokio::test]
async fn a_name_with_two_addresses_is_validated_at_both() {
    let replicas = [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)];
    let responder = Responder::start(&replicas).await;
    let acme = Acme::start(AcmeOptions {
        http_port: responder.port(),
        ..AcmeOptions::default()
    })
    .await;
    acme.set_addresses("shop.test", ["127.0.0.2", "127.0.0.3"]);
    let account = account(&acme, None).await.expect("accounts are free");
    issue(&account, "shop.test", &responder)
        .await
        .expect("both answer");
    let asked = responder.asked();
    for replica in replicas {
        assert!(asked.contains_key(&IpAddr::from(replica)), "{asked:?}");
    }

    acme.set_servfail("shop.test");
    assert_eq!(
        problem(issue(&account, "shop.test", &responder).await),
        "connection"
    );
    acme.set_addresses("shop.test", ["127.0.0.3"]);
    issue(&account, "shop.test", &responder)
        .await
        .expect("one answers");
}

#[tokio::test]
async fn accounts_need_a_key_and_blocked_domains_get_no_order() {
    let acme = Acme::start(AcmeOptions {
        external_accounts: vec![ExternalAccount {
            id: "team".to_owned(),
            // base64url of the bytes 0 to 31.
            key: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8".to_owned(),
        }],
        blocked: vec!["blocked.test".to_owned()],
        ..AcmeOptions::default()
    })
    .await;
    assert_eq!(problem(account(&acme, None).await), "externalAccountRequired");
    let key: Vec<u8> = (0..32).collect();
    let key = ExternalAccountKey::new("team".to_owned(), &key);
    let account = account(&acme, Some(&key)).await.expect("the key is known");
    assert_eq!(acme.accounts(), 1);
    assert_eq!(
        problem(order(&account, "shop.blocked.test").await),
        "rejectedIdentifier"
    );
    assert_eq!(acme.orders(), 0, "a refused order is none");
    order(&account, "shop.test").await.expect("it is not blocked");
    assert_eq!(acme.orders(), 1);
}
