//! Adding a cluster: where it is and how to sign in to its SSH server. It is saved only if connecting works. And setting its server up, now
//! or again.

mod draft;
mod fields;
mod marks;
mod renew;
mod run;
mod setup;
mod upgrade;

use slipway_protocol::desktop::{
    Cluster, Failure, FoundServer, NewCluster, SetUpRun, TestReport, Tested, WhichServer,
};
use yew::prelude::*;

use self::draft::Draft;
use self::fields::Fields;
pub use self::renew::{BRINGS, RenewPage};
use self::setup::Setup;
pub use self::upgrade::UpgradeButton;
use super::fleet::LocalAgentCard;
use crate::components::button::{Button, Look};
use crate::components::check_steps::CheckSteps;
use crate::components::connect_flow::{Attempt, ConnectFlow};
use crate::components::failure::FormError;
use crate::components::header::{Crumb, Header};
use crate::components::looks::{LooksState, use_looks};
use crate::components::set_ups::SetUpsCard;
use crate::components::ssh_way::{WayText, use_way_text};
use crate::route::{Page, Route, go};
use crate::state::alive::use_alive;
use crate::state::set_ups::{self, use_set_ups};

/// What the person has typed.
#[derive(Clone, PartialEq)]
pub struct Form {
    name: UseStateHandle<String>,
    way: WayText,
    looks: LooksState,
}

/// What was typed is there again for whoever comes back to the page, from the host keys for one.
#[hook]
fn use_form() -> Form {
    let begun = use_memo((), |()| draft::kept());
    let form = Form {
        name: use_state(|| begun.name.clone()),
        way: use_way_text(begun.way.clone()),
        looks: use_looks(begun.tag.clone(), begun.color.clone(), begun.group.clone()),
    };
    use_effect_with(form.draft(), |now| draft::keep(now.clone()));
    form
}

impl Form {
    fn draft(&self) -> Draft {
        Draft {
            name: (*self.name).clone(),
            way: self.way.begun(),
            tag: self.looks.tag(),
            color: self.looks.color(),
            group: self.looks.group(),
        }
    }

    fn complete(&self) -> bool {
        self.cluster().is_some()
    }

    fn cluster(&self) -> Option<NewCluster> {
        let name = self.name.trim();
        Some(NewCluster {
            name: Some(name.to_owned()).filter(|name| !name.is_empty())?,
            way: self.way.way()?,
            color: self.looks.color(),
            tag: self.looks.tag(),
            group: self.looks.group(),
        })
    }
}

#[function_component]
pub fn AddClusterPage() -> Html {
    let form = use_form();
    let alive = use_alive();
    // The attempt that is under way, with its number.
    let attempt = use_state(|| None::<(u32, Attempt)>);
    let last = use_state(|| 0_u32);
    let failure = use_state(|| None::<Failure>);
    // What the last test found; none while one is under way.
    let report = use_state(|| None::<Option<TestReport>>);
    let onsubmit = {
        let (form, attempt, last, failure) = (form.clone(), attempt.clone(), last.clone(), failure.setter());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(new) = form.cluster().filter(|_| attempt.is_none()) else {
                return;
            };
            failure.set(None);
            last.set(*last + 1);
            attempt.set(Some((*last + 1, Attempt::Add(Box::new(new)))));
        })
    };
    let test = {
        let (form, attempt, last, failure) = (form.clone(), attempt.clone(), last.clone(), failure.setter());
        let report = report.setter();
        Callback::from(move |()| {
            let Some(new) = form.cluster().filter(|_| attempt.is_none()) else {
                return;
            };
            failure.set(None);
            report.set(Some(None));
            last.set(*last + 1);
            let of = Tested::New {
                cluster: Box::new(new),
            };
            attempt.set(Some((*last + 1, Attempt::Test(of))));
        })
    };
    // A server that was looked at, to be set up.
    let found = use_state(|| None::<Shown>);
    // One that was begun is shown to whoever comes to the page; the form then only if that is wished.
    let aside = use_state_eq(|| false);
    let wished = *use_state(set_ups::wished);
    let set_ups = use_set_ups();
    let look = {
        let (form, attempt, last, failure) = (form.clone(), attempt.clone(), last.clone(), failure.setter());
        Callback::from(move |()| {
            let Some(new) = form.cluster().filter(|_| attempt.is_none()) else {
                return;
            };
            failure.set(None);
            last.set(*last + 1);
            let which = WhichServer::New {
                cluster: Box::new(new),
            };
            attempt.set(Some((*last + 1, Attempt::Find(which))));
        })
    };
    let onfound = {
        let (attempt, found) = (attempt.setter(), found.setter());
        let host = form.way.host.trim().to_owned();
        Callback::from(move |one| {
            attempt.set(None);
            found.set(Some(Shown {
                found: one,
                host: host.clone(),
                begun: None,
            }));
        })
    };
    let ontested = {
        let (attempt, report) = (attempt.setter(), report.setter());
        Callback::from(move |found: TestReport| {
            if found.asks.is_none() {
                attempt.set(None);
            }
            report.set(Some(Some(found)));
        })
    };
    let onstopped = {
        let (attempt, failure) = (attempt.setter(), failure.setter());
        let report = report.clone();
        Callback::from(move |stopped| {
            attempt.set(None);
            failure.set(stopped);
            if matches!(*report, Some(None)) {
                report.set(None);
            }
        })
    };
    let onconnected = {
        let (alive, sent) = (alive, form.draft());
        Callback::from(move |cluster: Cluster| open(&cluster, &sent, alive.get()))
    };
    let flow = (*attempt).clone().map(|(number, attempt)| {
        html! { <ConnectFlow key={number} {attempt} {onconnected} {ontested} {onfound} {onstopped}/> }
    });
    let show = {
        let found = found.setter();
        Callback::from(move |run: SetUpRun| match run.saved {
            None => found.set(Some(Shown::again(&run))),
            Some(cluster) => {
                set_ups::wish(run.found.server);
                go(Route::Cluster(cluster, Page::Renew));
            }
        })
    };
    let begun = set_ups.iter().filter(|run| run.saved.is_none());
    let shown = match &*found {
        Some(one) => Some(one.clone()),
        None if *aside => None,
        None => set_ups::shown(begun, wished).map(Shown::again),
    };
    if let Some(one) = shown {
        let back = {
            let (found, aside) = (found.setter(), aside.setter());
            Callback::from(move |()| {
                found.set(None);
                aside.set(true);
            })
        };
        let Shown { found, host, begun } = one;
        let server = found.server;
        return html! { <Setup key={server} {found} {host} {begun} {back}/> };
    }
    let complete = form.complete();
    // Why it cannot be pressed yet comes before what it does.
    let does = |what: &'static str| {
        if complete {
            what
        } else {
            "A name, a host and how you sign in have to be given first"
        }
    };
    html! {
        <div class="page" data-testid="add-cluster-page">
            <Header crumbs={vec![Crumb::new("All clusters", Some(Route::Fleet))]} title="Add a cluster"/>
            <div class="content narrow">
                <form {onsubmit}>
                    <Fields form={form.clone()}/>
                    <FormError failure={(*failure).clone()}/>
                    if let Some(report) = &*report { <CheckSteps report={report.clone()}/> }
                    <div class="form-actions">
                        <Button id="connect" label="Connect" look={Look::Primary} submit=true busy={attempt.is_some()}
                            disabled={!complete} hint={does("Connects, and saves the cluster if that works")}/>
                        <Button id="test-connection" label="Test connection" busy={attempt.is_some()} disabled={!complete}
                            hint={does("Tries each stage of the way and saves nothing")} onclick={test}/>
                        <Button id="look-at-server" label="Set the server up…" busy={attempt.is_some()} disabled={!complete}
                            hint={does("For a server without Slipway: looks at it and says what would be done")} onclick={look}/>
                        <Button label="Cancel" onclick={Callback::from(|()| {
                            draft::forget();
                            go(Route::Fleet);
                        })}/>
                    </div>
                </form>
                <SetUpsCard {show}/>
                <LocalAgentCard offer=true/>
                // Always one node: children are matched by their places, and the form must stay itself.
                { flow.unwrap_or_default() }
            </div>
        </div>
    }
}

/// A server that is being set up, or may be.
#[derive(Clone, PartialEq)]
struct Shown {
    found: FoundServer,
    host: String,
    /// As it was begun.
    begun: Option<bool>,
}

impl Shown {
    /// One that was begun before.
    fn again(run: &SetUpRun) -> Self {
        Self {
            found: run.found.clone(),
            host: run.host.clone(),
            begun: Some(run.use_existing_swarm),
        }
    }
}

/// A cluster that has just connected: its projects, or signing in first. Who has gone elsewhere meanwhile finds it in the rail, also where
/// this page was opened again for another one.
fn open(cluster: &Cluster, sent: &Draft, shown: bool) {
    if !shown {
        draft::forget_this(sent);
        return;
    }
    draft::forget();
    let page = if cluster.signed_in {
        Page::Home
    } else {
        Page::SignIn
    };
    go(Route::Cluster(cluster.id, page));
}
