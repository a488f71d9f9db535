//! The server's disk is the database's too, and that of everything that serves: what would fill it is ended before.

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use super::{Context, StepError};
use crate::disk;
use crate::docker::Docker;

/// Does the work as long as there is room where it writes. `None` where that ran short: the work was told to stop, and has ended.
pub async fn while_there_is_room<T>(
    work: impl Future<Output = Result<T, StepError>>,
    stop: &CancellationToken,
    places: &[PathBuf],
) -> Option<Result<T, StepError>> {
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => Some(done),
        () = disk::any_runs_short(places) => {
            stop.cancel();
            // Its programs are ended by then.
            let _ = work.await;
            None
        }
    }
}

/// Where an image comes to lie on this machine, and what is built for it: the agent's own folder, Docker's, and that of another engine here
/// that builds.
pub async fn places_of_images(context: &Context<'_>) -> Vec<PathBuf> {
    let (app, place) = (context.app, &context.app.build_place);
    let mut places = vec![app.config.data_dir.clone()];
    places.extend(root(&app.docker).await);
    if place.node().is_some() && place.is_on_this_machine() {
        places.extend(root(place.docker()).await);
    }
    places
}

/// An engine that does not tell is not waited for: what needs it will.
async fn root(docker: &Docker) -> Option<PathBuf> {
    docker.facts().await.ok()?.root
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-R3: work goes on where there is room, also beside a folder that cannot be looked at; its end is its own.
    #[tokio::test]
    async fn work_with_room_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let places = [folder.path().to_owned(), folder.path().join("absent")];
        let stop = CancellationToken::new();
        let done = while_there_is_room(async { Ok(7) }, &stop, &places).await;
        assert!(matches!(done, Some(Ok(7))));
        let failed = async { Err::<(), _>(StepError::Cancelled) };
        let failed = while_there_is_room(failed, &stop, &places).await;
        assert!(matches!(failed, Some(Err(StepError::Cancelled))));
        assert!(!stop.is_cancelled());
    }
}
