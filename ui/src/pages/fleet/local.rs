//! “This machine”: an agent that listens on this very computer can be used without SSH; where there is only Docker, how one gets there.

use std::cell::Cell;
use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use slipway_protocol::desktop::{Connected, Failure, LocalAgent, LocalSetUp, command};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::components::button::Button;
use crate::components::card::Card;
use crate::components::copy::CopyButton;
use crate::components::failure::FormError;
use crate::route::{Here, Page, Route};
use crate::shell;
use crate::state::fleet::use_fleet;
use crate::state::task::use_task;
use crate::state::watched;

/// It is looked at again so often while the person sets it up in a terminal.
const AGAIN_MS: u32 = 3_000;

#[derive(PartialEq, Properties)]
pub struct LocalProps {
    /// Also where something has to be done for it first; otherwise only an agent that can be added is shown.
    #[prop_or_default]
    pub offer: bool,
}

#[function_component]
pub fn LocalAgentCard(props: &LocalProps) -> Html {
    let (fleet, task) = (use_fleet(), use_task());
    let found = use_state_eq(|| None::<LocalAgent>);
    let set_up = use_state_eq(|| None::<LocalSetUp>);
    {
        // It may become another thing by what is done in a terminal.
        let again = set_up.is_some() || matches!(*found, Some(LocalAgent::Stopped { .. }));
        let found = found.setter();
        use_effect_with((fleet.clusters().len(), again), move |(_, again)| {
            let (again, shown) = (*again, Rc::new(Cell::new(true)));
            let alive = Rc::clone(&shown);
            spawn_local(async move {
                loop {
                    watched::seen().await;
                    // Where it cannot be looked for there is nothing to offer.
                    let agent: Result<Option<LocalAgent>, Failure> =
                        shell::ask(command::FIND_LOCAL_AGENT).await;
                    if !alive.get() {
                        return;
                    }
                    found.set(agent.ok().flatten());
                    if !again {
                        return;
                    }
                    TimeoutFuture::new(AGAIN_MS).await;
                }
            });
            move || shown.set(false)
        });
    }
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
    let prepare = {
        let (task, set_up) = (task.clone(), set_up.setter());
        Callback::from(move |()| {
            let set_up = set_up.clone();
            task.run(async move {
                set_up.set(Some(shell::ask(command::PREPARE_LOCAL_AGENT).await?));
                Ok(())
            });
        })
    };
    let inside = match &*found {
        Some(LocalAgent::Listens { socket }) => line(
            html! { <>{ "Slipway's agent listens on this computer, at " }<code>{ socket }</code>{ ". It needs no SSH." }</> },
            html! { <Button id="add-local" label="Add this machine" busy={task.busy()} onclick={add}/> },
        ),
        Some(LocalAgent::Closed { joined: true, .. }) if props.offer => line(
            html! { "Slipway's agent listens on this computer. Your account may reach it as soon as you have signed out of the desktop and in again." },
            html! {},
        ),
        Some(LocalAgent::Closed { command, .. }) if props.offer => to_run(
            "Slipway's agent listens on this computer, and your account may not reach it yet. Run this in a terminal, then sign out of the desktop and in again.",
            command,
        ),
        Some(LocalAgent::Stopped { command }) if props.offer => to_run(
            "Slipway's agent is installed on this computer, and does not run. Run this in a terminal to start it. If it does not start, “sudo slipway-agent install” goes on with setting it up, and says why.",
            command,
        ),
        Some(LocalAgent::Absent) if props.offer => match &*set_up {
            None => line(
                html! { "Docker is on this computer, Slipway's agent is not. With it this computer is a cluster of its own, without SSH." },
                html! { <Button id="prepare-local" label="Set it up…" busy={task.busy()} onclick={prepare}/> },
            ),
            Some(set_up) => to_run(
                "Run this in a terminal. It asks for your password, says what it finds and does, and lets your account reach the agent: sign out of the desktop and in again then.",
                &set_up.command,
            ),
        },
        Some(LocalAgent::Closed { .. } | LocalAgent::Stopped { .. } | LocalAgent::Absent) | None => {
            return html! {};
        }
    };
    html! {
        <Card title="This machine" class="this-machine">
            <div data-testid="this-machine">{ inside }</div>
            <FormError failure={task.failure()}/>
        </Card>
    }
}

/// What there is, and what can be done about it here.
fn line(words: Html, button: Html) -> Html {
    html! {
        <div class="danger-line">
            <span>{ words }</span>
            <span class="grow"/>
            { button }
        </div>
    }
}

/// What can be done about it elsewhere.
fn to_run(words: &'static str, command: &str) -> Html {
    let text = command.to_owned();
    html! {
        <>
            <div class="danger-line"><span>{ words }</span></div>
            <div class="danger-line">
                <code data-testid="local-command">{ command.to_owned() }</code>
                <span class="grow"/>
                <CopyButton id="copy-local-command" label="Copy the command" text={Callback::from(move |()| text.clone())}/>
            </div>
        </>
    }
}
