//! The application's own variables.

use slipway_protocol::Scope;
use yew::prelude::*;

use super::AppProps;
use crate::pages::variables::panel::VariablesPanel;

#[function_component]
pub fn Variables(props: &AppProps) -> Html {
    let app = &props.app;
    let effect = match &app.serving {
        Some(serving) => format!(
            "Deployment {} serves with the variables that it began with. A change waits for the next deployment or reload.",
            serving.number
        ),
        None => "Nothing serves yet. The first deployment begins with these.".to_owned(),
    };
    let waits_since = app
        .serving
        .as_ref()
        .filter(|_| app.pending_changes)
        .map(|serving| serving.created_at);
    html! { <VariablesPanel scope={Scope::Application(app.id)} {effect} {waits_since} onchanged={props.reload.clone()}/> }
}
