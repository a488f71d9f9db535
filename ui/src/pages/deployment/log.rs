//! The log of a deployment as it comes, or what is found in it as that comes. The agent looks, over all that it keeps.

use std::rc::Rc;

use slipway_protocol::deployment::{DeploymentView, Step};
use yew::prelude::*;

use crate::components::log_view::pane::LogPane;
use crate::components::log_view::row::Looks;
use crate::components::log_view::{FollowButton, SharedLog, WrapButton, copy_buttons, counted};
use crate::components::remote::NotYet;
use crate::pages::app::logs::context::{InContext, use_log_context};
use crate::pages::app::logs::filter::LogFilter;
use crate::pages::app::logs::source::{Asked, use_log_source};
use crate::pages::app::logs::tools::FilterTools;
use crate::pages::app::logs::{broken, interrupted, is_invalid, pill, top};
use crate::state::cluster::use_cluster;
use crate::state::fleet::use_fleet;
use crate::state::settled::use_settled;

#[derive(PartialEq, Properties)]
pub struct DeploymentLogProps {
    pub view: Rc<DeploymentView>,
    /// All that came.
    pub log: SharedLog,
    /// What to say as long as there is no line.
    pub empty: AttrValue,
    /// How the stream stands.
    pub state: Html,
}

#[function_component]
pub fn DeploymentLog(props: &DeploymentLogProps) -> Html {
    let typed = use_state_eq(LogFilter::default);
    let filter = use_settled(&*typed, typed.complaint().is_none());
    let follow = use_state_eq(|| true);
    // What a build says is read to its end.
    let wrap = use_state_eq(|| true);
    let chosen = use_state_eq(|| None::<(u64, u64)>);
    let onchange = {
        let (typed, follow) = (typed.clone(), follow.setter());
        Callback::from(move |next: LogFilter| {
            // A field that is left tells once more what is in it.
            if next != *typed {
                typed.set(next);
                follow.set(true);
            }
        })
    };
    let steps = props.view.steps.iter();
    let steps: Vec<Step> = steps.filter_map(|step| step.step.known().copied()).collect();
    let body = if filter.narrows() {
        html! { <Found view={props.view.clone()} {filter} follow={follow.clone()} wrap={wrap.clone()}/> }
    } else {
        let empty = html! { <p class="log-empty">{ &props.empty }</p> };
        html! {
            <>
                <div class="log-strip">
                    { props.state.clone() }
                    <span class="faint number" data-testid="log-count">{ counted(&props.log.buffer.borrow()) }</span>
                    <span class="grow"/>
                    { copy_buttons(&props.log, *chosen) }
                    <WrapButton wrap={wrap.clone()}/>
                    <FollowButton follow={follow.clone()}/>
                </div>
                <LogPane log={props.log.clone()} follow={follow.clone()} {chosen} wrap={*wrap} looks={Looks::default()} {empty}/>
            </>
        }
    };
    html! {
        <div class="log" data-testid="deployment-log">
            <FilterTools filter={(*typed).clone()} {onchange} {steps}/>
            { body }
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct FoundProps {
    view: Rc<DeploymentView>,
    filter: LogFilter,
    follow: UseStateHandle<bool>,
    wrap: UseStateHandle<bool>,
}

/// What is found, and what more is while the deployment goes on.
#[function_component]
fn Found(props: &FoundProps) -> Html {
    let cluster = use_cluster().id();
    let live = use_fleet().is_up(cluster);
    let (application, deployment) = (props.view.application, props.view.id);
    let source = use_log_source(cluster, application, Some(deployment), &props.filter, live);
    let chosen = use_state_eq(|| None::<(u64, u64)>);
    let context = use_log_context(&props.filter);
    let looks = Looks {
        levels: true,
        wanted: if props.filter.regex {
            String::new()
        } else {
            props.filter.text.to_lowercase()
        },
        ..Looks::default()
    };
    if let Some(line) = context.line {
        return html! {
            <InContext key={line} {application} {deployment} {line} {looks} wrap={props.wrap.clone()} back={context.back.clone()}/>
        };
    }
    let body = match &source.first {
        Asked::Waiting => html! { <div class="log-wait"><NotYet/></div> },
        Asked::Failed(failure) if is_invalid(failure) => html! {
            <p class="log-said" role="alert" data-testid="log-refused">{ failure.sentence.clone() }</p>
        },
        Asked::Failed(failure) => broken(&source, failure),
        Asked::There => {
            let empty = html! { <p class="log-empty" data-testid="log-empty">{ "No line fits. Widen the time, or look for less." }</p> };
            html! {
                <LogPane log={source.log.clone()} follow={props.follow.clone()} chosen={chosen.clone()} wrap={*props.wrap} {looks}
                    top={top(&source)} ontop={source.load_older.clone()} catch_up={source.restart.clone()} begin_at={context.place}
                    oncontext={context.show.clone()} {empty}/>
            }
        }
    };
    html! {
        <>
            <div class="log-strip">
                { pill(&source, &props.filter, props.view.status.is_final()) }
                <span class="faint number" data-testid="log-count">{ counted(&source.log.buffer.borrow()) }</span>
                <span class="grow"/>
                { copy_buttons(&source.log, *chosen) }
                <WrapButton wrap={props.wrap.clone()}/>
                <FollowButton follow={props.follow.clone()}/>
            </div>
            { interrupted(&source) }
            { body }
        </>
    }
}
