//! What is told while somebody goes through a log: that older lines are wanted, or newer ones.

use web_sys::Element;
use yew::prelude::*;

/// Who is told that the view comes near to an end of the lines that are here.
#[derive(Clone)]
pub struct Wants {
    pub older: Callback<()>,
    /// Where newer lines come one page after the other. Otherwise a view that reaches the end follows.
    pub newer: Option<Callback<()>>,
}

/// What the wheel means, also where nothing scrolls.
pub fn on_wheel(node: &NodeRef, follow: &UseStateHandle<bool>, wants: &Wants) -> Callback<WheelEvent> {
    let (node, follow, wants) = (node.clone(), follow.setter(), wants.clone());
    Callback::from(move |event: WheelEvent| {
        let up = event.delta_y() < 0.0;
        if up {
            follow.set(false);
        }
        // Where everything fits nothing scrolls, and there may still be older lines, or newer ones.
        let Some(element) = node.cast::<Element>() else {
            return;
        };
        if up && element.scroll_top() == 0 {
            wants.older.emit(());
        } else if event.delta_y() > 0.0
            && element.scroll_height() <= element.client_height()
            && let Some(newer) = &wants.newer
        {
            newer.emit(());
        }
    })
}
