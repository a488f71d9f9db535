//! A box to tick, with its meaning beside it.

use web_sys::HtmlInputElement;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct CheckProps {
    /// The input's `data-testid` and id.
    pub id: AttrValue,
    pub label: AttrValue,
    #[prop_or_default]
    pub hint: AttrValue,
    pub checked: bool,
    pub onchange: Callback<bool>,
    #[prop_or_default]
    pub disabled: bool,
}

#[function_component]
pub fn Check(props: &CheckProps) -> Html {
    let onchange = {
        let onchange = props.onchange.clone();
        Callback::from(move |event: Event| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                onchange.emit(input.checked());
            }
        })
    };
    html! {
        <label class="check with-hint">
            <input type="checkbox" id={props.id.clone()} data-testid={props.id.clone()} checked={props.checked} disabled={props.disabled}
                {onchange}/>
            <span>
                { &props.label }
                if !props.hint.is_empty() { <span class="field-hint">{ &props.hint }</span> }
            </span>
        </label>
    }
}
