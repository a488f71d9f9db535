//! Between the window's memory and the disk: what an earlier start has left is taken at the start, and what changes is kept.

use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use slipway_protocol::desktop::{Cluster, OfCluster, SaveState, command};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::memory;
use crate::shell;

/// So long after a change it is written, with what came meanwhile.
const PAUSE_MS: u32 = 5_000;

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
