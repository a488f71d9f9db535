//! The feed of changes.

use std::time::Duration;

use futures_util::{Stream, StreamExt};
use slipway_protocol::api::WatchChanges;
use slipway_protocol::feed::FeedEvent;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::broken_off::BrokenOff;
use super::{ApiError, Call};

/// What happens within this time is told once.
const TOGETHER: Duration = Duration::from_millis(40);
/// After so long without news the reader is told that the link is alive.
const PING: Duration = Duration::from_secs(5);

pub async fn watch_changes(
    call: Call,
    _: WatchChanges,
) -> Result<impl Stream<Item = Result<FeedEvent, BrokenOff>> + use<>, ApiError> {
    let mut watch = call.app.feed.watch(call.team()?);
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut event = FeedEvent::Changed;
        while sender.send(event).await.is_ok() {
            event = tokio::select! {
                changed = watch.next() => {
                    if changed.is_none() {
                        return;
                    }
                    tokio::time::sleep(TOGETHER).await;
                    watch.skip();
                    FeedEvent::Changed
                }
                () = tokio::time::sleep(PING) => FeedEvent::Ping,
                () = sender.closed() => return,
            };
        }
    });
    Ok(ReceiverStream::new(receiver).map(Ok::<_, BrokenOff>))
}
