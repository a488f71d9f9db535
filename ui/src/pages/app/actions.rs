//! What can be done with an application: open it, roll it back, deploy it.

use slipway_protocol::api::RequestDeployment;
use slipway_protocol::deployment::Trigger;
use slipway_protocol::desktop::{OpenUrl, command};
use slipway_protocol::{Action, ApplicationId, Resource};
use yew::prelude::*;

use super::AppProps;
use super::roll_back::RollBackDialog;
use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::icon::Icon;
use crate::route::Page;
use crate::shell;
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::state::task::{Task, use_task};

#[function_component]
pub fn Actions(props: &AppProps) -> Html {
    let context = use_cluster();
    let deploying = use_task();
    let opening = use_task();
    let choosing = use_state_eq(|| false);
    let may = context.may(Resource::Deployment, Action::Run);
    let deploy = {
        let (context, deploying, id) = (context.clone(), deploying.clone(), props.app.id);
        Callback::from(move |()| request(&context, &deploying, id, Trigger::Deploy))
    };
    let set = |on: bool| {
        let choosing = choosing.setter();
        Callback::from(move |()| choosing.set(on))
    };
    let open = props.app.domains.first().map(|domain| {
        let (url, busy, opening) = (domain.url.clone(), opening.busy(), opening.clone());
        let onclick = Callback::from(move |()| {
            let url = url.clone();
            opening.run(async move { shell::call(command::OPEN_URL, &OpenUrl { url }).await });
        });
        html! { <Button id="open-url" label={format!("Open {}", domain.host)} icon={Icon::External} {onclick} {busy}/> }
    });
    let hint = (!may).then_some(AttrValue::Static("It needs the role developer, admin or owner"));
    html! {
        <>
            { open.unwrap_or_default() }
            <Button id="roll-back" label="Roll back" icon={Icon::Undo} onclick={set(true)} disabled={!may} hint={hint.clone()}/>
            <Button id="deploy" label="Deploy" look={Look::Primary} icon={Icon::Deploy} onclick={deploy} busy={deploying.busy()}
                disabled={!may} {hint}/>
            <div class="action-failure"><FormError failure={deploying.failure().or(opening.failure())}/></div>
            if *choosing { <RollBackDialog props={props.clone()} close={set(false)}/> }
        </>
    }
}

/// Asks for a deployment and opens its page.
pub fn request(context: &ClusterContext, task: &Task, application: ApplicationId, body: Trigger) {
    let context = context.clone();
    task.run(async move {
        let deployment = shell::api(
            context.id(),
            RequestDeployment {
                application,
                revision: None,
                body,
            },
        )
        .await?;
        context.applications.reload.emit(());
        context.go(Page::Deployment(deployment.id));
        Ok(())
    });
}
