//! The tree of projects, environments and applications, and above it the applications that the person has marked.

use slipway_protocol::Scope;
use slipway_protocol::application::ApplicationView;
use slipway_protocol::project::{EnvironmentView, ProjectView};
use yew::prelude::*;

use crate::components::icon::{Icon, Picture};
use crate::components::pill::{Dot, application_tone};
use crate::route::{Page, Tab};
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::state::favourites::use_favourites;

#[derive(PartialEq, Properties)]
pub struct TreeProps {
    pub page: Page,
}

#[function_component]
pub fn Tree(props: &TreeProps) -> Html {
    let context = use_cluster();
    let projects = context.projects.get().map(Vec::as_slice).unwrap_or_default();
    html! { <>{ for projects.iter().map(|project| branch(&context, project, props.page)) }</> }
}

fn branch(context: &ClusterContext, project: &ProjectView, page: Page) -> Html {
    let environments = project.environments.iter();
    html! {
        <details class="tree-project" open=true key={project.id.to_string()}>
            <summary>
                <span class="grow" title={project.name.to_string()}>{ project.name.as_str() }</span>
                { variables(context, Scope::Project(project.id), project.name.as_str(), page) }
            </summary>
            <>{ for environments.map(|environment| twig(context, environment, page)) }</>
        </details>
    }
}

fn twig(context: &ClusterContext, environment: &EnvironmentView, page: Page) -> Html {
    let leaves = context.applications_in(environment.id);
    html! {
        <details class="tree-environment" open=true key={environment.id.to_string()}>
            <summary>
                <span class="grow" title={environment.name.to_string()}>{ environment.name.as_str() }</span>
                { variables(context, Scope::Environment(environment.id), environment.name.as_str(), page) }
                <span class="count">{ environment.application_count }</span>
            </summary>
            <>{ for leaves.map(|app| leaf(context, app, page, "tree-app")) }</>
        </details>
    }
}

/// The way to the variables that everything below has; seen when the line is pointed at or has the focus.
fn variables(context: &ClusterContext, scope: Scope, name: &str, page: Page) -> Html {
    if context.refusal(Page::Variables(scope)).is_some() {
        return html! {};
    }
    let route = context.route(Page::Variables(scope)).to_string();
    let chosen = page == Page::Variables(scope);
    let label = format!("Variables of {name}");
    html! {
        <a class={classes!("tree-variables", chosen.then_some("chosen"))} href={route} title={label.clone()} aria-label={label}
            data-testid={format!("tree-variables-{name}")} aria-current={chosen.then_some("page")}>
            <Picture icon={Icon::Braces}/>
        </a>
    }
}

/// The applications of this cluster that the person has marked; nothing where there are none.
#[function_component]
pub fn Marked(props: &TreeProps) -> Html {
    let context = use_cluster();
    let marked = use_favourites();
    let all = context.applications.get().map(Vec::as_slice).unwrap_or_default();
    let mut shown: Vec<&ApplicationView> = all.iter().filter(|app| marked.has(app.id)).collect();
    if shown.is_empty() {
        return html! {};
    }
    shown.sort_by(|one, other| one.name.cmp(&other.name));
    html! {
        <div class="favourites" data-testid="favourites">
            <h3>{ "Favourites" }</h3>
            { for shown.iter().map(|app| leaf(&context, app, props.page, "favourite")) }
        </div>
    }
}

/// `kind` begins the `data-testid`.
fn leaf(context: &ClusterContext, app: &ApplicationView, page: Page, kind: &str) -> Html {
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
            href={context.route(Page::App(app.id, Tab::Overview)).to_string()} data-testid={format!("{kind}-{}", app.name)}>
            <Dot tone={application_tone(app)}/>
            <span title={app.name.to_string()}>{ app.name.as_str() }</span>
            if deploying { <span class="count">{ "deploying" }</span> }
        </a>
    }
}
