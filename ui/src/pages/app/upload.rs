//! A folder or an archive that was dropped on the application's page: what deploying it will do, how much of it is sent, then the
//! deployment.

use std::rc::Rc;

use slipway_protocol::api::PlanDeployment;
use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::Trigger;
use slipway_protocol::desktop::{
    Dropped, Failure, FailureKind, SendDropped, SendProgress, Streamed, command,
};
use slipway_protocol::plan::PlanView;
use slipway_protocol::settings::Source;
use slipway_protocol::{Action, ErrorCode, Resource};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::plan::{begin, not_now, use_plan};
use super::plan_view::plan_view;
use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::modal::Dialog;
use crate::components::remote::face;
use crate::frame::dropped::Drops;
use crate::rights::FOR_DEVELOPERS;
use crate::route::{Here, Page};
use crate::shell::{self, Stream};
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::state::remote::{Remote, is_conflict};
use crate::text;

#[derive(PartialEq, Properties)]
pub struct UploadProps {
    pub app: Rc<ApplicationView>,
}

#[function_component]
pub fn Upload(props: &UploadProps) -> Html {
    let Some(drops) = use_context::<Drops>() else {
        return html! {};
    };
    let Some(dropped) = drops.dropped else {
        return html! {};
    };
    let (id, app) = (dropped.id, props.app.clone());
    let close = drops.done.reform(move |()| id);
    if matches!(app.settings.source, Source::Upload(_)) {
        html! { <UploadDialog key={id.0.to_string()} {app} {dropped} {close}/> }
    } else {
        html! { <NotUploaded {app} {dropped} {close}/> }
    }
}

#[derive(PartialEq, Properties)]
struct DroppedProps {
    app: Rc<ApplicationView>,
    dropped: Dropped,
    close: Callback<()>,
}

/// Its source is set to something else, which the next deployment would take again.
#[function_component]
fn NotUploaded(props: &DroppedProps) -> Html {
    let from = match &props.app.settings.source {
        Source::Git(_) => "comes from a git repository",
        Source::Image(_) => "is an image of a registry",
        Source::Upload(_) => "is uploaded",
    };
    let says = format!(
        "{} {from}, so “{}” is not deployed to it: the next deployment would take its own source again. To deploy folders, choose “Upload of a folder” \
         as the source in its settings, or make another application.",
        props.app.name, props.dropped.name
    );
    let actions =
        html! { <Button id="upload-not-close" label="Close" look={Look::Primary} submit=true offline=true/> };
    html! {
        <Dialog id="upload-not" title={format!("{} is not uploaded", props.app.name)} onclose={props.close.clone()}
            onsubmit={props.close.clone()} {actions}>
            <p>{ says }</p>
        </Dialog>
    }
}

/// How it stands.
#[derive(Clone, PartialEq)]
enum Going {
    Asked,
    /// Stopped by the person: what has arrived waits.
    Stopped,
    Failed(Failure),
    Sending(SendProgress),
    /// All of it is there, and its deployment is asked for.
    Deploying,
}

impl Going {
    fn is_under_way(&self) -> bool {
        matches!(self, Self::Sending(_) | Self::Deploying)
    }
}

#[function_component]
fn UploadDialog(props: &DroppedProps) -> Html {
    let context = use_cluster();
    let app = &props.app;
    let plan = use_plan(app.id, Some(Trigger::Deploy));
    let going = use_state_eq(|| Going::Asked);
    // Dropped with the dialog, and then it ends.
    let stream = use_mut_ref(|| None::<Stream>);
    // Which attempt counts: one that was stopped while it began is none.
    let round = use_mut_ref(|| 0_u32);
    let start = {
        let work = Work {
            context: context.clone(),
            app: app.clone(),
            plan: plan.clone(),
            going: going.setter(),
            close: props.close.clone(),
        };
        let (stream, round, dropped) = (Rc::clone(&stream), Rc::clone(&round), props.dropped.id);
        Callback::from(move |()| {
            let (work, stream, round) = (work.clone(), Rc::clone(&stream), Rc::clone(&round));
            work.going.set(Going::Sending(SendProgress::default()));
            *round.borrow_mut() += 1;
            let mine = *round.borrow();
            spawn_local(async move {
                let request = SendDropped {
                    cluster: work.context.id(),
                    application: work.app.id,
                    dropped,
                };
                let (going, counts) = (work.going.clone(), Rc::clone(&round));
                let here = Here::now();
                let hear = move |told| {
                    if *counts.borrow() == mine {
                        work.clone().hear(told, here);
                    }
                };
                let started = shell::follow(command::SEND_DROPPED, &request, hear).await;
                if *round.borrow() != mine {
                    return;
                }
                match started {
                    Ok(started) => *stream.borrow_mut() = Some(started),
                    Err(failure) => going.set(Going::Failed(failure)),
                }
            });
        })
    };
    let stop = {
        let (stream, going) = (Rc::clone(&stream), going.setter());
        Callback::from(move |()| {
            *round.borrow_mut() += 1;
            stream.borrow_mut().take();
            going.set(Going::Stopped);
        })
    };
    let serves = app.serving.is_some();
    let under_way = going.is_under_way();
    html! {
        <Dialog id="upload" title={format!("Deploy “{}” to {}?", props.dropped.name, app.name)} onclose={props.close.clone()}
            onsubmit={if under_way { Callback::noop() } else { start }} stays={under_way}
            actions={actions(&context, &going, &plan, stop, props.close.clone())}>
            <p class="will-happen">{ meaning(&props.dropped) }</p>
            { face(&plan, "the right to read deployments", |plan| plan_view(plan, serves)) }
            { progress(&going, context.is_linked()) }
            if let Going::Failed(failure) = &*going { <FormError failure={Some(failure.clone())}/> }
        </Dialog>
    }
}

fn meaning(dropped: &Dropped) -> String {
    format!(
        "Sends the {} “{}” without what its .gitignore and .dockerignore name, builds it, and starts it with the settings and variables as they are now.",
        dropped.kind.as_str(),
        dropped.name
    )
}

fn actions(
    context: &ClusterContext,
    going: &Going,
    plan: &Remote<PlanView>,
    stop: Callback<()>,
    close: Callback<()>,
) -> Html {
    if let Going::Sending(_) = going {
        return html! {
            <Button id="upload-stop" label="Stop sending" hint="What has arrived waits on the server for a day, and sending it again goes on there"
                onclick={stop}/>
        };
    }
    let may = context.may(Resource::Deployment, Action::Run);
    let hint = if may {
        not_now(context, plan)
    } else {
        Some(AttrValue::Static(FOR_DEVELOPERS))
    };
    let busy = *going == Going::Deploying;
    html! {
        <>
            <Button id="upload-cancel" label="Not now" disabled={busy} onclick={close}/>
            <Button id="upload-confirm" label="Send and deploy" look={Look::Primary} submit=true {busy}
                disabled={plan.get().is_none() || hint.is_some()} {hint}/>
        </>
    }
}

/// In words and as a bar.
fn progress(going: &Going, is_reached: bool) -> Html {
    let (says, share) = match going {
        Going::Asked | Going::Failed(_) => return html! {},
        Going::Stopped => (
            "Stopped. What has arrived waits on the server for a day; sending it again goes on there."
                .to_owned(),
            None,
        ),
        Going::Sending(_) if !is_reached => (
            "The connection is lost. Sending goes on where it stood as soon as there is one.".to_owned(),
            None,
        ),
        Going::Sending(progress) => (sent(*progress), Some(share(*progress))),
        Going::Deploying => (
            "All of it is there. Its deployment begins …".to_owned(),
            Some(100),
        ),
    };
    html! {
        <div class="upload-progress">
            if let Some(share) = share { <progress max="100" value={share.to_string()} aria-label="Sent"/> }
            <p role="status" data-testid="upload-progress">{ says }</p>
        </div>
    }
}

/// “12 MB of 45 MB are sent, 27 %”; before the first byte it is still being read.
fn sent(progress: SendProgress) -> String {
    if progress.length == 0 {
        return "Reading it, to see what of it the server has already …".to_owned();
    }
    format!(
        "{} of {} are sent, {} %",
        text::bytes(progress.sent),
        text::bytes(progress.length),
        share(progress)
    )
}

/// In percent; all of it is 100, and nothing less is.
fn share(progress: SendProgress) -> u64 {
    if progress.length == 0 {
        return 0;
    }
    progress.sent.min(progress.length) * 100 / progress.length
}

/// What the stream's messages are heard with.
#[derive(Clone)]
struct Work {
    context: ClusterContext,
    app: Rc<ApplicationView>,
    /// As it was shown.
    plan: Remote<PlanView>,
    going: UseStateSetter<Going>,
    close: Callback<()>,
}

impl Work {
    fn hear(self, told: Streamed<SendProgress>, here: Here) {
        match told {
            Streamed::Values { values } => {
                if let Some(progress) = values.last() {
                    self.going.set(Going::Sending(*progress));
                }
            }
            Streamed::Ended {
                failure: Some(failure),
            } => self.going.set(Going::Failed(failure)),
            Streamed::Ended { failure: None } => {
                self.going.set(Going::Deploying);
                spawn_local(async move {
                    if let Err(failure) = self.deploy(here).await {
                        if is_conflict(&failure) {
                            self.plan.reload.emit(());
                        }
                        self.going.set(Going::Failed(failure));
                    }
                });
            }
        }
    }

    /// Deploys what has arrived, if that still does what was shown.
    async fn deploy(&self, here: Here) -> Result<(), Failure> {
        let (application, body) = (self.app.id, Trigger::Deploy);
        let plan = shell::api(self.context.id(), PlanDeployment { application, body }).await?;
        if self.plan.get().is_some_and(|shown| !is_same(shown, &plan)) {
            let sentence = "What deploying it does has changed while it was sent; look at the plan again. Nothing is sent twice.";
            let kind = FailureKind::Api {
                code: ErrorCode::Conflict,
            };
            return Err(Failure::new(kind, sentence));
        }
        let deployment = begin(&self.context, application, Trigger::Deploy, plan.revision).await?;
        self.close.emit(());
        here.go(self.context.route(Page::Deployment(deployment)));
        Ok(())
    }
}

/// The same would be done. The revision is another one with each upload.
fn is_same(shown: &PlanView, now: &PlanView) -> bool {
    let shown = PlanView {
        revision: now.revision.clone(),
        ..shown.clone()
    };
    shown == *now
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-SRC-04: how much is sent is said in units and in percent; nothing less than all of it is all of it.
    #[test]
    fn progress_is_said() {
        let of = |sent, length| SendProgress { sent, length };
        assert!(super::sent(of(0, 0)).starts_with("Reading it"));
        assert_eq!(super::sent(of(0, 45_000_000)), "0 B of 45 MB are sent, 0 %");
        assert_eq!(
            super::sent(of(12_345_678, 45_000_000)),
            "12 MB of 45 MB are sent, 27 %"
        );
        assert_eq!(share(of(999_999, 1_000_000)), 99);
        assert_eq!(share(of(4 << 30, 4 << 30)), 100);
    }
}
