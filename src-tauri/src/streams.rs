//! The running streams: from a cluster into a channel of the window, in batches, no faster than the window takes them, until either side ends.

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
use crate::taken;

/// At most so many values in one message.
pub const BATCH: usize = 1000;
/// The same for values that hold many lines each.
pub const BATCH_OF_MANY: usize = 8;
/// The window may be so many messages behind. What comes meanwhile waits where it is kept, in the files of the agent. The window tells of
/// a few at once that it has taken: of fewer than this.
const BEHIND: u64 = 16;

/// One loading of the window's page: what was begun for it is nothing to the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Page(u32);

#[derive(Clone, Default)]
pub struct Streams(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    page: Page,
    last: u32,
    running: HashMap<u32, Running>,
}

struct Running {
    task: AbortHandle,
    pace: WindowPace,
}

/// How many messages of a stream the window has taken.
#[derive(Clone, Default)]
pub struct WindowPace(Arc<watch::Sender<u64>>);

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
        self.begin(page, WindowPace::default(), work)
    }

    /// The same for work that keeps the window's pace.
    pub fn start_paced<W>(&self, page: Page, work: impl FnOnce(WindowPace) -> W) -> u32
    where
        W: Future<Output = ()> + Send + 'static,
    {
        let pace = WindowPace::default();
        self.begin(page, pace.clone(), work(pace))
    }

    fn begin(&self, page: Page, pace: WindowPace, work: impl Future<Output = ()> + Send + 'static) -> u32 {
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
        inner.running.insert(number, Running { task, pace });
        number
    }

    /// The window has taken so many messages of a stream, since its beginning. One that has ended is fine.
    pub fn taken(&self, number: u32, messages: u64) {
        if let Some(running) = self.inner().running.get(&number) {
            taken::reached(&running.pace.0, messages);
        }
    }

    /// Ends a stream; one that has ended is fine.
    pub fn stop(&self, number: u32) {
        let stopped = self.inner().running.remove(&number);
        if let Some(running) = stopped {
            running.task.abort();
        }
    }

    /// Another page comes: ends what was for the one before it.
    pub fn new_page(&self) {
        let mut inner = self.inner();
        inner.page.0 += 1;
        inner
            .running
            .drain()
            .for_each(|(_, running)| running.task.abort());
    }
}

/// Sends what a stream gives, as much at once as is there, and waits for a window that is behind. Nothing is left out.
pub async fn pass_on<T: Serialize>(
    values: BoxStream<'static, Result<T, ClientError>>,
    channel: Channel<String>,
    batch: usize,
    pace: WindowPace,
) {
    let mut batches = values.ready_chunks(batch);
    let mut sent = 0;
    while let Some(batch) = batches.next().await {
        let mut failure = None;
        let mut good = Vec::with_capacity(batch.len());
        for item in batch {
            match item {
                Ok(value) => good.push(value),
                Err(error) => failure = Some(Refusal::from(error).0),
            }
        }
        // A failure alone is no sign that anything came.
        if !good.is_empty() && !send(&channel, &Streamed::Values { values: good }) {
            return;
        }
        if failure.is_some() {
            send(&channel, &Streamed::<T>::Ended { failure });
            return;
        }
        sent += 1;
        taken::not_far_behind(&pace.0, sent, BEHIND).await;
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
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use futures_util::stream;
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

    /// NFR-P9, FR-OBS-01: a stream gets no further ahead of the window than a few messages, asks for nothing meanwhile, and leaves nothing
    /// out when it goes on.
    #[tokio::test]
    async fn a_stream_waits_for_the_window() {
        const ALL: u64 = 1_000;
        let streams = Streams::default();
        let (asked, sent) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let channel = {
            let sent = Arc::clone(&sent);
            Channel::<String>::new(move |_| {
                sent.fetch_add(1, Ordering::Relaxed);
                Ok(())
            })
        };
        let values = {
            let asked = Arc::clone(&asked);
            let counted = move |_: &u64| {
                asked.fetch_add(1, Ordering::Relaxed);
            };
            stream::iter(0..ALL).inspect(counted).map(Ok).boxed()
        };
        let number = streams.start_paced(streams.page(), |pace| pass_on(values, channel, 1, pace));
        let until = async |wanted: u64| {
            while sent.load(Ordering::Relaxed) < wanted {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            // It would go on at once.
            tokio::time::sleep(Duration::from_millis(20)).await;
            (sent.load(Ordering::Relaxed), asked.load(Ordering::Relaxed))
        };
        assert_eq!(until(BEHIND).await, (BEHIND, BEHIND));
        streams.taken(number, 4);
        assert_eq!(until(BEHIND + 4).await, (BEHIND + 4, BEHIND + 4));
        streams.taken(number, 2);
        assert_eq!(until(BEHIND + 4).await.0, BEHIND + 4, "it is not taken back");
        streams.taken(number, u64::MAX);
        assert_eq!(until(ALL + 1).await, (ALL + 1, ALL), "and that it has ended");
        until_none_runs(&streams).await;
    }

    /// FR-CON-08: a stream that fails before anything came says only that: the window waits longer with each such attempt.
    #[tokio::test]
    async fn a_failure_brings_no_values() {
        let told = Arc::new(AtomicU64::new(0));
        let channel = {
            let told = Arc::clone(&told);
            Channel::<String>::new(move |_| {
                told.fetch_add(1, Ordering::Relaxed);
                Ok(())
            })
        };
        let failed = || Err::<u64, _>(ClientError::NotForwarded);
        let values = stream::iter([failed()]).boxed();
        pass_on(values, channel.clone(), BATCH, WindowPace::default()).await;
        assert_eq!(told.load(Ordering::Relaxed), 1, "that it has failed");
        let values = stream::iter([Ok(7), failed()]).boxed();
        pass_on(values, channel, BATCH, WindowPace::default()).await;
        assert_eq!(told.load(Ordering::Relaxed), 3, "what came before is told");
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
