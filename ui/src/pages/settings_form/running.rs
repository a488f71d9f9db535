//! How its process runs: port, number of tasks, command, restarts, and how it ends.

use slipway_protocol::settings::{ApplicationSettings, CommandLine, RestartPolicy, RestartWhen, StopSignal};
use yew::prelude::*;

use super::draft::Draft;
use super::form::Form;
use super::reader::Reader;
use crate::units::Amount;

const PORT: &str = "app-port";
const REPLICAS: &str = "app-replicas";
const COMMAND: &str = "app-command";
const ARGUMENTS: &str = "app-arguments";
const RESTART: &str = "restart-when";
const MOST: &str = "restart-most";
const SIGNAL: &str = "stop-signal";
const GRACE: &str = "stop-grace";
const INIT: &str = "app-init";
pub const FIELDS: &[&str] = &[
    PORT, REPLICAS, COMMAND, ARGUMENTS, RESTART, MOST, SIGNAL, GRACE, INIT,
];

const SIGNALS: [StopSignal; 7] = [
    StopSignal::Term,
    StopSignal::Int,
    StopSignal::Quit,
    StopSignal::Hup,
    StopSignal::Usr1,
    StopSignal::Usr2,
    StopSignal::Winch,
];

const ALWAYS: &str = "always";
const ON_FAILURE: &str = "on_failure";
const NEVER: &str = "never";

pub fn fill(draft: &mut Draft, settings: &ApplicationSettings) {
    let container = &settings.container;
    draft.put_optional(PORT, settings.port.map(|port| port.write()));
    draft.put(REPLICAS, settings.replicas.write());
    draft.put_optional(COMMAND, container.command.as_ref());
    draft.put_optional(ARGUMENTS, container.arguments.as_ref());
    let when = match container.restart.when {
        RestartWhen::Always => ALWAYS,
        RestartWhen::OnFailure => ON_FAILURE,
        RestartWhen::Never => NEVER,
    };
    draft.put(RESTART, when);
    draft.put_optional(MOST, container.restart.most);
    draft.put(SIGNAL, container.stop_signal.as_str());
    draft.put(GRACE, container.stop_grace.write());
    draft.put_flag(INIT, container.init);
}

pub fn read(reader: &mut Reader<'_>, settings: &mut ApplicationSettings) {
    settings.port = reader.optional_amount(PORT);
    settings.replicas = reader.amount(REPLICAS).unwrap_or_default();
    let container = &mut settings.container;
    container.command = reader.optional(COMMAND, CommandLine::split);
    container.arguments = reader.optional(ARGUMENTS, CommandLine::split);
    container.restart = RestartPolicy {
        when: match reader.text(RESTART) {
            ON_FAILURE => RestartWhen::OnFailure,
            NEVER => RestartWhen::Never,
            _ => RestartWhen::Always,
        },
        most: reader.optional_amount(MOST),
    };
    let signal = reader.text(SIGNAL);
    let chosen = SIGNALS.into_iter().find(|known| known.as_str() == signal);
    container.stop_signal = chosen.unwrap_or(StopSignal::Term);
    if let Some(grace) = reader.amount(GRACE) {
        container.stop_grace = grace;
    }
    container.init = reader.flag(INIT);
}

pub fn view(form: &Form) -> Html {
    let restarts = [
        (ALWAYS, "Always"),
        (ON_FAILURE, "When it fails"),
        (NEVER, "Never"),
    ];
    let signals = SIGNALS.map(|signal| (signal.as_str(), signal.as_str()));
    html! {
        <>
            { basics(form) }
            { form.text_like(COMMAND, "Command", "", "In place of the image’s entry point. Quotes keep a part together; nothing is expanded.") }
            { form.text_like(ARGUMENTS, "Arguments", "", "In place of the image’s command.") }
            <div class="form-row even">
                { form.select(RESTART, "A task that ends is started again", &restarts, "") }
                { form.text(MOST, "So often at most", "Empty: for ever.") }
            </div>
            <div class="form-row even">
                { form.select(SIGNAL, "Stop signal", &signals, "") }
                { form.text_like(GRACE, "Time to end after it", "30 s", "Then it is killed.") }
            </div>
            { form.flag(INIT, "An init process", "A small program that clears away processes that have ended, and passes signals on.") }
        </>
    }
}

/// What nearly every application is asked for.
pub fn basics(form: &Form) -> Html {
    html! {
        <div class="form-row even">
            { form.text_like(PORT, "Port", "8080", "Where the process listens in its container. Empty for a worker: nothing is led to it.") }
            { form.text(REPLICAS, "Replicas", "Tasks that run at once, 1 to 50.") }
        </div>
    }
}
