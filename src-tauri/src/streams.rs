//! The running streams: from a cluster into a channel of the window, in batches, until either side ends.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

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

#[derive(Clone, Default)]
pub struct Streams {
    last: Arc<AtomicU32>,
    running: Arc<Mutex<HashMap<u32, AbortHandle>>>,
}

impl Streams {
    /// Starts work that feeds a channel; gives the stream's number.
    pub fn start(&self, work: impl Future<Output = ()> + Send + 'static) -> u32 {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let running = self.running.clone();
        let task = tauri::async_runtime::spawn(async move {
            work.await;
            lock(&running).remove(&number);
        });
        let handle = task.inner().abort_handle();
        if !handle.is_finished() {
            lock(&self.running).insert(number, handle);
        }
        number
    }

    /// Ends a stream; one that has ended is fine.
    pub fn stop(&self, number: u32) {
        if let Some(handle) = lock(&self.running).remove(&number) {
            handle.abort();
        }
    }

    /// Ends all of them: the page that they were for is gone.
    pub fn stop_all(&self) {
        let all = std::mem::take(&mut *lock(&self.running));
        all.values().for_each(AbortHandle::abort);
    }
}

fn lock(running: &Mutex<HashMap<u32, AbortHandle>>) -> std::sync::MutexGuard<'_, HashMap<u32, AbortHandle>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
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
