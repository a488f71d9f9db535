//! Commands that are run once in a release of the application: running one, what it writes, and those that were run before.

mod form;
mod list;
mod live;
mod output;

use slipway_protocol::api::ListCommands;
use slipway_protocol::command::CommandView;
use slipway_protocol::{Action, CommandId, Resource};
use yew::prelude::*;

use self::form::RunForm;
use self::list::CommandList;
use self::output::Output;
use super::AppProps;
use crate::components::icon::Icon;
use crate::components::remote::{Empty, Forbidden, face};
use crate::state::api::{Every, LIST, use_api};
use crate::state::cluster::use_cluster;

const NEEDS: &str = "the right to run commands (developer or above)";

#[function_component]
pub fn Commands(props: &AppProps) -> Html {
    let context = use_cluster();
    let application = props.app.id;
    let may = context.may(Resource::Command, Action::Run);
    let every = if may { LIST } else { Every::Never };
    let commands = use_api(context.id(), ListCommands { application }, every);
    let chosen = use_state_eq(|| None::<CommandId>);
    if !may {
        return html! { <Forbidden needs={NEEDS}/> };
    }
    let onchoose = {
        let chosen = chosen.setter();
        Callback::from(move |id: CommandId| chosen.set(Some(id)))
    };
    let onrun = {
        let (chosen, reload) = (chosen.setter(), commands.reload.clone());
        Callback::from(move |view: CommandView| {
            chosen.set(Some(view.id));
            reload.emit(());
        })
    };
    face(&commands, NEEDS, |all: &Vec<CommandView>| {
        // One that was just asked for may not be in the list yet.
        let shown = chosen.or_else(|| all.first().map(|view| view.id));
        let output = match shown {
            Some(id) => html! { <Output key={id.to_string()} {id}/> },
            None => html! {
                <Empty icon={Icon::Start} title="No command was run yet"
                    text="A command runs once, in a new container of the release, with its variables, files, volumes and networks: a migration, a clean-up, a report. What it writes is shown here."/>
            },
        };
        html! {
            <div class="deployment commands" data-testid="commands">
                <div class="deployment-side">
                    <RunForm app={props.app.clone()} deployments={props.deployments.clone()} {onrun}/>
                    if !all.is_empty() { <CommandList commands={all.clone()} {shown} {onchoose}/> }
                </div>
                { output }
            </div>
        }
    })
}
