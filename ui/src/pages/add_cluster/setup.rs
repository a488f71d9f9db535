//! Setting a server up: what was found there, what will be done, and how it goes.

use std::cell::Cell;
use std::rc::Rc;

use slipway_protocol::ClusterId;
use slipway_protocol::desktop::{
    Failure, FoundServer, LeaveServer, OfServer, SetUpServer, SetupProgress, Streamed, command,
};
use slipway_protocol::setup::{FindingState, SetupReport};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::draft;
use super::marks::{finding, planned};
use super::run::{Run, Told};
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::check::Check;
use crate::components::failure::FormError;
use crate::components::header::{Crumb, Header};
use crate::components::pill::{Pill, Tone};
use crate::route::{Page, Route, go};
use crate::shell;
use crate::state::cluster::ClusterContext;
use crate::state::fleet::use_fleet;
use crate::state::invitation;
use crate::state::task::use_task;

#[derive(PartialEq, Properties)]
pub struct SetupProps {
    pub found: FoundServer,
    pub host: String,
    /// Back to the form, or away from what is done.
    pub back: Callback<()>,
    /// It is the server of this cluster already.
    #[prop_or_default]
    pub saved: Option<ClusterId>,
    /// It was begun before, with this wish about a Swarm that is there: what it has told is shown again.
    #[prop_or_default]
    pub begun: Option<bool>,
    /// It was said already that what is found is to be done, if nothing stands in the way.
    #[prop_or_default]
    pub at_once: bool,
}

#[function_component]
pub fn Setup(props: &SetupProps) -> Html {
    let report = use_state(|| props.found.report.clone());
    let existing = use_state_eq(|| props.begun.unwrap_or(false));
    let run = use_reducer(Run::default);
    let stream = use_mut_ref(|| None::<shell::Stream>);
    let begun = use_state_eq(|| props.begun.is_some());
    let task = use_task();
    let fleet = use_fleet();
    let context = use_context::<ClusterContext>();
    let server = props.found.server;
    // The cluster that it has become, and its invitation, are here.
    let taken = use_memo((), |()| Cell::new(false));
    {
        let taken = Rc::clone(&taken);
        use_effect_with((), move |()| {
            move || {
                let left = LeaveServer {
                    server,
                    taken: taken.get(),
                };
                spawn_local(async move {
                    // One that is at work goes on; a connection that is closed already is fine.
                    let _: Result<(), Failure> = shell::call(command::LEAVE_SERVER, &left).await;
                });
            }
        });
    }
    let review = {
        let (report, task, existing) = (report.setter(), task.clone(), existing.clone());
        Callback::from(move |use_existing_swarm: bool| {
            existing.set(use_existing_swarm);
            let report = report.clone();
            task.run(async move {
                let wishes = SetUpServer {
                    server,
                    use_existing_swarm,
                };
                report.set(shell::call(command::REVIEW_SERVER, &wishes).await?);
                Ok(())
            });
        })
    };
    let follow = {
        let (run, stream, host) = (run.dispatcher(), stream.clone(), props.host.clone());
        Callback::from(move |()| {
            run.dispatch(Told::Again);
            let (run, stream, fleet) = (run.clone(), stream.clone(), fleet.clone());
            let (taken, host) = (Rc::clone(&taken), host.clone());
            spawn_local(async move {
                let on = {
                    let run = run.clone();
                    move |message: Streamed<SetupProgress>| match message {
                        Streamed::Values { values } => {
                            for value in values {
                                match value {
                                    SetupProgress::Event { event } => run.dispatch(Told::Event(event)),
                                    SetupProgress::Added { cluster, invitation } => {
                                        invitation::keep(cluster.id, invitation.into_exposed());
                                        taken.set(true);
                                        let route = Route::Cluster(cluster.id, Page::SignIn);
                                        fleet.put(*cluster);
                                        draft::forget_host(&host);
                                        go(route);
                                    }
                                }
                            }
                        }
                        Streamed::Ended { failure } => run.dispatch(Told::Ended(failure)),
                    }
                };
                match shell::follow(command::FOLLOW_SET_UP, &OfServer { server }, on).await {
                    Ok(running) => *stream.borrow_mut() = Some(running),
                    Err(failure) => run.dispatch(Told::Ended(Some(failure))),
                }
            });
        })
    };
    {
        let (follow, before) = (follow.clone(), props.begun.is_some());
        use_effect_with((), move |()| {
            if before {
                follow.emit(());
            }
        });
    }
    let install = {
        let (run, begun, existing) = (run.dispatcher(), begun.setter(), *existing);
        Callback::from(move |()| {
            begun.set(true);
            run.dispatch(Told::Again);
            let (run, follow) = (run.clone(), follow.clone());
            spawn_local(async move {
                let wishes = SetUpServer {
                    server,
                    use_existing_swarm: existing,
                };
                let started: Result<(), Failure> = shell::call(command::SET_UP_SERVER, &wishes).await;
                match started {
                    Ok(()) => follow.emit(()),
                    Err(failure) => run.dispatch(Told::Ended(Some(failure))),
                }
            });
        })
    };
    {
        let begin = (props.at_once && props.begun.is_none() && report.may_begin()).then(|| install.clone());
        use_effect_with((), move |()| {
            if let Some(begin) = begin {
                begin.emit(());
            }
        });
    }
    let log = use_node_ref();
    {
        let log = log.clone();
        use_effect_with(run.lines.len(), move |_| {
            if let Some(log) = log.cast::<web_sys::Element>() {
                log.set_scroll_top(log.scroll_height());
            }
        });
    }
    let running = *begun && run.ended.is_none();
    let state = standing(*begun, &run);
    let hint = if report.may_begin() {
        "Each step looks first, and changes only what is not so yet"
    } else {
        "Something stands in the way; see what was found"
    };
    let again = *begun && !running;
    let done = props.saved.is_some() && run.is_done();
    let verb = match (again, props.saved) {
        (true, _) => "Go on",
        (false, None) => "Install",
        (false, Some(_)) => "Bring up to date",
    };
    let actions = html! {
        <>
            <Button id="setup-back" label={if done { "Done" } else { "Back" }} look={if done { Look::Primary } else { Look::Secondary }}
                offline=true onclick={props.back.clone()} hint={if running { "What was begun goes on, and is shown again here" } else { "" }}/>
            if !done {
                <Button id="setup-install" label={verb} look={Look::Primary} onclick={install}
                    offline=true busy={running} disabled={!report.may_begin() || task.busy()} {hint}/>
            }
        </>
    };
    let crumbs = crumbs(context.filter(|_| props.saved.is_some()));
    let foreign = report
        .findings
        .iter()
        .any(|finding| finding.check == "swarm" && finding.state == FindingState::Blocks);
    html! {
        <div class="page" data-testid="setup-page">
            <Header {crumbs} title={props.host.clone()} {state} {actions}/>
            <div class="content">
                <FormError failure={task.failure().or_else(|| run.ended.clone().flatten())}/>
                <div class="two-columns">
                    <Card title="What was found">
                        <ul class="check-steps" data-testid="setup-found">{ for report.findings.iter().map(finding) }</ul>
                        if foreign || *existing {
                            <div class="card-foot">
                                <Check id="setup-existing-swarm" label="Run in the Swarm that is there, beside what runs in it"
                                    checked={*existing} onchange={review} disabled={running || task.busy()}/>
                            </div>
                        }
                    </Card>
                    <Card title={if done { "What was done" } else { "What will be done" }} note="each step can be run again">
                        <ol class="check-steps" data-testid="setup-steps">{ for report.steps.iter().map(|step| planned(step, &run)) }</ol>
                    </Card>
                </div>
                if !run.lines.is_empty() {
                    <Card title="What it says" note="the newest lines">
                        <pre ref={log} class="setup-log mono" data-testid="setup-log">{ run.lines.join("\n") }</pre>
                    </Card>
                }
                <p class="field-hint">{ closing(&report, props.saved.is_some(), done) }</p>
            </div>
        </div>
    }
}

/// How it stands, in a word.
fn standing(begun: bool, run: &Run) -> Html {
    match (begun, &run.ended) {
        (false, _) => html! { <Pill tone={Tone::Progress} text="checked, nothing changed yet"/> },
        (true, None) => html! { <Pill tone={Tone::Progress} text="at work"/> },
        (true, Some(_)) if run.failed() => html! { <Pill tone={Tone::Bad} text="stopped"/> },
        (true, Some(Some(_))) => html! { <Pill tone={Tone::Bad} text="interrupted"/> },
        (true, Some(None)) => html! { <Pill id="setup-state" tone={Tone::Good} text="set up"/> },
    }
}

/// Where the page stands: in the cluster whose server it is already, or where clusters are added.
fn crumbs(of: Option<ClusterContext>) -> Vec<Crumb> {
    match of {
        Some(context) => vec![
            Crumb::new(context.cluster.name.clone(), Some(context.route(Page::Home))),
            Crumb::new("Health", Some(context.route(Page::Health))),
        ],
        None => vec![
            Crumb::new("All clusters", Some(Route::Fleet)),
            Crumb::new("Add a cluster", None),
        ],
    }
}

/// What is said below all of it.
fn closing(report: &SetupReport, saved: bool, done: bool) -> &'static str {
    if done {
        concat!(
            "Version ",
            env!("CARGO_PKG_VERSION"),
            " of the agent runs there, and everything is as this app would set it up."
        )
    } else if report.is_done() && saved {
        "Everything is as this app would set it up; going on proves it."
    } else if report.is_done() {
        "Everything is set up already; going on proves it and adds the cluster here."
    } else {
        "You may leave this page: the work goes on, and is shown here again. It goes on without the app too; set the server up again then, and it continues from the step where it was."
    }
}
