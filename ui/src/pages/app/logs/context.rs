//! A found line among the lines around it, whatever was looked for; and back to the search, to the place that was left.

use slipway_protocol::{ApplicationId, DeploymentId};
use yew::prelude::*;

use super::filter::LogFilter;
use super::source::Asked;
use super::source::around::{Newer, use_lines_around};
use super::{broken, top};
use crate::components::button::{Button, Look};
use crate::components::log_view::context_frame::ContextFrame;
use crate::components::log_view::pane::LogPane;
use crate::components::log_view::row::Looks;
use crate::components::log_view::{WrapButton, copy_buttons, counted};
use crate::components::remote::NotYet;
use crate::state::cluster::use_cluster;
use crate::state::fleet::use_fleet;

/// A line that a search has found, and that was shown in its context. Another search knows nothing of it.
#[derive(Clone, PartialEq)]
struct Shown {
    found_by: LogFilter,
    line: u64,
    open: bool,
}

/// Whether a found line is shown in its context.
pub struct Context {
    /// The line that is.
    pub line: Option<u64>,
    /// The line with which the search goes on, once somebody has come back to it.
    pub place: Option<u64>,
    /// Shows a line in its context, where something narrows the log.
    pub show: Option<Callback<u64>>,
    pub back: Callback<()>,
}

#[hook]
pub fn use_log_context(filter: &LogFilter) -> Context {
    let state = use_state_eq(|| None::<Shown>);
    {
        let state = state.setter();
        use_effect_with(filter.clone(), move |_| state.set(None));
    }
    let shown = (*state).clone().filter(|shown| shown.found_by == *filter);
    let set = {
        let (setter, found_by) = (state.setter(), filter.clone());
        move |line, open| {
            setter.set(Some(Shown {
                found_by: found_by.clone(),
                line,
                open,
            }));
        }
    };
    let place = shown.as_ref().map(|shown| shown.line);
    let back = {
        let set = set.clone();
        Callback::from(move |()| {
            if let Some(line) = place {
                set(line, false);
            }
        })
    };
    Context {
        line: shown.filter(|shown| shown.open).map(|shown| shown.line),
        place,
        show: filter
            .narrows()
            .then(|| Callback::from(move |line| set(line, true))),
        back,
    }
}

#[derive(PartialEq, Properties)]
pub struct InContextProps {
    pub application: ApplicationId,
    /// It is a line of this deployment's log.
    #[prop_or_default]
    pub deployment: Option<DeploymentId>,
    pub line: u64,
    /// As the search shows its lines; nothing is marked that was looked for.
    pub looks: Looks,
    pub wrap: UseStateHandle<bool>,
    pub back: Callback<()>,
}

#[function_component]
pub fn InContext(props: &InContextProps) -> Html {
    let cluster = use_cluster().id();
    let live = use_fleet().is_up(cluster);
    let (source, newer) = use_lines_around(cluster, props.application, props.deployment, props.line, live);
    let follow = use_state_eq(|| false);
    let chosen = use_state_eq(|| None::<(u64, u64)>);
    let body = match &source.first {
        Asked::Waiting => html! { <div class="log-wait"><NotYet/></div> },
        Asked::Failed(failure) => broken(&source, failure),
        Asked::There => {
            let looks = Looks {
                wanted: String::new(),
                ..props.looks.clone()
            };
            let goes_on = newer.asked == Asked::There && !newer.at_end && !newer.let_go;
            let onend = if goes_on {
                newer.load.clone()
            } else {
                Callback::noop()
            };
            let empty = html! { <p class="log-empty">{ "No line of it is kept any more." }</p> };
            html! {
                <LogPane log={source.log.clone()} {follow} chosen={chosen.clone()} wrap={*props.wrap} {looks} marked={props.line} begin_at={props.line}
                    top={top(&source)} ontop={source.load_older.clone()} bottom={bottom(&newer, &source.restart)} {onend} {empty}/>
            }
        }
    };
    let is_gone = source.first == Asked::There && source.log.buffer.borrow().by_id(props.line).is_none();
    let tools = html! {
        <>
            <span class="faint number" data-testid="log-count">{ counted(&source.log.buffer.borrow()) }</span>
            <span class="grow"/>
            { copy_buttons(&source.log, *chosen) }
            <WrapButton wrap={props.wrap.clone()}/>
        </>
    };
    html! {
        <ContextFrame back={props.back.clone()} is_gone={is_gone && !newer.let_go} {tools}>{ body }</ContextFrame>
    }
}

/// Below the last line: newer ones, or that there are none yet.
fn bottom(newer: &Newer, restart: &Callback<()>) -> Html {
    let load = |label: &'static str| {
        html! { <Button id="log-newer" {label} look={Look::Plain} onclick={newer.load.clone()}/> }
    };
    let inside = match &newer.asked {
        _ if newer.let_go => html! {
            <>
                { "Newer lines had to give way to these. " }
                <Button id="log-newer" label="Begin with the marked line again" look={Look::Plain} onclick={restart.clone()}/>
            </>
        },
        Asked::Waiting => html! { { "Loading newer lines…" } },
        Asked::Failed(failure) => html! { <>{ format!("{} ", failure.sentence) }{ load("Try again") }</> },
        Asked::There if newer.at_end => {
            html! { <>{ "These were the newest lines. " }{ load("Look for newer ones") }</> }
        }
        Asked::There => load("Load newer lines"),
    };
    html! { <div class="log-top" data-testid="log-bottom">{ inside }</div> }
}
