//! An attempt to connect to a saved cluster, begun by a press and carried out by a [`ConnectFlow`], wherever it is offered.

use slipway_protocol::ClusterId;
use slipway_protocol::desktop::{Cluster, Failure};
use yew::prelude::*;

use super::connect_flow::{Attempt, ConnectFlow};

/// What is under way, and what came of the last one.
pub struct Connecting {
    pub under_way: bool,
    /// What the last attempt met. Nothing once another one has begun, and where the person did not want to go on.
    pub failure: Option<Failure>,
    /// Begins another one.
    pub begin: Callback<()>,
    /// Lets go of what the last one met.
    pub forget: Callback<()>,
    /// Carries the attempt out and asks what it needs; it has to be shown as long as one is under way.
    pub flow: Html,
}

/// Attempts to connect to a cluster, the first of them `at_once` where that is so when this is first shown.
#[hook]
pub fn use_connecting(cluster: ClusterId, at_once: bool) -> Connecting {
    // The attempt that is under way; each gets a number, so that a new one begins anew.
    let attempt = use_state(|| at_once.then_some(0_u32));
    let last = use_state(|| 0_u32);
    let stopped = use_state(|| None::<Failure>);
    let begin = {
        let (attempt, last, stopped) = (attempt.setter(), last.clone(), stopped.setter());
        Callback::from(move |()| {
            stopped.set(None);
            attempt.set(Some(*last + 1));
            last.set(*last + 1);
        })
    };
    let forget = {
        let stopped = stopped.setter();
        Callback::from(move |()| stopped.set(None))
    };
    let onconnected = {
        let attempt = attempt.setter();
        Callback::from(move |_: Cluster| attempt.set(None))
    };
    let onstopped = {
        let (attempt, stopped) = (attempt.setter(), stopped.setter());
        Callback::from(move |failure| {
            attempt.set(None);
            stopped.set(failure);
        })
    };
    let flow = attempt.map(|number| {
        html! { <ConnectFlow key={number} attempt={Attempt::Open(cluster)} {onconnected} {onstopped}/> }
    });
    Connecting {
        under_way: attempt.is_some(),
        failure: (*stopped).clone().filter(|_| attempt.is_none()),
        begin,
        forget,
        flow: flow.unwrap_or_default(),
    }
}
