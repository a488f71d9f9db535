//! Terminals into the application's containers, in a task that can be chosen.

use slipway_protocol::api::ListTasks;
use slipway_protocol::task::TaskName;
use yew::prelude::*;

use super::AppProps;
use crate::components::select::{Choice, Select};
use crate::pages::terminal::{Place, Terminals};
use crate::state::api::{LIST, use_api};
use crate::state::cluster::use_cluster;

#[function_component]
pub fn AppTerminals(props: &AppProps) -> Html {
    let context = use_cluster();
    let application = props.app.id;
    let tasks = use_api(context.id(), ListTasks { application }, LIST);
    let task = use_state_eq(|| None::<TaskName>);
    let running = tasks.get().map(Vec::as_slice).unwrap_or_default();
    // One that was chosen and has ended is no place any more.
    let task_now = (*task)
        .clone()
        .filter(|chosen| !tasks.live || running.iter().any(|one| one.id == *chosen));
    let none_runs = tasks.live && running.is_empty();
    let hint = none_runs.then_some(AttrValue::Static("No task of this application is running"));
    let choice = (running.len() > 1).then(|| {
        let mut choices = vec![Choice::new("", "the first that can be reached")];
        choices.extend(running.iter().map(|one| {
            let place = if one.here { "" } else { ", on another node" };
            Choice::new(one.id.to_string(), format!("{}{place}", one.id.short()))
        }));
        let chosen = task_now.as_ref().map(ToString::to_string).unwrap_or_default();
        let onchange = {
            let task = task.setter();
            Callback::from(move |text: String| task.set(TaskName::parse(&text).ok()))
        };
        html! { <Select id="terminal-task" label="Task" {choices} {chosen} {onchange}/> }
    });
    let about = "A shell in a container of this application. It lives on the server: a lost connection does not end it.";
    html! {
        <Terminals place={Place::Application(application, task_now)} {about} {hint}>{ choice.unwrap_or_default() }</Terminals>
    }
}
