//! `slipway forward`: a port of this machine that leads to a port of an application's containers.

use std::str::FromStr;
use std::time::Duration;

use serde_json::json;
use slipway_client::{Forward, ForwardEnd, ForwardError, LocalPort};
use slipway_protocol::forward::{NewForward, address};
use slipway_protocol::settings::Port;
use slipway_protocol::task::TaskName;

use crate::context::Context;
use crate::error::CliError;
use crate::follow::tell_of_the_link;
use crate::output;
use crate::signals::interrupted;

/// `[LOCAL:]PORT`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ports {
    local: Option<u16>,
    port: Port,
}

impl FromStr for Ports {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "write PORT or LOCAL:PORT, for example 5432 or 15432:5432";
        let number = |text: &str| text.parse::<u16>().ok().filter(|number| *number > 0);
        let (local, port) = match text.split_once(':') {
            Some((local, port)) => (Some(number(local).ok_or(FORM)?), port),
            None => (None, text),
        };
        let port = Port::fixed(number(port).ok_or(FORM)?);
        Ok(Self { local, port })
    }
}

#[derive(clap::Args)]
pub struct Arguments {
    app: String,
    /// The port in the container, with the port of this machine before it if that should be another one.
    #[arg(value_name = "[LOCAL:]PORT")]
    ports: Ports,
    /// To this task (its id, or how it begins); otherwise to the first that can be reached.
    #[arg(long, value_parser = TaskName::parse)]
    task: Option<TaskName>,
    /// Close it when there was no connection for so many minutes.
    #[arg(long, value_name = "MINUTES", value_parser = clap::value_parser!(u64).range(1..=10_080))]
    idle: Option<u64>,
}

pub async fn run(context: &Context, arguments: Arguments) -> Result<(), CliError> {
    let (connection, app) = context.application(&arguments.app).await?;
    let Ports { local, port } = arguments.ports;
    let wanted = NewForward {
        port,
        task: arguments.task,
    };
    let local = local.map_or(LocalPort::Preferably(port.get()), LocalPort::Exactly);
    let idle = arguments.idle.map(|minutes| Duration::from_secs(minutes * 60));
    let forward = Forward::open(&connection, app.id, wanted, local, idle)
        .await
        .map_err(|error| match error {
            ForwardError::Client(error) => error.into(),
            other => CliError::Failed(other.to_string()),
        })?;
    let url = address(port, forward.local().port(), app.settings.port);
    if context.json {
        output::json_line(&json!({ "local": forward.local(), "url": url, "port": port }))?;
    } else {
        output::line(&format!(
            "{url} leads to port {} of “{}”; Ctrl-C ends it.",
            port.get(),
            app.name
        ));
    }
    tokio::spawn(tell_of_the_link(connection.clone()));
    let mut state = forward.state();
    loop {
        tokio::select! {
            changed = state.changed() => {
                let now = state.borrow_and_update().clone();
                if let Some(failure) = &now.failure {
                    output::note(&output::plain(failure));
                }
                if now.end == Some(ForwardEnd::Idle) {
                    output::note("Closed, because nobody used it.");
                }
                if now.end.is_some() || changed.is_err() {
                    return Ok(());
                }
            }
            () = interrupted() => {
                forward.stop().await;
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CON-13: the two ports are read; a port that is none is refused.
    #[test]
    fn ports_are_read() {
        let ports = |local, port| Ports {
            local,
            port: Port::fixed(port),
        };
        assert_eq!("5432".parse(), Ok(ports(None, 5432)));
        assert_eq!("15432:5432".parse(), Ok(ports(Some(15432), 5432)));
        for wrong in ["", "0", "x", ":5432", "5432:", "1:2:3", "65536", "0:80", "-1"] {
            assert!(wrong.parse::<Ports>().is_err(), "{wrong}");
        }
    }
}
