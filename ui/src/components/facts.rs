//! Names and values in two columns.

use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct FactProps {
    pub name: AttrValue,
    /// It stands below its name, over the whole width.
    #[prop_or_default]
    pub wide: bool,
    pub children: Html,
}

#[function_component]
pub fn Fact(props: &FactProps) -> Html {
    html! {
        <div class={classes!("fact", props.wide.then_some("wide"))}>
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
