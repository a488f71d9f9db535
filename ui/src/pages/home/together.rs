//! The question before several applications are deployed or restarted: which, what is planned for each, and how each was answered.

use std::cell::Cell;
use std::rc::Rc;

use slipway_protocol::api::{PlanDeployment, RequestDeployment};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::{DeploymentView, Trigger};
use slipway_protocol::desktop::Failure;
use slipway_protocol::plan::{PlanView, Revision};
use slipway_protocol::{ApplicationId, ClusterId};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::answers::Answers;
use super::plans::{Planned, Plans};
use crate::components::button::{Button, Look};
use crate::components::modal::Dialog;
use crate::components::pill::Tag;
use crate::pages::app::plan::{label, meaning};
use crate::pages::app::plan_view::plan_in_short;
use crate::shell;
use crate::state::alive::use_alive;
use crate::state::cluster::use_cluster;
use crate::state::few::Few;
use crate::state::remote::is_conflict;
use crate::state::task::use_task;
use crate::text;

#[derive(PartialEq, Properties)]
pub struct TogetherProps {
    pub trigger: Trigger,
    pub apps: Vec<ApplicationView>,
    pub close: Callback<()>,
}

/// What is known of all of them.
#[derive(Clone, Default, PartialEq)]
struct Known {
    plans: Plans,
    answers: Answers,
    /// Plans are being asked for.
    looking: bool,
    /// They were asked for, and not all are under way.
    asked: bool,
}

#[function_component]
pub fn TogetherDialog(props: &TogetherProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let known = use_state_eq(|| Known {
        looking: true,
        ..Known::default()
    });
    let alive = use_alive();
    let work = Work {
        cluster: context.id(),
        trigger: props.trigger.clone(),
        all: props.apps.iter().map(|app| app.id).collect(),
        tell: known.setter(),
        alive,
    };
    let look = {
        let (work, known) = (work.clone(), (*known).clone());
        Callback::from(move |()| {
            let (work, mut known) = (work.clone(), known.clone());
            spawn_local(async move { work.look(&mut known).await });
        })
    };
    {
        let look = look.clone();
        use_effect_with((), move |()| look.emit(()));
    }
    let can = work.all.iter().any(|id| known.can_be_asked(*id));
    let onsubmit = {
        let (task, known, work) = (task.clone(), (*known).clone(), work.clone());
        let (close, context) = (props.close.clone(), context.clone());
        Callback::from(move |()| {
            if known.looking || !can {
                return;
            }
            let (work, mut known) = (work.clone(), known.clone());
            let (close, context) = (close.clone(), context.clone());
            task.run(async move {
                work.ask(&mut known).await;
                context.reload();
                if known.answers.said(work.all.len()).is_none() {
                    close.emit(());
                }
                Ok(())
            });
        })
    };
    let verb = label(&props.trigger);
    let busy = task.busy();
    let unplanned = known.plans.without(&work.all).len();
    let (cancel, confirm) = if known.asked {
        ("Close", "Try the rest again")
    } else {
        ("Cancel", verb)
    };
    let actions = html! {
        <>
            <Button id="together-close" label={cancel} onclick={props.close.clone()} disabled={busy}/>
            if unplanned > 0 && !known.looking && !busy {
                <Button id="together-look" label="Look again" acts=true onclick={look}/>
            }
            <Button id="together-confirm" label={confirm} look={Look::Primary} submit=true {busy} disabled={known.looking || !can}
                hint={known.looking.then_some("The plans are on their way")}/>
        </>
    };
    let title = format!(
        "{verb} {}",
        text::count(props.apps.len(), "application", "applications")
    );
    html! {
        <Dialog id="together" {title} onclose={props.close.clone()} {onsubmit} stays={busy} {actions}>
            <p class="ask-of">
                <span>{ format!("On {}", context.cluster.name) }</span>
                <Tag tag={context.cluster.tag.clone().map(AttrValue::from)}/>
            </p>
            <p class="will-happen">{ meaning(&props.trigger) }</p>
            <ul class="together-list">{ for props.apps.iter().map(|app| line(app, &known, busy)) }</ul>
            { said(&known, work.all.len(), busy) }
        </Dialog>
    }
}

impl Known {
    /// It has a plan, and is not under way already.
    fn can_be_asked(&self, application: ApplicationId) -> bool {
        !self.answers.is_under_way(application) && self.plans.revision(application).is_some()
    }
}

/// What is done with all of them, a few side by side: for each the agent asks a repository or a registry.
#[derive(Clone)]
struct Work {
    cluster: ClusterId,
    trigger: Trigger,
    all: Vec<ApplicationId>,
    tell: UseStateSetter<Known>,
    alive: Rc<Cell<bool>>,
}

impl Work {
    /// Asks for the plan of each that has none.
    async fn look(&self, known: &mut Known) {
        let missing = known.plans.without(&self.all);
        for application in &missing {
            known.plans.forget(*application);
        }
        known.looking = true;
        self.tell.set(known.clone());
        let mut plans = Few::of(missing.into_iter().map(|application| self.plan_of(application)));
        while let Some((application, came)) = plans.answer().await {
            if !self.alive.get() {
                return;
            }
            if !known.plans.take(application, came) {
                plans.begin_no_more();
            }
            self.tell.set(known.clone());
        }
        known.looking = false;
        self.tell.set(known.clone());
    }

    async fn plan_of(&self, application: ApplicationId) -> (ApplicationId, Result<PlanView, Failure>) {
        let body = self.trigger.clone();
        let came = shell::api(self.cluster, PlanDeployment { application, body }).await;
        (application, came)
    }

    /// Asks for each as it was planned. What has changed meanwhile is refused, and planned anew.
    async fn ask(&self, known: &mut Known) {
        known.answers.forget_the_rest();
        let rest = self.all.iter().copied().filter(|id| known.can_be_asked(*id));
        let rest: Vec<(ApplicationId, Option<Revision>)> =
            rest.map(|id| (id, known.plans.revision(id))).collect();
        self.tell.set(known.clone());
        let requests = rest
            .into_iter()
            .map(|(application, revision)| self.request(application, revision));
        let mut answers = Few::of(requests);
        while let Some((application, came)) = answers.answer().await {
            if came.as_ref().is_err_and(is_conflict) {
                known.plans.forget(application);
            }
            if !known.answers.take(application, came.as_ref().map(|_| ())) {
                answers.begin_no_more();
            }
            self.tell.set(known.clone());
        }
        known.asked = true;
        if known.answers.said(self.all.len()).is_some() {
            self.look(known).await;
        } else {
            self.tell.set(known.clone());
        }
    }

    async fn request(
        &self,
        application: ApplicationId,
        revision: Option<Revision>,
    ) -> (ApplicationId, Result<DeploymentView, Failure>) {
        let request = RequestDeployment {
            application,
            revision,
            body: self.trigger.clone(),
        };
        (application, shell::api(self.cluster, request).await)
    }
}

fn said(known: &Known, all: usize, busy: bool) -> Html {
    if busy {
        return html! { <p class="secondary" role="status">{ format!("{} of {all}", known.answers.len()) }</p> };
    }
    match known.answers.said(all).filter(|_| known.asked) {
        Some(said) => html! { <p class="field-error" role="alert" data-testid="together-said">{ said }</p> },
        None => html! {},
    }
}

/// Its name, how it was answered, and its plan as long as it is not under way.
fn line(app: &ApplicationView, known: &Known, busy: bool) -> Html {
    let (tone, word) = known.answers.word(app.id);
    let under_way = known.answers.is_under_way(app.id);
    let plan = match known.plans.of(app.id).filter(|_| !under_way) {
        Some(Planned::As(plan)) => plan_in_short(plan, app.serving.is_some()),
        Some(Planned::Not(why)) => {
            html! { <p class="tone-text bad">{ format!("Left out, because there is no plan: {why}") }</p> }
        }
        None if known.looking => html! { <p class="faint">{ "Looking what would be done…" }</p> },
        None if !under_way => html! { <p class="faint">{ "There is no plan yet." }</p> },
        None => html! {},
    };
    html! {
        <li key={app.id.to_string()} data-testid={format!("together-{}", app.name)}>
            <strong>{ app.name.as_str() }</strong>
            if known.asked || busy { { ": " }<span class={classes!("tone-text", tone.class())}>{ word }</span> }
            { plan }
        </li>
    }
}
