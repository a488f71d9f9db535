//! What cannot be taken back.

use slipway_protocol::{Action, Resource};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::pages::app::AppProps;
use crate::pages::app::delete::DeleteDialog;
use crate::rights::FOR_ADMINS;
use crate::state::cluster::use_cluster;

#[function_component]
pub fn DangerZone(props: &AppProps) -> Html {
    let context = use_cluster();
    let open = use_state_eq(|| false);
    let set = |on: bool| {
        let open = open.setter();
        Callback::from(move |()| open.set(on))
    };
    let hint = (!context.may(Resource::Application, Action::Delete)).then_some(FOR_ADMINS);
    html! {
        <Card title="Danger zone" class="danger">
            <div class="danger-line">
                <div>
                    <strong>{ "Delete this application" }</strong>
                    <p class="secondary">{ "Its services stop and nothing of it is kept." }</p>
                </div>
                <span class="grow"/>
                <Button id="app-delete" label="Delete…" look={Look::Danger} onclick={set(true)} disabled={hint.is_some()} {hint}/>
            </div>
            if *open { <DeleteDialog app={props.app.clone()} close={set(false)}/> }
        </Card>
    }
}
