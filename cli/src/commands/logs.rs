//! `slipway logs`: what an application's containers write.

use futures_util::StreamExt;
use slipway_protocol::api::FollowLogs;
use slipway_protocol::log_line::{ContainerLogEvent, ContainerLogLine};

use crate::context::{Context, application};
use crate::error::CliError;
use crate::follow::tell_of_the_link;
use crate::output;

#[derive(clap::Args)]
pub struct Arguments {
    app: String,
    /// Go on with what follows.
    #[arg(long, short)]
    follow: bool,
    /// How many lines of the past.
    #[arg(long, short = 'n', default_value_t = 200)]
    tail: u32,
    /// Show each line's time.
    #[arg(long, short)]
    times: bool,
}

pub async fn run(context: &Context, arguments: Arguments) -> Result<(), CliError> {
    let connection = context.connect().await?;
    let app = application(&connection, &arguments.app).await?;
    let mut events = if arguments.follow {
        tokio::spawn(tell_of_the_link(connection.clone()));
        connection.follow_logs(app.id, Some(arguments.tail), None)
    } else {
        let request = FollowLogs {
            application: app.id,
            after: None,
            tail: Some(arguments.tail),
            follow: Some(false),
        };
        connection.stream(request).boxed()
    };
    while let Some(event) = events.next().await {
        match event? {
            ContainerLogEvent::Line(line) if context.json => output::json_line(&line)?,
            ContainerLogEvent::Line(line) => output::line(&text(&line, arguments.times)),
            ContainerLogEvent::Ping => {}
        }
    }
    Ok(())
}

fn text(line: &ContainerLogLine, times: bool) -> String {
    let time = if times {
        line.at.format("%Y-%m-%d %H:%M:%S%.3f ").to_string()
    } else {
        String::new()
    };
    format!(
        "{time}{} | {}",
        output::plain(&line.task),
        output::plain(&line.text)
    )
}
