//! Bringing a state back: everything is read and checked, then built beside what is there, then put in its place.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, anyhow, bail};
use chrono::Utc;
use slipway_protocol::Secret;
use tokio::net::UnixStream;

use super::alone::Alone;
use super::database::{self, Counts, connect};
use super::entry::Entry;
use super::header::Header;
use super::reader::{self, Unpacked};
use super::switch::{Bench, Plan, Settled, settle};
use super::{beside, why};
use crate::config::Config;
use crate::db::copy::Shape;
use crate::disk;
use crate::secrets::KeyFile;
use crate::{host, postgres};

/// Where a backup is read from; `-` is standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Stdin,
    File(PathBuf),
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        if path == Path::new("-") {
            Self::Stdin
        } else {
            Self::File(path)
        }
    }
}

impl Source {
    /// Refuses what is not there, before anything is asked for or done.
    pub fn is_there(&self) -> anyhow::Result<()> {
        match self {
            Self::Stdin => Ok(()),
            Self::File(path) => File::open(path)
                .map(drop)
                .map_err(|error| self.unreadable(&error)),
        }
    }

    fn unreadable(&self, error: &io::Error) -> anyhow::Error {
        anyhow!(
            "the backup {self} cannot be read: {}; name another file",
            why(error)
        )
    }
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Stdin => write!(f, "on standard input"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// What was brought back.
#[derive(Debug)]
pub struct Restored {
    pub header: Header,
    /// `None` where an earlier run had done all but the last renames.
    pub counts: Option<Counts>,
    /// Of the folder `ssh`.
    pub files: usize,
    /// Where the state of before is, if there was one.
    pub aside: Option<PathBuf>,
    /// The schema where the rows of before are, in a database of one's own.
    pub schema: Option<String>,
    /// The installed service runs again.
    pub runs: bool,
}

/// Brings a backup back. `tell` is told what happens meanwhile. When `stop` comes before the new state takes its place, nothing is changed;
/// from then on it is too late to stop.
pub async fn restore(
    config: &Config,
    source: &Source,
    passphrase: Secret<String>,
    replace: bool,
    stop: impl Future<Output = ()>,
    tell: &mut (dyn FnMut(&str) + Send),
) -> anyhow::Result<Restored> {
    let service = host::is_installed(config);
    if !service {
        refuse_while_running(config).await?;
    }
    let bench = Bench::take(&config.data_dir)?;
    let earlier = earlier(config, &bench).await?;
    let taken = has_state(config).await?;
    if taken && !replace && earlier.is_none() {
        return Err(in_the_way(config));
    }
    let ready = tokio::select! {
        // First, so that its signals are heard, and kill nobody, before anything is begun.
        biased;
        () = stop => Err(anyhow!("stopped; nothing was changed")),
        ready = make_ready(config, &bench, source, passphrase, earlier, replace, tell) => ready,
    };
    let (backup, built) = match ready {
        Ok(Ready::Built(backup, built)) => (backup, built),
        Ok(Ready::Already(restored)) => {
            bench.clear().await?;
            return Ok(*restored);
        }
        Err(error) => {
            bench.clear().await?;
            return Err(error);
        }
    };
    let ran = if service {
        tell("stopping the agent");
        host::stop_installed().await?
    } else {
        false
    };
    let switched = switch(config, &bench, &backup, built).await;
    if switched.is_err() && matches!(bench.plan(), Ok(None)) {
        // It was given up before it began.
        let _ = bench.clear().await;
    }
    let started = if ran {
        tell("starting the agent");
        host::start_installed(config).await
    } else {
        Ok(())
    };
    match (switched, started) {
        (Ok((counts, settled)), Ok(())) => Ok(restored(&backup, Some(counts), settled, ran)),
        (Ok((_, settled)), Err(error)) => Err(error.context(after_all(&settled))),
        (Err(error), Ok(())) => Err(error),
        (Err(error), Err(start)) => Err(error.context(format!(
            "nothing was restored, and the agent is not back ({start:#})"
        ))),
    }
}

/// What a run before had written down and not finished.
async fn earlier(config: &Config, bench: &Bench) -> anyhow::Result<Option<Settled>> {
    let alone = match bench.plan()? {
        Some(_) => Some(take_place(config).await?),
        None => None,
    };
    let settled = settle(config, bench).await;
    drop(alone);
    settled
}

/// What can be made beside the agent.
struct Built {
    key: KeyFile,
    /// Of the embedded database; rows go into a database of one's own later.
    counts: Option<Counts>,
}

enum Ready {
    Built(Box<Unpacked>, Built),
    /// An earlier run had done it, but for its last renames.
    Already(Box<Restored>),
}

/// Reads and checks the backup, and builds the new state beside the one that is there.
async fn make_ready(
    config: &Config,
    bench: &Bench,
    source: &Source,
    passphrase: Secret<String>,
    earlier: Option<Settled>,
    replace: bool,
    tell: &mut (dyn FnMut(&str) + Send),
) -> anyhow::Result<Ready> {
    bench
        .prepare()
        .map_err(|error| unwritten(&bench.fresh(), &error))?;
    tell("reading and checking the backup");
    let backup = read(config, bench, source, passphrase).await?;
    let was_cut_off = earlier.is_some();
    if let Some(earlier) = earlier.filter(|earlier| earlier.plan.backup == backup.digest) {
        tell("a restore of this very backup had been cut off, and has been finished now");
        return Ok(Ready::Already(Box::new(restored(&backup, None, earlier, false))));
    }
    // It was another backup that came in its place.
    if was_cut_off && !replace {
        return Err(in_the_way(config));
    }
    let key = put_files(&backup, &bench.fresh())?;
    let counts = if config.database_url.is_none() {
        tell("building the database");
        let built = database::build(config, &bench.fresh(), &backup, &key).await;
        Some(built.context("the database could not be built from the backup, and nothing was changed")?)
    } else {
        None
    };
    Ok(Ready::Built(Box::new(backup), Built { key, counts }))
}

async fn read(
    config: &Config,
    bench: &Bench,
    source: &Source,
    passphrase: Secret<String>,
) -> anyhow::Result<Unpacked> {
    // Unpacked it lies beside the database that is made of it.
    let most = disk::free(&config.data_dir) / 2;
    let (folder, from) = (bench.unpacked(), source.clone());
    // Set when nobody waits for it any more.
    let stopped = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&stopped);
    let _guard = SetOnDrop(stopped);
    let reading = beside(move || {
        let stop = || stop.load(Ordering::Relaxed);
        match &from {
            Source::Stdin => Ok(reader::read(io::stdin().lock(), &passphrase, &folder, most, stop)),
            Source::File(path) => File::open(path)
                .map(|file| reader::read(BufReader::new(file), &passphrase, &folder, most, stop)),
        }
    });
    let read = reading.await.context("reading the backup broke off")?;
    let read = read.map_err(|error| source.unreadable(&error))?;
    // Each of its errors completes this sentence.
    read.map_err(|error| {
        anyhow!(
            "the backup {source} {:#} (nothing was changed)",
            anyhow::Error::new(error)
        )
    })
}

struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn unwritten(folder: &Path, error: &io::Error) -> anyhow::Error {
    anyhow!(
        "nothing can be written in {} ({}); nothing was changed",
        folder.display(),
        why(error)
    )
}

/// The key and the files of `ssh`, with their modes, as they will lie in the data folder.
fn put_files(backup: &Unpacked, fresh: &Path) -> anyhow::Result<KeyFile> {
    let put = |path: &Path, content: &[u8]| -> io::Result<()> {
        let mut file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    let unwritten = |error: io::Error| unwritten(fresh, &error);
    let key = fresh.join("key");
    put(&key, backup.file(&Entry::Key)?.expose()).map_err(unwritten)?;
    let opened =
        KeyFile::open(&key).map_err(|_| anyhow!("the key in this backup is none; nothing was changed"))?;
    // Also where there are none: those of before do not belong to this state.
    let folder = fresh.join("ssh");
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&folder)
        .map_err(unwritten)?;
    for entry in backup.ssh_files() {
        if let Entry::Ssh(name) = &entry {
            put(&folder.join(name), backup.file(&entry)?.expose()).map_err(unwritten)?;
        }
    }
    Ok(opened)
}

/// Puts what was built in its place, and the rows into a database of one's own.
async fn switch(
    config: &Config,
    bench: &Bench,
    backup: &Unpacked,
    built: Built,
) -> anyhow::Result<(Counts, Settled)> {
    let _alone = take_place(config).await?;
    let now = Utc::now();
    let own = config.own_database()?;
    let plan = Plan {
        backup: backup.digest.clone(),
        aside: format!("before-restore-{}", now.format("%Y%m%dT%H%M%SZ")),
        schema: own
            .as_ref()
            .map(|_| format!("slipway_before_{}", now.format("%Y%m%d_%H%M%S"))),
    };
    bench.write_down(&plan).map_err(|error| {
        anyhow!(
            "the last step could not be begun ({}); nothing was changed",
            error.kind()
        )
    })?;
    let filled = match (&own, built.counts) {
        (Some(options), _) => match connect(options).await {
            Ok(mut connection) => {
                database::fill(&mut connection, plan.schema.as_deref(), backup, &built.key).await
            }
            Err(error) => Err(error),
        },
        (None, Some(built)) => Ok(built),
        (None, None) => Err(anyhow!("the database was not built")),
    };
    // Whether the rows came is asked of the database itself, not of what was heard of it.
    let settled = settle(config, bench).await;
    match (filled, settled?) {
        (Ok(counts), Some(settled)) => Ok((counts, settled)),
        (Err(error), None) => Err(error.context("nothing was changed")),
        (Err(error), Some(settled)) => Err(error.context(after_all(&settled))),
        (Ok(_), None) => bail!("the rows are gone from the database again, and nothing was changed"),
    }
}

fn after_all(settled: &Settled) -> String {
    match &settled.aside {
        Some(aside) => format!(
            "the backup is restored, but not all is well; the state of before is in {}",
            aside.display()
        ),
        None => "the backup is restored, but not all is well".to_owned(),
    }
}

fn restored(backup: &Unpacked, counts: Option<Counts>, settled: Settled, runs: bool) -> Restored {
    Restored {
        header: backup.header.clone(),
        counts,
        files: backup.ssh_files().len(),
        aside: settled.aside,
        schema: settled.schema,
        runs,
    }
}

async fn refuse_while_running(config: &Config) -> anyhow::Result<()> {
    if UnixStream::connect(&config.socket).await.is_ok() {
        bail!(
            "an agent runs here (it answers on {}); stop it, then restore",
            config.socket.display()
        );
    }
    Ok(())
}

async fn take_place(config: &Config) -> anyhow::Result<Alone> {
    Alone::take(&config.socket).await.map_err(|error| {
        anyhow!(
            "the agent's place on {} could not be taken ({}); stop the agent, then restore",
            config.socket.display(),
            error.kind()
        )
    })
}

/// A key alone is none: nothing is sealed with it yet.
async fn has_state(config: &Config) -> anyhow::Result<bool> {
    match config.own_database()? {
        None => Ok(postgres::is_there(&config.data_dir)),
        Some(options) => {
            let mut connection = connect(&options).await?;
            Ok(Shape::of(&mut connection).await?.is_some())
        }
    }
}

fn in_the_way(config: &Config) -> anyhow::Error {
    let place = if config.database_url.is_some() {
        "in the database".to_owned()
    } else {
        format!("in {}", config.data_dir.display())
    };
    anyhow!(
        "there is a state {place} already, and it was left alone; --replace sets it aside and restores the backup in its place"
    )
}
