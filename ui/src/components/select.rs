//! A choice of many: the system's own list.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::field::Labelled;

#[derive(Clone, PartialEq)]
pub struct Choice {
    pub value: AttrValue,
    pub label: AttrValue,
}

impl Choice {
    pub fn new(value: impl Into<AttrValue>, label: impl Into<AttrValue>) -> Self {
        Self {
            value: value.into(),
            label: label.into(),
        }
    }
}

/// Tells what is chosen in a list.
pub fn chosen_in(onchange: &Callback<String>) -> Callback<Event> {
    let onchange = onchange.clone();
    Callback::from(move |event: Event| {
        if let Some(select) = event.target_dyn_into::<HtmlSelectElement>() {
            onchange.emit(select.value());
        }
    })
}

#[derive(PartialEq, Properties)]
pub struct SelectProps {
    /// The control's `data-testid` and id.
    pub id: AttrValue,
    pub label: AttrValue,
    pub choices: Vec<Choice>,
    pub chosen: AttrValue,
    pub onchange: Callback<String>,
    #[prop_or_default]
    pub hint: Option<AttrValue>,
    #[prop_or_default]
    pub error: Option<AttrValue>,
    #[prop_or_default]
    pub disabled: bool,
}

#[function_component]
pub fn Select(props: &SelectProps) -> Html {
    let onchange = chosen_in(&props.onchange);
    let option = |choice: &Choice| {
        html! {
            <option key={choice.value.to_string()} value={choice.value.clone()} selected={choice.value == props.chosen}>{ &choice.label }</option>
        }
    };
    html! {
        <Labelled id={props.id.clone()} label={props.label.clone()} hint={props.hint.clone()} error={props.error.clone()}>
            <span class="control select pf-v6-c-form-control">
                <select id={props.id.clone()} data-testid={props.id.clone()} disabled={props.disabled} {onchange}>
                    { for props.choices.iter().map(option) }
                </select>
            </span>
        </Labelled>
    }
}
