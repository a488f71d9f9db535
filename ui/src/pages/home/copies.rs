//! Copies of a project, an environment or an application, and moving an application. Each dialog says what comes along and what does not.

use slipway_protocol::api::{DuplicateApplication, DuplicateEnvironment, DuplicateProject, MoveApplication};
use slipway_protocol::application;
use slipway_protocol::desktop::Failure;
use slipway_protocol::project;
use slipway_protocol::{ApplicationName, DisplayName, EnvironmentId, EnvironmentName};
use yew::prelude::*;

use super::deletions::{OfApplicationProps, OfEnvironmentProps};
use super::dialogs::OfProjectProps;
use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::field::{Field, into_state};
use crate::components::modal::Dialog;
use crate::components::select::{Choice, Select};
use crate::shell;
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::state::task::{Task, use_task};

const STAYS: &str = "Domains, the data in volumes and the history stay where they are; nothing of the copy runs until it is deployed.";

#[derive(Clone, Copy, PartialEq)]
enum What {
    Project,
    Environment,
    Application,
}

impl What {
    fn comes_along(self) -> &'static str {
        match self {
            Self::Project => "Its environments and applications come along, with their variables and files.",
            Self::Environment => {
                "Its applications come along in the same project, with their variables and files."
            }
            Self::Application => "Settings, variables and files come along; its volumes are new ones.",
        }
    }

    /// What is wrong with a name for it.
    fn refuses(self, name: &str) -> Option<String> {
        let refusal = match self {
            Self::Project => DisplayName::parse(name).err(),
            Self::Environment => EnvironmentName::parse(name).err(),
            Self::Application => ApplicationName::parse(name).err(),
        };
        refusal.map(|refusal| refusal.to_string())
    }
}

#[derive(PartialEq, Properties)]
struct CopyProps {
    /// Begins the ids of the dialog's parts.
    id: AttrValue,
    /// What is copied, by its name.
    of: AttrValue,
    what: What,
    task: Task,
    copy: Callback<String>,
    close: Callback<()>,
    #[prop_or_default]
    children: Html,
}

#[function_component]
fn CopyDialog(props: &CopyProps) -> Html {
    let name = use_state(|| format!("{}-copy", props.of));
    let wrong = props.what.refuses(name.trim());
    let copy = {
        let (copy, name, ready) = (props.copy.clone(), name.clone(), wrong.is_none());
        Callback::from(move |()| {
            if ready {
                copy.emit(name.trim().to_owned());
            }
        })
    };
    let actions = html! {
        <>
            <Button label="Cancel" disabled={props.task.busy()} onclick={props.close.clone()}/>
            <Button id={format!("{}-confirm", props.id)} label="Duplicate" look={Look::Primary} submit=true busy={props.task.busy()}
                disabled={wrong.is_some()}/>
        </>
    };
    html! {
        <Dialog id={format!("{}-dialog", props.id)} title={format!("Duplicate {}", props.of)} onclose={props.close.clone()}
            onsubmit={copy} stays={props.task.busy()} {actions}>
            <p class="will-happen">{ props.what.comes_along() }{ " " }{ STAYS }</p>
            <Field id={format!("{}-name", props.id)} label="Name of the copy" value={(*name).clone()} onchange={into_state(&name)}
                error={wrong.map(AttrValue::from)} autofocus=true/>
            { props.children.clone() }
            <FormError failure={props.task.failure()}/>
        </Dialog>
    }
}

/// Runs it; then the lists are loaded anew and the dialog is closed.
pub(super) fn carry_out<T>(
    context: &ClusterContext,
    task: &Task,
    close: &Callback<()>,
    work: impl Future<Output = Result<T, Failure>> + 'static,
) {
    let (context, close) = (context.clone(), close.clone());
    task.run(async move {
        work.await?;
        context.reload();
        close.emit(());
        Ok(())
    });
}

#[function_component]
pub fn DuplicateProjectDialog(props: &OfProjectProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let copy = {
        let (task, close, project) = (task.clone(), props.close.clone(), props.project.id);
        Callback::from(move |name: String| {
            if let Ok(name) = DisplayName::parse(&name) {
                let body = project::DuplicateProject { name };
                carry_out(
                    &context,
                    &task,
                    &close,
                    shell::api(context.id(), DuplicateProject { project, body }),
                );
            }
        })
    };
    html! {
        <CopyDialog id="duplicate-project" of={props.project.name.to_string()} {copy} {task} close={props.close.clone()}
            what={What::Project}/>
    }
}

#[function_component]
pub fn DuplicateEnvironmentDialog(props: &OfEnvironmentProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let copy = {
        let (task, close, environment) = (task.clone(), props.close.clone(), props.environment.id);
        Callback::from(move |name: String| {
            if let Ok(name) = EnvironmentName::parse(&name) {
                let body = project::DuplicateEnvironment { name };
                carry_out(
                    &context,
                    &task,
                    &close,
                    shell::api(context.id(), DuplicateEnvironment { environment, body }),
                );
            }
        })
    };
    html! {
        <CopyDialog id="duplicate-environment" of={props.environment.name.to_string()} {copy} {task} close={props.close.clone()}
            what={What::Environment}/>
    }
}

#[function_component]
pub fn DuplicateApplicationDialog(props: &OfApplicationProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let app = &props.app;
    let to = use_state_eq(|| app.environment);
    let copy = {
        let (context, task, close, application, environment) = (
            context.clone(),
            task.clone(),
            props.close.clone(),
            app.id,
            Some(*to),
        );
        Callback::from(move |name: String| {
            if let Ok(name) = ApplicationName::parse(&name) {
                let body = application::DuplicateApplication { name, environment };
                carry_out(
                    &context,
                    &task,
                    &close,
                    shell::api(context.id(), DuplicateApplication { application, body }),
                );
            }
        })
    };
    html! {
        <CopyDialog id="duplicate-app" of={app.name.to_string()} {copy} {task} close={props.close.clone()}
            what={What::Application}>
            <Select id="duplicate-app-to" label="Into" choices={places(&context, None)} chosen={to.to_string()} onchange={chosen(&to)}/>
        </CopyDialog>
    }
}

/// Every environment of the team as “project / environment”, but for one.
fn places(context: &ClusterContext, but: Option<EnvironmentId>) -> Vec<Choice> {
    let projects = context.projects.get().into_iter().flatten();
    let all = projects.flat_map(|project| {
        project
            .environments
            .iter()
            .map(move |environment| (project, environment))
    });
    all.filter(|(_, environment)| Some(environment.id) != but)
        .map(|(project, environment)| {
            Choice::new(
                environment.id.to_string(),
                format!("{} / {}", project.name, environment.name),
            )
        })
        .collect()
}

fn chosen(state: &UseStateHandle<EnvironmentId>) -> Callback<String> {
    let state = state.setter();
    Callback::from(move |text: String| {
        if let Ok(id) = text.parse() {
            state.set(id);
        }
    })
}

#[function_component]
pub fn MoveDialog(props: &OfApplicationProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let app = &props.app;
    let choices = places(&context, Some(app.environment));
    let first = choices.first().and_then(|choice| choice.value.parse().ok());
    let to = use_state_eq(|| first.unwrap_or(app.environment));
    let go = {
        let (context, task, close) = (context.clone(), task.clone(), props.close.clone());
        let (application, environment) = (app.id, *to);
        Callback::from(move |()| {
            let body = application::MoveApplication { environment };
            carry_out(
                &context,
                &task,
                &close,
                shell::api(context.id(), MoveApplication { application, body }),
            );
        })
    };
    let nowhere = choices.is_empty();
    let actions = html! {
        <>
            <Button label="Cancel" disabled={task.busy()} onclick={props.close.clone()}/>
            <Button id="move-app-confirm" label="Move" look={Look::Primary} submit=true busy={task.busy()} disabled={nowhere}/>
        </>
    };
    html! {
        <Dialog id="move-app-dialog" title={format!("Move {}", app.name)} onclose={props.close.clone()} onsubmit={go} stays={task.busy()} {actions}>
            <p class="will-happen">{ "What runs goes on, with its domains, volumes and history. Variables of the new place take effect \
                with its next deployment." }</p>
            if nowhere {
                <p>{ "There is no other environment to move it to." }</p>
            } else {
                <Select id="move-app-to" label="To" {choices} chosen={to.to_string()} onchange={chosen(&to)}/>
            }
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}
