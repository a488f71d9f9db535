//! The tree of projects, environments and applications, narrowed by the filter.

use slipway_protocol::application::ApplicationView;
use slipway_protocol::project::{EnvironmentView, ProjectView};
use yew::prelude::*;

use crate::components::pill::{Dot, application_tone};
use crate::route::{Page, Tab};
use crate::state::cluster::{ClusterContext, use_cluster};

#[derive(PartialEq, Properties)]
pub struct TreeProps {
    pub filter: String,
    pub page: Page,
}

#[function_component]
pub fn Tree(props: &TreeProps) -> Html {
    let context = use_cluster();
    let wanted = props.filter.trim().to_lowercase();
    let Some(projects) = context.projects.get() else {
        return html! {};
    };
    let branches: Vec<Html> = projects
        .iter()
        .filter_map(|project| branch(&context, project, &wanted, props.page))
        .collect();
    if branches.is_empty() && !wanted.is_empty() {
        return html! { <p class="nav-empty">{ "Nothing has this name." }</p> };
    }
    html! { <>{ for branches }</> }
}

/// A project with what the filter leaves of it; all of it if its own name fits.
fn branch(context: &ClusterContext, project: &ProjectView, wanted: &str, page: Page) -> Option<Html> {
    let whole = wanted.is_empty() || project.name.as_str().to_lowercase().contains(wanted);
    let environments: Vec<Html> = project
        .environments
        .iter()
        .filter_map(|environment| twig(context, environment, if whole { "" } else { wanted }, page))
        .collect();
    if environments.is_empty() && !whole {
        return None;
    }
    Some(html! {
        <details class="tree-project" open=true key={project.id.to_string()}>
            <summary>{ project.name.as_str() }</summary>
            <>{ for environments }</>
        </details>
    })
}

fn twig(context: &ClusterContext, environment: &EnvironmentView, wanted: &str, page: Page) -> Option<Html> {
    let leaves: Vec<Html> = context
        .applications_in(environment.id)
        .filter(|app| wanted.is_empty() || app.name.as_str().contains(wanted))
        .map(|app| leaf(context, app, page))
        .collect();
    if leaves.is_empty() && !wanted.is_empty() && !environment.name.as_str().contains(wanted) {
        return None;
    }
    Some(html! {
        <details class="tree-environment" open=true key={environment.id.to_string()}>
            <summary>{ environment.name.as_str() }<span class="count">{ environment.application_count }</span></summary>
            <>{ for leaves }</>
        </details>
    })
}

fn leaf(context: &ClusterContext, app: &ApplicationView, page: Page) -> Html {
    let chosen = match page {
        Page::App(id, _) => id == app.id,
        Page::Deployment(id) => app.last_deployment.as_ref().is_some_and(|last| last.id == id),
        _ => false,
    };
    let deploying = app
        .last_deployment
        .as_ref()
        .is_some_and(|last| !last.status.is_final());
    html! {
        <a class={classes!("nav-item", "leaf", chosen.then_some("chosen"))} key={app.id.to_string()}
            href={context.route(Page::App(app.id, Tab::Overview)).to_string()} data-testid={format!("tree-app-{}", app.name)}>
            <Dot tone={application_tone(app)}/>
            <span>{ app.name.as_str() }</span>
            if deploying { <span class="count">{ "deploying" }</span> }
        </a>
    }
}
