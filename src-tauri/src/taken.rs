//! How far the window has taken what it is sent: who gets far ahead of it waits.

use tokio::sync::watch;

/// It has taken all up to here.
pub fn reached(taken: &watch::Sender<u64>, upto: u64) {
    taken.send_if_modified(|taken| {
        let more = upto > *taken;
        *taken = upto.max(*taken);
        more
    });
}

/// Until it is less than so far behind what was sent.
pub async fn not_far_behind(taken: &watch::Sender<u64>, sent: u64, behind: u64) {
    let mut taken = taken.subscribe();
    // Its sender is held by who calls this.
    let _ = taken.wait_for(|taken| sent.saturating_sub(*taken) < behind).await;
}
