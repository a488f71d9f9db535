//! What a command writes, put into a log of its own for as long as it goes on.

use std::sync::Arc;

use slipway_protocol::CommandId;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::deploy::once::LAST_LINES;
use crate::docker::{DockerError, OutputOf};
use crate::domain::rollout::ObservedTask;
use crate::logs::collect::{Sources, Stream, follow};

/// Following it. Ends when this is dropped; whoever follows it again goes on behind the last line that is stored.
pub struct Output {
    command: CommandId,
    ended: CancellationToken,
    work: JoinHandle<()>,
}

impl Output {
    /// Begins as soon as its task has a container.
    pub async fn of(
        app: &App,
        sources: &Arc<Sources>,
        command: CommandId,
        task: &ObservedTask,
    ) -> Result<Option<Self>, DockerError> {
        let Some(container) = &task.container else {
            return Ok(None);
        };
        let source = match app.docker.container(container).await? {
            Some(_) => OutputOf::Container(container.clone()),
            // It is another node's.
            None => OutputOf::Task(task.id.clone()),
        };
        let stream = Stream {
            log: command.into(),
            task: task.id.clone(),
            source,
        };
        let ended = CancellationToken::new();
        let work = tokio::spawn(follow(Arc::clone(sources), stream, ended.clone()));
        Ok(Some(Self { command, ended, work }))
    }

    /// The command has ended: until all that it wrote stands in its log.
    pub async fn finish(mut self, app: &App) {
        self.ended.cancel();
        if tokio::time::timeout(LAST_LINES, &mut self.work).await.is_err() {
            tracing::warn!(command.id = %self.command, "the last lines of a command could not be read in time");
        }
        let (logs, command) = (app.logs.clone(), self.command);
        if let Ok(Ok(log)) = tokio::task::spawn_blocking(move || logs.of(command)).await {
            log.ended().await;
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.work.abort();
    }
}
