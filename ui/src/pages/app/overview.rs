//! The overview: what is not as it should be, what it is asked for, what runs, what happened, what waits.

use slipway_protocol::settings::Source;
use yew::prelude::*;

use super::AppProps;
use super::deployment_table::DeploymentTable;
use super::drift::Drift;
use super::metrics::up_to_now;
use super::pending::Pending;
use super::state::State;
use super::tasks::Tasks;
use super::traffic::Traffic;
use super::what_runs::WhatRuns;
use crate::components::card::Card;
use crate::components::remote::face;
use crate::pages::metrics::Range;
use crate::state::api::{Every, use_api_by};
use crate::state::cluster::use_cluster;

/// So many are shown here; all of them have their own tab.
const RECENT: usize = 6;

#[function_component]
pub fn Overview(props: &AppProps) -> Html {
    let context = use_cluster();
    let app = &props.app;
    // Once for all cards that show something of it. Of what has never served there is nothing.
    let every = match &app.serving {
        Some(_) => Range::Hour.every(),
        None => Every::Never,
    };
    let hour = use_api_by(context.id(), up_to_now(app.id, Range::Hour), every, None);
    let serving = app.serving.as_ref().map(|serving| serving.id);
    let recent = face(&props.deployments, "the right to read deployments", |all| {
        if all.is_empty() {
            return html! { <p class="card-empty">{ format!("Never deployed. {}", first(&app.settings.source)) }</p> };
        }
        let deployments = all.iter().take(RECENT).cloned().collect::<Vec<_>>();
        html! { <DeploymentTable {deployments} {serving} stopped={app.stopped} recent=true/> }
    });
    html! {
        <div class="columns">
            <div class="column-main">
                <State ..props.clone()/>
                if !app.drift.is_empty() { <Drift ..props.clone()/> }
                <Traffic app={app.clone()} deployments={props.deployments.clone()} hour={hour.clone()}/>
                <Card title="Recent deployments">{ recent }</Card>
                if app.pending_changes && serving.is_some() { <Pending ..props.clone()/> }
            </div>
            <div class="column-side">
                <Tasks app={app.clone()} metrics={hour}/>
                <WhatRuns app={app.clone()}/>
            </div>
        </div>
    }
}

/// What a first deployment does, by where the application comes from.
pub fn first(source: &Source) -> &'static str {
    match source {
        Source::Git(_) => "Deploy builds the source and starts it.",
        Source::Image(_) => "Deploy fetches the image and starts it.",
        Source::Upload(_) => {
            "Drop a folder or an archive of it on this page, or send it with “slipway deploy APPLICATION FOLDER”: it is built and started."
        }
    }
}
