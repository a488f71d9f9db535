//! When looks are taken, and for which time each of them speaks.

/// A look is taken so often, in seconds, at multiples of it.
pub const BEAT: i64 = 10;

/// A look that comes later than so many beats after the one before says nothing of the time between them.
const MOST: i64 = 6;

/// The beats that a busy machine has missed between the look at `last` and the one at `at`, earliest first. The late look speaks for them
/// too: what was counted meanwhile was counted in all of them.
pub fn missed(last: Option<i64>, at: i64) -> Vec<i64> {
    let last = last.filter(|last| is_near(*last, at));
    let first = last.map_or(at, |last| last + BEAT);
    (first..at).step_by(BEAT as usize).collect()
}

/// Whether what grew from the look at `before` until the one at `at` is known well enough to be of the time between them.
pub fn is_near(before: i64, at: i64) -> bool {
    (BEAT..=MOST * BEAT).contains(&(at - before))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-03: a look that comes late speaks for what was missed; a very late one, and one on a clock that was set back, do not.
    #[test]
    fn a_late_look_speaks_for_what_was_missed() {
        assert_eq!(missed(Some(70), 100), [80, 90]);
        assert_eq!(missed(Some(40), 100), [50, 60, 70, 80, 90]);
        for last in [None, Some(90), Some(30), Some(100), Some(500)] {
            assert_eq!(missed(last, 100), [] as [i64; 0], "{last:?}");
        }
    }
}
