//! The head of a deployment's page: where it belongs, its status, who asked for it, and cancelling it.

use slipway_protocol::api::CancelDeployment;
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView};
use slipway_protocol::{Action, Resource};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::header::{Crumb, Header};
use crate::components::pill::{Pill, Tone};
use crate::components::time::{Ago, Took};
use crate::route::{Page, Tab};
use crate::shell;
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::state::task::use_task;

pub fn head(context: &ClusterContext, view: Option<&DeploymentView>, actions: Html) -> Html {
    let Some(view) = view else {
        return html! { <Header title="Deployment"/> };
    };
    let state = html! {
        <>
            <Pill id="deployment-status" tone={Tone::of_deployment(view.status)} text={view.status.as_str()}/>
            <span class="note">
                { view.trigger.as_str() }{ ", asked for by " }
                { &view.requested_by }{ ", " }<Ago at={view.created_at}/>
                if view.started_at.is_some() { { if view.status.is_final() { ", took " } else { ", for " } }<Took from={view.started_at} to={view.ended_at}/> }
            </span>
        </>
    };
    html! {
        <Header crumbs={crumbs(context, view)} title={format!("Deployment {}", view.number)} title_id="deployment-title" {state} {actions}/>
    }
}

fn crumbs(context: &ClusterContext, view: &DeploymentView) -> Vec<Crumb> {
    let app = context.application(view.application);
    let mut crumbs = Vec::new();
    if let Some(place) = app.and_then(|app| context.place(app.environment)) {
        crumbs.push(Crumb::new(place.project, Some(context.route(Page::Home))));
        crumbs.push(Crumb::new(place.environment, Some(context.route(Page::Home))));
    }
    let name = app.map_or_else(|| "Application".to_owned(), |app| app.name.to_string());
    let page = |tab| Some(context.route(Page::App(view.application, tab)));
    crumbs.push(Crumb::new(name, page(Tab::Overview)));
    crumbs.push(Crumb::new("deployments", page(Tab::Deployments)));
    crumbs
}

#[derive(PartialEq, Properties)]
pub struct CancelProps {
    pub view: DeploymentView,
}

/// The wish to stop; what was begun is then taken back.
#[function_component]
pub fn Cancel(props: &CancelProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let view = &props.view;
    if view.status.is_final() {
        return html! {};
    }
    let onclick = {
        let (task, deployment, cluster) = (task.clone(), view.id, context.id());
        Callback::from(move |()| {
            task.run(async move {
                shell::api(cluster, CancelDeployment { deployment }).await?;
                Ok(())
            });
        })
    };
    let may = context.may(Resource::Deployment, Action::Run);
    let unwinding = view.status == DeploymentStatus::Unwinding;
    html! {
        <>
            <Button id="cancel-deployment" label={if unwinding { "Being taken back" } else { "Cancel" }} look={Look::Danger} {onclick}
                busy={task.busy()} disabled={!may || unwinding} hint="What it began is taken back; what serves goes on"/>
            <div class="action-failure"><FormError failure={task.failure()}/></div>
        </>
    }
}
