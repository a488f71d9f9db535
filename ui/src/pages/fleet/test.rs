//! Testing the connection to a saved cluster.

use std::rc::Rc;

use slipway_protocol::desktop::{Cluster, Failure, TestReport, Tested};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::check_steps::CheckSteps;
use crate::components::connect_flow::{Attempt, ConnectFlow};
use crate::components::failure::FormError;
use crate::components::modal::Dialog;

#[derive(PartialEq, Properties)]
pub struct TestProps {
    pub cluster: Rc<Cluster>,
    pub close: Callback<()>,
}

#[function_component]
pub fn TestDialog(props: &TestProps) -> Html {
    let report = use_state(|| None::<TestReport>);
    let failure = use_state(|| None::<Failure>);
    let round = use_state(|| 0_u32);
    let again = {
        let (report, failure, round) = (report.setter(), failure.setter(), round.clone());
        Callback::from(move |()| {
            report.set(None);
            failure.set(None);
            round.set(*round + 1);
        })
    };
    let ontested = {
        let report = report.setter();
        Callback::from(move |found| report.set(Some(found)))
    };
    let onstopped = {
        let failure = failure.setter();
        Callback::from(move |stopped| failure.set(stopped))
    };
    let attempt = Attempt::Test(Tested::Saved {
        cluster: props.cluster.id,
    });
    let busy = report.is_none() && failure.is_none();
    let actions = html! {
        <>
            <Button id="test-again" label="Test again" {busy} onclick={again}/>
            <Button id="test-close" label="Close" look={Look::Primary} onclick={props.close.clone()}/>
        </>
    };
    html! {
        <>
            <Dialog id="test-dialog" title={format!("The way to {}", props.cluster.name)} onclose={props.close.clone()} {actions}>
                if failure.is_none() { <CheckSteps report={(*report).clone()}/> }
                <FormError failure={(*failure).clone()}/>
            </Dialog>
            <ConnectFlow key={*round} {attempt} {ontested} {onstopped}/>
        </>
    }
}
