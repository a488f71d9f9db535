//! PostgreSQL's notifications, passed on to workers, followers and whoever watches.

use std::convert::Infallible;
use std::time::Duration;

use slipway_protocol::TeamId;
use sqlx::postgres::{PgListener, PgNotification};
use uuid::Uuid;

use crate::app::App;
use crate::feed::Whose;

/// Carries the ids of teams; see the migration that makes its triggers.
const CHANGES: &str = "slipway_changes";

/// There may be something to do for a worker.
const WORK: &str = "slipway_work";
const FOLLOWED: &str = "slipway_deployments";
/// The same of a command that somebody runs.
const COMMANDS: &str = "slipway_commands";

/// So soon it is tried again where the database is away.
const AGAIN: Duration = Duration::from_secs(1);

/// Passes them on for as long as it is polled.
pub async fn hear(app: App) {
    loop {
        let Err(error) = listen(&app).await;
        tracing::warn!(
            %error,
            "notifications are interrupted; looking at intervals instead"
        );
        tokio::time::sleep(AGAIN).await;
    }
}

async fn listen(app: &App) -> Result<Infallible, sqlx::Error> {
    let mut listener = PgListener::connect_with(app.db.pool()).await?;
    listener.listen_all([WORK, FOLLOWED, COMMANDS, CHANGES]).await?;
    after_silence(app);
    loop {
        match listener.try_recv().await? {
            Some(notification) => pass_on(app, &notification),
            // The connection was lost, and there is another one already.
            None => after_silence(app),
        }
    }
}

/// Nobody knows what was missed.
fn after_silence(app: &App) {
    app.feed.tell(Whose::Everyone);
    app.work_wanted.send_replace(());
    app.commands_wanted.notify_one();
    app.routes_wanted.notify_one();
}

fn pass_on(app: &App, notification: &PgNotification) {
    if notification.channel() == WORK {
        app.work_wanted.send_replace(());
        return;
    }
    let Ok(id) = notification.payload().parse::<Uuid>() else {
        return;
    };
    if notification.channel() == CHANGES {
        app.feed.tell(Whose::Team(TeamId(id)));
        // Who serves may have changed with it.
        app.routes_wanted.notify_one();
        return;
    }
    if notification.channel() == COMMANDS {
        app.commands_wanted.notify_one();
    }
    // Nobody may follow it.
    let _ = app.changes.send(id);
}
