//! One project on the home page: its heading, and a table of applications for each environment.

use slipway_protocol::application::ApplicationView;
use slipway_protocol::project::{EnvironmentView, ProjectView};
use slipway_protocol::{Action, Resource};
use yew::prelude::*;

use super::dialogs::{DeleteProjectDialog, NewEnvironmentDialog};
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::icon::Icon;
use crate::components::pill::{Pill, Tone, application_tone, observed_words};
use crate::components::remote::face;
use crate::components::table::{Row, Table};
use crate::components::time::Ago;
use crate::route::{Page, Tab};
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::text;

#[derive(Clone, Copy, PartialEq)]
enum Open {
    Nothing,
    NewEnvironment,
    Delete,
}

#[derive(PartialEq, Properties)]
pub struct SectionProps {
    pub project: ProjectView,
}

#[function_component]
pub fn ProjectSection(props: &SectionProps) -> Html {
    let context = use_cluster();
    let open = use_state_eq(|| Open::Nothing);
    let set = |what: Open| {
        let open = open.setter();
        Callback::from(move |()| open.set(what))
    };
    let project = &props.project;
    let environments = project
        .environments
        .iter()
        .enumerate()
        .map(|(index, environment)| {
            let id = match index {
                0 => "new-app".to_owned(),
                _ => format!("new-app-{}", environment.name),
            };
            environment_card(&context, environment, id)
        });
    html! {
        <section class="project">
            <header class="project-head">
                <h2>{ project.name.as_str() }</h2>
                <span class="note">{ &project.description }</span>
                <span class="grow"/>
                if context.may(Resource::Project, Action::Write) {
                    <Button id="new-environment" label="New environment" look={Look::Plain} icon={Icon::Plus}
                        onclick={set(Open::NewEnvironment)}/>
                }
                if context.may(Resource::Project, Action::Delete) {
                    <Button id={format!("delete-project-{}", project.name)} label="Delete this project" icon={Icon::Trash}
                        icon_only=true look={Look::Plain} onclick={set(Open::Delete)}/>
                }
            </header>
            <>{ for environments }</>
            { match *open {
                Open::Nothing => html! {},
                Open::NewEnvironment => html! { <NewEnvironmentDialog project={project.clone()} close={set(Open::Nothing)}/> },
                Open::Delete => html! { <DeleteProjectDialog project={project.clone()} close={set(Open::Nothing)}/> },
            } }
        </section>
    }
}

fn environment_card(context: &ClusterContext, environment: &EnvironmentView, new_app: String) -> Html {
    let apps: Vec<&ApplicationView> = context.applications_in(environment.id).collect();
    let may = context.may(Resource::Application, Action::Write);
    let begin = {
        let (context, environment) = (context.clone(), environment.id);
        Callback::from(move |()| context.go(Page::NewApp(environment)))
    };
    let actions = html! { <Button id={new_app} label="New application" icon={Icon::Plus} onclick={begin} disabled={!may}/> };
    let head = html! {
        <>
            <th>{ "Application" }</th><th>{ "State" }</th><th>{ "Last deployment" }</th><th>{ "Commit" }</th><th>{ "Address" }</th>
        </>
    };
    html! {
        <Card key={environment.id.to_string()} title={environment.name.to_string()} {actions}
            note={text::count(apps.len(), "application", "applications")}>
            if context.applications.get().is_none() {
                { face(&context.applications, "the right to read applications", |_| html! {}) }
            } else if apps.is_empty() {
                <p class="card-empty">{ "No applications here yet. One is made from a git repository with a Dockerfile." }</p>
            } else {
                <Table {head}>{ for apps.into_iter().map(|app| app_row(context, app)) }</Table>
            }
        </Card>
    }
}

fn app_row(context: &ClusterContext, app: &ApplicationView) -> Html {
    let onopen = {
        let (context, id) = (context.clone(), app.id);
        Callback::from(move |()| context.go(Page::App(id, Tab::Overview)))
    };
    let last = app.last_deployment.as_ref().map(|last| {
        html! {
            <>
                <span class={classes!("tone-text", Tone::of_deployment(last.status).class())}>{ last.status.as_str() }</span>
                { " " }<span class="faint"><Ago at={last.ended_at.unwrap_or(last.created_at)}/></span>
            </>
        }
    });
    let commit = app
        .serving
        .as_ref()
        .and_then(|serving| serving.commit.as_ref())
        .map(|commit| {
            html! { <><code>{ text::short_commit(&commit.hash) }</code>{ " " }{ &commit.message }</> }
        });
    let none = || html! { <span class="faint">{ "–" }</span> };
    let address = app.domains.first().map(|domain| domain.url.clone());
    html! {
        <Row key={app.id.to_string()} id={format!("app-row-{}", app.name)} {onopen}>
            <td><strong>{ app.name.as_str() }</strong>
                if app.pending_changes { <span class="pending-mark" title="Changes wait for a deployment"/> }</td>
            <td><Pill tone={application_tone(app)} text={observed_words(app)}/></td>
            <td>{ last.unwrap_or_else(none) }</td>
            <td class="clip">{ commit.unwrap_or_else(none) }</td>
            <td class="clip">{ address.map_or_else(none, |url| html! { { url } }) }</td>
        </Row>
    }
}
