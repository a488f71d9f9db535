//! “This machine”: an agent that listens on this very computer can be used without SSH.

use slipway_protocol::desktop::{Connected, LocalAgent, command};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::components::button::Button;
use crate::components::card::Card;
use crate::components::failure::FormError;
use crate::route::{Here, Page, Route};
use crate::shell;
use crate::state::fleet::use_fleet;
use crate::state::task::use_task;

#[function_component]
pub fn LocalAgentCard() -> Html {
    let (fleet, task) = (use_fleet(), use_task());
    let found = use_state(|| None::<LocalAgent>);
    {
        let found = found.setter();
        use_effect_with(fleet.clusters().len(), move |_| {
            spawn_local(async move {
                // Where it cannot be looked for there is nothing to offer.
                let agent: Result<Option<LocalAgent>, _> = shell::ask(command::FIND_LOCAL_AGENT).await;
                found.set(agent.ok().flatten());
            });
        });
    }
    let Some(agent) = &*found else {
        return html! {};
    };
    let add = {
        let task = task.clone();
        Callback::from(move |()| {
            let (fleet, here) = (fleet.clone(), Here::now());
            task.run(async move {
                if let Connected::Yes { cluster } = shell::ask(command::ADD_LOCAL_AGENT).await? {
                    let id = cluster.id;
                    fleet.put(*cluster);
                    here.go(Route::Cluster(id, Page::SignIn));
                }
                Ok(())
            });
        })
    };
    html! {
        <Card title="This machine" class="this-machine">
            <div class="danger-line">
                <span>{ "Slipway's agent listens on this computer, at " }<code>{ &agent.socket }</code>{ ". It needs no SSH." }</span>
                <span class="grow"/>
                <Button id="add-local" label="Add this machine" busy={task.busy()} onclick={add}/>
            </div>
            <FormError failure={task.failure()}/>
        </Card>
    }
}
