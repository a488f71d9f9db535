//! A field that looks for something, with its picture before it.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::icon::{Icon, Picture};

#[derive(PartialEq, Properties)]
pub struct SearchProps {
    /// The `data-testid`.
    pub id: AttrValue,
    pub label: AttrValue,
    pub value: AttrValue,
    pub onchange: Callback<String>,
    #[prop_or_default]
    pub wrong: bool,
    /// Inside the field, at its right.
    #[prop_or_default]
    pub children: Html,
}

#[function_component]
pub fn SearchField(props: &SearchProps) -> Html {
    let input = use_node_ref();
    let taken = {
        let (input, onchange) = (input.clone(), props.onchange.clone());
        Callback::from(move |()| {
            if let Some(input) = input.cast::<HtmlInputElement>() {
                onchange.emit(input.value());
            }
        })
    };
    // What fills or clears a field without keys is told by the second event alone.
    let oninput = taken.reform(|_: InputEvent| ());
    let onchange = taken.reform(|_: Event| ());
    html! {
        <span class={classes!("control", "search", "pf-v6-c-form-control", props.wrong.then_some("pf-m-error"))}>
            <Picture icon={Icon::Search}/>
            <input ref={input} type="search" data-testid={props.id.clone()} placeholder={props.label.clone()} aria-label={props.label.clone()}
                aria-invalid={props.wrong.then_some("true")} value={props.value.clone()} spellcheck="false" {oninput} {onchange}/>
            { props.children.clone() }
        </span>
    }
}
