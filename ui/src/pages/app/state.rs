//! What is not as it should be, said first on the overview: stopped, down, too few tasks, a deployment that is stuck.

use slipway_protocol::api::StartApplication;
use slipway_protocol::application::{ApplicationView, ObservedStatus, Unhealthy};
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView};
use slipway_protocol::{Action, Resource};
use yew::prelude::*;

use super::AppProps;
use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::icon::Icon;
use crate::components::pill::Tone;
use crate::rights::FOR_DEVELOPERS;
use crate::route::{Page, Tab};
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;

#[function_component]
pub fn State(props: &AppProps) -> Html {
    let app = &props.app;
    html! {
        <>
            if let Some(stuck) = stuck(app) { <Stuck deployment={stuck.clone()}/> }
            if app.stopped { <Stopped ..props.clone()/> } else { <Weak ..props.clone()/> }
        </>
    }
}

fn stuck(app: &ApplicationView) -> Option<&DeploymentView> {
    app.last_deployment
        .as_ref()
        .filter(|last| last.status == DeploymentStatus::Stuck)
}

#[derive(PartialEq, Properties)]
struct BannerProps {
    id: AttrValue,
    tone: Tone,
    title: AttrValue,
    text: AttrValue,
    children: Html,
}

#[function_component]
fn Banner(props: &BannerProps) -> Html {
    html! {
        <div class={classes!("state-banner", props.tone.class())} data-testid={props.id.clone()} role="status">
            <strong>{ &props.title }</strong>
            <span>{ &props.text }</span>
            <span class="grow"/>
            { props.children.clone() }
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct StuckProps {
    deployment: DeploymentView,
}

#[function_component]
fn Stuck(props: &StuckProps) -> Html {
    let context = use_cluster();
    let id = props.deployment.id;
    let onclick = Callback::from(move |()| context.go(Page::Deployment(id)));
    let title = format!("Deployment {} is stuck", props.deployment.number);
    html! {
        <Banner id="state-stuck" tone={Tone::Bad} {title}
            text="What it began could not be taken back. Somebody has to look at it and decide.">
            <Button id="stuck-look" label="Look at it" {onclick}/>
        </Banner>
    }
}

#[function_component]
fn Stopped(props: &AppProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let may = context.may(Resource::Application, Action::Run);
    let hint = (!may).then_some(AttrValue::Static(FOR_DEVELOPERS));
    let application = props.app.id;
    let onclick = task.sends(
        context.id(),
        StartApplication { application },
        props.reload.clone(),
    );
    let text = match props.app.observed_tasks {
        0 => "Somebody stopped it: no task runs and nobody serves. Its release stays.".to_owned(),
        1 => "Somebody stopped it: one task still ends.".to_owned(),
        many => format!("Somebody stopped it: {many} tasks still end."),
    };
    html! {
        <Banner id="state-stopped" tone={Tone::Neutral} title="Stopped" {text}>
            <Button id="state-start" label="Start" look={Look::Primary} icon={Icon::Start} {onclick} busy={task.busy()} disabled={!may} {hint}/>
            <FormError failure={task.failure()}/>
        </Banner>
    }
}

/// What is wrong with tasks that run, and what becomes of them.
fn unhealthy_words(unhealthy: &Unhealthy, run: u16) -> String {
    let who = match (unhealthy.tasks, run) {
        (1, 1) => "Its task runs, and fails".to_owned(),
        (1, run) => format!("{run} tasks run, and one of them fails"),
        (some, run) => format!("{run} tasks run, and {some} of them fail"),
    };
    format!(
        "{who} the health check: {}. Requests still go there; a restart may help, and the logs say more.",
        unhealthy.said
    )
}

/// Fewer tasks than there should be, or ill ones.
#[function_component]
fn Weak(props: &AppProps) -> Html {
    let context = use_cluster();
    let app = &props.app;
    let logs = ("Logs", Page::App(app.id, Tab::Logs));
    let (tone, title, text, (label, page)) = match app.observed {
        ObservedStatus::Down => (
            Tone::Bad,
            "Down",
            match app.wanted_tasks {
                1 => "Its task does not run: nobody serves. Docker goes on trying to start it; the logs say what it met.".to_owned(),
                wanted => format!(
                    "None of {wanted} tasks runs: nobody serves. Docker goes on trying to start them; the logs say what they met."
                ),
            },
            logs,
        ),
        ObservedStatus::Degraded => (
            Tone::Warning,
            "Degraded",
            format!(
                "{} of {} tasks run. The others start, or fail again and again; the logs say which.",
                app.observed_tasks, app.wanted_tasks
            ),
            logs,
        ),
        ObservedStatus::Unknown => (
            Tone::Warning,
            "Unknown",
            "Docker could not be asked. What ran before goes on running; the health page says what is wrong."
                .to_owned(),
            ("Health", Page::Health),
        ),
        ObservedStatus::Running => match &app.unhealthy {
            Some(unhealthy) => (
                Tone::Bad,
                "Unhealthy",
                unhealthy_words(unhealthy, app.observed_tasks),
                logs,
            ),
            None => return html! {},
        },
        ObservedStatus::Absent | ObservedStatus::Stopped => return html! {},
    };
    let onclick = Callback::from(move |()| context.go(page));
    html! { <Banner id="state-weak" {tone} {title} {text}><Button id="state-look" {label} {onclick}/></Banner> }
}
