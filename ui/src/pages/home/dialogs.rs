//! The dialogs for a project and for an environment, new or changed.

use slipway_protocol::api::{CreateEnvironment, CreateProject, UpdateEnvironment, UpdateProject};
use slipway_protocol::project::{EnvironmentDetails, EnvironmentView, ProjectDetails, ProjectView};
use slipway_protocol::{DisplayName, EnvironmentName};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::field::{Field, complaint, into_state};
use crate::components::modal::Dialog;
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;
use crate::tag_words;

#[derive(PartialEq, Properties)]
pub struct ProjectProps {
    /// The one to change; a new one without it.
    #[prop_or_default]
    pub project: Option<ProjectView>,
    pub close: Callback<()>,
}

#[function_component]
pub fn ProjectDialog(props: &ProjectProps) -> Html {
    let context = use_cluster();
    let before = props.project.as_ref();
    let name = use_state(|| before.map(|project| project.name.to_string()).unwrap_or_default());
    let description = use_state(|| {
        before
            .map(|project| project.description.clone())
            .unwrap_or_default()
    });
    let words = use_state(|| {
        before
            .map(|project| tag_words::joined(&project.tags))
            .unwrap_or_default()
    });
    let task = use_task();
    let parsed = DisplayName::parse(name.trim());
    let error = complaint(name.trim(), false, parsed.clone());
    let tags = tag_words::parse(&words);
    let ready = parsed.is_ok() && tags.is_ok();
    let onsubmit = {
        let (task, close, description, tags) = (
            task.clone(),
            props.close.clone(),
            description.clone(),
            tags.clone(),
        );
        let project = before.map(|project| project.id);
        Callback::from(move |()| {
            let (Ok(name), Ok(tags)) = (parsed.clone(), tags.clone()) else {
                return;
            };
            let description = description.trim().to_owned();
            let (context, close) = (context.clone(), close.clone());
            task.run(async move {
                let body = ProjectDetails {
                    name,
                    description,
                    tags,
                };
                match project {
                    Some(project) => shell::api(context.id(), UpdateProject { project, body }).await?,
                    None => shell::api(context.id(), CreateProject { body }).await?,
                };
                context.reload();
                close.emit(());
                Ok(())
            });
        })
    };
    let (title, submit, hint) = match before {
        Some(project) => (
            format!("Edit {}", project.name),
            "Save",
            "Nothing that runs changes.",
        ),
        None => (
            "New project".to_owned(),
            "Create project",
            "It begins with the environment production.",
        ),
    };
    let actions = html! {
        <>
            <Button label="Cancel" disabled={task.busy()} onclick={props.close.clone()}/>
            <Button id="project-save" label={submit} look={Look::Primary} submit=true busy={task.busy()} disabled={!ready}/>
        </>
    };
    html! {
        <Dialog id="project-dialog" {title} onclose={props.close.clone()} {onsubmit} stays={task.busy()} {actions}>
            <Field id="project-name" label="Name" value={(*name).clone()} onchange={into_state(&name)} {error} autofocus=true/>
            <Field id="project-description" label="Description" value={(*description).clone()} onchange={into_state(&description)}
                hint="Optional."/>
            <Field id="project-tags" label="Tags" value={(*words).clone()} onchange={into_state(&words)} mono=true
                hint="Optional: words with a space between them. Everybody finds what is in the project by them."
                error={tags.err().map(|why| AttrValue::from(why.to_string()))}/>
            <p class="field-hint">{ hint }</p>
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}

#[derive(PartialEq, Properties)]
pub struct OfProjectProps {
    pub project: ProjectView,
    pub close: Callback<()>,
}

/// The environment that a dialog is about.
#[derive(Clone, PartialEq)]
pub enum Environment {
    NewIn(ProjectView),
    Known(EnvironmentView),
}

#[derive(PartialEq, Properties)]
pub struct EnvironmentProps {
    pub environment: Environment,
    pub close: Callback<()>,
}

#[function_component]
pub fn EnvironmentDialog(props: &EnvironmentProps) -> Html {
    let context = use_cluster();
    let name = use_state(|| match &props.environment {
        Environment::NewIn(_) => String::new(),
        Environment::Known(environment) => environment.name.to_string(),
    });
    let task = use_task();
    let parsed = EnvironmentName::parse(name.trim());
    let error = complaint(name.trim(), false, parsed.clone());
    let ready = parsed.is_ok();
    let onsubmit = {
        let (task, close, environment) = (task.clone(), props.close.clone(), props.environment.clone());
        Callback::from(move |()| {
            let Ok(name) = parsed.clone() else {
                return;
            };
            let (context, close, environment) = (context.clone(), close.clone(), environment.clone());
            task.run(async move {
                let body = EnvironmentDetails { name };
                match environment {
                    Environment::NewIn(project) => {
                        let project = project.id;
                        shell::api(context.id(), CreateEnvironment { project, body }).await?
                    }
                    Environment::Known(environment) => {
                        let environment = environment.id;
                        shell::api(context.id(), UpdateEnvironment { environment, body }).await?
                    }
                };
                context.reload();
                close.emit(());
                Ok(())
            });
        })
    };
    let (title, submit, hint) = match &props.environment {
        Environment::NewIn(project) => (
            format!("New environment in {}", project.name),
            "Create environment",
            "Lower-case letters, digits and hyphens.",
        ),
        Environment::Known(environment) => (
            format!("Rename {}", environment.name),
            "Rename",
            "Lower-case letters, digits and hyphens. Nothing that runs changes.",
        ),
    };
    let actions = html! {
        <>
            <Button label="Cancel" disabled={task.busy()} onclick={props.close.clone()}/>
            <Button id="environment-save" label={submit} look={Look::Primary} submit=true busy={task.busy()} disabled={!ready}/>
        </>
    };
    html! {
        <Dialog id="environment-dialog" {title} onclose={props.close.clone()} {onsubmit} stays={task.busy()} {actions}>
            <Field id="environment-name" label="Name" value={(*name).clone()} onchange={into_state(&name)} {error} mono=true
                autofocus=true placeholder="staging" {hint}/>
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}
