//! What the shell tells of now and at each change, as long as somebody looks at it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use serde::de::DeserializeOwned;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::shell::{self, Stream};

/// What the command told last; nothing before it has told anything.
#[hook]
pub fn use_told<T: DeserializeOwned + PartialEq + 'static>(command: &'static str) -> Option<Rc<T>> {
    let last = use_state_eq(|| None::<Rc<T>>);
    let setter = last.setter();
    use_effect_with(command, move |command| {
        let command = *command;
        let alive = Rc::new(Cell::new(true));
        let running: Rc<RefCell<Option<Stream>>> = Rc::default();
        let (listening, started) = (Rc::clone(&alive), Rc::clone(&running));
        spawn_local(async move {
            let take = move |told: T| setter.set(Some(Rc::new(told)));
            // Without it nothing is told; the window shows nothing.
            if let Ok(stream) = shell::watch(command, take).await
                && listening.get()
            {
                *started.borrow_mut() = Some(stream);
            }
        });
        move || {
            alive.set(false);
            running.borrow_mut().take();
        }
    });
    (*last).clone()
}
