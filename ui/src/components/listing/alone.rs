//! Rows are chosen in one list at a time: what can be done with them stands in one bar at the foot of the window.

use std::cell::RefCell;
use std::rc::Rc;

use yew::prelude::*;

/// The list in which rows are chosen, and how it lets go of them.
type Chooser = (Rc<()>, Callback<()>);

thread_local! {
    static CHOOSER: RefCell<Option<Chooser>> = const { RefCell::new(None) };
}

/// As soon as rows are chosen in this list, those of another one are no more.
#[hook]
pub fn use_alone(chooses: bool, let_go: Callback<()>) {
    let list = use_memo((), |()| ());
    use_effect_with(chooses, move |chooses| {
        let chooser = chooses.then(|| Rc::clone(&list));
        if *chooses && let Some((_, let_go)) = CHOOSER.replace(Some((list, let_go))) {
            let_go.emit(());
        }
        move || {
            if let Some(list) = chooser {
                CHOOSER.with_borrow_mut(|now| {
                    now.take_if(|(now, _)| Rc::ptr_eq(now, &list));
                });
            }
        }
    });
}
