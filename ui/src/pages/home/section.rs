//! One project on the home page: its heading, and a card for each environment.

use slipway_protocol::project::ProjectView;
use slipway_protocol::{Action, Resource};
use yew::prelude::*;

use super::copies::DuplicateProjectDialog;
use super::deletions::DeleteProjectDialog;
use super::dialogs::{Environment, EnvironmentDialog, ProjectDialog};
use super::environment::EnvironmentCard;
use crate::components::button::{Button, Look};
use crate::components::icon::Icon;
use crate::components::menu::{Item, Menu};
use crate::components::pill::tag_badges;
use crate::rights::FOR_ADMINS;
use crate::state::cluster::use_cluster;

#[derive(Clone, Copy, PartialEq)]
enum Open {
    Nothing,
    NewEnvironment,
    Edit,
    Duplicate,
    Delete,
}

#[derive(PartialEq, Properties)]
pub struct SectionProps {
    pub project: ProjectView,
    /// Only what fits it is shown; everything where it is empty.
    pub filter: AttrValue,
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
    let right = AttrValue::Static(FOR_ADMINS);
    let no_write = (!context.may(Resource::Project, Action::Write)).then(|| right.clone());
    let no_delete = (!context.may(Resource::Project, Action::Delete)).then_some(right);
    let name = &project.name;
    let items = vec![
        Item::new(format!("edit-project-{name}"), "Edit…", set(Open::Edit)).unless(no_write.clone()),
        Item::new(
            format!("duplicate-project-{name}"),
            "Duplicate…",
            set(Open::Duplicate),
        )
        .unless(no_write.clone()),
        Item::new(format!("delete-project-{name}"), "Delete…", set(Open::Delete))
            .unless(no_delete)
            .danger(),
    ];
    let card = |(index, environment): (usize, &slipway_protocol::project::EnvironmentView)| {
        let new_app = match index {
            0 => "new-app".to_owned(),
            _ => format!("new-app-{}", environment.name),
        };
        html! { <EnvironmentCard key={environment.id.to_string()} environment={environment.clone()} project={name.to_string()} {new_app} filter={props.filter.clone()}/> }
    };
    let close = set(Open::Nothing);
    let project = project.clone();
    html! {
        <section class="project">
            <header class="project-head">
                <h2>{ name.as_str() }</h2>
                <span class="note">{ &project.description }</span>
                <span class="found-by">{ tag_badges(&project.tags) }</span>
                <span class="grow"/>
                <Button id="new-environment" label="New environment" look={Look::Plain} icon={Icon::Plus} acts=true
                    onclick={set(Open::NewEnvironment)} disabled={no_write.is_some()} hint={no_write}/>
                <Menu id={format!("project-menu-{name}")} label={format!("More about {name}")} acts=true {items}/>
            </header>
            <>{ for project.environments.iter().enumerate().map(card) }</>
            { match *open {
                Open::Nothing => html! {},
                Open::NewEnvironment => html! { <EnvironmentDialog environment={Environment::NewIn(project)} {close}/> },
                Open::Edit => html! { <ProjectDialog {project} {close}/> },
                Open::Duplicate => html! { <DuplicateProjectDialog {project} {close}/> },
                Open::Delete => html! { <DeleteProjectDialog {project} {close}/> },
            } }
        </section>
    }
}
