//! A cluster's sidebar: its name and tag, the way to the palette, favourites, the tree of projects, and the cluster's and the team's pages.

use slipway_protocol::Scope;
use slipway_protocol::desktop::{OfCluster, command};
use yew::prelude::*;

use super::team_switch::TeamSwitch;
use super::tree::{Marked, Tree};
use crate::components::button::{Button, Look};
use crate::components::icon::{Icon, Picture};
use crate::components::pill::{Dot, Tag, Tone};
use crate::keys::command_name;
use crate::palette::{Overlay, use_opener};
use crate::route::{Page, Route, go};
use crate::shell;
use crate::state::cluster::{ClusterContext, use_cluster, use_health};
use crate::state::drafts;
use crate::state::fleet::use_fleet;
use crate::state::task::use_task;
use crate::state::{unsaid, way_back};

#[derive(PartialEq, Properties)]
pub struct SidebarProps {
    pub page: Page,
}

#[function_component]
pub fn Sidebar(props: &SidebarProps) -> Html {
    let context = use_cluster();
    let sick = use_health().get().is_some_and(|health| !health.is_good());
    let find = use_opener().reform(|_: MouseEvent| Overlay::Palette);
    let entry = |page, id, icon, label| {
        entry(
            &context,
            props.page,
            page,
            id,
            icon,
            label,
            sick && page == Page::Health,
        )
    };
    html! {
        <aside class="sidebar">
            <div class="sidebar-head">
                <strong title={context.cluster.host.clone()}>{ &context.cluster.name }</strong>
                <Tag tag={context.cluster.tag.clone().map(AttrValue::from)}/>
            </div>
            <button type="button" class="find-anything" data-testid="find-anything" aria-haspopup="dialog" onclick={find}>
                <span class="grow">{ "Find anything" }</span><kbd>{ format!("{} K", command_name()) }</kbd>
            </button>
            <nav class="nav" aria-label="This cluster">
                <Marked page={props.page}/>
                <h3>{ "Projects" }</h3>
                { entry(Page::Home, "nav-projects", Icon::Box, "All projects") }
                <Tree page={props.page}/>
                <h3>{ "Cluster" }</h3>
                { entry(Page::Health, "nav-health", Icon::Health, "Health") }
                { entry(Page::Events, "nav-events", Icon::Events, "Events") }
                <h3>{ "Team" }</h3>
                { entry(Page::People, "nav-people", Icon::People, "People") }
                { entry(Page::Variables(Scope::Team), "nav-variables", Icon::Braces, "Variables") }
                { entry(Page::Registries, "nav-registries", Icon::Key, "Registries") }
                { entry(Page::Audit, "nav-audit", Icon::Audit, "Audit log") }
            </nav>
            <TeamSwitch/>
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
    is_sick: bool,
) -> Html {
    // Setting a server up anew, and a terminal on it, are parts of its health.
    let of_health = matches!(here, Page::Renew | Page::NodeTerminal);
    let chosen = here == page || (page == Page::Health && of_health);
    let refusal = context.refusal(page);
    html! {
        <a class={classes!("nav-item", chosen.then_some("chosen"))} href={context.route(page).to_string()} data-testid={id}
            aria-current={chosen.then_some("page")} title={refusal.clone()}>
            <Picture {icon}/><span class="grow">{ label }</span>
            if refusal.is_some() { <span class="locked"><Picture icon={Icon::Lock}/></span> }
            if is_sick { <span title="Something of the cluster is not as it should be"><Dot tone={Tone::Bad}/></span> }
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
                way_back::leave(cluster);
                let done = shell::call(command::SIGN_OUT, &OfCluster { cluster }).await;
                // Before the page it leads to is drawn.
                if let Err(failure) = &done {
                    unsaid::not_told(cluster, &failure.sentence);
                }
                // The session may have ended here though the server could not be told, and may go on though this failed.
                let over = match fleet.refresh().await {
                    Some(signed_in) => !signed_in.contains(&cluster),
                    None => done.is_ok(),
                };
                if over {
                    drafts::forget(cluster);
                    // Also where the link is down: nothing of theirs stays on the screen.
                    go(Route::Cluster(cluster, Page::SignIn));
                } else {
                    way_back::stay(cluster);
                    unsaid::take(cluster);
                }
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
