//! The question before an act of the palette: what it is about, what will happen, and then the act itself.

use slipway_protocol::api::{PlanDeployment, RequestDeployment, StartApplication, StopApplication};
use slipway_protocol::deployment::Trigger;
use slipway_protocol::desktop::Failure;
use slipway_protocol::plan::{PlanView, Revision};
use yew::prelude::*;

use super::entry::{Act, Asked};
use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::field::{Field, into_state};
use crate::components::modal::Dialog;
use crate::components::pill::Tag;
use crate::components::remote::face;
use crate::pages::app::plan::meaning;
use crate::pages::app::plan_view::plan_view;
use crate::pages::app::stop::what_stops;
use crate::route::{Here, Page, Route, Tab};
use crate::shell;
use crate::state::api::{Every, use_api};
use crate::state::cluster::OUT_OF_REACH;
use crate::state::fleet::use_fleet;
use crate::state::remote::{Remote, is_conflict};
use crate::state::task::use_task;

impl Act {
    fn verb(self) -> &'static str {
        match self {
            Self::Deploy => "Deploy",
            Self::Reload => "Reload",
            Self::Restart => "Restart",
            Self::Stop => "Stop",
            Self::Start => "Start",
        }
    }

    /// The deployment that it asks for, if it is one.
    fn trigger(self) -> Option<Trigger> {
        match self {
            Self::Deploy => Some(Trigger::Deploy),
            Self::Reload => Some(Trigger::Reload),
            Self::Restart => Some(Trigger::Restart),
            Self::Stop | Self::Start => None,
        }
    }
}

#[derive(PartialEq, Properties)]
pub struct AskProps {
    pub asked: Box<Asked>,
    pub close: Callback<()>,
}

#[function_component]
pub fn AskDialog(props: &AskProps) -> Html {
    let asked = &props.asked;
    let task = use_task();
    let typed = use_state(String::new);
    let (cluster, application, name) = (asked.cluster.id, asked.app.id, asked.app.name.as_str());
    let linked = use_fleet().is_up(cluster);
    let trigger = asked.act.trigger();
    let every = if trigger.is_some() {
        Every::Once
    } else {
        Every::Never
    };
    let body = trigger.clone().unwrap_or_default();
    let plan = use_api(cluster, PlanDeployment { application, body }, every);
    // Taking production off the air is not done by two presses of Enter.
    let wants_name = asked.act == Act::Stop && asked.cluster.tag.as_deref() == Some("production");
    // What is done is what was shown: without its plan a deployment is not asked for.
    let revision = plan.get().map(|seen| seen.revision.clone());
    let seen = trigger.is_none() || revision.is_some();
    let ready = linked && seen && (!wants_name || typed.trim() == name);
    let onsubmit = {
        let (task, asked, close) = (task.clone(), asked.clone(), props.close.clone());
        let again = plan.reload.clone();
        Callback::from(move |()| {
            if ready {
                let (asked, close, revision) = (asked.clone(), close.clone(), revision.clone());
                let (again, here) = (again.clone(), Here::now());
                task.run(async move {
                    let outcome = run(&asked, revision).await;
                    if outcome.as_ref().is_err_and(is_conflict) {
                        again.emit(());
                    }
                    here.go(outcome?);
                    close.emit(());
                    Ok(())
                });
            }
        })
    };
    let verb = asked.act.verb();
    let look = if asked.act == Act::Stop {
        Look::Danger
    } else {
        Look::Primary
    };
    let hint = (!linked).then_some(OUT_OF_REACH);
    let actions = html! {
        <>
            <Button label="Cancel" onclick={props.close.clone()} disabled={task.busy()}/>
            <Button id="ask-confirm" label={verb} {look} submit=true busy={task.busy()} disabled={!ready} {hint} autofocus={!wants_name}/>
        </>
    };
    html! {
        <Dialog id="ask" title={format!("{verb} {name}")} onclose={props.close.clone()} {onsubmit} stays={task.busy()} {actions}>
            <p class="ask-of" data-testid="ask-dialog-of">
                <span>{ format!("{} on {}", asked.place, asked.cluster.name) }</span>
                <Tag tag={asked.cluster.tag.clone().map(AttrValue::from)}/>
            </p>
            { what_follows(asked, &plan) }
            if wants_name {
                <Field id="ask-name" label={format!("Type {name} to stop it")} value={(*typed).clone()}
                    onchange={into_state(&typed)} mono=true autofocus=true/>
            }
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}

/// The same as on the application's own page.
fn what_follows(asked: &Asked, plan: &Remote<PlanView>) -> Html {
    match (asked.act.trigger(), asked.act) {
        (Some(trigger), _) => html! {
            <>
                <p class="will-happen">{ meaning(&trigger) }</p>
                { face(plan, "the right to read deployments", |plan| plan_view(plan, asked.app.serving.is_some())) }
            </>
        },
        (None, Act::Stop) => what_stops(&asked.app),
        (None, _) => html! { <p>{ "Starts the kept release again, with as many tasks as it had." }</p> },
    }
}

/// Does it; answers the page that shows how it goes.
async fn run(asked: &Asked, revision: Option<Revision>) -> Result<Route, Failure> {
    let (cluster, application) = (asked.cluster.id, asked.app.id);
    let Some(body) = asked.act.trigger() else {
        if asked.act == Act::Stop {
            shell::api(cluster, StopApplication { application }).await?;
        } else {
            shell::api(cluster, StartApplication { application }).await?;
        }
        return Ok(Route::Cluster(cluster, Page::App(application, Tab::Overview)));
    };
    let request = RequestDeployment {
        application,
        revision,
        body,
    };
    let deployment = shell::api(cluster, request).await?;
    Ok(Route::Cluster(cluster, Page::Deployment(deployment.id)))
}
