//! A deployment: its steps and its log side by side, and what serves meanwhile.

mod head;
mod live;
mod meanwhile;
mod steps;

use slipway_protocol::DeploymentId;
use slipway_protocol::api::{GetApplication, GetDeployment};
use slipway_protocol::deployment::DeploymentView;
use yew::prelude::*;

use self::head::{Cancel, head};
use self::live::{Live, use_live};
use self::meanwhile::Meanwhile;
use self::steps::Steps;
use crate::components::card::Card;
use crate::components::failure::FailurePanel;
use crate::components::log_view::LogView;
use crate::components::pill::{Pill, Tone};
use crate::components::remote::face;
use crate::state::api::{Every, LIST, use_api};
use crate::state::cluster::use_cluster;

#[derive(PartialEq, Properties)]
pub struct DeploymentPageProps {
    pub id: DeploymentId,
}

#[function_component]
pub fn DeploymentPage(props: &DeploymentPageProps) -> Html {
    let context = use_cluster();
    let live = use_live(context.id(), props.id);
    let deployment = props.id;
    let over = live.view.as_ref().is_some_and(|view| view.status.is_final());
    let every = if over { Every::Once } else { LIST };
    // The sidebar and the status bar learn the end at the same moment as this page.
    let refresh = context.clone();
    use_effect_with(over, move |over| {
        if *over {
            refresh.reload();
        }
    });
    let remote = use_api(context.id(), GetDeployment { deployment }, every);
    // Each change comes by the stream; the list of calls fills in where the stream is interrupted.
    let view = newest(live.view.as_ref(), remote.get()).cloned();
    let actions = view.clone().map(|view| html! { <Cancel {view}/> });
    html! {
        <div class="page" data-testid="deployment-page">
            { head(&context, view.as_ref(), actions.unwrap_or_default()) }
            <div class="content fills">
                { match view {
                    Some(view) => html! { <Inside {view} {live}/> },
                    None => face(&remote, "the right to read deployments", |_| html! {}),
                } }
            </div>
        </div>
    }
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
struct InsideProps {
    view: DeploymentView,
    live: Live,
}

#[function_component]
fn Inside(props: &InsideProps) -> Html {
    let context = use_cluster();
    let application = props.view.application;
    let app = use_api(context.id(), GetApplication { application }, LIST);
    let (tone, word) = match &props.live.following {
        one if one.is_interrupted() => (Tone::Warning, "interrupted"),
        one if one.ended => (Tone::Neutral, "complete"),
        _ => (Tone::Progress, "live"),
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
                if let Some(failure) = &props.view.failure {
                    <FailurePanel id="deployment-failure" title={failed(&props.view)} text={failure.clone()}
                        explanation={props.view.explanation().cloned()}/>
                }
                <Card title="Steps"><Steps view={props.view.clone()}/></Card>
                if let Some(app) = app.data.clone() { <Meanwhile {app} view={props.view.clone()}/> }
            </div>
            <LogView id="deployment-log" log={props.live.log.clone()} empty="Nothing has been written yet."
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
