//! `use_counter`: what makes effects run once more, though nothing else has changed.

use std::rc::Rc;

use yew::prelude::*;

/// A number that only grows, with the callback that makes it grow: what effects are run again by.
#[hook]
pub fn use_counter() -> (u32, Callback<()>) {
    let counter = use_reducer(Counter::default);
    let dispatcher = counter.dispatcher();
    let grow = use_callback((), move |(), ()| dispatcher.dispatch(()));
    (counter.0, grow)
}

#[derive(Default, PartialEq)]
struct Counter(u32);

impl Reducible for Counter {
    type Action = ();
    fn reduce(self: Rc<Self>, (): ()) -> Rc<Self> {
        Self(self.0.wrapping_add(1)).into()
    }
}
