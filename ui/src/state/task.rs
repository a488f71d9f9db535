//! Something that the person has asked for and that is under way: busy, then done or failed.

use std::cell::Cell;
use std::future::Future;

use slipway_protocol::desktop::Failure;
use slipway_protocol::{ClusterId, Endpoint};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::shell;

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

    /// What a button does that sends a request; `then` follows a success.
    pub fn sends<E>(&self, cluster: ClusterId, request: E, then: Callback<()>) -> Callback<()>
    where
        E: Endpoint + Clone + 'static,
    {
        let task = self.clone();
        Callback::from(move |()| {
            let (request, then) = (request.clone(), then.clone());
            task.run(async move {
                shell::api(cluster, request).await?;
                then.emit(());
                Ok(())
            });
        })
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

/// One after the other.
pub fn both(first: &Callback<()>, second: &Callback<()>) -> Callback<()> {
    let (first, second) = (first.clone(), second.clone());
    Callback::from(move |()| {
        first.emit(());
        second.emit(());
    })
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
