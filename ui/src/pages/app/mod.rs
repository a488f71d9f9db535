//! An application's page: its head with the main action, and its tabs.

mod actions;
mod built;
mod commands;
pub mod delete;
mod deployment_table;
mod deployments;
mod domains;
mod drift;
mod file_form;
mod files;
mod forwards;
pub mod logs;
mod metrics;
mod overview;
mod patches;
mod pending;
pub mod plan;
pub mod plan_view;
mod roll_back;
mod scale;
mod settings;
mod state;
pub mod stop;
mod tags;
mod tasks;
mod terminal;
mod traffic;
mod upload;
mod usage;
mod variables;
mod what_runs;

use std::rc::Rc;

use slipway_protocol::ApplicationId;
use slipway_protocol::api::{GetApplication, ListDeployments};
use slipway_protocol::application::{ApplicationView, ObservedStatus};
use slipway_protocol::deployment::DeploymentView;
use yew::prelude::*;

use self::actions::Actions;
use self::tags::Found;
use crate::components::header::{Crumb, Header};
use crate::components::icon::{Icon, Picture};
use crate::components::pill::{Pill, Tone, observed_words};
use crate::components::remote::face;
use crate::route::{Page, Tab};
use crate::state::api::{LIST, use_api};
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::state::remote::Remote;

#[derive(PartialEq, Properties)]
pub struct AppPageProps {
    pub id: ApplicationId,
    pub tab: Tab,
}

/// What every tab of an application gets.
#[derive(Clone, PartialEq, Properties)]
pub struct AppProps {
    pub app: Rc<ApplicationView>,
    pub deployments: Remote<Vec<DeploymentView>>,
    /// Loads the application and its deployments now.
    pub reload: Callback<()>,
}

#[function_component]
pub fn AppPage(props: &AppPageProps) -> Html {
    let context = use_cluster();
    let application = props.id;
    let remote = use_api(context.id(), GetApplication { application }, LIST);
    let deployments = use_api(context.id(), ListDeployments::of(application), LIST);
    let reload = {
        let (one, two, lists) = (remote.reload.clone(), deployments.reload.clone(), context.clone());
        Callback::from(move |()| {
            one.emit(());
            two.emit(());
            lists.reload();
        })
    };
    let inner = remote.data.clone().map(|app| AppProps {
        app,
        deployments: deployments.clone(),
        reload,
    });
    let fills = matches!(props.tab, Tab::Logs | Tab::Terminal | Tab::Commands);
    html! {
        <div class="page" data-testid="app-page">
            { head(&context, props, inner.as_ref()) }
            <div class={classes!("content", fills.then_some("fills"))}>
                { face(&remote, "the right to read applications", |_| match inner {
                    Some(inner) => tab(props.tab, inner),
                    None => html! {},
                }) }
            </div>
            if let Some(app) = remote.data.clone() { <upload::Upload {app}/> }
        </div>
    }
}

fn tab(tab: Tab, props: AppProps) -> Html {
    match tab {
        Tab::Overview => html! { <overview::Overview ..props/> },
        Tab::Deployments => html! { <deployments::Deployments ..props/> },
        Tab::Logs => html! { <logs::Logs ..props/> },
        Tab::Variables => html! { <variables::Variables ..props/> },
        Tab::Files => html! { <files::Files ..props/> },
        Tab::Domains => html! { <domains::Domains ..props/> },
        Tab::Metrics => html! { <metrics::Metrics ..props/> },
        Tab::Terminal => html! { <terminal::AppTerminals ..props/> },
        Tab::Commands => html! { <commands::Commands ..props/> },
        Tab::Settings => html! { <settings::Settings ..props/> },
    }
}

/// The head: from the application itself, or as long as it is not there from the list that knows its name.
fn head(context: &ClusterContext, props: &AppPageProps, inner: Option<&AppProps>) -> Html {
    let app = inner
        .map(|inner| &*inner.app)
        .or_else(|| context.application(props.id));
    let crumbs = app.and_then(|app| context.place(app.environment)).map(|place| {
        vec![
            Crumb::new(place.project, Some(context.route(Page::Home))),
            Crumb::new(place.environment, Some(context.route(Page::Home))),
        ]
    });
    let title = app.map_or_else(|| "Application".to_owned(), |app| app.name.to_string());
    let state = app.map(|app| {
        let does = match app.observed {
            ObservedStatus::Stopped => "is stopped",
            ObservedStatus::Down => "should serve",
            ObservedStatus::Absent
            | ObservedStatus::Running
            | ObservedStatus::Degraded
            | ObservedStatus::Unknown => "serves",
        };
        let serving = app
            .serving
            .as_ref()
            .map(|serving| format!("deployment {} {does}", serving.number));
        html! {
            <>
                <Pill id="app-status" tone={Tone::of_observed(app.observed)} text={observed_words(app)}/>
                if let Some(serving) = serving { <span class="note">{ serving }</span> }
                if let Some(inner) = inner.cloned() { <Found ..inner/> }
            </>
        }
    });
    let actions = inner.cloned().map(|inner| html! { <Actions ..inner/> });
    html! {
        <Header crumbs={crumbs.unwrap_or_default()} {title} title_id="app-title" state={state.unwrap_or_default()}
            actions={actions.unwrap_or_default()} tabs={tabs(context, props, inner)}/>
    }
}

fn tabs(context: &ClusterContext, props: &AppPageProps, inner: Option<&AppProps>) -> Html {
    let count = |tab: Tab| {
        let inner = inner?;
        match tab {
            Tab::Deployments => inner.deployments.get().map(Vec::len),
            Tab::Domains => Some(inner.app.domains.len()),
            Tab::Overview
            | Tab::Logs
            | Tab::Variables
            | Tab::Files
            | Tab::Metrics
            | Tab::Terminal
            | Tab::Commands
            | Tab::Settings => None,
        }
    };
    let one = |tab: Tab| {
        let chosen = tab == props.tab;
        let refusal = context.refusal(Page::App(props.id, tab));
        html! {
            <a class={classes!("tab", chosen.then_some("chosen"))} role="tab" href={context.route(Page::App(props.id, tab)).to_string()}
                data-testid={format!("tab-{}", tab.as_str())} aria-selected={if chosen { "true" } else { "false" }} title={refusal.clone()}>
                { tab.title() }
                if refusal.is_some() { <Picture icon={Icon::Lock}/> }
                if let Some(count) = count(tab) { <span class="count">{ count }</span> }
            </a>
        }
    };
    html! { <nav class="tabs pf-v6-c-tabs" role="tablist">{ for Tab::ALL.into_iter().map(one) }</nav> }
}
