//! A choice of several, folded: the system's own list.

use yew::prelude::*;

use super::select::{Choice, chosen_in};

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
    let onchange = chosen_in(&props.onchange);
    let option = |choice: &Choice| {
        let selected = choice.value.as_str() == props.chosen;
        html! { <option key={choice.value.to_string()} value={choice.value.clone()} {selected}>{ &choice.label }</option> }
    };
    html! {
        <span class="choice-box">
        <select class="choice-field" id={props.id.clone()} data-testid={props.id.clone()} aria-label={props.label.clone()} title={props.label.clone()} {onchange}>
            { for props.choices.iter().map(option) }
        </select>
        </span>
    }
}
