//! The head of a deployment's page: where it belongs, its status, and who asked for it.

use slipway_protocol::deployment::DeploymentView;
use yew::prelude::*;

use crate::components::header::{Crumb, Header};
use crate::components::pill::{Pill, Tone};
use crate::components::time::{Ago, Took};
use crate::route::{Page, Tab};
use crate::state::cluster::ClusterContext;

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
