//! The agent's own PostgreSQL: the distribution's programs, a folder of our own, a Unix socket and no port.
//!
//! The server does not run as root, so it runs as an account without rights (`slipway`, or `postgres` of the package).
//! It outlives a killed agent; the next start finds it by its pid file, stops it and starts afresh, which takes a
//! fraction of a second and leaves one owner. A database is made beside its place and renamed when it is whole: one that is there is
//! never half of one.

mod left_over;

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::User;
use sqlx::postgres::PgConnectOptions;

use crate::process::{Invocation, ProcessError, Program, Running};

pub use left_over::stop_left_over;

#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    #[error("PostgreSQL is not installed; run `apt-get install postgresql`, or set DATABASE_URL")]
    NotInstalled,
    #[error(
        "the database in {path} was made by PostgreSQL {version}, whose programs are not installed, and no other version can open it; \
         install it (on Debian and Ubuntu: `apt-get install postgresql-{version}`) and start again"
    )]
    OtherVersion { path: PathBuf, version: u32 },
    #[error("there is no account to run PostgreSQL as; create the account `slipway`")]
    NoAccount,
    #[error("the database folder {path} could not be prepared")]
    Folder { path: PathBuf, source: std::io::Error },
    #[error(
        "PostgreSQL's account may not pass through {path}; choose another data folder (--data-dir), for example /var/lib/slipway"
    )]
    OutOfReach { path: PathBuf },
    #[error("the database could not be created: {reason}")]
    Initdb { reason: String },
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error("PostgreSQL did not answer within {} s; its log is {log}", START_LIMIT.as_secs())]
    NotReady { log: PathBuf },
}

const START_LIMIT: Duration = Duration::from_secs(60);
/// Its last checkpoint waits for a disk that may be busy.
const STOP_LIMIT: Duration = Duration::from_secs(60);
/// Between two attempts to start it.
const ONCE_MORE: Duration = Duration::from_millis(500);
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
const USER: &str = "slipway";

/// The running server. Stopped by [`Embedded::stop`]; dropping it kills it.
pub struct Embedded {
    folder: PathBuf,
    bin: PathBuf,
    account: Option<(u32, u32)>,
    running: Running,
}

impl Embedded {
    /// Creates the database where there is none, and starts the server.
    pub async fn start(data_dir: &Path, bin: Option<&Path>) -> Result<Self, PostgresError> {
        let folder = data_dir.join("postgres");
        let bin = match bin {
            Some(bin) => bin.to_owned(),
            None => programs_for(&folder, &installed())?,
        };
        let account = account(&folder)?;
        prepare(&folder, account).map_err(|source| PostgresError::Folder {
            path: folder.clone(),
            source,
        })?;
        if let Some(path) = account.and_then(|account| closed_ancestor(&folder, account)) {
            return Err(PostgresError::OutOfReach { path });
        }
        stop_left_over(data_dir).await;
        if !is_there(data_dir) {
            initialise(&folder, &bin, account).await?;
        }
        let running = launch(&folder, &bin, account)?;
        let mut server = Self {
            folder,
            bin,
            account,
            running,
        };
        let ready = tokio::time::timeout(START_LIMIT, server.become_ready()).await;
        ready.map_err(|_| PostgresError::NotReady {
            log: server.folder.join("log"),
        })??;
        Ok(server)
    }

    /// How to connect to it.
    pub fn options(&self) -> PgConnectOptions {
        options(&self.folder)
    }

    /// Waits until the server ends by itself (it should not) and starts it again; never returns.
    pub async fn keep_alive(&mut self) {
        loop {
            let ended = self.running.wait().await;
            tracing::error!(?ended, "PostgreSQL ended; starting it again");
            tokio::time::sleep(Duration::from_secs(1)).await;
            match launch(&self.folder, &self.bin, self.account) {
                Ok(running) => self.running = running,
                Err(error) => tracing::error!(%error, "PostgreSQL could not be started again"),
            }
        }
    }

    /// Ends connections and the server ("fast" shutdown).
    pub async fn stop(&mut self) {
        self.running.signal(Signal::SIGINT);
        if tokio::time::timeout(STOP_LIMIT, self.running.wait())
            .await
            .is_err()
        {
            self.running.stop().await;
        }
    }

    /// Until it answers. One that ends instead is started again: processes of a server that was killed hold its memory for a moment.
    async fn become_ready(&mut self) -> Result<(), PostgresError> {
        let options = self.options();
        loop {
            tokio::select! {
                () = until_answering(&options) => return Ok(()),
                ended = self.running.wait() => {
                    tracing::warn!(?ended, "PostgreSQL ended at its start; starting it again");
                }
            }
            tokio::time::sleep(ONCE_MORE).await;
            self.running = launch(&self.folder, &self.bin, self.account)?;
        }
    }
}

async fn until_answering(options: &PgConnectOptions) {
    while <sqlx::PgConnection as sqlx::Connection>::connect_with(options)
        .await
        .is_err()
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Where a database is while it is being made.
fn half_made(folder: &Path) -> PathBuf {
    folder.join("data.new")
}

/// Whether a data folder holds a database.
pub fn is_there(data_dir: &Path) -> bool {
    data_dir.join("postgres/data/PG_VERSION").exists()
}

/// How to connect to the server of a data folder, where one answers.
pub async fn answering(data_dir: &Path) -> Option<PgConnectOptions> {
    let options = options(&data_dir.join("postgres"));
    let connecting = <sqlx::PgConnection as sqlx::Connection>::connect_with(&options);
    let connected = tokio::time::timeout(ANSWER_LIMIT, connecting).await;
    matches!(connected, Ok(Ok(_))).then_some(options)
}

fn options(folder: &Path) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(socket_dir(folder))
        .username(USER)
        .database("postgres")
}

/// A Unix socket's path holds at most 107 bytes; a deep data folder gets a short one in /tmp, named after it.
fn socket_dir(folder: &Path) -> PathBuf {
    let own = folder.join("run");
    if own.as_os_str().len() < 80 {
        return own;
    }
    use sha2::Digest;
    let digest = sha2::Sha256::digest(folder.as_os_str().as_encoded_bytes());
    let name = crate::secrets::hex(&digest[..8]);
    PathBuf::from(format!("/tmp/slipway-pg-{name}"))
}

/// Folders with the server's programs that packages have brought, with their versions where the path tells: a folder for each version
/// on Debian and openSUSE, the usual one on Fedora and its relatives. The newest last.
fn installed() -> Vec<(Option<u32>, PathBuf)> {
    let has_server = |bin: &Path| bin.join("postgres").exists() && bin.join("initdb").exists();
    let of_debian = versions("/usr/lib/postgresql", "");
    let of_suse = versions("/usr/lib", "postgresql");
    let versioned = of_debian
        .chain(of_suse)
        .map(|(version, bin)| (Some(version), bin));
    let mut all: Vec<_> = versioned
        .chain([(None, PathBuf::from("/usr/bin"))])
        .filter(|(_, bin)| has_server(bin))
        .collect();
    all.sort();
    all
}

/// The folder with the newest of PostgreSQL's programs.
pub fn newest_installed() -> Option<PathBuf> {
    installed().pop().map(|(_, bin)| bin)
}

/// The programs that a database is to be run with: those of the version that made it, as no other can open it; for a new one the newest.
fn programs_for(folder: &Path, installed: &[(Option<u32>, PathBuf)]) -> Result<PathBuf, PostgresError> {
    let newest = installed.last().ok_or(PostgresError::NotInstalled)?;
    let made_by = std::fs::read_to_string(folder.join("data/PG_VERSION")).ok();
    let Some(version) = made_by.and_then(|text| text.trim().parse::<u32>().ok()) else {
        return Ok(newest.1.clone());
    };
    let same = installed.iter().find(|(one, _)| *one == Some(version));
    // Where the path does not tell the version the server itself does, in its log.
    let unknown = || installed.iter().find(|(one, _)| one.is_none());
    let found = same.or_else(unknown).map(|(_, bin)| bin.clone());
    found.ok_or_else(|| PostgresError::OtherVersion {
        path: folder.to_owned(),
        version,
    })
}

/// Folders below `folder` that are named by a version after `prefix`, with their programs.
fn versions(folder: &str, prefix: &'static str) -> impl Iterator<Item = (u32, PathBuf)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(move |entry| {
        let name = entry.file_name();
        let version = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
        Some((version, entry.path().join("bin")))
    })
}

/// The account to run as; `None` when the agent itself is not root. A database that is there belongs to somebody, and its server
/// starts for nobody else.
fn account(folder: &Path) -> Result<Option<(u32, u32)>, PostgresError> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(None);
    }
    if let Ok(owned) = std::fs::metadata(folder.join("data/PG_VERSION"))
        && owned.uid() != 0
    {
        return Ok(Some((owned.uid(), owned.gid())));
    }
    let found = ["slipway", "postgres"]
        .iter()
        .find_map(|name| User::from_name(name).ok().flatten());
    found
        .map(|user| Some((user.uid.as_raw(), user.gid.as_raw())))
        .ok_or(PostgresError::NoAccount)
}

fn prepare(folder: &Path, account: Option<(u32, u32)>) -> std::io::Result<()> {
    for path in [folder.to_owned(), socket_dir(folder)] {
        std::fs::create_dir_all(&path)?;
        // A name in /tmp can be guessed, and what is there already may be somebody's way to a place of root's.
        let found = std::fs::symlink_metadata(&path)?;
        let ours = [0, nix::unistd::geteuid().as_raw()]
            .into_iter()
            .chain(account.map(|(uid, _)| uid))
            .any(|uid| uid == found.uid());
        if !found.is_dir() || !ours {
            return Err(std::io::Error::other(
                "it is a link or belongs to somebody else; remove it",
            ));
        }
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700))?;
        if let Some((uid, gid)) = account {
            chown(&path, Some(uid), Some(gid))?;
        }
    }
    // The account must be able to pass through the agent's folder, and no more.
    if let Some(parent) = folder.parent() {
        let mode = std::fs::metadata(parent)?.permissions().mode();
        std::fs::set_permissions(parent, std::fs::Permissions::from_mode(mode | 0o011))?;
    }
    Ok(())
}

/// The first folder above the database's that the account may not pass through: a home that is its owner's alone, usually.
fn closed_ancestor(folder: &Path, (uid, gid): (u32, u32)) -> Option<PathBuf> {
    let closed = |path: &&Path| {
        std::fs::metadata(path).is_ok_and(|metadata| {
            let passes = match (metadata.uid() == uid, metadata.gid() == gid) {
                (true, _) => 0o100,
                (false, true) => 0o010,
                (false, false) => 0o001,
            };
            metadata.mode() & passes == 0
        })
    };
    let outermost_first: Vec<&Path> = folder.ancestors().skip(1).collect();
    outermost_first.into_iter().rev().find(closed).map(Path::to_owned)
}

fn as_account(invocation: Invocation, account: Option<(u32, u32)>) -> Invocation {
    match account {
        Some((uid, gid)) => invocation.as_user(uid, gid),
        None => invocation,
    }
}

async fn initialise(folder: &Path, bin: &Path, account: Option<(u32, u32)>) -> Result<(), PostgresError> {
    let (data, half) = (folder.join("data"), half_made(folder));
    let unusable = |path: &Path| {
        let path = path.to_owned();
        |source| PostgresError::Folder { path, source }
    };
    // What an interrupted start has left.
    match std::fs::remove_dir_all(&half) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unusable(&half)(error)),
        _ => {}
    }
    let invocation = Invocation::new(Program::Initdb {
        folder: bin.to_owned(),
    })
    .args([
        "--username=slipway",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-instructions",
    ])
    .arg("--auth=trust")
    .arg("--pgdata")
    .arg(&half)
    .dir(folder)
    .deadline(Duration::from_secs(120));
    let ended = as_account(invocation, account).run().await?;
    if ended.success() {
        // It takes the place of nothing, or of an empty folder; whatever else is there stays.
        let renamed = std::fs::rename(&half, &data).and_then(|()| std::fs::File::open(folder)?.sync_all());
        renamed.map_err(unusable(&data))
    } else {
        let reason = ended
            .stderr
            .lines()
            .last()
            .unwrap_or("it gave no reason")
            .to_owned();
        Err(PostgresError::Initdb { reason })
    }
}

fn launch(folder: &Path, bin: &Path, account: Option<(u32, u32)>) -> Result<Running, PostgresError> {
    let io = |source| PostgresError::Folder {
        path: folder.to_owned(),
        source,
    };
    let log = std::fs::File::create(folder.join("log")).map_err(io)?;
    let settings = [
        "listen_addresses=".to_owned(),
        format!("unix_socket_directories={}", socket_dir(folder).display()),
        "unix_socket_permissions=0700".to_owned(),
        "max_connections=24".to_owned(),
        "shared_buffers=16MB".to_owned(),
        "work_mem=2MB".to_owned(),
        "maintenance_work_mem=16MB".to_owned(),
        "jit=off".to_owned(),
        "max_parallel_workers_per_gather=0".to_owned(),
        "autovacuum_max_workers=1".to_owned(),
    ];
    let mut invocation = Invocation::new(Program::Postgres {
        folder: bin.to_owned(),
    })
    .arg("-D")
    .arg(folder.join("data"))
    .dir(folder);
    for setting in settings {
        invocation = invocation.arg("-c").arg(setting);
    }
    Ok(as_account(invocation, account).start_logging_to(log)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-R6: a database is run by the version that made it, however many newer ones an upgrade of the system has brought.
    #[test]
    fn a_database_is_run_by_the_version_that_made_it() {
        let folder = tempfile::tempdir().unwrap();
        let debian = |version: u32| {
            (
                Some(version),
                PathBuf::from(format!("/usr/lib/postgresql/{version}/bin")),
            )
        };
        let (one, two) = ([debian(15), debian(17)], [debian(17)]);
        let chosen = |installed: &[_]| programs_for(folder.path(), installed);
        assert_eq!(
            chosen(&one).unwrap(),
            debian(17).1,
            "a new one is made by the newest"
        );
        assert!(matches!(chosen(&[]), Err(PostgresError::NotInstalled)));
        std::fs::create_dir(folder.path().join("data")).unwrap();
        std::fs::write(folder.path().join("data/PG_VERSION"), "15\n").unwrap();
        assert_eq!(chosen(&one).unwrap(), debian(15).1);
        let refused = chosen(&two).unwrap_err().to_string();
        assert!(refused.contains("postgresql-15"), "{refused}");
        let usual = (None, PathBuf::from("/usr/bin"));
        assert_eq!(chosen(&[usual.clone(), debian(17)]).unwrap(), usual.1);
    }

    /// FR-HST-03: a data folder that PostgreSQL's account cannot reach is named before anything is started.
    #[test]
    fn a_closed_folder_above_the_database_is_found() {
        let closed = tempfile::tempdir().unwrap();
        let folder = closed.path().join("agent/postgres");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let owner = std::fs::metadata(closed.path()).unwrap();
        let stranger = (owner.uid() + 1, owner.gid() + 1);
        assert_eq!(closed_ancestor(&folder, stranger).as_deref(), Some(closed.path()));
        std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        assert_eq!(closed_ancestor(&folder, stranger), None);
    }
}
