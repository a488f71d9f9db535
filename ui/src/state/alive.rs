//! Whether a component is still there: an answer may come when its page has long gone, and another one stands in its place.

use std::cell::Cell;
use std::rc::Rc;

use yew::prelude::*;

/// True as long as the component is there, for who asks later.
#[hook]
pub fn use_alive() -> Rc<Cell<bool>> {
    let alive = use_memo((), |()| Cell::new(true));
    let end = Rc::clone(&alive);
    use_effect_with((), move |()| move || end.set(false));
    alive
}
