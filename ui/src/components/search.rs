//! A field that looks for something, with its picture before it.

use yew::prelude::*;

use super::field::{text_of_input, written_in};
use super::icon::{Icon, Picture};

#[derive(PartialEq, Properties)]
pub struct SearchProps {
    /// The `data-testid`.
    pub id: AttrValue,
    pub label: AttrValue,
    /// Shown in the empty field in the label's place, where that would be cut.
    #[prop_or_default]
    pub short: Option<AttrValue>,
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
    let (oninput, onchange) = written_in(&input, &props.onchange, text_of_input);
    let placeholder = props.short.as_ref().unwrap_or(&props.label).clone();
    html! {
        <span class={classes!("control", "search", "pf-v6-c-form-control", props.wrong.then_some("pf-m-error"))}>
            <Picture icon={Icon::Search}/>
            <input ref={input} type="search" data-testid={props.id.clone()} {placeholder} aria-label={props.label.clone()}
                aria-invalid={props.wrong.then_some("true")} value={props.value.clone()} spellcheck="false" {oninput} {onchange}/>
            { props.children.clone() }
        </span>
    }
}
