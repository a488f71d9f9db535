//! What can be done with the rows that are chosen: it stands at the foot of the window as long as there are any.

use yew::prelude::*;

use super::Listed;
use super::csv::csv;
use crate::components::button::{Button, Look};
use crate::components::copy::CopyButton;
use crate::components::icon::Icon;
use crate::text;

/// Something that is done with all that are chosen.
#[derive(Clone, PartialEq)]
pub struct Together<T: Listed> {
    /// The `data-testid` of its button.
    pub id: &'static str,
    pub label: &'static str,
    /// Why it cannot be done with these.
    pub refused: Callback<Vec<T>, Option<AttrValue>>,
    pub act: Callback<Vec<T>>,
}

#[derive(PartialEq, Properties)]
pub struct BarProps<T: Listed> {
    pub id: &'static str,
    pub chosen: Vec<T>,
    pub together: Vec<Together<T>>,
    /// Nothing is to be chosen.
    pub none: Callback<()>,
}

#[function_component]
pub fn ChosenBar<T: Listed>(props: &BarProps<T>) -> Html {
    let copy = {
        let chosen = props.chosen.clone();
        Callback::from(move |()| json(&chosen))
    };
    let copy_cells = {
        let chosen = props.chosen.clone();
        Callback::from(move |()| csv(&chosen))
    };
    let button = |one: &Together<T>| {
        let (act, chosen) = (one.act.clone(), props.chosen.clone());
        let refused = one.refused.emit(chosen.clone());
        html! {
            <Button id={one.id} label={one.label} acts=true disabled={refused.is_some()} hint={refused}
                onclick={Callback::from(move |()| act.emit(chosen.clone()))}/>
        }
    };
    html! {
        <div class="chosen-bar" role="toolbar" aria-label="What is chosen" data-testid={format!("{}-chosen", props.id)}>
            <span role="status">{ text::count(props.chosen.len(), "row chosen", "rows chosen") }</span>
            <CopyButton id={format!("{}-copy", props.id)} label="Copy as JSON" icon_only=false text={copy}/>
            <CopyButton id={format!("{}-copy-csv", props.id)} label="Copy as CSV" icon_only=false text={copy_cells}/>
            { for props.together.iter().map(button) }
            <Button id={format!("{}-none", props.id)} label="Choose none" icon={Icon::Cross} icon_only=true look={Look::Plain} onclick={props.none.clone()}/>
        </div>
    }
}

/// As the agent's API answers them, one after another.
pub fn json<T: Listed>(items: &[T]) -> String {
    // What came as JSON can be written as JSON.
    serde_json::to_string_pretty(items).unwrap_or_default()
}
