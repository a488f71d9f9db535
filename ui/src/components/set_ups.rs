//! The servers that are being set up while another page is looked at.

use slipway_protocol::desktop::{SetUpRun, SetUpState};
use yew::prelude::*;

use super::button::Button;
use super::card::Card;
use crate::state::set_ups::use_set_ups;

#[derive(PartialEq, Properties)]
pub struct SetUpsProps {
    /// The person wants to see this one.
    pub show: Callback<SetUpRun>,
}

/// Nothing where none was begun.
#[function_component]
pub fn SetUpsCard(props: &SetUpsProps) -> Html {
    let runs = use_set_ups();
    if runs.is_empty() {
        return html! {};
    }
    html! {
        <Card title="Servers being set up">
            <div data-testid="set-ups">{ for runs.into_iter().map(|run| row(run, &props.show)) }</div>
        </Card>
    }
}

fn row(run: SetUpRun, show: &Callback<SetUpRun>) -> Html {
    let words = match run.state {
        SetUpState::Running => "is being set up",
        SetUpState::Ended => "has ended; see how",
        SetUpState::Added => "is set up; its first owner can be made",
    };
    let (key, host) = (run.found.server, run.host.clone());
    let id = format!("show-set-up-{host}");
    let onclick = show.reform(move |()| run.clone());
    html! {
        <div class="danger-line" key={key}>
            <span><strong>{ host }</strong>{ " " }{ words }</span>
            <span class="grow"/>
            <Button {id} label="Show" {onclick}/>
        </div>
    }
}
