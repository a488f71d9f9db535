//! A deployment: its steps and its log side by side, what serves meanwhile, and what the users got.

mod actions;
mod build;
pub mod compare;
mod head;
mod live;
mod log;
mod meanwhile;
mod receipt;
mod steps;
mod stuck;

use std::rc::Rc;

use chrono::Utc;
use slipway_protocol::DeploymentId;
use slipway_protocol::api::{GetApplication, GetDeployment};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView};
use yew::prelude::*;

use self::actions::Actions;
use self::build::{BuildCard, build_step};
use self::head::head;
use self::log::DeploymentLog;
use self::meanwhile::Meanwhile;
use self::receipt::ReceiptCard;
use self::steps::Steps;
use self::stuck::StuckCard;
use crate::components::card::Card;
use crate::components::failure::FailurePanel;
use crate::components::log_view::live::{Live, use_live};
use crate::components::pill::{Pill, Tone};
use crate::components::remote::face;
use crate::state::api::{Every, LIST, use_api};
use crate::state::cluster::use_cluster;
use crate::state::counter::use_counter;
use crate::state::remote::Remote;

#[derive(PartialEq, Properties)]
pub struct DeploymentPageProps {
    pub id: DeploymentId,
}

#[function_component]
pub fn DeploymentPage(props: &DeploymentPageProps) -> Html {
    // A stuck deployment that goes on is followed from its beginning again: its stream had ended.
    let (round, again) = use_counter();
    html! { <Followed key={round} id={props.id} {again}/> }
}

#[derive(PartialEq, Properties)]
struct FollowedProps {
    id: DeploymentId,
    again: Callback<()>,
}

#[function_component]
fn Followed(props: &FollowedProps) -> Html {
    let context = use_cluster();
    let live = use_live(context.id(), props.id);
    let deployment = props.id;
    let status = live.view.as_ref().map(|view| view.status);
    let over = status.is_some_and(DeploymentStatus::is_final);
    // A stuck one may be decided about by somebody else.
    let every = if over && status != Some(DeploymentStatus::Stuck) {
        Every::Once
    } else {
        LIST
    };
    // The sidebar and the status bar learn the end at the same moment as this page.
    let refresh = context.clone();
    use_effect_with(over, move |over| {
        if *over {
            refresh.reload();
        }
    });
    let remote = use_api(context.id(), GetDeployment { deployment }, every);
    let stuck = status == Some(DeploymentStatus::Stuck);
    let seen_stuck = use_memo(stuck, |_| Utc::now());
    // An answer from before it was stuck says nothing of that.
    let decided = stuck
        && remote.at.is_some_and(|at| at > *seen_stuck)
        && remote
            .get()
            .is_some_and(|asked| asked.status != DeploymentStatus::Stuck);
    {
        let again = props.again.clone();
        use_effect_with(decided, move |decided| {
            if *decided {
                again.emit(());
            }
        });
    }
    // Each change comes by the stream; the list of calls fills in where the stream is interrupted.
    let shown = Remote {
        data: newest(live.view.as_ref(), remote.get()).cloned().map(Rc::new),
        ..remote.clone()
    };
    let again = props.again.clone();
    let inside = match shown.data.clone() {
        Some(view) => html! { <Known {view} {shown} {live} {again}/> },
        None => html! {
            <>
                { head(&context, None, html! {}) }
                <div class="content">{ face(&shown, "the right to read deployments", |_| html! {}) }</div>
            </>
        },
    };
    html! { <div class="page" data-testid="deployment-page">{ inside }</div> }
}

/// Of two views of the same deployment the one that is further.
fn newest<'a>(
    streamed: Option<&'a DeploymentView>,
    asked: Option<&'a DeploymentView>,
) -> Option<&'a DeploymentView> {
    let progress = |view: &DeploymentView| {
        let moments = view
            .steps
            .iter()
            .flat_map(|step| [step.started_at, step.ended_at]);
        (view.status.is_final(), moments.flatten().count())
    };
    match (streamed, asked) {
        (Some(one), Some(two)) if progress(two) > progress(one) => Some(two),
        (Some(one), _) => Some(one),
        (None, two) => two,
    }
}

#[derive(PartialEq, Properties)]
struct KnownProps {
    view: Rc<DeploymentView>,
    /// The same with its age.
    shown: Remote<DeploymentView>,
    live: Live<DeploymentView>,
    again: Callback<()>,
}

#[function_component]
fn Known(props: &KnownProps) -> Html {
    let context = use_cluster();
    let view = &props.view;
    let application = view.application;
    let app = use_api(context.id(), GetApplication { application }, LIST).data;
    let actions = html! { <Actions view={view.clone()} app={app.clone()}/> };
    let (live, again) = (props.live.clone(), props.again.clone());
    html! {
        <>
            { head(&context, Some(view), actions) }
            <div class="content fills">
                { face(&props.shown, "the right to read deployments", |_| html! { <Inside view={view.clone()} {app} {live} {again}/> }) }
            </div>
        </>
    }
}

#[derive(PartialEq, Properties)]
struct InsideProps {
    view: Rc<DeploymentView>,
    app: Option<Rc<ApplicationView>>,
    live: Live<DeploymentView>,
    again: Callback<()>,
}

#[function_component]
fn Inside(props: &InsideProps) -> Html {
    let view = &props.view;
    let (tone, word) = match &props.live.following {
        one if one.is_interrupted() => (Tone::Warning, "interrupted"),
        one if one.ended => (Tone::Neutral, "complete"),
        _ if props.live.view.is_none() => (Tone::Progress, "loading"),
        _ => (Tone::Progress, "live"),
    };
    // An empty log is one that was heard of; one that has not come is not empty.
    let heard = props.live.view.is_some() || props.live.following.ended;
    let empty = if heard {
        "Nothing has been written yet."
    } else {
        "The log has not come yet."
    };
    let why = props
        .live
        .following
        .failure
        .clone()
        .map(|failure| AttrValue::from(failure.sentence));
    html! {
        <div class="deployment">
            <div class="deployment-side">
                if let Some(failure) = &view.failure {
                    <FailurePanel id="deployment-failure" title={failed(view)} text={failure.clone()}
                        explanation={view.explanation().cloned()}/>
                }
                if view.status == DeploymentStatus::Stuck { <StuckCard deployment={view.id} ondecided={props.again.clone()}/> }
                <Card title="Steps"><Steps view={(**view).clone()}/></Card>
                if let Some(step) = build_step(view) { <BuildCard view={(**view).clone()} step={step.clone()}/> }
                if let Some(receipt) = view.receipt { <ReceiptCard {receipt}/> }
                if let Some(app) = props.app.clone() { <Meanwhile {app} view={(**view).clone()}/> }
            </div>
            <DeploymentLog view={view.clone()} log={props.live.log.clone()} {empty}
                state={html! { <Pill {tone} text={word} title={why}/> }}/>
        </div>
    }
}

fn failed(view: &DeploymentView) -> String {
    match view.steps.iter().find(|step| step.failure.is_some()) {
        Some(step) => format!("It failed at {}", step.step.as_str().replace('_', "-")),
        None => format!("It has {}", view.status.as_str()),
    }
}
