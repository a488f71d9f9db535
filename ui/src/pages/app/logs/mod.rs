//! The logs of an application's containers, over all releases: followed, searched in the agent, read back to the first line.

pub mod context;
pub mod filter;
mod replicas;
mod save;
pub mod source;
pub mod tools;

use slipway_protocol::ErrorCode;
use slipway_protocol::api::ListTasks;
use slipway_protocol::desktop::{Failure, FailureKind};
use yew::prelude::*;

use self::context::{InContext, use_log_context};
use self::filter::LogFilter;
use self::save::{Saving, use_saving};
use self::source::{Asked, Source, use_log_source};
use self::tools::FilterTools;
use super::AppProps;
use crate::components::button::{Button, Look};
use crate::components::log_view::chosen::Chosen;
use crate::components::log_view::pane::LogPane;
use crate::components::log_view::row::Looks;
use crate::components::log_view::{FollowButton, WrapButton, copy_buttons, counted};
use crate::components::pill::{Pill, Tone};
use crate::components::remote::{Broken, Forbidden, NotYet};
use crate::state::api::{LIST, use_api};
use crate::state::cluster::use_cluster;
use crate::state::fleet::use_fleet;
use crate::state::remote::is_forbidden;
use crate::state::settled::use_settled;

#[function_component]
pub fn Logs(props: &AppProps) -> Html {
    let cluster = use_cluster().id();
    let live = use_fleet().is_up(cluster);
    let typed = use_state_eq(LogFilter::default);
    let filter = use_settled(&*typed, typed.complaint().is_none());
    let application = props.app.id;
    let source = use_log_source(cluster, application, None, &filter, live);
    // Where they cannot be asked for, those whose lines were seen can be chosen.
    let running = use_api(cluster, ListTasks { application }, LIST);
    let running = running.get().cloned().unwrap_or_default();
    let saving = use_saving(&props.app, &filter);
    let follow = use_state_eq(|| true);
    let wrap = use_state_eq(|| false);
    let chosen = use_state_eq(|| None::<(u64, u64)>);
    let context = use_log_context(&filter);
    let failure = failure_of(&source);
    if failure.is_some_and(is_forbidden) {
        return html! { <Forbidden needs="the right to read logs"/> };
    }
    let not_understood = failure.filter(|failure| is_invalid(failure));
    let onchange = {
        let (typed, follow, chosen) = (typed.clone(), follow.setter(), chosen.setter());
        Callback::from(move |next| {
            // A field that is left tells once more what is in it: nothing moves under the click that left it.
            if next == *typed {
                return;
            }
            typed.set(next);
            follow.set(true);
            chosen.set(None);
        })
    };
    let behind = source.log.buffer.borrow().waiting() > 0;
    let before = if behind {
        source.restart.clone()
    } else {
        Callback::noop()
    };
    let looks = Looks {
        fine_times: true,
        levels: true,
        colour_who: true,
        columns: None,
        wanted: if filter.regex {
            String::new()
        } else {
            filter.text.to_lowercase()
        },
    };
    let shown = if let Some(line) = context.line {
        html! { <InContext key={line} {application} {line} {looks} wrap={wrap.clone()} back={context.back.clone()}/> }
    } else {
        let body = match &source.first {
            Asked::Waiting => html! { <div class="log-wait"><NotYet/></div> },
            Asked::Failed(failure) if !is_invalid(failure) => broken(&source, failure),
            Asked::Failed(_) => html! { <div class="log-wait"/> },
            Asked::There => html! {
                <LogPane log={source.log.clone()} follow={follow.clone()} chosen={chosen.clone()} wrap={*wrap} {looks} top={top(&source)}
                    ontop={source.load_older.clone()} catch_up={source.restart.clone()} begin_at={context.place}
                    oncontext={context.show.clone()} empty={empty(props, &filter)}/>
            },
        };
        let looked_at = html! { <><WrapButton {wrap}/><FollowButton {follow} {before}/></> };
        html! {
            <>
                { strip(&source, &filter, *chosen, &saving, looked_at) }
                if let Some(failure) = not_understood {
                    <p class="log-said" role="alert" data-testid="log-refused">{ &failure.sentence }</p>
                }
                { interrupted(&source) }
                { save::outcome(&saving) }
                { body }
            </>
        }
    };
    html! {
        <div class="log" data-testid="container-log">
            <FilterTools filter={(*typed).clone()} {onchange} {running} seen={source.tasks.clone()} wrong={not_understood.is_some()}/>
            { shown }
        </div>
    }
}

/// How the search stands, what can be done with what it has found, and how it is looked at.
fn strip(source: &Source, filter: &LogFilter, chosen: Chosen, saving: &Saving, looked_at: Html) -> Html {
    html! {
        <div class="log-strip">
            { pill(source, filter, false) }
            <span class="faint number" data-testid="log-count">{ counted(&source.log.buffer.borrow()) }</span>
            <span class="grow"/>
            { copy_buttons(&source.log, chosen) }
            { save::button(saving, filter) }
            { looked_at }
        </div>
    }
}

fn failure_of(source: &Source) -> Option<&Failure> {
    match &source.first {
        Asked::Failed(failure) => Some(failure),
        Asked::Waiting => None,
        Asked::There => source.following.failure.as_ref(),
    }
}

pub fn is_invalid(failure: &Failure) -> bool {
    failure.kind
        == FailureKind::Api {
            code: ErrorCode::Invalid,
        }
}

/// Why there is no line, and when it is asked for again.
pub fn broken(source: &Source, failure: &Failure) -> Html {
    html! {
        <div class="log-wait">
            <Broken failure={failure.clone()} retry={source.restart.clone()}/>
            if let Some(again) = source.again { <p class="faint" role="status" data-testid="log-again">{ again.said() }</p> }
        </div>
    }
}

/// Live only while lines that are written now arrive. Where it is over, none is any more.
pub fn pill(source: &Source, filter: &LogFilter, over: bool) -> Html {
    let (tone, word) = match &source.first {
        Asked::Waiting if filter.narrows() => (Tone::Progress, "searching"),
        Asked::Waiting => (Tone::Progress, "loading"),
        Asked::Failed(_) => (Tone::Warning, "not loaded"),
        Asked::There if !filter.is_open() => (Tone::Neutral, "a part"),
        Asked::There if source.following.is_interrupted() => (Tone::Warning, "interrupted"),
        Asked::There if over || source.following.ended => (Tone::Neutral, "ended"),
        Asked::There => (Tone::Good, "live"),
    };
    html! { <Pill id="log-state" {tone} text={word}/> }
}

/// Why nothing arrives, and that nothing is lost by it.
pub fn interrupted(source: &Source) -> Html {
    if source.first != Asked::There || !source.following.is_interrupted() {
        return html! {};
    }
    if let Some(failure) = source.following.stopped() {
        return html! {
            <p class="log-said" role="status">
                { format!("{} ", failure.sentence) }
                <Button id="log-follow-again" label="Try again" look={Look::Plain} onclick={source.restart.clone()}/>
            </p>
        };
    }
    let failure = source
        .following
        .failure
        .as_ref()
        .map(|failure| failure.sentence.as_str());
    let why = failure.unwrap_or("There is no connection to the cluster.");
    html! { <p class="log-said" role="status">{ format!("{why} What is written meanwhile comes as soon as the connection stands.") }</p> }
}

/// Above the first line: older ones, or that there are none.
pub fn top(source: &Source) -> Html {
    let inside = match &source.older {
        _ if source.complete => html! { { "This is the first line that is kept." } },
        Asked::Waiting => html! { { "Loading older lines…" } },
        Asked::Failed(failure) => html! {
            <>{ format!("{} ", failure.sentence) }<Button id="log-older" label="Try again" look={Look::Plain} onclick={source.load_older.clone()}/></>
        },
        Asked::There => {
            html! { <Button id="log-older" label="Load older lines" look={Look::Plain} onclick={source.load_older.clone()}/> }
        }
    };
    html! { <div class="log-top" data-testid="log-top">{ inside }</div> }
}

fn empty(props: &AppProps, filter: &LogFilter) -> Html {
    let said = if filter.narrows() {
        "No line fits. Widen the time, or look for less."
    } else if props.app.last_deployment.is_none() {
        "Never deployed. What the application's containers write is shown here."
    } else {
        "The application's containers have not written anything yet."
    };
    html! { <p class="log-empty" data-testid="log-empty">{ said }</p> }
}
