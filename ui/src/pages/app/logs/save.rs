//! Saving all lines that fit to a file in the download folder, and saying where it is.

use std::rc::Rc;

use chrono::Utc;
use slipway_protocol::application::ApplicationView;
use slipway_protocol::desktop::{Failure, SaveLogs, SavedLogs, command};
use yew::prelude::*;

use super::filter::LogFilter;
use crate::components::button::{Button, Look};
use crate::components::copy::CopyButton;
use crate::components::failure::FormError;
use crate::components::icon::Icon;
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::task::{Task, use_task};
use crate::text;

#[derive(Clone, PartialEq)]
pub struct Saving {
    pub task: Task,
    pub saved: UseStateHandle<Option<SavedLogs>>,
    pub start: Callback<()>,
}

#[hook]
pub fn use_saving(app: &Rc<ApplicationView>, filter: &LogFilter) -> Saving {
    let cluster = use_cluster().id();
    let task = use_task();
    let saved = use_state(|| None::<SavedLogs>);
    let start = {
        let (task, saved) = (task.clone(), saved.setter());
        let (app, filter) = (Rc::clone(app), filter.clone());
        Callback::from(move |()| {
            let request = SaveLogs {
                cluster,
                name: app.name.clone(),
                wish: filter.wish(app.id, Utc::now()),
            };
            let saved = saved.clone();
            saved.set(None);
            task.run(async move {
                let file: Result<SavedLogs, Failure> = shell::call(command::SAVE_LOGS, &request).await;
                saved.set(Some(file?));
                Ok(())
            });
        })
    };
    Saving { task, saved, start }
}

pub fn button(saving: &Saving, filter: &LogFilter) -> Html {
    let label = if filter.narrows() {
        "Save all lines that fit to a file"
    } else {
        "Save the whole log to a file"
    };
    html! {
        <Button id="log-save" {label} icon={Icon::Save} icon_only=true look={Look::Plain} busy={saving.task.busy()} onclick={saving.start.clone()}/>
    }
}

/// What became of it.
pub fn outcome(saving: &Saving) -> Html {
    if let Some(failure) = saving.task.failure() {
        return html! { <FormError failure={Some(failure)}/> };
    }
    let Some(file) = &*saving.saved else {
        return html! {};
    };
    let path = file.path.clone();
    let said = format!("Saved {} to ", text::count(file.lines as usize, "line", "lines"));
    let close = {
        let saved = saving.saved.setter();
        Callback::from(move |()| saved.set(None))
    };
    html! {
        <p class="log-saved" role="status" data-testid="log-saved">
            { said }<code>{ &file.path }</code>
            <CopyButton label="Copy the path" text={Callback::from(move |()| path.clone())}/>
            <Button label="Close" icon={Icon::Cross} icon_only=true look={Look::Plain} onclick={close}/>
        </p>
    }
}
