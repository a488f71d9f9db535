//! Deleting from the home page: a project, an environment, an application. What goes is said by the agent first.

use std::rc::Rc;

use slipway_protocol::Endpoint;
use slipway_protocol::api::{
    DeleteEnvironment, DeleteProject, PreviewEnvironmentDeletion, PreviewProjectDeletion,
};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::project::EnvironmentView;
use yew::prelude::*;

use super::copies::carry_out;
use super::dialogs::OfProjectProps;
use crate::components::deletion::DeletionDialog;
use crate::pages::app::delete::DeleteDialog;
use crate::shell;
use crate::state::api::{Every, use_api};
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::state::task::{Task, use_task};

#[function_component]
pub fn DeleteProjectDialog(props: &OfProjectProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let project = props.project.id;
    let deletion = use_api(context.id(), PreviewProjectDeletion { project }, Every::Once);
    let delete = deletes(&task, context, &props.close, move |confirm| DeleteProject {
        project,
        confirm,
    });
    html! {
        <DeletionDialog id="project-delete" what="project" name={props.project.name.to_string()}
            {deletion} {task} {delete} close={props.close.clone()}/>
    }
}

#[derive(PartialEq, Properties)]
pub struct OfEnvironmentProps {
    pub environment: EnvironmentView,
    pub close: Callback<()>,
}

#[function_component]
pub fn DeleteEnvironmentDialog(props: &OfEnvironmentProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let environment = props.environment.id;
    let deletion = use_api(
        context.id(),
        PreviewEnvironmentDeletion { environment },
        Every::Once,
    );
    let delete = deletes(&task, context, &props.close, move |confirm| DeleteEnvironment {
        environment,
        confirm,
    });
    html! {
        <DeletionDialog id="environment-delete" what="environment" name={props.environment.name.to_string()}
            {deletion} {task} {delete} close={props.close.clone()}/>
    }
}

/// What is done with the typed name: the request that it confirms.
fn deletes<E: Endpoint + 'static>(
    task: &Task,
    context: ClusterContext,
    close: &Callback<()>,
    request: impl Fn(Option<String>) -> E + 'static,
) -> Callback<String> {
    let (task, close) = (task.clone(), close.clone());
    Callback::from(move |name: String| {
        let sent = shell::api(context.id(), request(Some(name)));
        carry_out(&context, &task, &close, sent);
    })
}

#[derive(PartialEq, Properties)]
pub struct OfApplicationProps {
    pub app: ApplicationView,
    pub close: Callback<()>,
}

/// The same as on its own page.
#[function_component]
pub fn DeleteApplicationDialog(props: &OfApplicationProps) -> Html {
    html! { <DeleteDialog app={Rc::new(props.app.clone())} close={props.close.clone()}/> }
}
