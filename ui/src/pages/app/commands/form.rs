//! What is to be run, in which release, and for how long at most.

use std::rc::Rc;

use slipway_protocol::DeploymentId;
use slipway_protocol::api::RunCommand;
use slipway_protocol::application::ApplicationView;
use slipway_protocol::command::{CommandView, NewCommand};
use slipway_protocol::deployment::DeploymentView;
use slipway_protocol::settings::{CommandLimit, CommandLine};
use yew::prelude::*;

use crate::components::ask_first::AskFirst;
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::failure::FormError;
use crate::components::field::{Field, complaint};
use crate::components::icon::Icon;
use crate::components::select::{Choice, Select};
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::drafts;
use crate::state::remote::Remote;
use crate::state::task::use_task;
use crate::state::typed::use_typed;

/// Seconds, and how people say it.
const LIMITS: [(&str, &str); 4] = [
    ("600", "10 minutes"),
    ("3600", "one hour"),
    ("21600", "6 hours"),
    ("86400", "a day"),
];

#[derive(PartialEq, Properties)]
pub struct RunFormProps {
    pub app: Rc<ApplicationView>,
    pub deployments: Remote<Vec<DeploymentView>>,
    pub onrun: Callback<CommandView>,
}

/// What is typed.
#[derive(Clone, PartialEq)]
struct Typing {
    command: String,
    /// Empty: the release that serves.
    release: String,
    limit: String,
}

impl Default for Typing {
    fn default() -> Self {
        Self {
            command: String::new(),
            release: String::new(),
            limit: "3600".to_owned(),
        }
    }
}

impl Typing {
    fn read(&self) -> Result<NewCommand, &'static str> {
        let limit = self.limit.parse::<u64>().unwrap_or(3600);
        Ok(NewCommand {
            command: CommandLine::split(self.command.trim())?,
            deployment: self.release.parse::<DeploymentId>().ok(),
            deadline_seconds: CommandLimit::try_from(limit)?,
        })
    }
}

#[function_component]
pub fn RunForm(props: &RunFormProps) -> Html {
    let context = use_cluster();
    let (cluster, application) = (context.id(), props.app.id);
    let typed = use_typed(drafts::key(cluster, "command", application), Typing::default);
    let task = use_task();
    let asked = typed.get().read();
    let error = complaint(typed.get().command.trim(), false, asked.clone());
    let nothing_serves = props.app.serving.is_none() && typed.get().release.is_empty();
    let hint = nothing_serves.then_some(AttrValue::Static("Nothing serves yet; deploy it first"));
    let ready = asked.is_ok() && !nothing_serves;
    let act = {
        let (task, typed, onrun, asked) = (task.clone(), typed.clone(), props.onrun.clone(), asked.clone());
        Callback::from(move |()| {
            let Ok(body) = asked.clone() else { return };
            let (typed, onrun, sent) = (typed.clone(), onrun.clone(), typed.get().clone());
            task.run(async move {
                let view = shell::api(cluster, RunCommand { application, body }).await?;
                let next = Typing {
                    command: String::new(),
                    ..sent.clone()
                };
                typed.stored(sent, next);
                onrun.emit(view);
                Ok(())
            });
        })
    };
    let production = context.is_production();
    let onsubmit = {
        let act = act.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            // There it is asked first.
            if ready && !production {
                act.emit(());
            }
        })
    };
    let button = if production {
        html! {
            <AskFirst id="command-run" label="Run…" icon={Icon::Start} look={Look::Primary} disabled={!ready} hint={hint.clone()}
                title="Run this in production?" verb="Run it" keep="Do not run it" task={task.clone()} {act}>
                <p><code>{ typed.get().command.trim().to_owned() }</code></p>
                <p>{ "It gets what the release has: its variables and secrets, its files, its volumes and its networks." }</p>
            </AskFirst>
        }
    } else {
        html! { <Button id="command-run" label="Run" icon={Icon::Start} look={Look::Primary} submit=true busy={task.busy()} disabled={!ready} {hint}/> }
    };
    // A question shows what went wrong itself.
    let failure = task.failure().filter(|_| !production);
    html! {
        <Card title="Run a command">
            <form class="form" {onsubmit}>
                <Field id="command-line" label="Command" value={typed.get().command.clone()} onchange={typed.changing(|now, text| now.command = text)} {error} mono=true
                    placeholder="bin/rails db:migrate" hint={about(&props.app)}/>
                <Select id="command-release" label="In the release of" choices={releases(props)} chosen={typed.get().release.clone()}
                    onchange={typed.changing(|now, id| now.release = id)}/>
                <Select id="command-limit" label="End it after" choices={LIMITS.map(|(value, label)| Choice::new(value, label)).to_vec()} chosen={typed.get().limit.clone()}
                    onchange={typed.changing(|now, limit| now.limit = limit)}/>
                <div class="actions">{ button }</div>
                <FormError {failure}/>
            </form>
        </Card>
    }
}

/// What somebody should know before.
fn about(app: &ApplicationView) -> &'static str {
    let container = &app.settings.container;
    if container.volumes.is_empty() && container.binds.is_empty() {
        "The program and its arguments; there is no shell unless you name one."
    } else {
        "The program and its arguments; there is no shell unless you name one. It has the volumes open beside the tasks that serve."
    }
}

/// The one that serves, and those that are kept.
fn releases(props: &RunFormProps) -> Vec<Choice> {
    let serving = props.app.serving.as_ref();
    let first = match serving {
        Some(serving) => format!("deployment {}, which serves", serving.number),
        None => "the deployment that serves".to_owned(),
    };
    let mut choices = vec![Choice::new("", first)];
    let all = props.deployments.get().map(Vec::as_slice).unwrap_or_default();
    let kept = all
        .iter()
        .filter(|one| one.can_roll_back_to && serving.is_none_or(|serving| serving.id != one.id));
    choices.extend(kept.map(|one| Choice::new(one.id.to_string(), format!("deployment {}", one.number))));
    choices
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DEP-09: what is typed becomes a command with a limit, in the release that serves unless another one is chosen.
    #[test]
    fn what_is_typed_is_read() {
        let mut typing = Typing {
            command: "  bin/rails \"db:migrate\" ".to_owned(),
            ..Typing::default()
        };
        let asked = typing.read().unwrap();
        assert_eq!(asked.command.arguments(), ["bin/rails", "db:migrate"]);
        assert_eq!((asked.deployment, asked.deadline_seconds.get()), (None, 3600));
        typing.release = "018f0000-0000-7000-8000-000000000001".to_owned();
        assert!(typing.read().unwrap().deployment.is_some());
        typing.command = "a 'b".to_owned();
        assert!(typing.read().is_err());
        for (seconds, _) in LIMITS {
            assert!(CommandLimit::try_from(seconds.parse::<u64>().unwrap()).is_ok());
        }
    }
}
