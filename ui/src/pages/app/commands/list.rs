//! The commands that go on and those that have ended, newest first.

use slipway_protocol::CommandId;
use slipway_protocol::command::CommandView;
use yew::prelude::*;

use crate::components::card::Card;
use crate::components::pill::Tone;
use crate::components::table::{Row, Table};
use crate::components::time::Ago;

#[derive(PartialEq, Properties)]
pub struct CommandListProps {
    pub commands: Vec<CommandView>,
    pub shown: Option<CommandId>,
    pub onchoose: Callback<CommandId>,
}

#[function_component]
pub fn CommandList(props: &CommandListProps) -> Html {
    let row = |(place, view): (usize, &CommandView)| {
        let (id, onchoose) = (view.id, props.onchoose.clone());
        let onopen = Callback::from(move |()| onchoose.emit(id));
        let tone = Tone::of_command(view.status).class();
        html! {
            <Row key={id.to_string()} id={format!("command-row-{place}")} {onopen} chosen={props.shown == Some(id)}>
                <td class="clip" title={view.command.clone()}>
                    <code>{ &view.command }</code>
                    <div class="note"><span class={classes!("tone-text", tone)}>{ view.outcome() }</span>{ " " }<Ago at={view.created_at}/></div>
                </td>
            </Row>
        }
    };
    // The card's title says it to whoever sees it.
    let head = html! { <th class="pf-v6-screen-reader">{ "Command" }</th> };
    html! { <Card title="Run so far"><Table {head}>{ for props.commands.iter().enumerate().map(row) }</Table></Card> }
}
