//! `slipway logs`: what an application's containers wrote, over all its releases, or what one of its deployments said.

use std::io::{self, Write};

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use futures_util::stream::{BoxStream, StreamExt};
use serde_json::json;
use slipway_client::{ClientError, Connection};
use slipway_protocol::DeploymentId;
use slipway_protocol::api::{FollowLogs, GetDeployment, ReadDeploymentLog};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::Step;
use slipway_protocol::log_line::{ContainerLogEvent, ContainerLogLine, LogLevel};

use super::history::numbered;
use crate::context::Context;
use crate::error::CliError;
use crate::follow::{self, tell_of_the_link};
use crate::here::HERE;
use crate::output;

/// Lines that are shown when nothing says how many.
const TAIL: u32 = 200;

#[derive(clap::Args)]
pub struct Arguments {
    #[arg(default_value = HERE)]
    app: String,
    /// The log of the deployment with this number, its build's before all, instead of what containers wrote.
    #[arg(long, value_name = "NUMBER", conflicts_with = "task")]
    deployment: Option<u32>,
    /// Only lines of this step of the deployment: source, build, release, gate and so on.
    #[arg(long, requires = "deployment", value_parser = step_named)]
    step: Option<Step>,
    /// Go on with what follows; of a deployment until it has ended, and with an error unless it has succeeded.
    #[arg(long, short)]
    follow: bool,
    /// How many of the last lines that fit. Default: 200, and all with --since.
    #[arg(long, short = 'n')]
    tail: Option<u32>,
    /// Only what was written since then: 30s, 15m, 2h, 7d ago, or a time such as 2026-01-31T12:00:00Z.
    #[arg(long, value_parser = moment)]
    since: Option<DateTime<Utc>>,
    /// Only what was written before then.
    #[arg(long, value_parser = moment)]
    until: Option<DateTime<Utc>>,
    /// Only lines in which this regular expression is found.
    #[arg(long, short, value_name = "REGEX", allow_hyphen_values = true)]
    grep: Option<String>,
    /// Only lines of this level and more severe ones: trace, debug, info, warn, error, fatal.
    #[arg(long)]
    level: Option<LogLevel>,
    /// Only lines of this task (its id, or how it begins).
    #[arg(long)]
    task: Option<String>,
    /// Show each line's time.
    #[arg(long, short)]
    times: bool,
}

pub async fn run(context: &Context, arguments: Arguments) -> Result<(), CliError> {
    let (connection, app) = context.application(&arguments.app).await?;
    if let Some(number) = arguments.deployment {
        return of_deployment(context, &connection, &app, number, arguments).await;
    }
    let request = FollowLogs {
        tail: arguments
            .tail
            .or_else(|| arguments.since.is_none().then_some(TAIL)),
        since: arguments.since,
        until: arguments.until,
        regex: arguments.grep,
        level: arguments.level,
        task: arguments.task,
        ..FollowLogs::of(app.id)
    };
    tokio::spawn(tell_of_the_link(connection.clone()));
    let events = if arguments.follow {
        connection.follow_some_logs(request)
    } else {
        connection.read_logs(request)
    };
    show(events, context.json, arguments.times).await
}

type Events = BoxStream<'static, Result<ContainerLogEvent, ClientError>>;

async fn show(mut events: Events, as_json: bool, times: bool) -> Result<(), CliError> {
    while let Some(event) = events.next().await {
        match event? {
            ContainerLogEvent::Lines(lines) => print(&lines, as_json, times),
            ContainerLogEvent::Ping | ContainerLogEvent::Ended => {}
        }
    }
    Ok(())
}

/// What a deployment's log holds now of what fits; with `--follow` until the deployment's end, and where all of it fits, with its steps.
async fn of_deployment(
    context: &Context,
    connection: &Connection,
    app: &ApplicationView,
    number: u32,
    arguments: Arguments,
) -> Result<(), CliError> {
    let deployment = numbered(connection, app.id, number).await?;
    if arguments.follow && !narrows(&arguments) {
        follow::deployment(connection, deployment.id, context.json).await?;
        return Ok(());
    }
    let request = ReadDeploymentLog {
        // From its beginning: it is bounded, and its beginning says as much as its end.
        after: arguments.tail.is_none().then_some(0),
        tail: arguments.tail,
        since: arguments.since,
        until: arguments.until,
        regex: arguments.grep,
        level: arguments.level,
        step: arguments.step,
        ..ReadDeploymentLog::of(deployment.id)
    };
    let teller = tokio::spawn(tell_of_the_link(connection.clone()));
    if !arguments.follow {
        let events = connection.read_deployment_log(request);
        return show(events, context.json, arguments.times).await;
    }
    let followed = show(
        connection.follow_deployment_log(request),
        context.json,
        arguments.times,
    )
    .await;
    teller.abort();
    followed?;
    ended_well(connection, deployment.id).await
}

/// One that goes on was followed until a time.
async fn ended_well(connection: &Connection, deployment: DeploymentId) -> Result<(), CliError> {
    let view = connection.send(GetDeployment { deployment }).await?;
    if view.status.is_final() {
        follow::outcome(view)?;
    }
    Ok(())
}

fn narrows(arguments: &Arguments) -> bool {
    arguments.tail.is_some()
        || arguments.since.is_some()
        || arguments.until.is_some()
        || arguments.grep.is_some()
        || arguments.level.is_some()
        || arguments.step.is_some()
}

fn step_named(name: &str) -> Result<Step, String> {
    Step::named(&name.replace('-', "_")).ok_or_else(|| {
        let names = Step::ALL.map(|step| step.as_str().replace('_', "-"));
        format!("a step is one of {}", names.join(", "))
    })
}

/// Many lines at once, with one flush. A reader that went away (`| head`) ends the program quietly.
fn print(lines: &[ContainerLogLine], as_json: bool, times: bool) {
    let mut text = String::new();
    for line in lines {
        if as_json {
            text.push_str(&json(line));
        } else {
            text.push_str(&for_people(line, times));
        }
        text.push('\n');
    }
    let mut out = io::stdout().lock();
    output::or_end(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

fn json(line: &ContainerLogLine) -> String {
    let mut value = json!({
        "sequence": line.sequence, "at": line.at.to_rfc3339_opts(SecondsFormat::Nanos, true), "task": line.task,
        "stream": line.stream, "level": line.level, "text": line.text,
    });
    if let Some(missing) = &line.missing {
        value["missing"] = json!(missing);
    }
    value.to_string()
}

fn for_people(line: &ContainerLogLine, times: bool) -> String {
    let time = if times {
        line.at.format("%Y-%m-%d %H:%M:%S%.3f ").to_string()
    } else {
        String::new()
    };
    let mark = if line.missing.is_some() { "!" } else { "|" };
    format!(
        "{time}{} {mark} {}",
        output::plain(&line.task),
        output::plain(&line.text)
    )
}

/// A time, or how long ago it was.
fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let ago = || Utc::now().checked_sub_signed(Duration::try_seconds(length(text)?)?);
    ago().ok_or_else(|| {
        "write how long ago (30s, 15m, 2h, 7d), or a time such as 2026-01-31T12:00:00Z".to_owned()
    })
}

/// A length of time such as 30s, 15m, 2h or 7d, in seconds.
pub fn length(text: &str) -> Option<i64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: i64 = number.parse().ok().filter(|number| *number >= 0)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-API-03: times are told by the clock, or by how long ago they were.
    #[test]
    fn moments_are_read() {
        assert_eq!(
            moment("2026-01-31T12:00:00+01:00").unwrap().to_rfc3339(),
            "2026-01-31T11:00:00+00:00"
        );
        let before = Utc::now();
        let told = moment("2h").unwrap() + Duration::hours(2);
        assert!((before..=Utc::now()).contains(&told), "{told}");
        for wrong in ["", "2", "h", "-1h", "2 h", "yesterday", "99999999999999999d", "ü"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
