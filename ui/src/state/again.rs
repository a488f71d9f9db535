//! What could not be read or followed for a reason that passes is asked for again: with the link, or after a while that grows.

use std::cell::Cell;

use gloo_timers::callback::Timeout;
use slipway_protocol::ErrorCode;
use slipway_protocol::desktop::{Failure, FailureKind};
use yew::prelude::*;

/// So long after the link is back, and after the first failure of another kind; each further one doubles it, up to a bound.
const FIRST_MS: u32 = 500;
const LONGEST_MS: u32 = 16_000;

/// When what failed is asked for again, by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// As soon as there is a link.
    Linked,
    /// So many milliseconds after the failure.
    In(u32),
}

impl Again {
    /// Nothing where asking again would not help: a person has to do something first.
    fn after(failure: &Failure, live: bool, attempts: u32) -> Option<Self> {
        if !passes(failure) {
            return None;
        }
        if !live {
            return Some(Self::Linked);
        }
        let wait = FIRST_MS.saturating_mul(1 << attempts.min(16));
        Some(Self::In(wait.min(LONGEST_MS)))
    }

    pub fn said(self) -> String {
        match self {
            Self::Linked => "It is asked for again as soon as the connection stands.".to_owned(),
            Self::In(wait) if wait < 1_000 => "It is asked for again at once.".to_owned(),
            Self::In(wait) => format!("It is asked for again in {} s.", wait / 1_000),
        }
    }
}

/// The link, an agent that starts anew or whose database or disk is away, and too many readers at once are other in a moment. Where a
/// person has to see to the link, it stands when they have.
pub fn passes(failure: &Failure) -> bool {
    match failure.kind {
        FailureKind::Link
        | FailureKind::AgentTooOld
        | FailureKind::HostKeyChanged
        | FailureKind::HostKeyRevoked => true,
        FailureKind::Api { code } => match code {
            ErrorCode::Unavailable | ErrorCode::TooManyAttempts => true,
            ErrorCode::Invalid
            | ErrorCode::Unauthenticated
            | ErrorCode::BadCredentials
            | ErrorCode::Forbidden
            | ErrorCode::NotFound
            | ErrorCode::Conflict
            | ErrorCode::TooLarge
            | ErrorCode::Internal => false,
        },
        FailureKind::NotSignedIn | FailureKind::Keychain | FailureKind::Invalid | FailureKind::App => false,
    }
}

/// Asks again where that helps; when, for whoever waits. `answered`: something came since it was asked last.
#[hook]
pub fn use_again(
    live: bool,
    failure: Option<&Failure>,
    answered: bool,
    round: u32,
    restart: &Callback<()>,
) -> Option<Again> {
    // Attempts without an answer.
    let attempts = use_memo((), |()| Cell::new(0_u32));
    if !live || answered {
        attempts.set(0);
    }
    let again = failure.and_then(|failure| Again::after(failure, live, attempts.get()));
    let restart = restart.clone();
    use_effect_with((again, round), move |(again, _)| {
        let wait = match again {
            Some(Again::In(wait)) => Some(Timeout::new(*wait, move || {
                attempts.set(attempts.get().saturating_add(1));
                restart.emit(());
            })),
            Some(Again::Linked) | None => None,
        };
        move || drop(wait)
    });
    again
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(code: ErrorCode) -> Failure {
        Failure::new(FailureKind::Api { code }, "It failed.")
    }

    /// FR-CON-08, FR-OBS-01: a log is asked for again after what passes by itself, ever less often, and after nothing that a person has to
    /// see to.
    #[test]
    fn what_passes_is_asked_again() {
        let link = Failure::new(FailureKind::Link, "The link is down.");
        assert_eq!(Again::after(&link, false, 3), Some(Again::Linked));
        let waits: Vec<_> = (0..7)
            .map(|attempts| Again::after(&link, true, attempts))
            .collect();
        let wanted = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 16_000];
        assert_eq!(waits, wanted.map(|wait| Some(Again::In(wait))));
        let away = api(ErrorCode::Unavailable);
        assert_eq!(Again::after(&away, true, u32::MAX), Some(Again::In(LONGEST_MS)));
        assert!(Again::after(&api(ErrorCode::TooManyAttempts), true, 0).is_some());
        for code in [
            ErrorCode::Invalid,
            ErrorCode::Forbidden,
            ErrorCode::NotFound,
            ErrorCode::Internal,
        ] {
            assert_eq!(Again::after(&api(code), true, 0), None, "{code:?}");
        }
        let changed = Failure::new(FailureKind::HostKeyChanged, "It has another key.");
        assert_eq!(Again::after(&changed, false, 0), Some(Again::Linked));
        let signed_out = Failure::new(FailureKind::NotSignedIn, "Sign in.");
        assert_eq!(Again::after(&signed_out, true, 0), None);
    }

    /// NFR-U2: whoever waits is told for what.
    #[test]
    fn the_wait_is_said() {
        assert_eq!(Again::In(4_000).said(), "It is asked for again in 4 s.");
        assert!(Again::Linked.said().contains("connection"));
    }
}
