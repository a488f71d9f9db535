//! What an action will do, before it does it; then it is done with the plan's revision. Where the world has moved meanwhile the agent
//! refuses, and the new plan is shown.

use std::rc::Rc;

use slipway_protocol::api::{PlanDeployment, RequestDeployment};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::Trigger;
use slipway_protocol::desktop::Failure;
use slipway_protocol::plan::{Downtime, PlanView, Revision};
use slipway_protocol::{Action, ApplicationId, DeploymentId, Resource};
use yew::prelude::*;

use super::plan_view::plan_view;
use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::modal::Dialog;
use crate::components::remote::face;
use crate::rights::FOR_DEVELOPERS;
use crate::route::{Here, Page};
use crate::shell;
use crate::state::api::{Every, use_api};
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::state::remote::{Remote, is_conflict};
use crate::state::task::{Task, use_task};

/// The plan of a trigger as of when it was asked for; of none without one.
#[hook]
pub fn use_plan(application: ApplicationId, trigger: Option<Trigger>) -> Remote<PlanView> {
    let every = if trigger.is_some() {
        Every::Once
    } else {
        Every::Never
    };
    use_kept_plan(application, trigger.unwrap_or_default(), every)
}

/// The plan of a trigger, asked for again every so often.
#[hook]
pub fn use_kept_plan(application: ApplicationId, body: Trigger, every: Every) -> Remote<PlanView> {
    let context = use_cluster();
    use_api(context.id(), PlanDeployment { application, body }, every)
}

/// Somebody serves all the time, or nobody did before: it can be done without a second look.
pub fn loses_nothing(plan: &PlanView) -> bool {
    match plan.downtime {
        Downtime::None | Downtime::First => true,
        Downtime::WhileStarting => false,
    }
}

/// Why it cannot be carried out now: there is no link, or the plan is one that was seen before.
pub fn not_now(context: &ClusterContext, plan: &Remote<PlanView>) -> Option<AttrValue> {
    context
        .out_of_reach()
        .or_else(|| of_before(plan.live, plan.failure.is_some()))
}

/// Why a plan is not carried out that was not made just now.
fn of_before(live: bool, failed: bool) -> Option<AttrValue> {
    match (live, failed) {
        (true, _) => None,
        (false, false) => Some(AttrValue::Static(
            "This plan was made before; it can be carried out as soon as it is made anew",
        )),
        (false, true) => Some(AttrValue::Static(
            "This plan was made before, and could not be made anew; close this and try again",
        )),
    }
}

/// Asks for it as it was planned, and opens its page if the person is still where they asked.
pub async fn request(
    context: &ClusterContext,
    application: ApplicationId,
    body: Trigger,
    revision: Revision,
    here: Here,
) -> Result<(), Failure> {
    let deployment = begin(context, application, body, revision).await?;
    here.go(context.route(Page::Deployment(deployment)));
    Ok(())
}

/// Asks for it as it was planned.
pub async fn begin(
    context: &ClusterContext,
    application: ApplicationId,
    body: Trigger,
    revision: Revision,
) -> Result<DeploymentId, Failure> {
    let request = RequestDeployment {
        application,
        revision: Some(revision),
        body,
    };
    let deployment = shell::api(context.id(), request).await?;
    context.applications.reload.emit(());
    Ok(deployment.id)
}

/// What a button does that does what was planned, as far as it is known what that is.
pub fn applies(
    context: &ClusterContext,
    task: &Task,
    application: ApplicationId,
    trigger: Option<Trigger>,
    plan: &Remote<PlanView>,
) -> Callback<()> {
    let (context, task, plan) = (context.clone(), task.clone(), plan.clone());
    Callback::from(move |()| {
        if let Some(trigger) = trigger.clone() {
            apply(&context, &task, application, trigger, &plan);
        }
    })
}

/// Does what was planned. If the plan is no longer true, it is asked for anew beside the refusal.
fn apply(
    context: &ClusterContext,
    task: &Task,
    application: ApplicationId,
    body: Trigger,
    plan: &Remote<PlanView>,
) {
    let Some(revision) = plan.get().map(|seen| seen.revision.clone()) else {
        return;
    };
    let (context, again, here) = (context.clone(), plan.reload.clone(), Here::now());
    task.run(async move {
        let outcome = request(&context, application, body, revision, here).await;
        if outcome.as_ref().is_err_and(is_conflict) {
            again.emit(());
        }
        outcome
    });
}

#[derive(PartialEq, Properties)]
pub struct PlanProps {
    pub app: Rc<ApplicationView>,
    pub trigger: Trigger,
    /// Why it was refused without a look at its plan.
    #[prop_or_default]
    pub refused: Option<Failure>,
    pub close: Callback<()>,
}

#[function_component]
pub fn PlanDialog(props: &PlanProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let app = &props.app;
    let plan = use_plan(app.id, Some(props.trigger.clone()));
    let may = context.may(Resource::Deployment, Action::Run);
    let confirm = applies(&context, &task, app.id, Some(props.trigger.clone()), &plan);
    let hint = if may {
        not_now(&context, &plan)
    } else {
        Some(AttrValue::Static(FOR_DEVELOPERS))
    };
    let actions = html! {
        <>
            <Button id="plan-cancel" label="Not now" disabled={task.busy()} onclick={props.close.clone()}/>
            <Button id="plan-apply" label={label(&props.trigger)} look={Look::Primary} submit=true busy={task.busy()}
                disabled={plan.get().is_none() || hint.is_some()} {hint}/>
        </>
    };
    let serves = app.serving.is_some();
    html! {
        <Dialog id="plan" title={format!("{} {}", label(&props.trigger), app.name)} onclose={props.close.clone()} onsubmit={confirm}
            stays={task.busy()} {actions}>
            <p class="will-happen">{ meaning(&props.trigger) }</p>
            { face(&plan, "the right to read deployments", |plan| plan_view(plan, serves)) }
            <FormError failure={task.failure().or_else(|| props.refused.clone())}/>
        </Dialog>
    }
}

/// What its button says.
pub fn label(trigger: &Trigger) -> &'static str {
    match trigger {
        Trigger::Deploy => "Deploy",
        Trigger::Rollback { .. } => "Roll back",
        Trigger::Redeploy => "Redeploy",
        Trigger::Reload => "Reload",
        Trigger::Restart => "Restart",
        Trigger::Scale { .. } => "Scale",
        Trigger::Adopt => "Adopt",
    }
}

/// What it is, in a sentence.
pub fn meaning(trigger: &Trigger) -> &'static str {
    match trigger {
        Trigger::Deploy => {
            "Builds what the source names now, and starts it with the settings and variables as they are now."
        }
        Trigger::Rollback { .. } => {
            "Starts the very image, variables and settings of that deployment again. Nothing is built."
        }
        Trigger::Redeploy => {
            "Builds the source that serves once more, with the settings and variables as they are now."
        }
        Trigger::Reload => {
            "Starts the image that serves with the settings and variables as they are now. Nothing is built."
        }
        Trigger::Restart => "Starts new tasks of the release that serves, as it is, and ends the old ones.",
        Trigger::Scale { .. } => "Runs the release that serves with another number of tasks, as it is.",
        Trigger::Adopt => {
            "Takes what was changed outside Slipway into the settings. Nothing is started or stopped."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-U2, FR-CON-08: a plan that was only remembered is not said to be a lost link, and says whether it is made anew.
    #[test]
    fn a_plan_of_before_says_so() {
        assert_eq!(of_before(true, false), None);
        assert_eq!(of_before(true, true), None);
        let said = |failed| of_before(false, failed).unwrap_or_default().to_string();
        assert!(said(false).contains("as soon as it is made anew"));
        assert!(said(true).contains("could not be made anew"));
    }
}
