//! Servers that are being set up, over any page: those that have become clusters come into the rail, and closing the app meanwhile is asked about.

use slipway_protocol::desktop::{Failure, SetUpRun, SetUpState, SetUps, command};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::components::confirm::Confirm;
use crate::shell;
use crate::state::fleet::use_fleet;
use crate::state::set_ups::use_told_set_ups;

#[function_component]
pub fn SetUpsWatch() -> Html {
    let (fleet, told) = (use_fleet(), use_told_set_ups());
    // What was asked before this page was there was answered.
    let answered = use_state_eq(|| None::<u32>);
    let closings = told.as_ref().map(|told| told.closings);
    {
        let answered = answered.clone();
        use_effect_with(closings, move |closings| {
            if answered.is_none() {
                answered.set(*closings);
            }
        });
    }
    let added = told
        .as_ref()
        .map_or(0, |told| of(told, SetUpState::Added).count());
    use_effect_with(added, move |added| {
        if *added > 0 {
            fleet.reload.emit(());
        }
    });
    let Some(told) = told else {
        return html! {};
    };
    let running: Vec<String> = of(&told, SetUpState::Running).map(str::to_owned).collect();
    let asks = (*answered).is_some_and(|answered| told.closings > answered) && !running.is_empty();
    if !asks {
        return html! {};
    }
    let close = {
        let (answered, closings) = (answered.setter(), told.closings);
        Callback::from(move |()| answered.set(Some(closings)))
    };
    let confirm = Callback::from(|()| {
        spawn_local(async {
            // Nobody is there to be told.
            let _: Result<(), Failure> = shell::ask(command::CLOSE_APP).await;
        });
    });
    html! {
        <Confirm id="close-app" title="A server is being set up" verb="Close" keep="Keep it open" offline=true {confirm} {close}>
            <p>{ format!("{}: what was begun goes on there without the app, but it is not added to your clusters. Set it up again later, and it goes on from the step where it was.", running.join(", ")) }</p>
        </Confirm>
    }
}

/// The hosts of those that stand so.
fn of(told: &SetUps, state: SetUpState) -> impl Iterator<Item = &str> {
    let so = move |run: &&SetUpRun| run.state == state;
    told.runs.iter().filter(so).map(|run| run.host.as_str())
}
