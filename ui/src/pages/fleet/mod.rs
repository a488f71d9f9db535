//! The front door: all clusters at a glance, what happens on them, and the ways to add one.

mod arrange;
mod columns;
mod edit;
mod import;
mod local;
mod now;
mod offline;
mod processor;
mod remove;
mod share;
mod table;
mod test;
mod watch;

use std::rc::Rc;

use slipway_protocol::desktop::{Cluster, SetUpRun};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use self::edit::EditDialog;
use self::import::{ImportDialog, Source};
pub use self::local::LocalAgentCard;
use self::now::Now;
use self::remove::RemoveDialog;
use self::share::ShareDialog;
use self::table::ClusterTable;
use self::test::TestDialog;
use self::watch::{AllSeen, Watch};
use crate::components::button::{Button, Look};
use crate::components::header::{Crumb, Header};
use crate::components::icon::{Icon, Picture};
use crate::components::remote::{Broken, Empty, Loading, not_again};
use crate::components::set_ups::SetUpsCard;
use crate::keys::command_name;
use crate::route::{Page, Route, go};
use crate::state::fleet::use_fleet;
use crate::state::set_ups;
use crate::text;

/// A dialog over the page.
#[derive(Clone, PartialEq)]
pub enum Asking {
    Remove(Rc<Cluster>),
    Edit(Rc<Cluster>),
    Test(Rc<Cluster>),
    Import(Source),
    Share,
}

#[function_component]
pub fn FleetPage() -> Html {
    let fleet = use_fleet();
    let asking = use_state(|| None::<Asking>);
    let filter = use_state(String::new);
    let arranging = use_state_eq(|| false);
    let seen = use_reducer_eq(AllSeen::default);
    let on = {
        let dispatcher = seen.dispatcher();
        use_callback((), move |came, ()| dispatcher.dispatch(came))
    };
    let clusters = fleet.clusters();
    let ask = {
        let asking = asking.setter();
        Callback::from(move |what: Asking| asking.set(Some(what)))
    };
    let close = {
        let asking = asking.setter();
        Callback::from(move |()| asking.set(None))
    };
    let inside = match fleet.failure() {
        Some(failure) if clusters.is_empty() => {
            html! { <Broken failure={failure.clone()} retry={fleet.reload.clone()}/> }
        }
        _ if !fleet.loaded() => html! { <Loading/> },
        _ if clusters.is_empty() => html! {
            <>
                <Empty icon={Icon::Fleet} title="No clusters yet"
                    text="A cluster is a server with Docker Swarm and the Slipway agent, reached through SSH. Add one to deploy to it.">
                    { actions(&ask, true) }
                </Empty>
                <LocalAgentCard offer=true/>
            </>
        },
        _ => html! {
            <>
                { not_again(fleet.failure()) }
                <Toolbar filter={filter.clone()} arranging={arranging.clone()} ask={ask.clone()}/>
                <ClusterTable clusters={clusters.to_vec()} filter={(*filter).clone()} seen={Rc::new(AllSeen(seen.0.clone()))}
                    arranging={*arranging} ask={ask.clone()}/>
                <LocalAgentCard/>
                <Now clusters={clusters.to_vec()} seen={Rc::new(AllSeen(seen.0.clone()))}/>
                <p class="fleet-keys">{ format!("{0} 1…9 switches clusters · {0} K finds anything on all of them", command_name()) }</p>
            </>
        },
    };
    html! {
        <div class="page" data-testid="fleet">
            <Header crumbs={vec![Crumb::new("All clusters", None)]} title="Fleet" state={summary(clusters, &seen)}
                actions={if clusters.is_empty() { html! {} } else { actions(&ask, false) }}/>
            <div class="content">
                <SetUpsCard show={Callback::from(show_set_up)}/>
                { inside }
            </div>
            { for clusters.iter().map(|cluster| html! {
                <Watch key={cluster.id.to_string()} cluster={Rc::clone(cluster)} on={on.clone()}/>
            }) }
            { dialog(asking.as_ref(), &close) }
        </div>
    }
}

/// The page on which this server is being set up.
fn show_set_up(run: SetUpRun) {
    set_ups::wish(run.found.server);
    go(match run.saved {
        Some(cluster) => Route::Cluster(cluster, Page::Renew),
        None => Route::Add,
    });
}

/// “4 clusters · 44 applications”.
fn summary(clusters: &[Rc<Cluster>], seen: &AllSeen) -> Html {
    if clusters.is_empty() {
        return html! {};
    }
    let applications: usize = clusters
        .iter()
        .filter_map(|cluster| Some(seen.of(cluster.id).applications?.len()))
        .sum();
    let mut words = text::count(clusters.len(), "cluster", "clusters");
    if applications > 0 {
        let applications = text::count(applications, "application", "applications");
        words = format!("{words} · {applications}");
    }
    html! { <span class="note-pill">{ words }</span> }
}

fn actions(ask: &Callback<Asking>, empty: bool) -> Html {
    let import = ask.reform(|()| Asking::Import(Source::SshConfig));
    let add = Callback::from(|()| go(Route::Add));
    html! {
        <>
            if !empty { <Button id="import-ssh-config" label="Import from ~/.ssh/config" onclick={import.clone()}/> }
            <Button id="add-cluster" label="Add a cluster" look={Look::Primary} onclick={add}/>
            if empty { <Button id="import-ssh-config" label="Import from ~/.ssh/config" onclick={import}/> }
        </>
    }
}

fn dialog(asking: Option<&Asking>, close: &Callback<()>) -> Html {
    let close = close.clone();
    match asking.cloned() {
        None => html! {},
        Some(Asking::Remove(cluster)) => html! { <RemoveDialog {cluster} {close}/> },
        Some(Asking::Edit(cluster)) => html! { <EditDialog {cluster} {close}/> },
        Some(Asking::Test(cluster)) => html! { <TestDialog {cluster} {close}/> },
        Some(Asking::Import(source)) => html! { <ImportDialog {source} {close}/> },
        Some(Asking::Share) => html! { <ShareDialog {close}/> },
    }
}

#[derive(PartialEq, Properties)]
struct ToolbarProps {
    filter: UseStateHandle<String>,
    arranging: UseStateHandle<bool>,
    ask: Callback<Asking>,
}

/// Above the table: the filter, the order, files of connections.
#[function_component]
fn Toolbar(props: &ToolbarProps) -> Html {
    let oninput = {
        let filter = props.filter.setter();
        Callback::from(move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                filter.set(input.value());
            }
        })
    };
    let arrange = {
        let arranging = props.arranging.clone();
        Callback::from(move |()| arranging.set(!*arranging))
    };
    html! {
        <div class="toolbar">
            <span class="control search pf-v6-c-form-control">
                <Picture icon={Icon::Search}/>
                <input type="search" data-testid="fleet-filter" placeholder="Filter by name, host, tag or group"
                    aria-label="Filter clusters" value={(*props.filter).clone()} spellcheck="false" {oninput}/>
            </span>
            <span class="grow"/>
            <Button id="arrange" label={if *props.arranging { "Done" } else { "Arrange" }} look={Look::Plain} onclick={arrange}
                hint="Shows buttons that put the clusters in your own order"/>
            <Button id="share" label="Share" look={Look::Plain} onclick={props.ask.reform(|()| Asking::Share)}
                hint="Makes a file of connections, without anything secret"/>
            <Button id="import-file" label="Import a file" look={Look::Plain}
                onclick={props.ask.reform(|()| Asking::Import(Source::File))}/>
        </div>
    }
}
