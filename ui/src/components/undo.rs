//! What was just taken away can be put back: a bar at the foot of the window says so for a while, and stays as long as it is looked at.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Node};
use yew::prelude::*;

use super::button::{Button, Look};
use super::failure::FormError;
use super::icon::Icon;
use crate::state::task::Task;

/// So long it can be put back: enough to read the words and to come there by the keyboard.
const OFFERED_MS: u32 = 20_000;

#[derive(PartialEq, Properties)]
pub struct UndoBarProps {
    /// Begins the ids of its parts.
    pub id: AttrValue,
    /// What was taken away, as a sentence.
    pub says: AttrValue,
    /// The putting back, once it is under way.
    pub task: Task,
    pub undo: Callback<()>,
    /// The time is over, or nobody wants it.
    pub close: Callback<()>,
}

#[function_component]
pub fn UndoBar(props: &UndoBarProps) -> Html {
    let pointed = use_state_eq(|| false);
    let focused = use_state_eq(|| false);
    let (busy, failure) = (props.task.busy(), props.task.failure());
    // A failure stays until it was read.
    let stays = *pointed || *focused || busy || failure.is_some();
    // A render alone does not make the time begin anew.
    let latest = use_mut_ref(|| props.close.clone());
    *latest.borrow_mut() = props.close.clone();
    use_effect_with((props.says.clone(), stays), move |(_, stays)| {
        let over = move || {
            let close = latest.borrow().clone();
            close.emit(());
        };
        let wait = (!stays).then(|| Timeout::new(OFFERED_MS, over));
        move || drop(wait)
    });
    let onmouseover = on::<MouseEvent>(&pointed, true);
    let onmouseout = on::<MouseEvent>(&pointed, false);
    let bar = use_node_ref();
    let way_back = use_way_back();
    let onfocusin = {
        let (focused, way_back, bar) = (focused.setter(), Rc::clone(&way_back), bar.clone());
        Callback::from(move |event: FocusEvent| {
            way_back.entered(&event, &bar);
            focused.set(true);
        })
    };
    let onfocusout = {
        let focused = focused.setter();
        Callback::from(move |_: FocusEvent| {
            way_back.inside.set(false);
            focused.set(false);
        })
    };
    html! {
        <div class="undo-bar" ref={bar} data-testid={format!("{}-bar", props.id)} {onmouseover} {onmouseout} {onfocusin} {onfocusout}>
            <span role="status">{ &props.says }</span>
            <Button id={props.id.clone()} label="Undo" acts=true {busy} onclick={props.undo.clone()}/>
            <Button id={format!("{}-close", props.id)} label="Leave it so" icon={Icon::Cross} icon_only=true look={Look::Plain} disabled={busy}
                onclick={props.close.clone()}/>
            <FormError {failure}/>
        </div>
    }
}

/// Where the keys were before they came into the bar: there they go again when the bar goes with them.
#[derive(Default)]
struct WayBack {
    inside: Cell<bool>,
    from: RefCell<Option<HtmlElement>>,
}

impl WayBack {
    fn entered(&self, event: &FocusEvent, bar: &NodeRef) {
        self.inside.set(true);
        let before = event
            .related_target()
            .and_then(|before| before.dyn_into::<HtmlElement>().ok());
        let is_own = before.as_ref().is_some_and(|before| {
            let node: &Node = before;
            bar.get().is_some_and(|bar| bar.contains(Some(node)))
        });
        if !is_own {
            *self.from.borrow_mut() = before;
        }
    }
}

#[hook]
fn use_way_back() -> Rc<WayBack> {
    let way_back = use_memo((), |()| WayBack::default());
    {
        let way_back = Rc::clone(&way_back);
        use_effect_with((), move |()| {
            move || {
                let from = way_back.from.take().filter(|_| way_back.inside.get());
                if let Some(from) = from {
                    // One that is gone leaves the keys where they are.
                    let _ = from.focus();
                }
            }
        });
    }
    way_back
}

fn on<E: 'static>(state: &UseStateHandle<bool>, now: bool) -> Callback<E> {
    let state = state.setter();
    Callback::from(move |_: E| state.set(now))
}
