//! Something that the person has asked for and that is under way: busy, then done or failed.

use std::future::Future;

use slipway_protocol::desktop::Failure;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

#[derive(Clone, PartialEq)]
enum State {
    Idle,
    Busy,
    Failed(Failure),
}

#[derive(Clone, PartialEq)]
pub struct Task {
    state: UseStateHandle<State>,
}

impl Task {
    pub fn busy(&self) -> bool {
        *self.state == State::Busy
    }

    pub fn failure(&self) -> Option<Failure> {
        match &*self.state {
            State::Failed(failure) => Some(failure.clone()),
            State::Idle | State::Busy => None,
        }
    }

    /// Runs it; what follows a success stands at its end.
    pub fn run<F>(&self, work: F)
    where
        F: Future<Output = Result<(), Failure>> + 'static,
    {
        if self.busy() {
            return;
        }
        let state = self.state.setter();
        state.set(State::Busy);
        spawn_local(async move {
            state.set(match work.await {
                Ok(()) => State::Idle,
                Err(failure) => State::Failed(failure),
            });
        });
    }
}

#[hook]
pub fn use_task() -> Task {
    Task {
        state: use_state(|| State::Idle),
    }
}
