//! Looking for a text in what a terminal's screen keeps: a small bar over the screen, and the keys in it.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::icon::Icon;
use crate::components::screen::{Found, Screen};
use crate::components::search::SearchField;

/// The search in what the screen keeps. Closing it gives the keys back to the screen.
pub fn find_bar(
    screen: &Rc<RefCell<Option<Screen>>>,
    finding: &UseStateHandle<Option<u32>>,
    found: &UseStateHandle<Option<Found>>,
    asked: u32,
) -> Html {
    let find = {
        let screen = Rc::clone(screen);
        Callback::from(move |(text, down): (String, bool)| {
            if let Some(screen) = &*screen.borrow() {
                screen.find(&text, down);
            }
        })
    };
    let close = {
        let (screen, finding) = (Rc::clone(screen), finding.setter());
        Callback::from(move |()| {
            finding.set(None);
            if let Some(screen) = &*screen.borrow() {
                screen.focus();
            }
        })
    };
    let gone = {
        let (screen, found) = (Rc::clone(screen), found.setter());
        Callback::from(move |()| {
            found.set(None);
            if let Some(screen) = &*screen.borrow() {
                screen.stop_finding();
            }
        })
    };
    html! { <FindBar {asked} found={**found} {find} {close} {gone}/> }
}

#[derive(PartialEq, Properties)]
struct FindBarProps {
    /// Grows each time that it is asked for: then its field has the keys.
    asked: u32,
    found: Option<Found>,
    /// A text, and whether it is looked for downwards.
    find: Callback<(String, bool)>,
    /// The person closes it.
    close: Callback<()>,
    /// It is gone.
    gone: Callback<()>,
}

#[function_component]
fn FindBar(props: &FindBarProps) -> Html {
    let bar = use_node_ref();
    let text = use_state_eq(String::new);
    {
        let bar = bar.clone();
        use_effect_with(props.asked, move |_| {
            if let Some(input) = field_of(&bar) {
                // One that cannot have the keys leaves them where they are.
                let _ = input.focus();
                input.select();
            }
        });
    }
    {
        let gone = props.gone.clone();
        use_effect_with((), move |()| move || gone.emit(()));
    }
    let onchange = {
        let (text, find) = (text.clone(), props.find.clone());
        Callback::from(move |typed: String| {
            // A field that is left tells once more what is in it.
            if typed != *text {
                find.emit((typed.clone(), false));
                text.set(typed);
            }
        })
    };
    let go = |down: bool| {
        let (text, find) = (text.clone(), props.find.clone());
        Callback::from(move |()| find.emit(((*text).clone(), down)))
    };
    let (up, down) = (go(false), go(true));
    let onkeydown = {
        let (up, down, close) = (up.clone(), down.clone(), props.close.clone());
        Callback::from(move |event: KeyboardEvent| {
            // A button in it has Enter for itself.
            let in_field = event.target_dyn_into::<HtmlInputElement>().is_some();
            let act = match (event.key().as_str(), event.shift_key()) {
                ("Escape", _) => &close,
                ("Enter", false) | ("ArrowUp", _) if in_field => &up,
                ("Enter", true) | ("ArrowDown", _) if in_field => &down,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            act.emit(());
        })
    };
    let found = props.found.filter(|_| !text.is_empty());
    let nowhere = found.is_some_and(|found| found.count == 0);
    html! {
        <div class="terminal-find-place">
            <div class="terminal-find" role="search" aria-label="Find in the terminal" data-testid="terminal-find-bar" ref={bar} {onkeydown}>
                <SearchField id="terminal-find-text" label="Find in the terminal" value={(*text).clone()} {onchange} wrong={nowhere}/>
                <span class="faint number" role="status" data-testid="terminal-find-count">{ found.map(Found::said).unwrap_or_default() }</span>
                <Button id="terminal-find-up" label="The one above" icon={Icon::Up} icon_only=true look={Look::Plain} hint="The one above (Enter or ↑)" onclick={up}/>
                <Button id="terminal-find-down" label="The one below" icon={Icon::Down} icon_only=true look={Look::Plain} hint="The one below (Shift+Enter or ↓)" onclick={down}/>
                <Button id="terminal-find-close" label="Close the search" icon={Icon::Cross} icon_only=true look={Look::Plain} hint="Close the search (Esc)" onclick={props.close.clone()}/>
            </div>
        </div>
    }
}

fn field_of(bar: &NodeRef) -> Option<HtmlInputElement> {
    let field = bar.cast::<Element>()?.query_selector("input").ok().flatten()?;
    field.dyn_into().ok()
}
