//! Something that the person has asked for and that is under way: busy, then done or failed.

use std::cell::Cell;
use std::future::Future;

use slipway_protocol::desktop::Failure;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

#[derive(Clone, PartialEq)]
enum State {
    Idle,
    Busy,
    /// With its number among all failures of tasks.
    Failed(Failure, u32),
}

thread_local! {
    static FAILURES: Cell<u32> = const { Cell::new(0) };
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
            State::Failed(failure, _) => Some(failure.clone()),
            State::Idle | State::Busy => None,
        }
    }

    fn failed_as(&self) -> u32 {
        match &*self.state {
            State::Failed(_, number) => *number,
            State::Idle | State::Busy => 0,
        }
    }

    /// The person has seen how it failed.
    pub fn dismiss(&self) {
        if !self.busy() {
            self.state.set(State::Idle);
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
                Err(failure) => {
                    let number = FAILURES.get().wrapping_add(1);
                    FAILURES.set(number);
                    State::Failed(failure, number)
                }
            });
        });
    }
}

/// How the one of them failed that failed last.
pub fn last_failure(tasks: &[&Task]) -> Option<Failure> {
    let last = tasks.iter().max_by_key(|task| task.failed_as())?;
    last.failure()
}

#[hook]
pub fn use_task() -> Task {
    Task {
        state: use_state(|| State::Idle),
    }
}
