//! When a new release counts as healthy.

use slipway_protocol::settings::{Answer, ApplicationSettings, CommandLine, HealthCheck, Seconds};
use slipway_protocol::{FreeText, UrlPath};
use yew::prelude::*;

use super::draft::Draft;
use super::form::Form;
use super::reader::Reader;
use crate::units::Amount;

const KIND: &str = "health";
const PATH: &str = "health-path";
const STATUS: &str = "health-status";
const TEXT: &str = "health-text";
const COMMAND: &str = "health-check-command";
const SECONDS: &str = "health-seconds";
pub const FIELDS: &[&str] = &[KIND, PATH, STATUS, TEXT, COMMAND, SECONDS];

const FITS: &str = "port";
const HTTP: &str = "http";
const TCP: &str = "tcp";
const RUNS: &str = "command";
const STAYS_UP: &str = "stays_up";

pub fn fill(draft: &mut Draft, health: &HealthCheck) {
    draft.put(PATH, "/");
    draft.put(SECONDS, Seconds::fixed(10).write());
    let kind = match health {
        HealthCheck::Port => FITS,
        HealthCheck::Http { path, answer } => {
            draft.put(PATH, path.as_str());
            draft.put_optional(STATUS, answer.status);
            draft.put_optional(TEXT, answer.text.as_ref());
            HTTP
        }
        HealthCheck::Tcp => TCP,
        HealthCheck::Command { command } => {
            draft.put(COMMAND, command.to_string());
            RUNS
        }
        HealthCheck::StaysUp { seconds } => {
            draft.put(SECONDS, seconds.write());
            STAYS_UP
        }
    };
    draft.put(KIND, kind);
}

pub fn read(reader: &mut Reader<'_>, settings: &mut ApplicationSettings) {
    let read = match reader.text(KIND) {
        HTTP => {
            let status = reader.optional(STATUS, status);
            // The spaces around it are part of the text that is looked for.
            let looked_for = reader.raw(TEXT);
            let text = reader.optional(TEXT, |_| FreeText::parse(looked_for));
            let answer = Answer { status, text };
            reader
                .required(PATH, UrlPath::parse)
                .map(|path| HealthCheck::Http { path, answer })
        }
        TCP => Some(HealthCheck::Tcp),
        RUNS => reader
            .required(COMMAND, CommandLine::split)
            .map(|command| HealthCheck::Command { command }),
        STAYS_UP => reader
            .amount(SECONDS)
            .map(|seconds| HealthCheck::StaysUp { seconds }),
        _ => Some(HealthCheck::Port),
    };
    settings.health = read.unwrap_or_default();
}

fn status(text: &str) -> Result<u16, &'static str> {
    let number = text.parse().ok();
    number
        .filter(|number| (100..600).contains(number))
        .ok_or("A status is a number from 100 to 599")
}

pub fn view(form: &Form) -> Html {
    let kinds = [
        (FITS, "The usual"),
        (HTTP, "A path answers"),
        (TCP, "The port accepts"),
        (RUNS, "A command succeeds"),
        (STAYS_UP, "It stays up"),
    ];
    let of_kind = match form.choice(KIND) {
        HTTP => html! {
            <>
                <div class="form-row even">
                    { form.text(PATH, "Path", "GET is sent to the port.") }
                    { form.text_like(STATUS, "Status", "200", "Empty: any of 2xx and 3xx.") }
                </div>
                { form.text(TEXT, "Text", "Has to stand in the answer’s first 64 KiB. Empty: any answer.") }
            </>
        },
        TCP => html! { <p class="field-hint">{ "A connection to the port is enough." }</p> },
        RUNS => {
            html! { { form.text_like(COMMAND, "Command", "pg_isready", "Runs inside each container, and has to end with 0.") } }
        }
        STAYS_UP => html! { { form.text(SECONDS, "For", "So long every task has to run without ending.") } },
        _ => html! {
            <p class="field-hint">{ "With a port: it answers HTTP there, whatever the status. Without one: it stays up for 10 s." }</p>
        },
    };
    html! { <>{ form.segments(KIND, "A new release is healthy when", &kinds) }{ of_kind }</> }
}
