//! `slipway events`: what happened by itself.

use futures_util::StreamExt;
use slipway_client::Connection;
use slipway_protocol::api::ListEvents;
use slipway_protocol::event::{ClusterEvent, Severity};
use slipway_protocol::feed::FeedEvent;

use crate::context::Context;
use crate::error::CliError;
use crate::output;

#[derive(clap::Args)]
pub struct Arguments {
    /// Only of this application.
    app: Option<String>,
    /// Only those with this text.
    #[arg(long)]
    search: Option<String>,
    /// Only warnings and what is worse.
    #[arg(long)]
    warnings: bool,
    /// So many.
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Go on with what happens.
    #[arg(long, short)]
    follow: bool,
}

pub async fn run(context: &Context, arguments: Arguments) -> Result<(), CliError> {
    let (connection, application) = match &arguments.app {
        Some(name) => {
            let (connection, view) = context.application(name).await?;
            (connection, Some(view.id))
        }
        None => (context.connect().await?, None),
    };
    let wish = ListEvents {
        before: None,
        limit: Some(arguments.limit),
        application,
        severity: arguments.warnings.then_some(Severity::Warning),
        contains: arguments.search,
    };
    let mut all = connection.send(wish.clone()).await?;
    all.reverse();
    let last = all.last().map_or(0, |event| event.number);
    if context.json && !arguments.follow {
        return output::json(&all);
    }
    if all.is_empty() && !arguments.follow {
        output::line("Nothing has happened.");
    }
    show(context, &all)?;
    if arguments.follow {
        follow(context, &connection, wish, last).await?;
    }
    Ok(())
}

/// Asks at each change, and shows what is behind the last that was shown.
async fn follow(
    context: &Context,
    connection: &Connection,
    wish: ListEvents,
    mut last: i64,
) -> Result<(), CliError> {
    let wish = ListEvents {
        limit: Some(1_000),
        ..wish
    };
    let mut changes = connection.watch_changes();
    while let Some(change) = changes.next().await {
        if change? != FeedEvent::Changed {
            continue;
        }
        let mut new = connection.send(wish.clone()).await?;
        new.retain(|event| event.number > last);
        new.reverse();
        last = new.last().map_or(last, |event| event.number);
        show(context, &new)?;
    }
    Ok(())
}

fn show(context: &Context, events: &[ClusterEvent]) -> Result<(), CliError> {
    for event in events {
        if context.json {
            output::json_line(event)?;
            continue;
        }
        output::line(&format!(
            "{}  {:<7}  {}: {}",
            output::time(&event.at),
            event.severity.as_str(),
            output::plain(&event.subject),
            output::plain(&event.text)
        ));
    }
    Ok(())
}
