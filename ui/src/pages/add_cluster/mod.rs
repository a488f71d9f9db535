//! Adding a cluster: where it is and how to sign in to its SSH server. It is saved only if connecting works. And setting its server up, now
//! or again.

mod fields;
mod hosts;
mod renew;
mod setup;
mod sign_in;

use slipway_protocol::desktop::{Cluster, Failure, FoundServer, NewCluster, TestReport, Tested, WhichServer};
use yew::prelude::*;

use self::fields::Fields;
use self::hosts::HostText;
pub use self::renew::{BRINGS, RenewPage};
use self::setup::Setup;
use self::sign_in::{SignInText, use_sign_in_text};
use crate::components::button::{Button, Look};
use crate::components::check_steps::CheckSteps;
use crate::components::connect_flow::{Attempt, ConnectFlow};
use crate::components::failure::FormError;
use crate::components::header::{Crumb, Header};
use crate::components::looks::{LooksState, use_looks};
use crate::route::{Page, Route, current, go};

/// What the person has typed.
#[derive(Clone, PartialEq)]
pub struct Form {
    name: UseStateHandle<String>,
    host: UseStateHandle<String>,
    port: UseStateHandle<String>,
    user: UseStateHandle<String>,
    sign_in: SignInText,
    socket: UseStateHandle<String>,
    jump: UseStateHandle<Vec<HostText>>,
    entries: UseStateHandle<Vec<HostText>>,
    looks: LooksState,
}

#[hook]
fn use_form() -> Form {
    Form {
        name: use_state(String::new),
        host: use_state(String::new),
        port: use_state(|| "22".to_owned()),
        user: use_state(String::new),
        sign_in: use_sign_in_text(),
        socket: use_state(String::new),
        jump: use_state(Vec::new),
        entries: use_state(Vec::new),
        looks: use_looks(None, None, None),
    }
}

impl Form {
    fn port(&self) -> Option<u16> {
        self.port.trim().parse().ok().filter(|port| *port > 0)
    }

    fn complete(&self) -> bool {
        let texts = [&self.name, &self.host, &self.user];
        texts.iter().all(|text| !text.trim().is_empty())
            && self.sign_in.is_complete()
            && self.cluster().is_some()
    }

    fn cluster(&self) -> Option<NewCluster> {
        let auth = self.sign_in.auth();
        let port = self.port()?;
        let hops = self.jump.iter().map(|hop| hop.hop(&self.user, &auth));
        let entries = self.entries.iter().map(|entry| entry.entry(port));
        Some(NewCluster {
            jump: hops.collect::<Option<_>>()?,
            entries: entries.collect::<Option<_>>()?,
            name: self.name.trim().to_owned(),
            host: self.host.trim().to_owned(),
            port,
            user: self.user.trim().to_owned(),
            auth,
            agent_socket: Some(self.socket.trim().to_owned()).filter(|socket| !socket.is_empty()),
            color: self.looks.color(),
            tag: self.looks.tag(),
            group: self.looks.group(),
        })
    }
}

#[function_component]
pub fn AddClusterPage() -> Html {
    let form = use_form();
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
    let found = use_state(|| None::<FoundServer>);
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
        Callback::from(move |one| {
            attempt.set(None);
            found.set(Some(one));
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
    let flow = (*attempt).clone().map(|(number, attempt)| {
        html! { <ConnectFlow key={number} {attempt} onconnected={Callback::from(open)} {ontested} {onfound} {onstopped}/> }
    });
    if let Some(one) = &*found {
        let back = {
            let found = found.setter();
            Callback::from(move |()| found.set(None))
        };
        return html! { <Setup key={one.server} found={one.clone()} host={form.host.trim().to_owned()} {back}/> };
    }
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
                            disabled={!form.complete()} hint="Connects, and saves the cluster if that works"/>
                        <Button id="test-connection" label="Test connection" busy={attempt.is_some()} disabled={!form.complete()}
                            hint="Tries each stage of the way and saves nothing" onclick={test}/>
                        <Button id="look-at-server" label="Set the server up…" busy={attempt.is_some()} disabled={!form.complete()}
                            hint="For a server without Slipway: looks at it and says what would be done" onclick={look}/>
                        <Button label="Cancel" onclick={Callback::from(|()| go(Route::Fleet))}/>
                    </div>
                </form>
                // Always one node: children are matched by their places, and the form must stay itself.
                { flow.unwrap_or_default() }
            </div>
        </div>
    }
}

/// A cluster that has just connected: its projects, or signing in first.
fn open(cluster: Cluster) {
    let page = if cluster.signed_in {
        Page::Home
    } else {
        Page::SignIn
    };
    // Who has gone elsewhere meanwhile finds it in the rail.
    if current() == Route::Add {
        go(Route::Cluster(cluster.id, page));
    }
}
