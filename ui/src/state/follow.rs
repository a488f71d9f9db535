//! `use_follow`: a stream of the shell for as long as a page is open. A lost link is the shell's business; when the stream itself
//! fails, it is begun again behind the last value that was seen.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use slipway_protocol::ClusterId;
use slipway_protocol::desktop::{Failure, Streamed};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::again::{Again, passes, use_again};
use super::counter::use_counter;
use super::fleet::use_fleet;
use crate::shell::{self, Stream};

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
    /// When it is begun again by itself, where it has failed.
    pub again: Option<Again>,
    /// It came to its natural end.
    pub ended: bool,
    /// The link is up; without it nothing comes.
    pub linked: bool,
}

impl Following {
    /// Lines that are written now do not arrive, and nothing has ended.
    pub fn is_interrupted(&self) -> bool {
        self.failure.is_some() || (!self.linked && !self.ended)
    }

    /// What it has failed of, where it is not begun again by itself: a person has to do something first.
    pub fn stopped(&self) -> Option<&Failure> {
        self.failure.as_ref().filter(|failure| !passes(failure))
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
    let (round, restart) = use_counter();
    let setter = state.setter();
    // What the last attempt met, until there is another one; and whether it brought anything before.
    let met = use_state_eq(|| None::<Failure>);
    let came = use_memo((), |()| Cell::new(false));
    let anew = {
        let (met, came) = (met.setter(), Rc::clone(&came));
        Callback::from(move |()| {
            came.set(false);
            met.set(None);
            restart.emit(());
        })
    };
    let again = use_again(live, (*met).as_ref(), came.get(), round, &anew);
    let (met, brought) = (met.setter(), Rc::clone(&came));
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
            brought.set(false);
            met.set(None);
            let ended = ending(setter.clone(), met, Rc::clone(&alive));
            let end: End = {
                let over = Rc::clone(&over);
                Rc::new(move |failure| {
                    over.set(true);
                    ended(failure);
                })
            };
            let what = what.noting(brought);
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
        again,
        ..(*state).clone()
    }
}

impl<A, T: 'static> Followed<A, T> {
    /// The same; notes that something came.
    fn noting(self, came: Rc<Cell<bool>>) -> Self {
        let take = self.take;
        let take = Rc::new(move |values: Vec<T>| {
            came.set(true);
            take(values);
        });
        Self { take, ..self }
    }
}

type End = Rc<dyn Fn(Option<Failure>)>;

fn ending(
    state: UseStateSetter<Following>,
    met: UseStateSetter<Option<Failure>>,
    alive: Rc<Cell<bool>>,
) -> End {
    Rc::new(move |failure: Option<Failure>| {
        if !alive.get() {
            return;
        }
        met.set(failure.clone());
        let ended = failure.is_none();
        state.set(Following {
            failure,
            again: None,
            ended,
            linked: true,
        });
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
