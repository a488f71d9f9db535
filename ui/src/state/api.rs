//! `use_api`: asks the API, and asks again at each beat of the cluster's pulse, or every few seconds, while the link is up. The last
//! answer outlives failures.

use std::cell::Cell;
use std::rc::Rc;

use chrono::Utc;
use slipway_protocol::{ClusterId, Endpoint, TeamId};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::counter::use_counter;
use super::fleet::use_fleet;
use super::memory;
use super::pulse::{self, Pulse};
use super::remote::{Came, Kept, Remote, is_forbidden, is_signed_out};
use crate::fingerprint::Fingerprint;
use crate::shell;

/// How often lists are asked for.
pub const LIST: Every = Every::Beat(3_000);

#[derive(Clone, Copy, PartialEq)]
pub enum Every {
    /// At each beat of the pulse; without a pulse every so many milliseconds.
    Beat(u32),
    /// It changes by itself, or costs more than a list.
    Milliseconds(u32),
    /// Once, and again when the link comes back or the page wants it.
    Once,
    /// Not now.
    Never,
}

/// The answer to one call, kept fresh. The question is known by its team, its name, its target and its body.
#[hook]
pub fn use_api<E>(cluster: ClusterId, endpoint: E, every: Every) -> Remote<E::Response>
where
    E: Endpoint + Clone + 'static,
{
    let pulse = use_context::<Pulse>();
    use_api_by(cluster, endpoint, every, pulse)
}

/// The same by a pulse that is not the page's.
#[hook]
pub fn use_api_by<E>(
    cluster: ClusterId,
    endpoint: E,
    every: Every,
    pulse: Option<Pulse>,
) -> Remote<E::Response>
where
    E: Endpoint + Clone + 'static,
{
    // One for as long as the page lives: another would be another question.
    let own = use_memo((), |()| Pulse::default());
    let pulse = pulse.unwrap_or_else(|| (*own).clone());
    let fleet = use_fleet();
    let live = fleet.is_up(cluster);
    let team = fleet.find(cluster).and_then(|cluster| cluster.team);
    let key = key_of(cluster, team, &endpoint);
    let kept = use_reducer(Kept::<E::Response>::default);
    let (round, reload) = use_counter();
    let dispatcher = kept.dispatcher();
    let asked = (key.clone(), live, every, round, pulse);
    use_effect_with(asked, move |(key, live, every, _, pulse)| {
        let alive = Rc::new(Cell::new(true));
        if *live && *every != Every::Never {
            let (key, every, alive, pulse) = (key.clone(), *every, Rc::clone(&alive), pulse.clone());
            spawn_local(async move {
                let mut last = None::<Fingerprint>;
                while alive.get() {
                    let (beats, session) = (pulse.beats(), memory::session(cluster));
                    let answer = shell::api_again(cluster, team, endpoint.clone(), &mut last).await;
                    if memory::session(cluster) != session {
                        // Who asked has signed out meanwhile, or gone to another team: it is nobody's answer, and is not known again either.
                        last = None;
                        continue;
                    }
                    let refused = answer
                        .as_ref()
                        .is_err_and(|failure| is_signed_out(failure) || is_forbidden(failure));
                    let answer = answer.map(|data| data.map(Rc::new));
                    match &answer {
                        Ok(Some(data)) => {
                            let bytes = last.map_or(0, Fingerprint::bytes);
                            memory::remember::<E>(&key, data, bytes, Utc::now());
                        }
                        Ok(None) => memory::confirm(&key, Utc::now()),
                        Err(_) => {}
                    }
                    if alive.get() {
                        let key = key.clone();
                        dispatcher.dispatch(Came { key, answer });
                    }
                    match every {
                        Every::Beat(wait) if !refused => pulse.wait(beats, wait).await,
                        Every::Milliseconds(wait) if !refused => pulse::wait(wait).await,
                        // Asking again would be refused again.
                        _ => break,
                    }
                }
            });
        }
        move || alive.set(false)
    });
    let mut seen = kept.seen(&key, live, reload);
    if seen.data.is_none()
        && every != Every::Never
        && let Some((data, at)) = memory::recall(&key)
    {
        // It is shown with its age until it is confirmed.
        seen.data = Some(data);
        seen.at = Some(at);
        seen.live = false;
    }
    // What nobody asks for now, as while somebody signs in, could not become well again.
    seen.failing &= every != Every::Never;
    seen
}

fn key_of<E: Endpoint + Clone>(cluster: ClusterId, team: Option<TeamId>, endpoint: &E) -> String {
    let asked = endpoint.clone().into_raw().map(|raw| match raw.body {
        Some(body) => format!("{} {body}", raw.target),
        None => raw.target,
    });
    let (name, asked) = (E::NAME, asked.unwrap_or_default());
    match team {
        Some(team) => format!("{cluster} {team} {name} {asked}"),
        None => format!("{cluster} {name} {asked}"),
    }
}
