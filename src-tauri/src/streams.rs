//! The running streams: from a cluster into a channel of the window, in batches, until either side ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::stream::{BoxStream, StreamExt};
use serde::Serialize;
use slipway_client::ClientError;
use slipway_protocol::desktop::Streamed;
use tauri::ipc::Channel;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::failures::Refusal;

/// At most so many values in one message.
pub const BATCH: usize = 1000;
/// The same for values that hold many lines each.
pub const BATCH_OF_MANY: usize = 8;

/// One loading of the window's page: what was begun for it is nothing to the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page(u32);

#[derive(Clone, Default)]
pub struct Streams(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    page: Page,
    last: u32,
    running: HashMap<u32, AbortHandle>,
}

impl Streams {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page that is there now. A command asks when it begins: another page may be there when it ends.
    pub fn page(&self) -> Page {
        self.inner().page
    }

    /// Whether somebody listens to what is told to this page.
    pub fn has(&self, page: Page) -> bool {
        self.page() == page
    }

    /// Starts work that feeds a channel of this page; gives the stream's number. For a page that is gone nothing is started.
    pub fn start(&self, page: Page, work: impl Future<Output = ()> + Send + 'static) -> u32 {
        // Held until it is entered: work that ends at once finds its entry.
        let mut inner = self.inner();
        inner.last += 1;
        let number = inner.last;
        if inner.page != page {
            return number;
        }
        let streams = self.clone();
        let task = tauri::async_runtime::spawn(async move {
            work.await;
            streams.inner().running.remove(&number);
        });
        let task = task.inner().abort_handle();
        inner.running.insert(number, task);
        number
    }

    /// Ends a stream; one that has ended is fine.
    pub fn stop(&self, number: u32) {
        let stopped = self.inner().running.remove(&number);
        if let Some(task) = stopped {
            task.abort();
        }
    }

    /// Another page comes: ends what was for the one before it.
    pub fn new_page(&self) {
        let mut inner = self.inner();
        inner.page.0 += 1;
        inner.running.drain().for_each(|(_, task)| task.abort());
    }
}

/// Sends what a stream gives, as much at once as is there.
pub async fn pass_on<T: Serialize>(
    values: BoxStream<'static, Result<T, ClientError>>,
    channel: Channel<String>,
    batch: usize,
) {
    let mut batches = values.ready_chunks(batch);
    while let Some(batch) = batches.next().await {
        let mut failure = None;
        let mut good = Vec::with_capacity(batch.len());
        for item in batch {
            match item {
                Ok(value) => good.push(value),
                Err(error) => failure = Some(Refusal::from(error).0),
            }
        }
        if !send(&channel, &Streamed::Values { values: good }) {
            return;
        }
        if failure.is_some() {
            send(&channel, &Streamed::<T>::Ended { failure });
            return;
        }
    }
    send(&channel, &Streamed::<T>::Ended { failure: None });
}

/// Sends what it is now, and at each change.
pub async fn tell_changes<T: Serialize>(mut changes: watch::Receiver<T>, channel: Channel<String>) {
    while send(&channel, &*changes.borrow_and_update()) && changes.changed().await.is_ok() {}
}

/// False when the window has gone.
pub fn send<M: Serialize>(channel: &Channel<String>, message: &M) -> bool {
    serde_json::to_string(message).is_ok_and(|text| channel.send(text).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};
    use std::time::Duration;
    use tokio::sync::oneshot;

    /// What tells its end, however it comes.
    fn endless() -> (impl Future<Output = ()> + Send + 'static, oneshot::Receiver<()>) {
        let (alive, ended) = oneshot::channel::<()>();
        let work = async move {
            let _alive = alive;
            pending::<()>().await;
        };
        (work, ended)
    }

    async fn until_none_runs(streams: &Streams) {
        while !streams.inner().running.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// FR-DSK-01: a page that is loaded anew ends the streams of the one before it, and what that one began too late is not begun.
    #[tokio::test]
    async fn a_new_page_has_no_old_streams() {
        let streams = Streams::default();
        let first = streams.page();
        let (work, ended) = endless();
        streams.start(first, work);
        streams.new_page();
        assert!(ended.await.is_err(), "it was ended");
        assert!(!streams.has(first));
        let (late, refused) = endless();
        streams.start(first, late);
        assert!(refused.await.is_err(), "nobody would hear it");
        let (work, ended) = endless();
        let number = streams.start(streams.page(), work);
        streams.stop(number);
        assert!(ended.await.is_err(), "its page may stop it");
        until_none_runs(&streams).await;
    }

    /// NFR-P9: work that ends at once leaves nothing behind.
    #[tokio::test]
    async fn what_ends_at_once_is_forgotten() {
        let streams = Streams::default();
        for _ in 0..200 {
            streams.start(streams.page(), ready(()));
        }
        until_none_runs(&streams).await;
    }
}
