//! A database as the agent's first start leaves it. Making one takes longer than most tests that need it: it is made once, and copied.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::sync::{Arc, Weak};

use slipway_agent::db::Db;
use slipway_agent::postgres::Embedded;
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::stage::PATIENCE;

/// Gone with the last test that holds it.
pub struct Prepared(TempDir);

static PREPARED: Mutex<Weak<Prepared>> = Mutex::const_new(Weak::new());

impl Prepared {
    pub async fn get() -> Arc<Self> {
        let mut known = PREPARED.lock().await;
        if let Some(prepared) = known.upgrade() {
            return prepared;
        }
        let folder = tempfile::Builder::new()
            .prefix("slipway-gate-")
            .tempdir()
            .unwrap();
        let mut postgres = Embedded::start(folder.path(), None).await.unwrap();
        let db = Db::with_patience(postgres.options(), PATIENCE);
        db.migrate().await.unwrap();
        db.pool().close().await;
        postgres.stop().await;
        let prepared = Arc::new(Self(folder));
        *known = Arc::downgrade(&prepared);
        prepared
    }

    /// Puts it into an agent's data folder.
    pub fn put_into(&self, data_dir: &Path) {
        copy(&self.0.path().join("postgres"), &data_dir.join("postgres"));
    }
}

/// With owners and modes.
fn copy(from: &Path, to: &Path) {
    let metadata = fs::symlink_metadata(from).unwrap();
    if metadata.is_dir() {
        fs::create_dir(to).unwrap();
        fs::set_permissions(to, metadata.permissions()).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
    chown(to, Some(metadata.uid()), Some(metadata.gid())).unwrap();
}
