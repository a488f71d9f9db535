//! Folders and archives that the person drops on the window. Only the system says where they are: the window gets an id for one, and
//! with it can do nothing but send it, for a few minutes. What the page itself lets somebody drag is no file of this machine.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use slipway_client::upload::Sendable;
use slipway_protocol::desktop::{DropState, Dropped, DroppedId, DroppedKind, Failure, FailureKind};
use tauri::{DragDropEvent, Manager, Window, WindowEvent};
use tokio::sync::watch;
use uuid::Uuid;

use crate::desk::Desk;
use crate::failures::Refusal;
use crate::plain::plain;

/// What was dropped and neither sent nor asked about again for so long is forgotten.
const KEPT: Duration = Duration::from_secs(600);
/// The system's word that something was dropped may come a little later than that its drag has ended.
const AFTERWARDS: Duration = Duration::from_secs(2);
/// Nobody drags anything for longer.
const LONGEST_DRAG: Duration = Duration::from_secs(3600);
/// The longest name that is shown, in letters.
const LONGEST_NAME: usize = 120;

/// What was dropped last, and what is told of it.
#[derive(Clone, Default)]
pub struct Drops(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: watch::Sender<DropState>,
    kept: Mutex<Option<Kept>>,
    /// Until then what is dropped is the page's own.
    own: Mutex<Option<Instant>>,
}

struct Kept {
    id: DroppedId,
    path: PathBuf,
    until: Instant,
}

impl Drops {
    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn own(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now and at each change.
    pub fn changes(&self) -> watch::Receiver<DropState> {
        self.0.state.subscribe()
    }

    /// Something of the page is dragged from now on, or no more. It may say that it is any file.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "elsewhere a page's own things are no files")
    )]
    pub fn drag_own(&self, begins: bool, now: Instant) {
        *self.own() = Some(now + if begins { LONGEST_DRAG } else { AFTERWARDS });
    }

    /// Whether this comes from outside of the window.
    fn is_foreign(&self, now: Instant) -> bool {
        self.own().is_none_or(|until| until <= now)
    }

    fn above(&self) {
        self.0.state.send_replace(DropState::Above);
    }

    /// It was carried away again.
    fn left(&self) {
        self.0.state.send_if_modified(|state| {
            let was = *state == DropState::Above;
            if was {
                *state = DropState::Nothing;
            }
            was
        });
    }

    /// Takes what the system says was dropped. Blocks: it looks at the disk.
    fn take(&self, paths: &[PathBuf], now: Instant) {
        let told = match judge(paths) {
            Ok((kind, path)) => {
                let id = DroppedId(Uuid::new_v4());
                let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
                let name = plain(&name, LONGEST_NAME);
                *self.kept() = Some(Kept {
                    id,
                    path,
                    until: now + KEPT,
                });
                let dropped = Dropped { id, name, kind };
                DropState::Dropped { dropped }
            }
            Err(sentence) => DropState::Refused { sentence },
        };
        self.0.state.send_replace(told);
    }

    /// Where something is that was dropped. Who asks may ask again for as long.
    pub fn find(&self, id: DroppedId, now: Instant) -> Result<PathBuf, Refusal> {
        let mut kept = self.kept();
        if kept.as_ref().is_some_and(|kept| kept.until <= now) {
            *kept = None;
        }
        match kept.as_mut().filter(|kept| kept.id == id) {
            Some(kept) => {
                kept.until = now + KEPT;
                Ok(kept.path.clone())
            }
            None => {
                let sentence = "What was dropped is no longer known here; drop it again.";
                Err(Failure::new(FailureKind::Invalid, sentence).into())
            }
        }
    }

    /// Nobody wants it any more; without an id, the person knows that it was refused.
    pub fn forget(&self, id: Option<DroppedId>) {
        self.kept().take_if(|kept| Some(kept.id) == id);
        self.0.state.send_if_modified(|state| {
            let was = match state {
                DropState::Dropped { dropped } => Some(dropped.id) == id,
                DropState::Refused { .. } => id.is_none(),
                DropState::Nothing | DropState::Above => false,
            };
            if was {
                *state = DropState::Nothing;
            }
            was
        });
    }

    /// The page that it was dropped on is gone.
    pub fn forget_all(&self) {
        *self.kept() = None;
        *self.own() = None;
        self.0.state.send_replace(DropState::Nothing);
    }
}

/// What can be sent of this, or why nothing can.
fn judge(paths: &[PathBuf]) -> Result<(DroppedKind, PathBuf), String> {
    let [path] = paths else {
        return Err(match paths.len() {
            0 => "What was dropped is no file of this machine; drop a folder or an archive.".to_owned(),
            many => format!("{many} things were dropped; drop the folder that they are in, or one archive."),
        });
    };
    let kind = path.is_absolute().then(|| Sendable::at(path)).flatten();
    match kind {
        Some(Sendable::Folder) => Ok((DroppedKind::Folder, path.clone())),
        Some(Sendable::Archive) => Ok((DroppedKind::Archive, path.clone())),
        None => Err(format!(
            "“{}” is neither a folder nor an archive (.tar, .tar.gz, .tar.zst, .zip); drop the folder with the application's source.",
            plain(&shown(path), LONGEST_NAME)
        )),
    }
}

fn shown(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// Hears what the system says of things above the window.
pub fn on_window_event(window: &Window, event: &WindowEvent) {
    let WindowEvent::DragDrop(event) = event else {
        return;
    };
    let drops = window.state::<Desk>().drops.clone();
    match event {
        DragDropEvent::Leave => drops.left(),
        _ if !drops.is_foreign(Instant::now()) => {}
        DragDropEvent::Enter { .. } => drops.above(),
        DragDropEvent::Drop { paths, .. } => {
            let paths = paths.clone();
            // A folder may be on another machine's disk, and that may be slow.
            tauri::async_runtime::spawn_blocking(move || drops.take(&paths, Instant::now()));
        }
        // Where it is above the window is all the same.
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(drops: &Drops) -> DropState {
        drops.changes().borrow().clone()
    }

    fn dropped(drops: &Drops) -> Dropped {
        match told(drops) {
            DropState::Dropped { dropped } => dropped,
            other => panic!("{other:?}"),
        }
    }

    fn refused(drops: &Drops) -> String {
        match told(drops) {
            DropState::Refused { sentence } => sentence,
            other => panic!("{other:?}"),
        }
    }

    /// FR-SRC-04, NFR-S7: the window gets a name and an id; what has another id, is too old, was forgotten or was dropped on an
    /// earlier page is not found.
    #[test]
    fn only_what_was_dropped_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop\u{202e}");
        std::fs::create_dir(&path).unwrap();
        let (drops, now) = (Drops::default(), Instant::now());
        drops.above();
        assert_eq!(told(&drops), DropState::Above);
        drops.take(std::slice::from_ref(&path), now);
        drops.left();
        let first = dropped(&drops);
        assert_eq!((first.name.as_str(), first.kind), ("shop ", DroppedKind::Folder));
        assert!(drops.find(DroppedId(Uuid::new_v4()), now).is_err());
        assert_eq!(drops.find(first.id, now).ok(), Some(path.clone()));
        // Asked about again it is kept for as long again.
        let later = now + KEPT / 2;
        assert!(drops.find(first.id, later).is_ok());
        assert!(drops.find(first.id, now + KEPT).is_ok());
        assert!(drops.find(first.id, now + KEPT * 2).is_err());

        drops.take(std::slice::from_ref(&path), now);
        let second = dropped(&drops);
        assert_ne!(first.id, second.id);
        assert!(drops.find(first.id, now).is_err());
        drops.forget(Some(first.id));
        assert!(drops.find(second.id, now).is_ok());
        drops.forget(Some(second.id));
        assert!(drops.find(second.id, now).is_err());
        assert_eq!(told(&drops), DropState::Nothing);

        drops.take(&[path], now);
        let third = dropped(&drops);
        drops.forget_all();
        assert!(drops.find(third.id, now).is_err());
        assert_eq!(told(&drops), DropState::Nothing);
    }

    /// FR-SRC-04: an archive is known by what it holds; anything else, several things and what is no file are refused with a sentence.
    #[test]
    fn what_cannot_be_sent_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let (archive, text) = (folder.path().join("app.bin"), folder.path().join("page.html"));
        std::fs::write(&archive, b"PK\x03\x04").unwrap();
        std::fs::write(&text, "<html>").unwrap();
        let (drops, now) = (Drops::default(), Instant::now());
        drops.take(std::slice::from_ref(&archive), now);
        assert_eq!(dropped(&drops).kind, DroppedKind::Archive);
        for (paths, words) in [
            (vec![], "no file of this machine"),
            (vec![archive.clone(), text.clone()], "2 things"),
            (vec![text], "“page.html” is neither"),
            (vec!["https://example.org/app.zip".into()], "“app.zip” is neither"),
            (vec![folder.path().join("absent")], "“absent” is neither"),
        ] {
            drops.take(&paths, now);
            assert!(refused(&drops).contains(words), "{}", refused(&drops));
            drops.forget(Some(DroppedId(Uuid::new_v4())));
            refused(&drops);
            drops.forget(None);
            assert_eq!(told(&drops), DropState::Nothing);
        }
    }

    /// NFR-S7: what is dragged out of the page is nothing that was dropped, whatever it says that it is.
    #[test]
    fn the_page_drops_nothing() {
        let (drops, now) = (Drops::default(), Instant::now());
        assert!(drops.is_foreign(now));
        drops.drag_own(true, now);
        assert!(!drops.is_foreign(now + AFTERWARDS * 2));
        drops.drag_own(false, now);
        assert!(!drops.is_foreign(now), "the word of it comes later");
        assert!(drops.is_foreign(now + AFTERWARDS));
    }
}
