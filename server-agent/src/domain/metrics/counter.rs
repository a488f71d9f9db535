//! How fast a counter grew.

use std::time::Duration;

/// Looks that lie nearer together say nothing, and farther apart are a gap.
const NEAREST: Duration = Duration::from_secs(1);
const FARTHEST: Duration = Duration::from_secs(65);

/// The seconds between two looks, if something can be said of the time between them.
fn between(elapsed: Duration) -> Option<f64> {
    (NEAREST..=FARTHEST)
        .contains(&elapsed)
        .then_some(elapsed.as_secs_f64())
}

/// What a counter grew by, a second. One that began anew meanwhile says nothing: nobody knows from where it counts.
pub fn rate(before: u64, now: u64, elapsed: Duration) -> Option<f64> {
    let grown = now.checked_sub(before)?;
    Some(grown as f64 / between(elapsed)?)
}

/// Which part of what a second counter grew by the first one grew by: 0 to 1.
pub fn share(before: (u64, u64), now: (u64, u64)) -> Option<f64> {
    let all = now.1.checked_sub(before.1).filter(|all| *all > 0)?;
    // The kernel's count of idle time may step back a little.
    let part = now.0.saturating_sub(before.0).min(all);
    Some(part as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// FR-OBS-03: a counter that begins anew, and a look that comes late, are gaps.
    #[test]
    fn what_nobody_knows_is_a_gap() {
        let ten = Duration::from_secs(10);
        assert_eq!(rate(100, 150, ten), Some(5.0));
        assert_eq!(rate(100, 100, ten), Some(0.0));
        assert_eq!(rate(100, 30, ten), None);
        assert_eq!(rate(100, 150, Duration::from_secs(90)), None);
        assert_eq!(rate(100, 150, Duration::ZERO), None);
        assert_eq!(share((10, 100), (35, 200)), Some(0.25));
        assert_eq!(share((10, 100), (10, 100)), None);
        assert_eq!(share((10, 100), (5, 50)), None);
    }

    proptest! {
        /// FR-OBS-03: whatever a counter does, its rate is never negative, never without an end, and never more than what was counted.
        #[test]
        fn a_rate_is_never_absurd(before: u64, now: u64, elapsed in 0_u64..100_000) {
            if let Some(rate) = rate(before, now, Duration::from_millis(elapsed)) {
                prop_assert!(rate.is_finite() && rate >= 0.0);
                prop_assert!(now >= before && rate <= (now - before) as f64);
            }
        }

        /// FR-OBS-03: a share is never below nothing or above all.
        #[test]
        fn a_share_is_a_share(before: (u64, u64), now: (u64, u64)) {
            if let Some(share) = share(before, now) {
                prop_assert!((0.0..=1.0).contains(&share));
            }
        }
    }
}
