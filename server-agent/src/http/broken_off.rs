//! Streams that break off where they are not complete, so that nobody takes a part of one for all of it.

use std::future::ready;

use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;

/// A stream ends before its end. Why is in the agent's log, or is said to whoever asks for it again.
#[derive(Debug, thiserror::Error)]
#[error("the stream broke off before its end")]
pub struct BrokenOff;

/// Events as they come, or that no more of them come although there are more.
pub type Events<T> = BoxStream<'static, Result<T, BrokenOff>>;

/// What a task sends. It breaks off where the task fails.
pub(super) fn sent_by<T: Send + 'static>(
    receiver: mpsc::Receiver<T>,
    task: JoinHandle<Result<(), BrokenOff>>,
) -> Events<T> {
    let failure = stream::once(task).filter_map(|ended| {
        ready(match ended {
            Ok(Ok(())) => None,
            // A task that panicked, or ended with the agent, has not sent everything either.
            Ok(Err(BrokenOff)) | Err(_) => Some(Err(BrokenOff)),
        })
    });
    let sent = ReceiverStream::new(receiver).map(Ok::<T, BrokenOff>);
    sent.chain(failure).boxed()
}

/// The same events until their reader has lost the right to them; then they break off.
pub(super) fn until_lost<T: Send + 'static>(
    events: impl Stream<Item = Result<T, BrokenOff>> + Send + 'static,
    lost: impl Future<Output = ()> + Send + 'static,
) -> Events<T> {
    let begin = Some((events.boxed(), Box::pin(lost)));
    stream::unfold(begin, |state| async move {
        let (mut events, mut lost) = state?;
        tokio::select! {
            event = events.next() => {
                let event = event?;
                let rest = event.is_ok().then_some((events, lost));
                Some((event, rest))
            }
            () = &mut lost => Some((Err(BrokenOff), None)),
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    async fn all(mut events: Events<u32>) -> Vec<Option<u32>> {
        let mut seen = Vec::new();
        while let Some(event) = events.next().await {
            seen.push(event.ok());
        }
        seen
    }

    /// FR-OBS-01: only what was sent whole ends; what failed, panicked or may not be read any more breaks off.
    #[tokio::test]
    async fn only_what_is_whole_ends() {
        let sent = |result: fn() -> Result<(), BrokenOff>| {
            let (sender, receiver) = mpsc::channel(1);
            let task = tokio::spawn(async move {
                let taken = sender.send(7).await;
                assert!(taken.is_ok());
                result()
            });
            sent_by(receiver, task)
        };
        assert_eq!(all(sent(|| Ok(()))).await, [Some(7)]);
        assert_eq!(all(sent(|| Err(BrokenOff))).await, [Some(7), None]);
        assert_eq!(all(sent(|| panic!("on purpose"))).await, [Some(7), None]);
        let kept = until_lost(sent(|| Ok(())), pending());
        assert_eq!(all(kept).await, [Some(7)]);
        let silence = stream::pending::<Result<u32, BrokenOff>>();
        assert_eq!(all(until_lost(silence, ready(()))).await, [None]);
    }
}
