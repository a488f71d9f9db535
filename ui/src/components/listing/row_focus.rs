//! Which row of a list has the focus, or had it last: it stays in the page wherever the list is scrolled to, and Tab comes back to it.

use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{Element, EventTarget, HtmlElement};
use yew::prelude::*;

use super::Listed;

#[derive(Clone)]
pub struct RowFocus {
    /// By its key: rows change their places.
    key: UseStateHandle<Option<String>>,
    place: Option<usize>,
    key_at: Callback<usize, Option<String>>,
    body: NodeRef,
    /// The row is to get the focus as soon as it is in the page.
    going: Rc<std::cell::Cell<bool>>,
}

/// Follows the focus in a list of these rows, whose `<tbody>` is `body`.
#[hook]
pub fn use_row_focus<T: Listed>(body: &NodeRef, rows: &Rc<Vec<(String, T)>>) -> RowFocus {
    let key = use_state_eq(|| None::<String>);
    let going = use_memo((), |()| std::cell::Cell::new(false));
    let place = key
        .as_ref()
        .and_then(|key| rows.iter().position(|(of, _)| of == key));
    let key_at = {
        let rows = Rc::clone(rows);
        Callback::from(move |place: usize| rows.get(place).map(|(key, _)| key.clone()))
    };
    {
        let (body, going) = (body.clone(), Rc::clone(&going));
        use_effect(move || {
            if let Some(place) = place.filter(|_| going.take()) {
                focus(&body, place);
            }
        });
    }
    RowFocus {
        key,
        place,
        key_at,
        body: body.clone(),
        going,
    }
}

impl RowFocus {
    /// The place of the row now.
    pub fn place(&self) -> Option<usize> {
        self.place
    }

    /// What the list does when the focus comes to anything in it.
    pub fn follow(&self) -> Callback<FocusEvent> {
        let (key, key_at) = (self.key.setter(), self.key_at.clone());
        Callback::from(move |event: FocusEvent| {
            let place = event.target().and_then(|target| place_of(&target));
            if let Some(at) = place.and_then(|place| key_at.emit(place)) {
                key.set(Some(at));
            }
        })
    }

    /// Gives the focus to the row at a place, if there is one.
    pub fn go(&self, place: usize) {
        if let Some(key) = self.key_at.emit(place)
            && !focus(&self.body, place)
        {
            self.going.set(true);
            self.key.set(Some(key));
        }
    }
}

/// The place of the row that holds this.
pub fn place_of(target: &EventTarget) -> Option<usize> {
    let element: &Element = target.dyn_ref()?;
    let row = element.closest("tr[data-place]").ok()??;
    row.get_attribute("data-place")?.parse().ok()
}

/// Gives the focus to a row, if it is in the page.
fn focus(body: &NodeRef, place: usize) -> bool {
    let row = body
        .cast::<Element>()
        .and_then(|body| body.query_selector(&format!("tr[data-place=\"{place}\"]")).ok()?)
        .and_then(|row| row.dyn_into::<HtmlElement>().ok());
    // A row with a tabindex takes the focus.
    row.is_some_and(|row| row.focus().is_ok())
}
