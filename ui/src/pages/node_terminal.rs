//! Terminals on the agent's own node, as root.

use yew::prelude::*;

use crate::components::header::{Crumb, Header};
use crate::pages::terminal::{Place, Terminals};
use crate::route::Page;
use crate::state::cluster::use_cluster;

#[function_component]
pub fn NodeTerminalPage() -> Html {
    let context = use_cluster();
    let name = context.cluster.name.clone();
    let question = context.is_production().then(|| {
        AttrValue::from(format!(
            "The shell is root's, on the server of {name} itself: it can change or end everything that runs there. Opening it is written down."
        ))
    });
    let about = "A shell on the server itself, as root, outside of all containers. It lives there: a lost connection does not end it. What is \
                 started from it ends with it.";
    let crumbs = vec![
        Crumb::new(name, Some(context.route(Page::Home))),
        Crumb::new("Health", Some(context.route(Page::Health))),
    ];
    html! {
        <div class="page" data-testid="node-terminal-page">
            <Header {crumbs} title="Terminal on this node"/>
            <div class="content fills"><Terminals place={Place::Node} {about} {question}/></div>
        </div>
    }
}
