//! A secret that is told once, on its way to the person: the page may be left meanwhile, and shows it when it is there again.

use gloo_timers::callback::Timeout;
use slipway_protocol::{ApplicationId, ClusterId};
use yew::prelude::*;

use crate::state::counter::use_counter;
use crate::state::drafts;

/// So often a page looks that has come back while the answer to the one before it is awaited.
const LOOK_MS: u32 = 300;

#[derive(Clone, PartialEq)]
pub enum Made {
    /// It was asked for. Whoever asks again makes the first one useless.
    UnderWay,
    /// The command that holds it, until the person has it.
    There(AttrValue),
}

/// How it stands with an application's secret, and how that is changed.
#[hook]
pub fn use_made(cluster: ClusterId, application: ApplicationId) -> (Option<Made>, Callback<Option<Made>>) {
    let (round, again) = use_counter();
    let key = drafts::key(cluster, "deploy url", application);
    let made = drafts::kept::<Made>(&key);
    {
        let again = again.clone();
        use_effect_with((made == Some(Made::UnderWay), round), move |(waits, _)| {
            let look = waits.then(|| Timeout::new(LOOK_MS, move || again.emit(())));
            move || drop(look)
        });
    }
    let put = Callback::from(move |now: Option<Made>| {
        put(&key, now);
        again.emit(());
    });
    (made, put)
}

/// An answer that nobody waits for any more, because the session has ended, is nobody's.
fn put(key: &str, now: Option<Made>) {
    let is_answer = matches!(now, Some(Made::There(_)));
    if !is_answer || drafts::kept::<Made>(key) == Some(Made::UnderWay) {
        drafts::keep(key, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-SRC-05, FR-CON-03: a secret that is told once waits for the person whatever page they look at, and for nobody after they have signed out.
    #[test]
    fn a_secret_waits_for_its_person() {
        let cluster: ClusterId = "018f0000-0000-7000-8000-000000000001".parse().unwrap();
        let key = drafts::key(cluster, "deploy url", "of a test");
        let there = || Some(Made::There(AttrValue::Static("curl")));
        put(&key, Some(Made::UnderWay));
        put(&key, there());
        let kept = || drafts::kept::<Made>(&key);
        assert!(kept() == there());
        put(&key, None);
        assert!(kept().is_none());
        put(&key, Some(Made::UnderWay));
        drafts::forget(cluster);
        put(&key, there());
        assert!(kept().is_none());
    }
}
