//! The moment in which a restored state takes the place of the one before it.
//!
//! Everything is ready in `restore/new` by then, and only renames are left. They cannot happen at once, so it is written down first
//! that they will: whoever finds `restore/plan.json`, a further restore or the agent at its start, carries it out. Doing so twice is
//! doing it once. Without that file nothing has happened, and what lies in `restore` is thrown away.

use std::fs::{DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use super::database::connect;
use crate::config::Config;
use crate::db::copy;
use crate::postgres;

/// What is renamed, where a backup brings it.
const ITEMS: [&str; 3] = ["key", "ssh", "postgres"];

/// What is about to happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Which backup it is: the digest of its manifest.
    pub backup: String,
    /// The folder of the data folder that takes what was there.
    pub aside: String,
    /// In a database of one's own: the schema that takes what was there. It is made in the transaction that brings the new rows, so
    /// that its being there says that they are.
    pub schema: Option<String>,
}

/// What was carried out.
#[derive(Clone, Debug)]
pub struct Settled {
    pub plan: Plan,
    /// Where the files of before are, if there were any.
    pub aside: Option<PathBuf>,
    /// The schema where the rows of before are, if there were any.
    pub schema: Option<String>,
}

/// The place where a state is put together; one at a time.
pub struct Bench {
    data_dir: PathBuf,
    _lock: Flock<File>,
}

/// Whether a restore was cut off in its last moment.
pub fn is_pending(config: &Config) -> bool {
    plan_path(&config.data_dir).exists()
}

/// At the agent's start: carries out what a restore had begun, and says so.
pub async fn finish_interrupted(config: &Config) -> anyhow::Result<Option<String>> {
    if !folder(&config.data_dir).exists() {
        return Ok(None);
    }
    let pending = is_pending(config);
    let bench = match Bench::take(&config.data_dir) {
        // It is being put together, and does not touch what the agent uses.
        Err(_) if !pending => return Ok(None),
        other => other?,
    };
    let settled = settle(config, &bench).await?;
    Ok(settled.map(|settled| match settled.aside {
        Some(aside) => format!(
            "a restore that was cut off has been finished; the state before it is in {}",
            aside.display()
        ),
        None => "a restore that was cut off has been finished".to_owned(),
    }))
}

/// Carries out what is written down, if anything is, and clears the bench. No agent may run.
pub async fn settle(config: &Config, bench: &Bench) -> anyhow::Result<Option<Settled>> {
    let Some(plan) = bench.plan()? else {
        bench.clear().await?;
        return Ok(None);
    };
    let mut connection = match (&plan.schema, config.own_database()?) {
        (None, _) => None,
        (Some(_), Some(options)) => Some(connect(&options).await?),
        (Some(_), None) => {
            bail!("a restore into a database of your own was cut off; DATABASE_URL is needed to finish it")
        }
    };
    if let (Some(connection), Some(schema)) = (&mut connection, &plan.schema)
        && !copy::has_schema(connection, schema).await?
    {
        // Its rows never came, so nothing has changed.
        bench.forget()?;
        bench.clear().await?;
        return Ok(None);
    }
    postgres::stop_left_over(&config.data_dir).await;
    let aside = bench
        .rename(&plan)
        .context("the restored files could not be put in their place; run the same again")?;
    bench.forget()?;
    let mut schema = plan.schema.clone();
    if let (Some(connection), Some(name)) = (&mut connection, &plan.schema)
        && copy::drop_empty_schema(connection, name).await?
    {
        schema = None;
    }
    bench.clear().await?;
    Ok(Some(Settled { plan, aside, schema }))
}

impl Bench {
    /// Takes the place; the data folder is made where it is missing.
    pub fn take(data_dir: &Path) -> anyhow::Result<Self> {
        let unusable = |error: io::Error| {
            anyhow!(
                "nothing can be written in {} ({}); run this with sudo, or name another data folder",
                data_dir.display(),
                error.kind()
            )
        };
        make_folder(data_dir, 0o711).map_err(unusable)?;
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(data_dir.join("restore.lock"))
            .map_err(unusable)?;
        let lock = Flock::lock(lock, FlockArg::LockExclusiveNonblock).map_err(|_| {
            anyhow!(
                "another restore into {} is under way; wait for its end",
                data_dir.display()
            )
        })?;
        Ok(Self {
            data_dir: data_dir.to_owned(),
            _lock: lock,
        })
    }

    /// Where a backup is unpacked: nobody else's.
    pub fn unpacked(&self) -> PathBuf {
        folder(&self.data_dir).join("unpacked")
    }

    /// Where the new state is put together: a data folder of its own. PostgreSQL's account may pass through it.
    pub fn fresh(&self) -> PathBuf {
        folder(&self.data_dir).join("new")
    }

    /// Makes the two folders.
    pub fn prepare(&self) -> io::Result<()> {
        make_folder(&folder(&self.data_dir), 0o711)?;
        make_folder(&self.unpacked(), 0o700)?;
        make_folder(&self.fresh(), 0o711)
    }

    /// Throws away what is there and was never written down.
    pub async fn clear(&self) -> anyhow::Result<()> {
        // A restore that was killed leaves its database server behind.
        postgres::stop_left_over(&self.fresh()).await;
        match std::fs::remove_dir_all(folder(&self.data_dir)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(anyhow!(
                "{} cannot be removed ({}); remove it by hand",
                folder(&self.data_dir).display(),
                error.kind()
            )),
            _ => Ok(()),
        }
    }

    /// From here on it will happen.
    pub fn write_down(&self, plan: &Plan) -> io::Result<()> {
        sync(&self.fresh())?;
        let path = plan_path(&self.data_dir);
        let draft = path.with_extension("draft");
        let mut file = File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(&serde_json::to_vec(plan)?)?;
        file.sync_all()?;
        std::fs::rename(&draft, &path)?;
        sync(&folder(&self.data_dir))
    }

    pub fn plan(&self) -> anyhow::Result<Option<Plan>> {
        let path = plan_path(&self.data_dir);
        let text = match std::fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => {
                other.map_err(|error| anyhow!("{} cannot be read ({})", path.display(), error.kind()))?
            }
        };
        let plan = serde_json::from_slice(&text).map_err(|_| {
            anyhow!(
                "{} is damaged; move what is in {} to its place by hand, then remove that folder",
                path.display(),
                self.fresh().display()
            )
        })?;
        Ok(Some(plan))
    }

    fn forget(&self) -> io::Result<()> {
        std::fs::remove_file(plan_path(&self.data_dir))?;
        sync(&folder(&self.data_dir))
    }

    /// Puts each item in its place, and what was there aside. What is in its place already is left there.
    fn rename(&self, plan: &Plan) -> io::Result<Option<PathBuf>> {
        let aside = self.data_dir.join(&plan.aside);
        for item in ITEMS {
            let (fresh, live) = (self.fresh().join(item), self.data_dir.join(item));
            if fresh.symlink_metadata().is_err() {
                continue;
            }
            if live.symlink_metadata().is_ok() {
                make_folder(&aside, 0o700)?;
                std::fs::rename(&live, free_name(&aside, item))?;
                sync(&aside)?;
            }
            std::fs::rename(&fresh, &live)?;
            sync(&self.data_dir)?;
        }
        Ok(Some(aside).filter(|aside| aside.exists()))
    }
}

/// A run that was cut off may have set one aside already, and something, a new key for example, been made in its place since.
fn free_name(aside: &Path, item: &str) -> PathBuf {
    let numbered = (2..).map(|number| aside.join(format!("{item}.{number}")));
    let mut names = std::iter::once(aside.join(item)).chain(numbered);
    names
        .find(|name| name.symlink_metadata().is_err())
        .unwrap_or_else(|| aside.join(item))
}

fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("restore")
}

fn plan_path(data_dir: &Path) -> PathBuf {
    folder(data_dir).join("plan.json")
}

fn make_folder(path: &Path, mode: u32) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(mode).create(path)?;
    // Whatever the umask is.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

/// Brings a folder's names to the disk.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            backup: "x".to_owned(),
            aside: "before".to_owned(),
            schema: None,
        }
    }

    fn write(path: PathBuf, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn text(path: PathBuf) -> String {
        std::fs::read_to_string(path).unwrap()
    }

    /// FR-HST-03: cut off after any of its renames, and with a key that was made in between, the switch ends the same way.
    #[test]
    fn cut_off_anywhere_it_ends_the_same() {
        for done in 0..=5 {
            let data = tempfile::tempdir().unwrap();
            let data = data.path();
            let bench = Bench::take(data).unwrap();
            bench.prepare().unwrap();
            for (folder, word) in [(data.to_owned(), "old"), (bench.fresh(), "new")] {
                write(folder.join("key"), word);
                write(folder.join("ssh/known_hosts"), word);
                write(folder.join("postgres/data/PG_VERSION"), word);
            }
            bench.write_down(&plan()).unwrap();
            // What a run before has done of it.
            let aside = data.join("before");
            let steps = ["key", "ssh", "postgres"].into_iter().flat_map(|item| {
                [
                    (data.join(item), aside.join(item)),
                    (bench.fresh().join(item), data.join(item)),
                ]
            });
            for (from, to) in steps.take(done) {
                make_folder(&aside, 0o700).unwrap();
                std::fs::rename(from, to).unwrap();
            }
            if done == 1 {
                write(data.join("key"), "made in between");
            }
            assert_eq!(bench.plan().unwrap(), Some(plan()));
            assert_eq!(bench.rename(&plan()).unwrap(), Some(aside.clone()));
            bench.rename(&plan()).unwrap();
            for file in ["key", "ssh/known_hosts", "postgres/data/PG_VERSION"] {
                assert_eq!(text(data.join(file)), "new", "{file} after {done}");
                assert_eq!(text(aside.join(file)), "old", "{file} after {done}");
            }
            if done == 1 {
                assert_eq!(text(aside.join("key.2")), "made in between");
            }
        }
    }

    /// FR-HST-03: nobody else works on the same state meanwhile, and what was never written down is thrown away.
    #[tokio::test]
    async fn a_bench_is_one_persons() {
        let data = tempfile::tempdir().unwrap();
        let bench = Bench::take(data.path()).unwrap();
        let error = Bench::take(data.path()).err().unwrap().to_string();
        assert!(error.contains("under way"), "{error}");
        bench.prepare().unwrap();
        write(bench.fresh().join("key"), "new");
        bench.clear().await.unwrap();
        assert!(!folder(data.path()).exists());
        drop(bench);
        assert!(Bench::take(data.path()).is_ok());
    }
}
