//! An answer of the API as a page keeps it: the last good one, its age, and what went wrong since.

use std::cell::Cell;
use std::rc::Rc;

use chrono::{DateTime, Utc};
use slipway_protocol::ErrorCode;
use slipway_protocol::desktop::{Failure, FailureKind};
use yew::prelude::*;

pub struct Remote<T> {
    /// The last good answer.
    pub data: Option<Rc<T>>,
    /// When it came.
    pub at: Option<DateTime<Utc>>,
    /// What the last attempt met, if it failed.
    pub failure: Option<Failure>,
    /// The link is up, and several attempts in a row had no answer.
    pub failing: bool,
    /// The link is up, so the data is being kept fresh.
    pub live: bool,
    /// Asks again now.
    pub reload: Callback<()>,
}

impl<T> Clone for Remote<T> {
    fn clone(&self) -> Self {
        Self {
            data: self.data.clone(),
            at: self.at,
            failure: self.failure.clone(),
            failing: self.failing,
            live: self.live,
            reload: self.reload.clone(),
        }
    }
}

impl<T> PartialEq for Remote<T> {
    fn eq(&self, other: &Self) -> bool {
        let same_data = match (&self.data, &other.data) {
            (Some(one), Some(two)) => Rc::ptr_eq(one, two),
            (None, None) => true,
            _ => false,
        };
        // The age is shown only of what is stale.
        let same_age = self.at == other.at || !(self.stale() || other.stale());
        let same_state = (self.failing, self.live) == (other.failing, other.live);
        same_data && same_age && same_state && self.failure == other.failure
    }
}

impl<T> Remote<T> {
    pub fn get(&self) -> Option<&T> {
        self.data.as_deref()
    }

    /// What is shown is older than it should be.
    pub fn stale(&self) -> bool {
        self.data.is_some() && (!self.live || self.failure.is_some())
    }

    pub fn signed_out(&self) -> bool {
        self.failure.as_ref().is_some_and(is_signed_out)
    }
}

pub fn is_signed_out(failure: &Failure) -> bool {
    matches!(
        failure.kind,
        FailureKind::NotSignedIn
            | FailureKind::Api {
                code: ErrorCode::Unauthenticated
            }
    )
}

pub fn is_forbidden(failure: &Failure) -> bool {
    failure.kind
        == FailureKind::Api {
            code: ErrorCode::Forbidden,
        }
}

pub fn is_not_found(failure: &Failure) -> bool {
    failure.kind
        == FailureKind::Api {
            code: ErrorCode::NotFound,
        }
}

/// The world is not as the request took it to be.
pub fn is_conflict(failure: &Failure) -> bool {
    failure.kind
        == FailureKind::Api {
            code: ErrorCode::Conflict,
        }
}

/// The agent, or what it needs, did not answer: another question now would do no better.
fn is_unanswered(failure: &Failure) -> bool {
    matches!(
        failure.kind,
        FailureKind::Link
            | FailureKind::Api {
                code: ErrorCode::Unavailable | ErrorCode::Internal
            }
    )
}

/// So many attempts without an answer are no accident.
const FAILING: u32 = 2;

/// What the hook keeps between renders.
pub struct Kept<T> {
    key: String,
    data: Option<Rc<T>>,
    /// An answer that is the last one makes it younger, and nothing is drawn for that.
    at: Cell<Option<DateTime<Utc>>>,
    failure: Option<Failure>,
    /// So many attempts in a row had no answer.
    unanswered: u32,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self {
            key: String::new(),
            data: None,
            at: Cell::default(),
            failure: None,
            unanswered: 0,
        }
    }
}

impl<T> Kept<T> {
    /// As a page sees it; an answer to another question is none.
    pub fn seen(&self, key: &str, live: bool, reload: Callback<()>) -> Remote<T> {
        let same = self.key == key;
        Remote {
            data: self.data.clone().filter(|_| same),
            at: self.at.get().filter(|_| same),
            failure: self.failure.clone().filter(|_| same),
            failing: live && same && self.unanswered >= FAILING,
            live,
            reload,
        }
    }
}

/// An answer to the question of that key.
pub struct Came<T> {
    pub key: String,
    /// None: it is the last one.
    pub answer: Result<Option<Rc<T>>, Failure>,
}

impl<T: 'static> Reducible for Kept<T> {
    type Action = Came<T>;

    fn reduce(self: Rc<Self>, came: Came<T>) -> Rc<Self> {
        let same = self.key == came.key;
        let now = Some(Utc::now());
        let last = self.data.clone().filter(|_| same);
        let kept = match came.answer {
            Ok(None) if same && self.failure.is_none() => {
                self.at.set(now);
                return self;
            }
            Ok(data) => Self {
                key: came.key,
                data: data.or(last),
                at: Cell::new(now),
                failure: None,
                unanswered: 0,
            },
            Err(failure) => Self {
                key: came.key,
                data: last,
                at: Cell::new(self.at.get().filter(|_| same)),
                unanswered: match (same, is_unanswered(&failure)) {
                    (true, true) => self.unanswered.saturating_add(1),
                    (false, true) => 1,
                    (_, false) => 0,
                },
                failure: Some(failure),
            },
        };
        kept.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(answer: Result<Option<u32>, Failure>) -> Came<u32> {
        Came {
            key: "key".to_owned(),
            answer: answer.map(|data| data.map(Rc::new)),
        }
    }

    /// NFR-P10: an answer that is the last one draws nothing, but is heard of; one after a failure takes the failure away.
    #[test]
    fn the_same_answer_draws_nothing() {
        let seen = |kept: &Kept<u32>| kept.seen("key", true, Callback::noop());
        let first = Rc::new(Kept::default()).reduce(came(Ok(Some(7))));
        let before = seen(&first);
        first.at.set(Some(DateTime::UNIX_EPOCH));
        let again = Rc::clone(&first).reduce(came(Ok(None)));
        assert!(Rc::ptr_eq(&first, &again));
        assert!(again.at.get() > Some(DateTime::UNIX_EPOCH));
        assert!(before == seen(&again));
        let failed = again.reduce(came(Err(Failure::new(FailureKind::App, "it does not answer"))));
        assert!(seen(&failed).stale() && seen(&failed).get() == Some(&7));
        let well = failed.reduce(came(Ok(None)));
        assert!(!seen(&well).stale() && seen(&well).get() == Some(&7));
    }

    /// FR-CON-08: one answer that did not come is an accident, two in a row are none; one that came ends it, and a refusal is an answer.
    #[test]
    fn answers_that_stay_away_are_counted() {
        let away = || {
            let code = ErrorCode::Unavailable;
            came(Err(Failure::new(
                FailureKind::Api { code },
                "the database is away",
            )))
        };
        let refused = || {
            let code = ErrorCode::Forbidden;
            came(Err(Failure::new(FailureKind::Api { code }, "not for this role")))
        };
        let failing = |kept: &Kept<u32>| kept.seen("key", true, Callback::noop()).failing;
        let once = Rc::new(Kept::default()).reduce(away());
        assert!(!failing(&once));
        let twice = once.reduce(away());
        assert!(failing(&twice));
        assert!(
            !twice.seen("key", false, Callback::noop()).failing,
            "the link is down, and that is said"
        );
        assert!(!twice.seen("another", true, Callback::noop()).failing);
        let well = twice.reduce(came(Ok(None)));
        assert!(!failing(&well));
        let refused = well.reduce(away()).reduce(refused()).reduce(away());
        assert!(!failing(&refused));
    }
}
