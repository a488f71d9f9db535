//! `use_api`: asks the API, and asks again every few seconds while the link is up. The last answer outlives failures.

use std::cell::Cell;
use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use slipway_protocol::{ClusterId, Endpoint};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::fleet::use_fleet;
use super::remote::{Came, Kept, Remote, is_forbidden, is_signed_out};
use crate::browser::use_counter;
use crate::shell;

/// How often lists are asked for.
pub const LIST: Every = Every::Milliseconds(3_000);

#[derive(Clone, Copy, PartialEq)]
pub enum Every {
    Milliseconds(u32),
    /// Once, and again when the link comes back or the page wants it.
    Once,
    /// Not now.
    Never,
}

/// The answer to one call, kept fresh. The question is known by its method and target.
#[hook]
pub fn use_api<E>(cluster: ClusterId, endpoint: E, every: Every) -> Remote<E::Response>
where
    E: Endpoint + Clone + 'static,
{
    let live = use_fleet().is_up(cluster);
    let key = key_of(cluster, &endpoint);
    let kept = use_reducer(Kept::<E::Response>::default);
    let (round, reload) = use_counter();
    let dispatcher = kept.dispatcher();
    use_effect_with((key.clone(), live, every, round), move |(key, live, every, _)| {
        let alive = Rc::new(Cell::new(true));
        if *live && *every != Every::Never {
            let (key, every, alive) = (key.clone(), *every, Rc::clone(&alive));
            spawn_local(async move {
                while alive.get() {
                    let answer = shell::api(cluster, endpoint.clone()).await;
                    let refused = answer
                        .as_ref()
                        .is_err_and(|failure| is_signed_out(failure) || is_forbidden(failure));
                    if alive.get() {
                        let key = key.clone();
                        dispatcher.dispatch(Came { key, answer });
                    }
                    match every {
                        Every::Milliseconds(wait) if !refused => TimeoutFuture::new(wait).await,
                        // Asking again would be refused again.
                        _ => break,
                    }
                }
            });
        }
        move || alive.set(false)
    });
    kept.seen(&key, live, reload)
}

fn key_of<E: Endpoint + Clone>(cluster: ClusterId, endpoint: &E) -> String {
    let target = endpoint.clone().into_raw().map(|raw| raw.target);
    format!("{cluster} {} {}", E::NAME, target.unwrap_or_default())
}
