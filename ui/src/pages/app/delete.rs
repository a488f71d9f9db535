//! Deleting an application: names what goes, and wants its name typed.

use std::rc::Rc;

use slipway_protocol::api::DeleteApplication;
use slipway_protocol::application::ApplicationView;
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::field::{Field, into_state};
use crate::components::modal::Dialog;
use crate::route::Page;
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;
use crate::text;

#[derive(PartialEq, Properties)]
pub struct DeleteProps {
    pub app: Rc<ApplicationView>,
    pub close: Callback<()>,
}

#[function_component]
pub fn DeleteDialog(props: &DeleteProps) -> Html {
    let context = use_cluster();
    let typed = use_state(String::new);
    let task = use_task();
    let app = &props.app;
    let same = typed.trim() == app.name.as_str();
    let delete = {
        let (task, application, name) = (task.clone(), app.id, app.name.to_string());
        Callback::from(move |()| {
            if !same {
                return;
            }
            let (context, confirm) = (context.clone(), Some(name.clone()));
            task.run(async move {
                shell::api(context.id(), DeleteApplication { application, confirm }).await?;
                context.reload();
                context.go(Page::Home);
                Ok(())
            });
        })
    };
    let actions = html! {
        <>
            <Button label="Keep it" onclick={props.close.clone()}/>
            <Button id="app-delete-confirm" label="Delete application" look={Look::Danger} submit=true busy={task.busy()} disabled={!same}/>
        </>
    };
    let hosts: Vec<&str> = app.domains.iter().map(|domain| domain.host.as_str()).collect();
    html! {
        <Dialog id="app-delete-dialog" title={format!("Delete {}", app.name)} onclose={props.close.clone()} onsubmit={delete} {actions}>
            <p>{ "This goes, and cannot be brought back:" }</p>
            <ul class="goes">
                <li>{ format!("its services with {}", text::count(usize::from(app.observed_tasks), "running task", "running tasks")) }</li>
                <li>{ match hosts.as_slice() {
                    [] => "its routes (it has no domains)".to_owned(),
                    hosts => format!("its routes: {}", hosts.join(", ")),
                } }</li>
                <li>{ "its images on the server" }</li>
                <li>{ "its variables and files with what is in them" }</li>
                if !app.settings.container.volumes.is_empty() {
                    <li>{ "its volumes with their data" }</li>
                }
                <li>{ "its deployments with their logs" }</li>
            </ul>
            <Field id="app-delete-name" label={format!("Type {} to delete it", app.name)} value={(*typed).clone()}
                onchange={into_state(&typed)} mono=true autofocus=true/>
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}
