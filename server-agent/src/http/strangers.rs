//! Refused sign-ins under e-mails without an account. They are counted like those of an account, so that the lock-out
//! does not tell who has one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use slipway_protocol::EmailAddress;

/// So many e-mails are remembered; then all are forgotten at once, which costs an attacker that many slow sign-ins.
const REMEMBERED: usize = 10_000;

#[derive(Clone, Copy, Default)]
struct Refusals {
    count: i32,
    locked_until: Option<DateTime<Utc>>,
}

#[derive(Default)]
pub struct Strangers(Mutex<HashMap<EmailAddress, Refusals>>);

impl Strangers {
    pub(super) fn locked_until(&self, email: &EmailAddress) -> Option<DateTime<Utc>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(email)?.locked_until
    }

    /// Counts one more refusal; `lock` says until when so many of them lock.
    pub(super) fn refuse(&self, email: &EmailAddress, lock: impl FnOnce(i32) -> Option<DateTime<Utc>>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED && !known.contains_key(email) {
            known.clear();
        }
        let refusals = known.entry(email.clone()).or_default();
        refusals.count = refusals.count.saturating_add(1);
        refusals.locked_until = lock(refusals.count);
    }
}
