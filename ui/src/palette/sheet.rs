//! The sheet of shortcuts, from the one map of the keyboard.

use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::modal::Dialog;
use crate::keys::{self, SHEET};

#[derive(PartialEq, Properties)]
pub struct SheetProps {
    pub close: Callback<()>,
}

#[function_component]
pub fn ShortcutSheet(props: &SheetProps) -> Html {
    let mac = keys::is_mac();
    let key = |key: &'static str| html! { <kbd>{ key }</kbd> };
    let line = |line: &keys::Line| {
        html! {
            <div class="shortcut"><dt>{ for keys::called(line.keys, mac).into_iter().map(key) }</dt><dd>{ line.does }</dd></div>
        }
    };
    let group = |(title, lines): &(&'static str, &'static [keys::Line])| {
        html! { <section key={*title}><h2>{ *title }</h2><dl>{ for lines.iter().map(line) }</dl></section> }
    };
    let actions = html! { <Button id="shortcuts-close" offline=true label="Close" look={Look::Primary} submit=true autofocus=true/> };
    html! {
        <Dialog id="shortcuts" title="Keyboard shortcuts" onclose={props.close.clone()} onsubmit={props.close.clone()} {actions}>
            <div class="shortcuts">{ for SHEET.iter().map(group) }</div>
        </Dialog>
    }
}
