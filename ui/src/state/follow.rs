//! `use_follow`: a stream of the shell for as long as a page is open. A lost link is the shell's business; when the stream itself
//! fails, it is begun again behind the last value that was seen.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use slipway_protocol::ClusterId;
use slipway_protocol::desktop::{Failure, Streamed};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::fleet::use_fleet;
use super::remote::{is_forbidden, is_not_found, is_signed_out};
use crate::browser::use_counter;
use crate::shell::{self, Stream};

/// So long after a failure the stream is tried again.
const WAIT_MS: u32 = 3_000;

/// What is followed.
#[derive(Clone)]
pub struct Followed<A, T> {
    pub cluster: ClusterId,
    pub command: &'static str,
    /// Names what is followed; another name begins another stream.
    pub key: String,
    /// As long as it is not, the stream is not begun.
    pub ready: bool,
    /// The request as of now: it says where to go on from.
    pub request: Rc<dyn Fn() -> A>,
    pub take: Rc<dyn Fn(Vec<T>)>,
}

/// How the stream stands.
#[derive(Clone, Default, PartialEq)]
pub struct Following {
    pub failure: Option<Failure>,
    /// It came to its natural end.
    pub ended: bool,
    /// The link is up; without it nothing comes.
    pub linked: bool,
}

impl Following {
    /// Lines that are written now do not arrive: nothing has ended, and it goes on by itself.
    pub fn is_interrupted(&self) -> bool {
        self.failure.is_some() || (!self.linked && !self.ended)
    }
}

#[hook]
pub fn use_follow<A, T>(what: Followed<A, T>) -> Following
where
    A: Serialize + 'static,
    T: DeserializeOwned + 'static,
{
    let live = use_fleet().is_up(what.cluster);
    let state = use_state_eq(Following::default);
    let (round, again) = use_counter();
    let setter = state.setter();
    // Begun with the link, it outlives a loss of it: the shell reconnects, and goes back far enough to miss no line of a replica.
    let begun = use_state_eq(|| live);
    if live {
        begun.set(true);
    }
    let begins = what.ready && (*begun || live);
    use_effect_with((what.key.clone(), begins, round), move |(_, begun, _)| {
        let alive = Rc::new(Cell::new(true));
        let running: Rc<RefCell<Option<Stream>>> = Rc::default();
        if *begun {
            let over = Rc::new(Cell::new(false));
            let ended = ending(setter.clone(), again, Rc::clone(&alive));
            let end: End = {
                let over = Rc::clone(&over);
                Rc::new(move |failure| {
                    over.set(true);
                    ended(failure);
                })
            };
            let (alive, running) = (Rc::clone(&alive), Rc::clone(&running));
            spawn_local(async move {
                run(what, alive, running, end).await;
                // It goes on again: what an earlier attempt met is past.
                if !over.get() {
                    setter.set(Following::default());
                }
            });
        }
        move || {
            alive.set(false);
            running.borrow_mut().take();
        }
    });
    Following {
        linked: live,
        ..(*state).clone()
    }
}

type End = Rc<dyn Fn(Option<Failure>)>;

fn ending(state: UseStateSetter<Following>, again: Callback<()>, alive: Rc<Cell<bool>>) -> End {
    Rc::new(move |failure: Option<Failure>| {
        if !alive.get() {
            return;
        }
        let retry = failure.as_ref().is_some_and(|failure| {
            !is_signed_out(failure) && !is_forbidden(failure) && !is_not_found(failure)
        });
        let ended = failure.is_none();
        state.set(Following {
            failure,
            ended,
            linked: true,
        });
        if retry {
            let (again, alive) = (again.clone(), Rc::clone(&alive));
            spawn_local(async move {
                TimeoutFuture::new(WAIT_MS).await;
                if alive.get() {
                    again.emit(());
                }
            });
        }
    })
}

async fn run<A, T>(
    what: Followed<A, T>,
    alive: Rc<Cell<bool>>,
    running: Rc<RefCell<Option<Stream>>>,
    end: End,
) where
    A: Serialize + 'static,
    T: DeserializeOwned + 'static,
{
    let (take, on_end) = (what.take, Rc::clone(&end));
    let on = move |message: Streamed<T>| match message {
        Streamed::Values { values } => take(values),
        Streamed::Ended { failure } => on_end(failure),
    };
    match shell::follow(what.command, &(what.request)(), on).await {
        // Dropped at once if the page has gone meanwhile.
        Ok(stream) if alive.get() => *running.borrow_mut() = Some(stream),
        Ok(_) => {}
        Err(failure) => end(Some(failure)),
    }
}
