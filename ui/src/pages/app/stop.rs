//! Stopping an application: what ends, and what stays.

use std::rc::Rc;

use slipway_protocol::api::StopApplication;
use slipway_protocol::application::ApplicationView;
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::facts::{Fact, Facts};
use crate::components::failure::FormError;
use crate::components::field::{Field, into_state};
use crate::components::modal::Dialog;
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;
use crate::text;
use crate::units::Amount;

#[derive(PartialEq, Properties)]
pub struct StopProps {
    pub app: Rc<ApplicationView>,
    pub reload: Callback<()>,
    pub close: Callback<()>,
}

#[function_component]
pub fn StopDialog(props: &StopProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let typed = use_state(String::new);
    let app = &props.app;
    // Taking production off the air is not done by two clicks.
    let wants_name = context.is_production();
    let ready = !wants_name || typed.trim() == app.name.as_str();
    let stop = {
        let (task, cluster, application) = (task.clone(), context.id(), app.id);
        let (reload, close) = (props.reload.clone(), props.close.clone());
        Callback::from(move |()| {
            if !ready {
                return;
            }
            let (reload, close) = (reload.clone(), close.clone());
            task.run(async move {
                shell::api(cluster, StopApplication { application }).await?;
                reload.emit(());
                close.emit(());
                Ok(())
            });
        })
    };
    let actions = html! {
        <>
            <Button label="Keep it running" disabled={task.busy()} onclick={props.close.clone()}/>
            <Button id="stop-confirm" label="Stop" look={Look::Danger} submit=true busy={task.busy()} disabled={!ready}
                hint={(!ready).then_some("Type the application’s name first")}/>
        </>
    };
    html! {
        <Dialog id="stop-dialog" title={format!("Stop {}", app.name)} onclose={props.close.clone()} onsubmit={stop} stays={task.busy()} {actions}>
            { what_stops(app) }
            if wants_name {
                <Field id="stop-name" label={format!("Type {} to stop it", app.name)} value={(*typed).clone()} onchange={into_state(&typed)}
                    mono=true autofocus=true/>
            }
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}

/// What ends, and what stays.
pub fn what_stops(app: &ApplicationView) -> Html {
    let tasks = text::count(usize::from(app.observed_tasks), "task ends", "tasks end");
    let grace = app.settings.container.stop_grace.write();
    let volumes = &app.settings.container.volumes;
    html! {
        <Facts>
            <Fact name="Downtime"><span class="tone-text bad">{ "nobody serves until somebody starts it again" }</span></Fact>
            <Fact name="Tasks">{ format!("{tasks}, each within {grace}") }</Fact>
            if !app.domains.is_empty() {
                <Fact name="Addresses">
                    { for app.domains.iter().map(|domain| html! { <div class="wrap"><code>{ &domain.url }</code></div> }) }
                    <span class="faint">{ "answer with an error meanwhile" }</span>
                </Fact>
            }
            if !volumes.is_empty() {
                <Fact name="Volumes">{ text::count(volumes.len(), "stays, with its data", "stay, with their data") }</Fact>
            }
            if let Some(serving) = &app.serving {
                <Fact name="Release">{ format!("deployment {} stays, and Start runs it with as many tasks as now", serving.number) }</Fact>
            }
        </Facts>
    }
}
