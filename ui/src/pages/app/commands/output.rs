//! One command: how it stands, what it has written, and the way to end it.

use slipway_protocol::CommandId;
use slipway_protocol::api::CancelCommand;
use slipway_protocol::command::CommandView;
use yew::prelude::*;

use super::NEEDS;
use crate::components::ask_first::AskFirst;
use crate::components::button::{Button, Look};
use crate::components::failure::{FailurePanel, FormError};
use crate::components::icon::Icon;
use crate::components::log_view::LogView;
use crate::components::log_view::live::{Live, use_live};
use crate::components::pill::{Pill, Tone};
use crate::components::remote::{Empty, Forbidden, NotYet};
use crate::components::time::Took;
use crate::state::again::Again;
use crate::state::cluster::use_cluster;
use crate::state::remote::{is_forbidden, is_not_found};
use crate::state::task::use_task;

#[derive(PartialEq, Properties)]
pub struct OutputProps {
    pub id: CommandId,
}

#[function_component]
pub fn Output(props: &OutputProps) -> Html {
    let context = use_cluster();
    let live = use_live(context.id(), props.id);
    let Some(view) = live.view.clone() else {
        return html! { <div class="log"><div class="log-wait">{ waiting(&live) }</div></div> };
    };
    let (tone, word) = match &live.following {
        one if one.is_interrupted() => (Tone::Warning, "interrupted"),
        one if one.ended => (Tone::Neutral, "complete"),
        _ => (Tone::Progress, "live"),
    };
    let why = live
        .following
        .failure
        .clone()
        .map(|failure| AttrValue::from(failure.sentence));
    let empty = if view.status.is_final() {
        "It has written nothing."
    } else {
        "It has not written anything yet."
    };
    html! {
        <div class="command-output">
            <Head view={view.clone()}/>
            if let Some(failure) = &view.failure {
                <FailurePanel id="command-failure" title="It did not run to its end" text={failure.clone()}/>
            }
            <LogView id="command-log" log={live.log.clone()} {empty} fine_times=true
                state={html! { <Pill {tone} text={word} title={why}/> }}/>
        </div>
    }
}

/// Nothing has come of it.
fn waiting(live: &Live<CommandView>) -> Html {
    match &live.following.failure {
        Some(failure) if is_forbidden(failure) => html! { <Forbidden needs={NEEDS}/> },
        Some(failure) if is_not_found(failure) => html! {
            <Empty icon={Icon::Search} title="This command is not known any more"
                text="Those that were run long ago are forgotten, with what they have written. Choose another one in the list."/>
        },
        Some(failure) => {
            let again = live.following.again.map(Again::said).unwrap_or_default();
            html! { <p class="log-said" role="status">{ format!("{} {again}", failure.sentence) }</p> }
        }
        None => html! { <NotYet/> },
    }
}

#[derive(PartialEq, Properties)]
struct HeadProps {
    view: CommandView,
}

#[function_component]
fn Head(props: &HeadProps) -> Html {
    let context = use_cluster();
    let cluster = context.id();
    let task = use_task();
    let view = &props.view;
    let act = task.sends(cluster, CancelCommand { command: view.id }, Callback::noop());
    let goes_on = !view.status.is_final();
    let label = if view.ending { "Being ended" } else { "Cancel" };
    let hint = "Its container is stopped; what it has done stays";
    // Half a migration in production is not made by one click.
    let cancel = if context.is_production() {
        html! {
            <AskFirst id="command-cancel" {label} disabled={view.ending} {hint} title="End this in production?" verb="End it" keep="Let it run"
                task={task.clone()} {act}>
                <p><code>{ &view.command }</code></p>
                <p>{ "It is told to end, and its container is stopped. What it has done until then stays as it is, also where it is half done." }</p>
            </AskFirst>
        }
    } else {
        html! {
            <Button id="command-cancel" {label} look={Look::Danger} onclick={act} busy={task.busy()} disabled={view.ending} {hint}/>
        }
    };
    // A question shows what went wrong itself.
    let failure = task.failure().filter(|_| !(goes_on && context.is_production()));
    html! {
        <div class="command-head">
            <code class="clip" title={view.command.clone()}>{ &view.command }</code>
            <Pill id="command-status" tone={Tone::of_command(view.status)} text={view.outcome()}/>
            <span class="note">
                { format!("in the release of deployment {}, by {}, ", view.deployment_number, view.requested_by) }
                <Took from={view.started_at} to={view.ended_at}/>
            </span>
            <span class="grow"/>
            if goes_on { { cancel } }
            <FormError {failure}/>
        </div>
    }
}
