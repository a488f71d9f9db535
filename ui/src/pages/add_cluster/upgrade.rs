//! The button that upgrades a cluster's agent. In production it says first what will happen.

use yew::prelude::*;

use super::renew::BRINGS;
use crate::components::button::{Button, Look};
use crate::components::confirm::Confirm;
use crate::route::{Page, go, use_route};
use crate::state::cluster::use_cluster;
use crate::state::upkeep;

/// Nothing on the page that upgrades it, and for the agent of this very machine, which is not set up from here.
#[function_component]
pub fn UpgradeButton() -> Html {
    let context = use_cluster();
    let asking = use_state_eq(|| false);
    let page = context.route(Page::Renew);
    let there = use_route() == page;
    let cluster = context.id();
    let begin = Callback::from(move |()| {
        upkeep::wish(cluster);
        go(page);
    });
    if there || context.cluster.way.is_none() {
        return html! {};
    }
    let set = |to: bool| {
        let asking = asking.setter();
        Callback::from(move |()| asking.set(to))
    };
    let onclick = if context.is_production() {
        set(true)
    } else {
        begin.clone()
    };
    html! {
        <>
            <Button id="upgrade-agent" label={format!("Upgrade to {BRINGS}")} look={Look::Primary} offline=true {onclick}
                hint="Applications serve on meanwhile; an agent that does not become healthy gives way to the one before it"/>
            if *asking {
                <Confirm id="upgrade-agent" title={format!("Upgrade the agent of {}", context.cluster.name)} verb="Upgrade" keep="Not now"
                    offline=true confirm={begin} close={set(false)}>
                    <p>
                        { format!("The agent is replaced by version {BRINGS} and starts anew: for some seconds nothing can be deployed, and terminals end. ") }
                        { "Applications serve on. Where the new agent does not become healthy the one before it comes back." }
                    </p>
                </Confirm>
            }
        </>
    }
}
