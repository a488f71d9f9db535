//! What is remembered of the tasks that were asked: how often in a row each has failed.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use slipway_protocol::application::Unhealthy;

/// So often in a row a task has to fail: one slow answer is nothing to tell.
const IN_A_ROW: u8 = 3;

/// Of each task that was asked, by its id.
#[derive(Default)]
pub struct Vitals(Mutex<HashMap<String, Pulse>>);

struct Pulse {
    /// The deployment whose id the task carries.
    of: String,
    failures: u8,
    /// What it answered last, to which question.
    said: String,
}

/// What one more answer changes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    None,
    FellIll,
    Recovered,
}

impl Vitals {
    /// Of the tasks that carry this deployment's id.
    pub fn unhealthy_of(&self, deployment: &str) -> Option<Unhealthy> {
        let all = self.lock();
        let mut ill = all
            .values()
            .filter(|pulse| pulse.of == deployment && pulse.failures >= IN_A_ROW);
        let first = ill.next()?;
        Some(Unhealthy {
            tasks: u16::try_from(1 + ill.count()).unwrap_or(u16::MAX),
            said: first.said.clone(),
        })
    }

    pub(super) fn note(&self, task: &str, of: &str, healthy: bool, said: &str) -> Change {
        let mut all = self.lock();
        let pulse = all.entry(task.to_owned()).or_insert_with(|| Pulse {
            of: of.to_owned(),
            failures: 0,
            said: String::new(),
        });
        let before = pulse.failures;
        pulse.failures = if healthy {
            0
        } else {
            before.saturating_add(1).min(IN_A_ROW)
        };
        said.clone_into(&mut pulse.said);
        match (before >= IN_A_ROW, pulse.failures >= IN_A_ROW) {
            (false, true) => Change::FellIll,
            (true, false) => Change::Recovered,
            (false, false) | (true, true) => Change::None,
        }
    }

    /// Forgets tasks that are gone. True where one of them was ill.
    pub(super) fn keep_only(&self, tasks: &HashSet<&str>) -> bool {
        let mut all = self.lock();
        let was_ill = all
            .iter()
            .any(|(task, pulse)| pulse.failures >= IN_A_ROW && !tasks.contains(task.as_str()));
        all.retain(|task, _| tasks.contains(task.as_str()));
        was_ill
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Pulse>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-PRJ-04, FR-DEP-04: a task is told to be ill once, after it has failed several times in a row, and well again at its first good
    /// answer; one that is gone is not counted.
    #[test]
    fn one_slow_answer_is_nothing_to_tell() {
        let vitals = Vitals::default();
        let note = |healthy| vitals.note("task", "release", healthy, "asked");
        assert_eq!(
            [note(false), note(false), note(true)],
            [const { Change::None }; 3]
        );
        assert_eq!(
            [note(false), note(false), note(false), note(false)],
            [Change::None, Change::None, Change::FellIll, Change::None]
        );
        let ill = vitals.unhealthy_of("release");
        assert_eq!(
            ill.map(|ill| (ill.tasks, ill.said)),
            Some((1, "asked".to_owned()))
        );
        assert_eq!(vitals.unhealthy_of("another"), None);
        assert_eq!(note(true), Change::Recovered);
        assert_eq!(vitals.unhealthy_of("release"), None);
        assert!(!vitals.keep_only(&HashSet::from(["task"])));
        for _ in 0..3 {
            note(false);
        }
        assert!(vitals.keep_only(&HashSet::new()) && vitals.unhealthy_of("release").is_none());
    }
}
