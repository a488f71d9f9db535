//! What differs: one row for each setting, from and to.

use slipway_protocol::plan::Change;
use yew::prelude::*;

use super::table::{Row, Table};
use crate::setting_words;

#[derive(PartialEq, Properties)]
pub struct ChangesProps {
    pub changes: Vec<Change>,
    /// What the two sides are called.
    #[prop_or(AttrValue::Static("Now"))]
    pub from: AttrValue,
    #[prop_or(AttrValue::Static("Then"))]
    pub to: AttrValue,
}

#[function_component]
pub fn Changes(props: &ChangesProps) -> Html {
    let head = html! { <><th>{ "What" }</th><th>{ &props.from }</th><th>{ &props.to }</th></> };
    let row = |one: &Change| {
        let side = |text: &Option<String>| match text {
            Some(text) => html! { <code>{ setting_words::value(&one.what, text) }</code> },
            None => html! { <span class="faint">{ "not set" }</span> },
        };
        html! {
            <Row key={one.what.clone()} id="change-row">
                <td class="says" title={one.what.clone()}>{ setting_words::name(&one.what) }</td>
                <td class="says">{ side(&one.from) }</td>
                <td class="says">{ side(&one.to) }</td>
            </Row>
        }
    };
    html! { <Table {head} class="changes">{ for props.changes.iter().map(row) }</Table> }
}
