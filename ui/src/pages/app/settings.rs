//! The settings tab: the same fields as for a new application, and deleting it.

use slipway_protocol::api::UpdateApplication;
use slipway_protocol::{Action, Resource};
use yew::prelude::*;

use super::AppProps;
use super::delete::DeleteDialog;
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::failure::FormError;
use crate::pages::app_draft::AppDraft;
use crate::pages::app_fields::AppFields;
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;

#[function_component]
pub fn Settings(props: &AppProps) -> Html {
    let context = use_cluster();
    let app = &props.app;
    let draft = {
        let app = app.clone();
        use_reducer(move || AppDraft::of(&app.name, &app.settings))
    };
    let saved = use_state_eq(|| false);
    let task = use_task();
    let may = context.may(Resource::Application, Action::Write);
    let may_delete = context.may(Resource::Application, Action::Delete);
    let changed = draft.settings().as_ref() != Some(&app.settings);
    let onsubmit = {
        let (draft, task, saved, reload) =
            (draft.clone(), task.clone(), saved.setter(), props.reload.clone());
        let (cluster, application) = (context.id(), app.id);
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(body) = draft.settings() else {
                return;
            };
            let (saved, reload) = (saved.clone(), reload.clone());
            saved.set(false);
            task.run(async move {
                shell::api(cluster, UpdateApplication { application, body }).await?;
                saved.set(true);
                reload.emit(());
                Ok(())
            });
        })
    };
    let said = if *saved && !changed {
        "Saved. It takes effect with the next deployment."
    } else {
        "A change takes effect with the next deployment."
    };
    html! {
        <div class="narrow">
            <form {onsubmit}>
                <AppFields draft={draft.clone()} strict=true/>
                <FormError failure={task.failure()}/>
                <div class="form-actions">
                    <Button id="settings-save" label="Save" look={Look::Primary} submit=true busy={task.busy()}
                        disabled={!may || !changed || draft.settings().is_none()}/>
                    <span class="field-hint" role="status">{ said }</span>
                </div>
            </form>
            if may_delete { <DangerZone ..props.clone()/> }
        </div>
    }
}

#[function_component]
fn DangerZone(props: &AppProps) -> Html {
    let open = use_state_eq(|| false);
    let set = |on: bool| {
        let open = open.setter();
        Callback::from(move |()| open.set(on))
    };
    html! {
        <Card title="Danger zone" class="danger">
            <div class="danger-line">
                <div>
                    <strong>{ "Delete this application" }</strong>
                    <p class="secondary">{ "Its services stop and nothing of it is kept." }</p>
                </div>
                <span class="grow"/>
                <Button id="app-delete" label="Delete" look={Look::Danger} onclick={set(true)}/>
            </div>
            if *open { <DeleteDialog app={props.app.clone()} close={set(false)}/> }
        </Card>
    }
}
