//! What can be done with an application: open it, roll it back, deploy it, and the other ways to change what runs.

use slipway_protocol::api::{PlanDeployment, StartApplication};
use slipway_protocol::deployment::Trigger;
use slipway_protocol::desktop::{Failure, OpenUrl, command};
use slipway_protocol::{Action, Resource};
use yew::prelude::*;

use super::AppProps;
use super::plan::{PlanDialog, loses_nothing, meaning, request};
use super::roll_back::RollBackDialog;
use super::scale::ScaleDialog;
use super::stop::StopDialog;
use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::icon::Icon;
use crate::components::menu::{Item, Menu};
use crate::rights::FOR_DEVELOPERS;
use crate::route::Here;
use crate::shell;
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::state::remote::is_conflict;
use crate::state::task::{Task, last_failure, use_task};

/// The dialog that is open.
#[derive(Clone, PartialEq)]
enum Doing {
    Nothing,
    Planning(Trigger),
    /// What was asked for at one click was refused: its plan is shown with the reason.
    Refused(Trigger, Failure),
    Scaling,
    Stopping,
    RollingBack,
}

const NO_RIGHT: AttrValue = AttrValue::Static(FOR_DEVELOPERS);
const NOTHING_SERVES: AttrValue = AttrValue::Static("No release serves yet; deploy it first");

#[function_component]
pub fn Actions(props: &AppProps) -> Html {
    let context = use_cluster();
    let (deploying, starting) = (use_task(), use_task());
    let doing = use_state_eq(|| Doing::Nothing);
    let set = |what: Doing| {
        let doing = doing.setter();
        Callback::from(move |()| doing.set(what.clone()))
    };
    let may = context.may(Resource::Deployment, Action::Run);
    let deploy = {
        let (context, task, props) = (context.clone(), deploying.clone(), props.clone());
        let look = {
            let doing = doing.setter();
            Callback::from(move |refused: Option<Failure>| {
                doing.set(match refused {
                    Some(failure) => Doing::Refused(Trigger::Deploy, failure),
                    None => Doing::Planning(Trigger::Deploy),
                })
            })
        };
        Callback::from(move |()| deploy(&context, &task, &props, look.clone()))
    };
    let application = props.app.id;
    let start = starting.sends(
        context.id(),
        StartApplication { application },
        props.reload.clone(),
    );
    let no_run = (!may).then_some(NO_RIGHT);
    let unserved = no_run
        .clone()
        .or_else(|| props.app.serving.is_none().then_some(NOTHING_SERVES));
    let plan = |id: &'static str, label: &'static str, trigger: Trigger| {
        Item::new(id, label, set(Doing::Planning(trigger.clone())))
            .hint(meaning(&trigger))
            .unless(unserved.clone())
    };
    let no_stop = (!context.may(Resource::Application, Action::Run))
        .then_some(NO_RIGHT)
        .or_else(|| props.app.serving.is_none().then_some(NOTHING_SERVES));
    let end = if props.app.stopped {
        Item::new("start", "Start", start)
            .hint("Starts the release that was stopped, with as many tasks as it had.")
            .unless(no_stop)
    } else {
        Item::new("stop", "Stop…", set(Doing::Stopping))
            .hint("Ends all tasks. The release stays, and can be started again.")
            .unless(no_stop)
            .danger()
    };
    let items = vec![
        Item::new(
            "deploy-plan",
            "Plan a deployment…",
            set(Doing::Planning(Trigger::Deploy)),
        )
        .hint("What Deploy would do now, before it does it.")
        .unless(no_run.clone()),
        plan("redeploy", "Redeploy…", Trigger::Redeploy),
        plan("reload", "Reload…", Trigger::Reload),
        plan("restart", "Restart…", Trigger::Restart),
        Item::new("scale", "Scale…", set(Doing::Scaling))
            .hint("Runs the release that serves with another number of tasks.")
            .unless(unserved.clone()),
        end,
    ];
    let failure = last_failure(&[&deploying, &starting]);
    let dismiss = {
        let tasks = [deploying.clone(), starting.clone()];
        Callback::from(move |()| tasks.iter().for_each(Task::dismiss))
    };
    html! {
        <>
            <OpenButton ..props.clone()/>
            <Button id="roll-back" label="Roll back…" icon={Icon::Undo} acts=true onclick={set(Doing::RollingBack)} disabled={unserved.is_some()}
                hint={unserved}/>
            <span class="split">
                <Button id="deploy" label="Deploy" look={Look::Primary} icon={Icon::Deploy} onclick={deploy} busy={deploying.busy()}
                    disabled={!may} hint={no_run}/>
                <Menu id="deploy-more" label="Other ways to change what runs" look={Look::Primary} icon={Icon::Down} {items}/>
            </span>
            <div class="action-failure">
                if failure.is_some() {
                    <Button id="action-failure-dismiss" label="Dismiss" icon={Icon::Cross} icon_only=true look={Look::Plain} onclick={dismiss}/>
                }
                <FormError {failure}/>
            </div>
            { dialog(props, &doing, set(Doing::Nothing)) }
        </>
    }
}

fn dialog(props: &AppProps, doing: &Doing, close: Callback<()>) -> Html {
    let app = props.app.clone();
    match doing.clone() {
        Doing::Nothing => html! {},
        Doing::Planning(trigger) => {
            let key = trigger.as_str();
            html! { <PlanDialog {key} {app} {trigger} {close}/> }
        }
        Doing::Refused(trigger, refused) => html! { <PlanDialog {app} {trigger} {refused} {close}/> },
        Doing::Scaling => html! { <ScaleDialog {app} {close}/> },
        Doing::Stopping => html! { <StopDialog {app} reload={props.reload.clone()} {close}/> },
        Doing::RollingBack => html! { <RollBackDialog props={props.clone()} {close}/> },
    }
}

/// One click where nothing can be lost; in production, and where nobody would serve for a while, the plan is looked at first.
fn deploy(context: &ClusterContext, task: &Task, props: &AppProps, look: Callback<Option<Failure>>) {
    if context.is_production() {
        look.emit(None);
        return;
    }
    let application = props.app.id;
    let (context, here) = (context.clone(), Here::now());
    task.run(async move {
        let body = Trigger::Deploy;
        let plan = shell::api(context.id(), PlanDeployment { application, body }).await?;
        if !loses_nothing(&plan) {
            look.emit(None);
            return Ok(());
        }
        match request(&context, application, Trigger::Deploy, plan.revision, here).await {
            Err(moved) if is_conflict(&moved) => {
                look.emit(Some(moved));
                Ok(())
            }
            outcome => outcome,
        }
    });
}

/// Opens the first address in the browser.
#[function_component]
fn OpenButton(props: &AppProps) -> Html {
    let opening = use_task();
    let Some(domain) = props.app.domains.first() else {
        return html! {};
    };
    let (url, busy, task) = (domain.url.clone(), opening.busy(), opening.clone());
    let onclick = Callback::from(move |()| {
        let url = url.clone();
        task.run(async move { shell::call(command::OPEN_URL, &OpenUrl { url }).await });
    });
    html! {
        <>
            <Button id="open-url" label={format!("Open {}", domain.host)} icon={Icon::External} {onclick} {busy}/>
            <div class="action-failure"><FormError failure={opening.failure()}/></div>
        </>
    }
}
