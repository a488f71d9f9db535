//! A cluster's sidebar: its name and tag, a filter, the tree of projects, and the cluster's and the team's pages.

use slipway_protocol::desktop::{OfCluster, command};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::tree::Tree;
use crate::components::button::{Button, Look};
use crate::components::icon::{Icon, Picture};
use crate::components::pill::Tag;
use crate::route::Page;
use crate::shell;
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::state::fleet::use_fleet;
use crate::state::task::use_task;

#[derive(PartialEq, Properties)]
pub struct SidebarProps {
    pub page: Page,
}

#[function_component]
pub fn Sidebar(props: &SidebarProps) -> Html {
    let context = use_cluster();
    let filter = use_state(String::new);
    let oninput = {
        let filter = filter.setter();
        Callback::from(move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                filter.set(input.value());
            }
        })
    };
    let entry = |page, id, icon, label| entry(&context, props.page, page, id, icon, label);
    html! {
        <aside class="sidebar">
            <div class="sidebar-head">
                <strong title={context.cluster.host.clone()}>{ &context.cluster.name }</strong>
                <Tag tag={context.cluster.tag.clone().map(AttrValue::from)}/>
            </div>
            <span class="control search pf-v6-c-form-control">
                <Picture icon={Icon::Search}/>
                <input type="search" data-testid="tree-filter" placeholder="Filter applications" aria-label="Filter applications"
                    value={(*filter).clone()} spellcheck="false" {oninput}/>
            </span>
            <nav class="nav" aria-label="This cluster">
                <h3>{ "Projects" }</h3>
                { entry(Page::Home, "nav-projects", Icon::Box, "All projects") }
                <Tree filter={(*filter).clone()} page={props.page}/>
                <h3>{ "Cluster" }</h3>
                { entry(Page::Health, "nav-health", Icon::Health, "Health") }
                <h3>{ "Team" }</h3>
                { entry(Page::People, "nav-people", Icon::People, "People") }
                { entry(Page::Audit, "nav-audit", Icon::Audit, "Audit log") }
            </nav>
            <SignedIn/>
        </aside>
    }
}

fn entry(
    context: &ClusterContext,
    here: Page,
    page: Page,
    id: &'static str,
    icon: Icon,
    label: &'static str,
) -> Html {
    let chosen = here == page;
    html! {
        <a class={classes!("nav-item", chosen.then_some("chosen"))} href={context.route(page).to_string()} data-testid={id}
            aria-current={chosen.then_some("page")}>
            <Picture {icon}/><span>{ label }</span>
        </a>
    }
}

/// Who is signed in, and signing out.
#[function_component]
fn SignedIn() -> Html {
    let context = use_cluster();
    let fleet = use_fleet();
    let task = use_task();
    if !context.cluster.signed_in {
        return html! {};
    }
    let cluster = context.id();
    let onclick = {
        let task = task.clone();
        Callback::from(move |()| {
            let fleet = fleet.clone();
            task.run(async move {
                let done = shell::call(command::SIGN_OUT, &OfCluster { cluster }).await;
                fleet.refresh().await;
                done
            });
        })
    };
    let email = match context.me.get() {
        Some(me) => me.email.to_string(),
        None => context.cluster.email.clone().unwrap_or_default(),
    };
    let role = context.role().map(|role| role.as_str());
    let failed = task.failure().map(|failure| failure.sentence);
    html! {
        <div class="signed-in">
            <span class="who" title={email.clone()}>
                { &email }
                if let Some(role) = role { <span class="faint">{ role }</span> }
                if let Some(failed) = failed { <span class="field-error">{ failed }</span> }
            </span>
            <Button id="sign-out" label="Sign out" icon={Icon::SignOut} icon_only=true look={Look::Plain}
                busy={task.busy()} {onclick}/>
        </div>
    }
}
