//! Buckets over time; no test looks at a clock.

use super::*;
use ferrik_config::policy::{RateKey, RateLimit, RateScope};

const MS: u64 = 1_000_000;

fn rate(mode: RateMode, count: u32, period_ms: u64, burst: u32) -> Rate {
    let key = RateKey::Host;
    let name = String::new();
    Rate::of(&RateLimit {
        name,
        scope: RateScope::Shared,
        count,
        period_ms,
        burst,
        key,
        mode,
        status: 503,
        exempt: Vec::new(),
    })
}

/// How many of these requests pass at these times, in milliseconds.
fn passed(rate: &Rate, arrivals: &[(u64, usize)]) -> Vec<usize> {
    let mut bucket = Bucket::default();
    let mut pass = |at: u64, count: usize| (0..count).filter(|_| bucket.take(rate, at * MS).is_ok()).count();
    arrivals.iter().map(|(at, count)| pass(*at, *count)).collect()
}

#[test]
fn a_leaky_bucket_takes_the_burst_at_once_and_then_the_average() {
    for (count, period_ms, burst, arrivals, counts) in [
        (
            1,
            1000,
            5,
            &[(0, 10), (999, 3), (1000, 3), (3000, 9)][..],
            &[6, 0, 1, 2][..],
        ),
        (1, 1000, 0, &[(0, 2), (999, 1), (1000, 2)][..], &[1, 0, 1][..]),
        (
            10,
            1000,
            50,
            &[(0, 100), (100, 5), (60_000, 100)][..],
            &[51, 1, 51][..],
        ),
        (
            1,
            60_000,
            5,
            &[(0, 10), (59_999, 1), (60_000, 2)][..],
            &[6, 0, 1][..],
        ),
        (
            3,
            1000,
            0,
            &[(0, 2), (333, 1), (334, 2), (668, 2)][..],
            &[1, 0, 1, 1][..],
        ),
    ] {
        assert_eq!(
            passed(&rate(RateMode::LeakyBucket, count, period_ms, burst), arrivals),
            counts,
            "{count}/{period_ms}"
        );
    }
}

/// `ngx_http_limit_req_lookup`: thousandths of requests, milliseconds.
#[test]
fn a_leaky_bucket_decides_as_nginx_does() {
    for (count, burst) in [(1, 5), (5, 0), (10, 50), (100, 3), (1000, 20)] {
        let rate = rate(RateMode::LeakyBucket, count, 1000, burst);
        let (mut bucket, mut excess, mut last) = (Bucket::default(), None::<i64>, 0_i64);
        let mut seed = 7_u64;
        let mut now = 0_i64;
        for _ in 0..5000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            now += i64::try_from(seed >> 33).expect("31 bits") % (2000 / i64::from(count) + 2);
            let left = excess.map_or(0, |excess| {
                (excess - i64::from(count) * (now - last) + 1000).max(0)
            });
            let passes = left <= i64::from(burst) * 1000;
            if passes {
                (excess, last) = (Some(left), now);
            }
            let found = bucket
                .take(&rate, u64::try_from(now).expect("time goes on") * MS)
                .is_ok();
            assert_eq!(found, passes, "{count} {burst} at {now}");
        }
    }
}

#[test]
fn a_token_bucket_takes_its_size_and_lets_the_next_wait_for_half_an_interval() {
    let rate_of_ten = rate(RateMode::TokenBucket, 10, 1000, 2);
    let mut bucket = Bucket::default();
    let ms = Duration::from_millis;
    for (at, found) in [
        (0, Ok(ms(0))),
        (0, Ok(ms(0))),
        (0, Err(ms(100))),
        (49, Err(ms(51))),
        (50, Ok(ms(50))),
        (50, Err(ms(150))),
        (100, Err(ms(100))),
        (400, Ok(ms(0))),
    ] {
        assert_eq!(bucket.take(&rate_of_ten, at * MS), found, "at {at}");
    }
    let mut bucket = Bucket::default();
    let rate_of_hours = rate(RateMode::TokenBucket, 1, 3_600_000, 1);
    assert_eq!(bucket.take(&rate_of_hours, 0), Ok(ms(0)));
    assert_eq!(bucket.take(&rate_of_hours, 3_599_499 * MS), Err(ms(501)));
    assert_eq!(bucket.take(&rate_of_hours, 3_599_500 * MS), Ok(ms(500)));
}

#[test]
fn a_raised_limit_is_not_held_up_by_the_old_one() {
    let mut bucket = Bucket::default();
    let hourly = rate(RateMode::LeakyBucket, 1, 3_600_000, 5);
    while bucket.take(&hourly, 0).is_ok() {}
    let fast = rate(RateMode::LeakyBucket, 10, 1000, 0);
    assert_eq!(bucket.take(&fast, 0), Err(Duration::from_millis(100)));
    assert_eq!(bucket.take(&fast, 100 * MS), Ok(Duration::ZERO));
    assert_eq!(bucket.take(&fast, 100 * MS), Err(Duration::from_millis(100)));
}

#[test]
fn what_is_forgotten_was_as_good_as_new() {
    for mode in [RateMode::LeakyBucket, RateMode::TokenBucket] {
        let rate = rate(mode, 3, 1000, 4);
        let mut bucket = Bucket::default();
        while bucket.take(&rate, MS).is_ok() {}
        let later = MS + rate.forgets_after();
        let (mut new, mut old) = (Bucket::default(), bucket);
        for _ in 0..8 {
            assert_eq!(old.take(&rate, later), new.take(&rate, later));
        }
    }
}

#[test]
fn absurd_numbers_stay_numbers() {
    for (count, period_ms, burst) in [(u32::MAX, 1, 0), (1, u64::MAX, u32::MAX), (0, 0, 0)] {
        for mode in [RateMode::LeakyBucket, RateMode::TokenBucket] {
            assert!(
                Bucket::default()
                    .take(&rate(mode, count, period_ms, burst), u64::MAX - 1)
                    .is_ok()
            );
        }
    }
}
