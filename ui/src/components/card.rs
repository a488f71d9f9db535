//! A card with a title, on PatternFly's.

use patternfly_yew::prelude::Card as PatternflyCard;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct CardProps {
    #[prop_or_default]
    pub title: Option<AttrValue>,
    /// Beside the title, in grey.
    #[prop_or_default]
    pub note: Option<AttrValue>,
    /// At the right of the title.
    #[prop_or_default]
    pub actions: Html,
    #[prop_or_default]
    pub class: Classes,
    pub children: Html,
}

#[function_component]
pub fn Card(props: &CardProps) -> Html {
    html! {
        <PatternflyCard class={classes!("card", props.class.clone())} component="section">
            if let Some(title) = &props.title {
                <header class="card-head">
                    <h2>{ title }</h2>
                    if let Some(note) = &props.note { <span class="note">{ note }</span> }
                    <span class="grow"/>
                    { props.actions.clone() }
                </header>
            }
            { props.children.clone() }
        </PatternflyCard>
    }
}
