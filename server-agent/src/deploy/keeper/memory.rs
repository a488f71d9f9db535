//! What the keeper knows about services from one look to the next.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slipway_protocol::ApplicationId;
use slipway_protocol::drift::Difference;
use tokio::time::Instant;

use crate::docker::OwnedService;
use crate::domain::adoption::Adoptable;
use crate::domain::drift::Drifted;

/// So often within this time something is put back; then it is only told. Two who each insist would otherwise never end.
const MOST_REPAIRS: usize = 3;
const REPAIRS_WITHIN: Duration = Duration::from_secs(600);

#[derive(Default)]
pub struct Keeper {
    /// By service: the version that was compared last, and what differed.
    compared: Mutex<HashMap<String, (u64, Vec<Drifted>)>>,
    /// Services that were to be put right and could not be: tried again at each look.
    unhealed: Mutex<HashSet<String>>,
    /// Services of applications that somebody has started: they get as many tasks as before the stop, whatever runs by then.
    started: Mutex<HashSet<String>>,
    repairs: Mutex<HashMap<ApplicationId, Vec<Instant>>>,
    /// Who puts something back because somebody asked for it.
    healing: tokio::sync::Mutex<()>,
    /// Somebody waits to have everything looked at again.
    looks_again: AtomicBool,
}

impl Keeper {
    /// What differs in the service of a release.
    pub fn drift_of(&self, service: &str) -> Vec<Difference> {
        let drifted = self.drifted(service);
        drifted.into_iter().map(|one| one.difference).collect()
    }

    /// The same, for those parts that settings say exactly.
    pub fn adoptable_of(&self, service: &str) -> Vec<Adoptable> {
        let drifted = self.drifted(service);
        drifted.into_iter().filter_map(|one| one.adopts).collect()
    }

    pub(super) fn drifted(&self, service: &str) -> Vec<Drifted> {
        let compared = lock(&self.compared);
        compared
            .get(service)
            .map(|(_, found)| found.clone())
            .unwrap_or_default()
    }

    /// Keeps what a comparison of a service at this version found.
    pub fn note(&self, service: &str, version: u64, found: Vec<Drifted>) {
        lock(&self.compared).insert(service.to_owned(), (version, found));
    }

    /// The turn of whoever calls `heal`.
    pub async fn healing(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.healing.lock().await
    }

    pub(super) fn was_compared(&self, service: &OwnedService) -> bool {
        lock(&self.compared)
            .get(&service.name)
            .is_some_and(|(version, _)| *version == service.version)
    }

    /// Whether one more repair is within bounds; it counts.
    pub(super) fn may_repair(&self, application: ApplicationId) -> bool {
        let mut repairs = lock(&self.repairs);
        let recent = repairs.entry(application).or_default();
        recent.retain(|at| at.elapsed() < REPAIRS_WITHIN);
        if recent.len() >= MOST_REPAIRS {
            return false;
        }
        recent.push(Instant::now());
        true
    }

    pub(super) fn is_unhealed(&self, service: &str) -> bool {
        lock(&self.unhealed).contains(service)
    }

    pub(super) fn set_unhealed(&self, service: &str, unhealed: bool) {
        let mut all = lock(&self.unhealed);
        if unhealed {
            all.insert(service.to_owned());
        } else {
            all.remove(service);
        }
    }

    /// Somebody starts a stopped application. Lost with the agent, this costs no more than that another number is told as a change.
    pub fn note_start(&self, service: &str) {
        lock(&self.started).insert(service.to_owned());
    }

    pub(super) fn was_started(&self, service: &str) -> bool {
        lock(&self.started).contains(service)
    }

    /// It is as it was wished to be.
    pub(super) fn settle(&self, service: &str) {
        lock(&self.started).remove(service);
    }

    /// Whether nobody waits yet to have everything looked at again; from now on somebody does.
    pub(super) fn waits_to_look_again(&self) -> bool {
        !self.looks_again.swap(true, Ordering::AcqRel)
    }

    pub(super) fn looks_again(&self) {
        self.looks_again.store(false, Ordering::Release);
    }

    /// Forgets services that are not there any more, and repairs that count no more.
    pub(super) fn retain(&self, is_there: impl Fn(&str) -> bool) {
        let counts = |repairs: &Vec<Instant>| repairs.iter().any(|at| at.elapsed() < REPAIRS_WITHIN);
        lock(&self.repairs).retain(|_, repairs| counts(repairs));
        lock(&self.compared).retain(|service, _| is_there(service));
        lock(&self.unhealed).retain(|service| is_there(service));
        lock(&self.started).retain(|service| is_there(service));
    }

    /// The next look compares the service anew.
    pub(super) fn forget(&self, service: &str) {
        lock(&self.compared).remove(service);
        lock(&self.unhealed).remove(service);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    /// NFR-R3: however many looks find that they have to look again, one waits for it; the next may wait when that one has begun.
    #[test]
    fn one_waits_to_look_again() {
        let keeper = Keeper::default();
        let waiting = (0..10).filter(|_| keeper.waits_to_look_again());
        assert_eq!(waiting.count(), 1);
        keeper.looks_again();
        assert!(keeper.waits_to_look_again());
    }

    /// NFR-R3: repairs are bounded within a time, and what lies behind it is not kept.
    #[test]
    fn repairs_are_counted_for_a_while() {
        let keeper = Keeper::default();
        let application = ApplicationId(Uuid::from_u128(1));
        let done = (0..10).filter(|_| keeper.may_repair(application));
        assert_eq!(done.count(), MOST_REPAIRS);
        keeper.retain(|_| false);
        assert!(!keeper.may_repair(application), "they count still");
        let Some(long_ago) = Instant::now().checked_sub(REPAIRS_WITHIN) else {
            // The machine has not run for so long yet.
            return;
        };
        lock(&keeper.repairs).insert(application, vec![long_ago]);
        keeper.retain(|_| false);
        assert!(lock(&keeper.repairs).is_empty());
    }
}
