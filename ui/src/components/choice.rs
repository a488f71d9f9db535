//! A choice of several, folded: the system's own list.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

#[derive(Clone, PartialEq)]
pub struct Choice {
    pub value: String,
    pub label: String,
}

impl Choice {
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            label: label.into(),
        }
    }
}

#[derive(PartialEq, Properties)]
pub struct ChoiceProps {
    /// The `data-testid`.
    pub id: AttrValue,
    /// What is chosen, for who cannot see it.
    pub label: AttrValue,
    pub choices: Vec<Choice>,
    pub chosen: String,
    pub onchange: Callback<String>,
}

#[function_component]
pub fn ChoiceField(props: &ChoiceProps) -> Html {
    let onchange = {
        let onchange = props.onchange.clone();
        Callback::from(move |event: Event| {
            if let Some(select) = event.target_dyn_into::<HtmlSelectElement>() {
                onchange.emit(select.value());
            }
        })
    };
    let option = |choice: &Choice| {
        let selected = choice.value == props.chosen;
        html! { <option key={choice.value.clone()} value={choice.value.clone()} {selected}>{ &choice.label }</option> }
    };
    html! {
        <span class="choice-box">
        <select class="choice-field" id={props.id.clone()} data-testid={props.id.clone()} aria-label={props.label.clone()} title={props.label.clone()} {onchange}>
            { for props.choices.iter().map(option) }
        </select>
        </span>
    }
}
