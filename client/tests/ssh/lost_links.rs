//! Links that go silent or stay away: noticed soon, tried again without a storm of attempts, and back soon.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use slipway_client::LinkState;
use slipway_protocol::api::ListProjects;

use crate::stage::{Stage, behind_a_proxy};
use crate::support::{LONG, is_up, state};

/// FR-CON-08: a link that goes silent is noticed within 15 seconds, and is back within 3 of the network's return.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_link_is_noticed() {
    let stage = Stage::known("");
    let (proxy, profile) = behind_a_proxy(&stage).await;
    // A machine that is held up is late now and then; what takes longer than it should is late each time.
    let mut late = Vec::new();
    while late.len() < 4 {
        let connection = stage.signed_in(&profile).await;
        let started = Instant::now();
        proxy.silence();
        state(&connection, LONG, |now| !is_up(now)).await;
        let noticed = started.elapsed();
        proxy.cut();
        tokio::time::sleep(Duration::from_millis(100)).await;
        proxy.restore();
        let restored = Instant::now();
        state(&connection, LONG, is_up).await;
        let back = restored.elapsed();
        connection.send(ListProjects {}).await.unwrap();
        eprintln!("noticed after {noticed:.1?}, back after {back:.1?}");
        if noticed <= Duration::from_secs(15) && back <= Duration::from_secs(3) {
            return;
        }
        late.push((noticed, back));
    }
    panic!("noticed and back too late: {late:?}");
}

/// So many attempts there are at most in this time: the shortest waits are 0.25, 0.5, 1, 2, 4 and then 6 seconds.
fn most_attempts(time: Duration) -> usize {
    let shortest = [250, 500, 1000, 2000, 4000].into_iter();
    let begins = shortest.chain(std::iter::repeat(6000)).scan(0, |sum, wait| {
        *sum += wait;
        Some(Duration::from_millis(*sum))
    });
    begins.take_while(|begin| *begin <= time).count()
}

/// FR-CON-08: an outage of some length is not answered with a storm of attempts; the state tells of it.
#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_spaced() {
    let stage = Stage::known("");
    let (proxy, profile) = behind_a_proxy(&stage).await;
    let connection = stage.open(&profile).await.unwrap();
    let attempts = || proxy.taken.load(Ordering::SeqCst);
    let (before, begun) = (attempts(), Instant::now());
    proxy.cut();
    tokio::time::sleep(Duration::from_secs(5)).await;
    while attempts() == before {
        assert!(begun.elapsed() < LONG, "nobody tries");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // A door that opens is not knocked at.
    let made = attempts() - before;
    let time = begun.elapsed();
    assert!(made <= most_attempts(time), "{made} attempts in {time:.1?}");
    // Whoever asks for it does not wait for the next attempt; one that has begun too early counts for another round.
    for round in 0.. {
        let now = state(&connection, LONG, |now| {
            matches!(now, LinkState::BackingOff { .. })
        })
        .await;
        let LinkState::BackingOff { sentence, .. } = now else {
            unreachable!()
        };
        assert!(sentence.contains("127.0.0.1"), "{sentence}");
        proxy.restore();
        let asked = Instant::now();
        connection.retry();
        state(&connection, LONG, is_up).await;
        if asked.elapsed() <= Duration::from_secs(3) {
            return;
        }
        assert!(round < 3, "back after {:.1?}", asked.elapsed());
        proxy.cut();
    }
}
