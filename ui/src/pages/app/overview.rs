//! The overview: what runs, what waits, and the last deployments.

use slipway_protocol::deployment::Trigger;
use yew::prelude::*;

use super::AppProps;
use super::actions::request;
use super::deployment_table::DeploymentTable;
use super::what_runs::WhatRuns;
use crate::components::button::Button;
use crate::components::card::Card;
use crate::components::remote::face;
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;

/// So many are shown here; all of them have their own tab.
const RECENT: usize = 6;

#[function_component]
pub fn Overview(props: &AppProps) -> Html {
    let serving = props.app.serving.as_ref().map(|serving| serving.id);
    let recent = face(&props.deployments, "the right to read deployments", |all| {
        if all.is_empty() {
            return html! { <p class="card-empty">{ "Never deployed. Deploy builds the source and starts it." }</p> };
        }
        let deployments = all.iter().take(RECENT).cloned().collect::<Vec<_>>();
        html! { <DeploymentTable {deployments} {serving}/> }
    });
    html! {
        <div class="columns">
            <div class="column-main">
                if props.app.pending_changes && props.app.serving.is_some() { <Pending ..props.clone()/> }
                <Card title="Recent deployments">{ recent }</Card>
            </div>
            <div class="column-side"><WhatRuns app={props.app.clone()}/></div>
        </div>
    }
}

/// Settings or variables that wait for a deployment.
#[function_component]
fn Pending(props: &AppProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let onclick = {
        let (task, id) = (task.clone(), props.app.id);
        Callback::from(move |()| request(&context, &task, id, Trigger::Deploy))
    };
    let failed = task.failure().map(|failure| failure.sentence);
    html! {
        <div class="pending-banner" data-testid="pending-changes" role="status">
            <strong>{ "Changes wait for a deployment" }</strong>
            <span>{ failed.unwrap_or_else(|| "Settings or variables have changed since the serving release was made.".to_owned()) }</span>
            <span class="grow"/>
            <Button id="pending-deploy" label="Deploy" {onclick} busy={task.busy()}/>
        </div>
    }
}
