//! The dialogs that make something new on the home page: a project, an environment.

use slipway_protocol::api::{CreateEnvironment, CreateProject};
use slipway_protocol::project::{NewEnvironment, NewProject, ProjectView};
use slipway_protocol::{DisplayName, EnvironmentName};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::field::{Field, complaint, into_state};
use crate::components::modal::Dialog;
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;

#[derive(PartialEq, Properties)]
pub struct NewProjectProps {
    pub close: Callback<()>,
}

#[function_component]
pub fn NewProjectDialog(props: &NewProjectProps) -> Html {
    let context = use_cluster();
    let name = use_state(String::new);
    let description = use_state(String::new);
    let task = use_task();
    let parsed = DisplayName::parse(name.trim());
    let error = complaint(name.trim(), false, parsed.clone());
    let ready = parsed.is_ok();
    let create = {
        let (task, close, description) = (task.clone(), props.close.clone(), description.clone());
        Callback::from(move |()| {
            let Ok(name) = parsed.clone() else {
                return;
            };
            let description = description.trim().to_owned();
            let (context, close) = (context.clone(), close.clone());
            task.run(async move {
                let body = NewProject { name, description };
                shell::api(context.id(), CreateProject { body }).await?;
                context.reload();
                close.emit(());
                Ok(())
            });
        })
    };
    let actions = html! {
        <>
            <Button label="Cancel" onclick={props.close.clone()}/>
            <Button id="project-create" label="Create project" look={Look::Primary} submit=true busy={task.busy()} disabled={!ready}/>
        </>
    };
    html! {
        <Dialog id="project-dialog" title="New project" onclose={props.close.clone()} onsubmit={create} {actions}>
            <Field id="project-name" label="Name" value={(*name).clone()} onchange={into_state(&name)} {error} autofocus=true/>
            <Field id="project-description" label="Description" value={(*description).clone()} onchange={into_state(&description)}
                hint="Optional."/>
            <p class="field-hint">{ "It begins with the environment production." }</p>
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}

#[derive(PartialEq, Properties)]
pub struct OfProjectProps {
    pub project: ProjectView,
    pub close: Callback<()>,
}

#[function_component]
pub fn NewEnvironmentDialog(props: &OfProjectProps) -> Html {
    let context = use_cluster();
    let name = use_state(String::new);
    let task = use_task();
    let parsed = EnvironmentName::parse(name.trim());
    let error = complaint(name.trim(), false, parsed.clone());
    let ready = parsed.is_ok();
    let create = {
        let (task, close, project) = (task.clone(), props.close.clone(), props.project.id);
        Callback::from(move |()| {
            let Ok(name) = parsed.clone() else {
                return;
            };
            let (context, close) = (context.clone(), close.clone());
            task.run(async move {
                let body = NewEnvironment { name };
                shell::api(context.id(), CreateEnvironment { project, body }).await?;
                context.reload();
                close.emit(());
                Ok(())
            });
        })
    };
    let actions = html! {
        <>
            <Button label="Cancel" onclick={props.close.clone()}/>
            <Button id="environment-create" label="Create environment" look={Look::Primary} submit=true busy={task.busy()}
                disabled={!ready}/>
        </>
    };
    html! {
        <Dialog id="environment-dialog" title={format!("New environment in {}", props.project.name)} onclose={props.close.clone()}
            onsubmit={create} {actions}>
            <Field id="environment-name" label="Name" value={(*name).clone()} onchange={into_state(&name)} {error} mono=true
                autofocus=true placeholder="staging" hint="Lower-case letters, digits and hyphens."/>
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}
