//! A page's head: where it stands, its name, its state, and at the right the one main action.

use yew::prelude::*;

use crate::route::Route;

/// A step of the way to the page.
#[derive(Clone, PartialEq)]
pub struct Crumb {
    pub text: AttrValue,
    pub route: Option<Route>,
}

impl Crumb {
    pub fn new(text: impl Into<AttrValue>, route: Option<Route>) -> Self {
        Self {
            text: text.into(),
            route,
        }
    }
}

#[derive(PartialEq, Properties)]
pub struct HeaderProps {
    #[prop_or_default]
    pub crumbs: Vec<Crumb>,
    pub title: AttrValue,
    #[prop_or_default]
    pub title_id: Option<AttrValue>,
    /// Pills and notes behind the title.
    #[prop_or_default]
    pub state: Html,
    #[prop_or_default]
    pub actions: Html,
    #[prop_or_default]
    pub tabs: Html,
}

#[function_component]
pub fn Header(props: &HeaderProps) -> Html {
    let crumb = |crumb: &Crumb| match crumb.route {
        Some(route) => html! { <a href={route.to_string()}>{ &crumb.text }</a> },
        None => html! { <span>{ &crumb.text }</span> },
    };
    html! {
        <header class="header">
            <nav class="crumbs" aria-label="Where this page stands">{ for props.crumbs.iter().map(crumb) }</nav>
            <div class="header-line">
                <h1 data-testid={props.title_id.clone()}>{ &props.title }</h1>
                { props.state.clone() }
                <span class="grow"/>
                <div class="actions">{ props.actions.clone() }</div>
            </div>
            { props.tabs.clone() }
        </header>
    }
}
