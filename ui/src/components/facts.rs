//! Names and values in two columns.

use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct FactProps {
    pub name: AttrValue,
    pub children: Html,
}

#[function_component]
pub fn Fact(props: &FactProps) -> Html {
    html! {
        <div class="fact">
            <dt>{ &props.name }</dt>
            <dd>{ props.children.clone() }</dd>
        </div>
    }
}

#[derive(PartialEq, Properties)]
pub struct FactsProps {
    pub children: Html,
}

#[function_component]
pub fn Facts(props: &FactsProps) -> Html {
    html! { <dl class="facts">{ props.children.clone() }</dl> }
}
