//! Newer versions of the app: whether it looks for them, what it has found, and what is to be done.

use slipway_protocol::desktop::{SetDailyLooks, UpdateStage, UpdateState, command};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::check::Check;
use crate::components::copy::CopyButton;
use crate::components::failure::FormError;
use crate::components::pill::{Pill, Tone};
use crate::components::time::Ago;
use crate::shell;
use crate::state::task::use_task;
use crate::state::told::use_told;

#[function_component]
pub fn UpdatesCard() -> Html {
    let task = use_task();
    let Some(state) = use_told::<UpdateState>(command::WATCH_UPDATES) else {
        return html! {};
    };
    let ask = |command: &'static str| {
        let task = task.clone();
        Callback::from(move |()| task.run(async move { shell::ask::<()>(command).await }))
    };
    let onchange = {
        let task = task.clone();
        Callback::from(move |on: bool| {
            task.run(
                async move { shell::call::<_, ()>(command::SET_DAILY_LOOKS, &SetDailyLooks { on }).await },
            );
        })
    };
    let never = matches!(state.stage, UpdateStage::Never { .. });
    let busy = matches!(state.stage, UpdateStage::Looking | UpdateStage::Fetching { .. });
    let next = match &state.stage {
        UpdateStage::Never { .. } => html! {},
        UpdateStage::Found { version, .. } => html! {
            <Button id="update-take" label={format!("Get version {version}")} look={Look::Primary} onclick={ask(command::TAKE_UPDATE)}/>
        },
        UpdateStage::Installed { .. } => html! {
            <Button id="app-restart" label="Restart Slipway" look={Look::Primary} onclick={ask(command::RESTART_APP)}/>
        },
        _ => html! {
            <Button id="update-look" label="Look now" {busy} onclick={ask(command::LOOK_FOR_UPDATE)}/>
        },
    };
    html! {
        <Card title="Newer versions" actions={pill(&state.stage)}>
            <div class="danger-line">
                <span data-testid="update-says" role="status">{ says(&state.stage) }</span>
                <span class="grow"/>
                { next }
            </div>
            if !never {
                <div class="form">
                    if let UpdateStage::Saved { command, .. } = &state.stage { { in_a_terminal(command) } }
                    <Check id="daily-looks" label="Look for newer versions once a day" checked={state.daily} {onchange} disabled={task.busy()}
                        hint="The list of versions is asked for; nothing of you or your clusters is told."/>
                    <FormError failure={task.failure()}/>
                </div>
            }
        </Card>
    }
}

fn pill(stage: &UpdateStage) -> Html {
    let (tone, word) = match stage {
        UpdateStage::Found { .. } => (Tone::Warning, "one is there"),
        UpdateStage::Saved { .. } => (Tone::Warning, "to be installed"),
        UpdateStage::Installed { .. } => (Tone::Warning, "after a restart"),
        UpdateStage::Newest { .. } => (Tone::Good, "this is the newest"),
        UpdateStage::Failed { .. } => (Tone::Bad, "failed"),
        _ => return html! {},
    };
    html! { <Pill id="update-state" {tone} text={word}/> }
}

fn says(stage: &UpdateStage) -> Html {
    match stage {
        UpdateStage::Never { sentence } | UpdateStage::Failed { sentence } => html! { { sentence } },
        UpdateStage::Unknown => html! { { "It has not looked yet." } },
        UpdateStage::Looking => html! { { "Looking …" } },
        UpdateStage::Newest { at } => html! { <>{ "There was no newer one " }<Ago at={*at}/>{ "." }</> },
        UpdateStage::Found { version, restarts } => {
            let then = if *restarts {
                " Slipway closes and starts again when it is installed."
            } else {
                ""
            };
            html! { { format!("Version {version} is available. Its signature is checked before anything is done with it.{then}") } }
        }
        UpdateStage::Fetching {
            version,
            percent: None,
        } => html! { { format!("Fetching version {version} …") } },
        UpdateStage::Fetching {
            version,
            percent: Some(percent),
        } => html! { { format!("Fetching version {version}: {percent} %") } },
        UpdateStage::Saved { version, path, .. } => {
            html! {
                <>
                    { format!("Version {version} is fetched and its signature is good. Install it with your system's packages: ") }
                    <code class="wrap">{ path }</code>
                </>
            }
        }
        UpdateStage::Installed { version } => {
            html! { { format!("Version {version} is in place. Forwarded ports close at the restart; shells and deployments go on.") } }
        }
    }
}

fn in_a_terminal(command: &str) -> Html {
    let text = command.to_owned();
    html! {
        <div class="shared-text">
            <pre data-testid="update-command" tabindex="0">{ command }</pre>
            <CopyButton label="Copy the command" text={Callback::from(move |()| text.clone())}/>
        </div>
    }
}
