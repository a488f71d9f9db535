//! A database as the agent's first start leaves it. Making one takes longer than everything else in a start: it is made once for each
//! build of the agent, and copied.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::OnceCell;

use crate::environment;
use crate::process::Start;

const LIMIT: Duration = Duration::from_secs(180);
const LONG_AGO: Duration = Duration::from_secs(24 * 3600);

static PREPARED: OnceCell<PathBuf> = OnceCell::const_new();

/// Puts a database into an agent's data folder, which is not there yet.
pub async fn put_into(data_dir: &Path) {
    let prepared = PREPARED.get_or_init(prepare).await;
    fs::create_dir(data_dir).expect("the data folder");
    fs::set_permissions(data_dir, fs::Permissions::from_mode(0o711)).expect("its mode");
    copy(&prepared.join("postgres"), &data_dir.join("postgres")).await;
}

/// The database of this very agent, made now where it is not in the cache.
async fn prepare() -> PathBuf {
    let agent = fs::metadata(environment::agent()).expect("the agent");
    let cache = environment::cache().join("test-database");
    let name = format!("{}-{}-{}", agent.mtime(), agent.mtime_nsec(), agent.len());
    let prepared = cache.join(&name);
    if prepared.exists() {
        return prepared;
    }
    fs::create_dir_all(&cache).expect("the cache");
    for other in fs::read_dir(&cache).expect("the cache").flatten() {
        // Of a build from long ago. Newer ones may be in use by other tests, which may do the same.
        let age = other.metadata().and_then(|facts| facts.modified());
        if age.is_ok_and(|made| made.elapsed().is_ok_and(|age| age > LONG_AGO)) {
            let _ = fs::remove_dir_all(other.path());
        }
    }
    let folder = tempfile::Builder::new()
        .prefix("sw-database-")
        .tempdir()
        .expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).expect("its mode");
    let migrate = Start::new(environment::agent())
        .arg("migrate")
        .env("SLIPWAY_DATA_DIR", folder.path())
        .env("SLIPWAY_SOCKET", folder.path().join("agent.sock"));
    migrate.ok(LIMIT).await;
    let fresh = cache.join(format!("{name}.{}", std::process::id()));
    fs::create_dir(&fresh).expect("a folder");
    copy(&folder.path().join("postgres"), &fresh.join("postgres")).await;
    // Whole, or not there.
    let _ = fs::rename(&fresh, &prepared);
    assert!(prepared.exists(), "the prepared database is not in the cache");
    prepared
}

/// With owners, modes and times.
async fn copy(from: &Path, to: &Path) {
    let copy = Start::new("cp").args(["--archive", "--no-target-directory"]);
    copy.arg(from).arg(to).ok(LIMIT).await;
}
