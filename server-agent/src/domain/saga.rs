//! What a deployment does next, decided only from what its step log says.
//!
//! A step may run several times: after a crash the log says *started*, and the step runs again. That is why each
//! step first asks whether its work is already there. What failed or was cancelled is taken back from the last
//! step to the first; when taking back fails, the deployment is *stuck* and a person has to look.

/// A step's state, as the log tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepState {
    Pending,
    Started,
    Done,
    Failed,
    Undoing,
    Undone,
    UndoFailed,
}

/// One entry of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepEvent {
    Started,
    Succeeded,
    Failed,
    UndoStarted,
    UndoFinished,
    UndoFailed,
}

impl StepEvent {
    pub const ALL: [Self; 6] = [
        Self::Started,
        Self::Succeeded,
        Self::Failed,
        Self::UndoStarted,
        Self::UndoFinished,
        Self::UndoFailed,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::UndoStarted => "undo_started",
            Self::UndoFinished => "undo_finished",
            Self::UndoFailed => "undo_failed",
        }
    }

    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == text)
    }
}

/// The log holds an event that its step's state does not allow. The deployment is parked as stuck.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the step log says {event:?} after {from:?}")]
pub struct IllegalEvent {
    pub from: StepState,
    pub event: StepEvent,
}

impl StepState {
    pub fn apply(self, event: StepEvent) -> Result<Self, IllegalEvent> {
        use {StepEvent as E, StepState as S};
        match (self, event) {
            // Started again after a crash.
            (S::Pending | S::Started, E::Started) => Ok(S::Started),
            (S::Started, E::Succeeded) => Ok(S::Done),
            (S::Started, E::Failed) => Ok(S::Failed),
            // A step that failed or was interrupted may have left half its work behind.
            // One whose undo failed is tried again when a person asks for it.
            (S::Started | S::Done | S::Failed | S::Undoing | S::UndoFailed, E::UndoStarted) => Ok(S::Undoing),
            (S::Undoing, E::UndoFinished) => Ok(S::Undone),
            (S::Undoing, E::UndoFailed) => Ok(S::UndoFailed),
            (from, event) => Err(IllegalEvent { from, event }),
        }
    }
}

/// What to do next. Numbers are positions in the plan's list of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Run(usize),
    Undo(usize),
    Finish(Outcome),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    /// Everything that was begun has been taken back.
    TakenBack,
    Stuck,
}

/// Decides the next act. `point_of_no_return` is the number of steps after which the new release serves: from there
/// on a failure or a cancellation no longer takes anything back, and what is left is tidying up.
pub fn next(steps: &[StepState], cancel_requested: bool, point_of_no_return: usize) -> Next {
    use StepState as S;
    if steps.contains(&S::UndoFailed) {
        return Next::Finish(Outcome::Stuck);
    }
    let broken = steps
        .iter()
        .any(|step| matches!(step, S::Failed | S::Undoing | S::Undone));
    let committed = steps.iter().take(point_of_no_return).all(|step| *step == S::Done);
    if committed {
        // The new release serves: going back now would be a second, unasked-for change.
        let open = steps
            .iter()
            .position(|step| matches!(step, S::Pending | S::Started));
        return open.map_or(Next::Finish(Outcome::Succeeded), Next::Run);
    }
    if !broken && !cancel_requested {
        let open = steps
            .iter()
            .position(|step| matches!(step, S::Pending | S::Started));
        return open.map_or(Next::Finish(Outcome::Succeeded), Next::Run);
    }
    match steps
        .iter()
        .rposition(|step| matches!(step, S::Started | S::Done | S::Failed | S::Undoing))
    {
        Some(last) => Next::Undo(last),
        None => Next::Finish(Outcome::TakenBack),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StepEvent as E;
    use StepState as S;
    use proptest::prelude::*;

    const STEPS: usize = 6;
    const SERVES: usize = 5;

    /// Plays a deployment to its end; `fails` says which step fails. Returns the outcome and the acts in their order.
    fn play(mut steps: Vec<S>, fails: Option<usize>, cancel_after: Option<usize>) -> (Outcome, Vec<Next>) {
        let mut acts = vec![];
        for act in 0..100 {
            let cancelled = cancel_after.is_some_and(|after| act >= after);
            match next(&steps, cancelled, SERVES) {
                Next::Finish(outcome) => return (outcome, acts),
                Next::Run(i) => {
                    steps[i] = steps[i].apply(E::Started).unwrap();
                    let event = if fails == Some(i) { E::Failed } else { E::Succeeded };
                    steps[i] = steps[i].apply(event).unwrap();
                    acts.push(Next::Run(i));
                }
                Next::Undo(i) => {
                    steps[i] = steps[i]
                        .apply(E::UndoStarted)
                        .unwrap()
                        .apply(E::UndoFinished)
                        .unwrap();
                    acts.push(Next::Undo(i));
                }
            }
        }
        panic!("never ends: {acts:?}");
    }

    /// FR-DEP-01: without trouble every step runs once, in order.
    #[test]
    fn the_happy_path() {
        let (outcome, acts) = play(vec![S::Pending; STEPS], None, None);
        assert_eq!(outcome, Outcome::Succeeded);
        assert_eq!(acts, (0..STEPS).map(Next::Run).collect::<Vec<_>>());
    }

    /// FR-DEP-10: a failure before the new release serves takes back all that was begun, last first; after it, the deployment stands.
    #[test]
    fn a_failure_at_each_step() {
        for failing in 0..STEPS {
            let (outcome, acts) = play(vec![S::Pending; STEPS], Some(failing), None);
            if failing < SERVES {
                assert_eq!(outcome, Outcome::TakenBack);
                let undone: Vec<_> = acts
                    .iter()
                    .filter(|act| matches!(act, Next::Undo(_)))
                    .copied()
                    .collect();
                assert_eq!(undone, (0..=failing).rev().map(Next::Undo).collect::<Vec<_>>());
            } else {
                assert_eq!(outcome, Outcome::Succeeded);
            }
        }
    }

    /// FR-DEP-02: a wish to cancel is followed between any two steps until the new release serves.
    #[test]
    fn cancelling_at_each_point() {
        for after in 0..=STEPS {
            let (outcome, _) = play(vec![S::Pending; STEPS], None, Some(after));
            let expected = if after < SERVES {
                Outcome::TakenBack
            } else {
                Outcome::Succeeded
            };
            assert_eq!(outcome, expected, "cancelled after {after} acts");
        }
    }

    /// FR-DEP-10: after a crash with a step started, the very step runs again.
    #[test]
    fn a_crash_runs_the_step_again() {
        for at in 0..STEPS {
            let steps: Vec<S> = (0..STEPS)
                .map(|i| {
                    if i < at {
                        S::Done
                    } else if i == at {
                        S::Started
                    } else {
                        S::Pending
                    }
                })
                .collect();
            assert_eq!(next(&steps, false, SERVES), Next::Run(at));
        }
    }

    /// FR-DEP-10: what cannot be taken back is an honest end of its own.
    #[test]
    fn a_failed_undo_is_stuck() {
        let steps = [S::Done, S::UndoFailed, S::Pending];
        assert_eq!(next(&steps, false, SERVES), Next::Finish(Outcome::Stuck));
    }

    fn any_state() -> impl Strategy<Value = S> {
        prop_oneof![
            Just(S::Pending),
            Just(S::Started),
            Just(S::Done),
            Just(S::Failed),
            Just(S::Undoing),
            Just(S::Undone),
            Just(S::UndoFailed)
        ]
    }

    proptest! {
        /// FR-DEP-10: whatever the log says, there is a next act, it is a legal one, and the deployment ends.
        #[test]
        fn every_log_leads_to_an_end(steps in prop::collection::vec(any_state(), STEPS), cancel in any::<bool>()) {
            let mut steps = steps;
            for _ in 0..50 {
                match next(&steps, cancel, SERVES) {
                    Next::Finish(_) => return Ok(()),
                    Next::Run(i) => steps[i] = steps[i].apply(E::Started).and_then(|step| step.apply(E::Succeeded)).unwrap(),
                    Next::Undo(i) => steps[i] = steps[i].apply(E::UndoStarted).and_then(|step| step.apply(E::UndoFinished)).unwrap(),
                }
            }
            prop_assert!(false, "no end");
        }
    }
}
