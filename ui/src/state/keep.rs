//! Between the window's memory and the disk: what an earlier start has left is taken at the start, and what changes is kept.

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;

use chrono::Utc;
use gloo_timers::future::TimeoutFuture;
use slipway_protocol::ClusterId;
use slipway_protocol::desktop::{Cluster, Failure, OfCluster, SaveDrafts, SaveState, command};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{drafts, memory};
use crate::route::{self, Route};
use crate::shell;

/// So long after a change it is written, with what came meanwhile.
const PAUSE_MS: u32 = 5_000;
/// The same for what is typed, which nobody else has.
const DRAFTS_PAUSE_MS: u32 = 2_000;

thread_local! {
    /// The clusters of which the shell is being asked for what an earlier start has left. A keychain may take its time.
    static ASKED: RefCell<HashSet<ClusterId>> = RefCell::default();
}

/// Takes what is left of the clusters where somebody is signed in; says when all of it is there.
pub fn restore(clusters: &[Rc<Cluster>], done: Callback<()>) {
    let ids: Vec<_> = clusters
        .iter()
        .filter(|one| one.signed_in)
        .map(|one| one.id)
        .collect();
    spawn_local(async move {
        for cluster in ids {
            let session = memory::session(cluster);
            // What cannot be read is asked for anew as soon as the link stands.
            let left: Result<Option<String>, _> =
                shell::call(command::LOAD_STATE, &OfCluster { cluster }).await;
            // Whose it is may have signed out meanwhile.
            if let Ok(Some(text)) = left
                && memory::session(cluster) == session
            {
                memory::restore(cluster, &text);
                done.emit(());
            }
        }
    });
}

/// Writes what changes, as long as the answer of `clusters` is some.
pub fn keep(clusters: impl Fn() -> Option<Vec<Rc<Cluster>>> + 'static) {
    spawn_local(async move {
        let mut written = 0;
        loop {
            memory::changed_after(written).await;
            TimeoutFuture::new(PAUSE_MS).await;
            written = memory::changes();
            let Some(now) = clusters() else {
                return;
            };
            for cluster in now.iter().filter(|one| one.signed_in).map(|one| one.id) {
                if let Some(state) = memory::to_keep(cluster) {
                    // It is only for speed: where it cannot be kept, the next start asks.
                    let _: Result<(), _> =
                        shell::call(command::SAVE_STATE, &SaveState { cluster, state }).await;
                }
            }
        }
    });
}

/// Takes what was typed in an earlier start and is not sent yet, first of the cluster that is open; says each time that some of it is there.
/// Who has to sign in again finds it behind the sign-in.
pub fn restore_drafts(clusters: &[Rc<Cluster>], done: Callback<()>) {
    let mut ids: Vec<_> = clusters.iter().map(|one| one.id).collect();
    let open = match route::current() {
        Route::Cluster(id, _) => Some(id),
        Route::Fleet | Route::Add | Route::Settings | Route::HostKeys | Route::Unknown => None,
    };
    ids.sort_by_key(|id| Some(*id) != open);
    spawn_local(async move {
        for cluster in ids {
            if take_drafts(cluster).await {
                drafts::have_come(cluster);
                done.emit(());
            }
        }
    });
}

/// Writes what is typed and may be on disk, as long as the answer of `clusters` is some.
pub fn keep_drafts(clusters: impl Fn() -> Option<Vec<Rc<Cluster>>> + 'static) {
    spawn_local(async move {
        let mut written = 0;
        loop {
            drafts::changed_after(written).await;
            TimeoutFuture::new(DRAFTS_PAUSE_MS).await;
            written = drafts::changes();
            let Some(now) = clusters() else {
                return;
            };
            for cluster in now.iter().map(|one| one.id) {
                write_drafts(cluster).await;
            }
        }
    });
}

async fn write_drafts(cluster: ClusterId) {
    // It was added since the start, or could not be read then.
    take_drafts(cluster).await;
    let Some(drafts) = drafts::to_keep(cluster, Utc::now()) else {
        return;
    };
    let request = SaveDrafts { cluster, drafts };
    // Where it cannot be kept it is tried with the next change; the form itself is as it was.
    let saved: Result<(), Failure> = shell::call(command::SAVE_DRAFTS, &request).await;
    if saved.is_ok() {
        drafts::is_written(cluster, request.drafts.as_deref());
    }
}

/// Takes what an earlier start has left of a cluster, once; whether there was any. Where it is asked for already, whoever asked first hears of it.
async fn take_drafts(cluster: ClusterId) -> bool {
    if drafts::are_known(cluster) || !ASKED.with_borrow_mut(|asked| asked.insert(cluster)) {
        return false;
    }
    let left: Result<Option<String>, Failure> =
        shell::call(command::LOAD_DRAFTS, &OfCluster { cluster }).await;
    ASKED.with_borrow_mut(|asked| asked.remove(&cluster));
    // What cannot be read now is not written over.
    left.is_ok_and(|left| drafts::restore(cluster, left.as_deref(), Utc::now()))
}
