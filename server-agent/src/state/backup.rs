//! Making a backup: one moment of the database, the key, and the files that belong to them, while the agent goes on.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use chrono::Utc;
use futures_util::StreamExt;
use slipway_protocol::Secret;
use sqlx::{Connection as _, PgConnection};
use tokio::sync::mpsc;

use super::database::Open;
use super::entry::{Entry, LARGEST_FILE, LARGEST_PART, is_table};
use super::header::{FORMAT, Header, VERSION};
use super::output::Output;
use super::writer::Writer;
use super::{beside, cipher, switch};
use crate::config::Config;
use crate::db::copy::{self, Shape};
use crate::db::sealed;
use crate::secrets::{KeyFile, KeyFileError, Sealer};

/// So many entries may wait to be written; one holds up to 4 MiB.
const AHEAD: usize = 2;
/// How long a writer that was told to stop is waited for.
const TIDY_LIMIT: Duration = Duration::from_secs(3);

/// What is in a backup that was made.
#[derive(Clone, Debug, Default)]
pub struct Made {
    pub tables: usize,
    pub rows: u64,
    /// Of the folder `ssh`.
    pub files: Vec<String>,
    /// A sentence for each thing that somebody may have expected in it.
    pub left_out: Vec<String>,
}

/// What goes to the writer.
enum Piece {
    Entry(Entry, Vec<u8>),
    /// Nothing is missing. Without it there is no backup.
    End,
}

/// Writes a backup. The agent may run or not. When `stop` comes, nothing is kept.
pub async fn back_up(
    config: &Config,
    output: Output,
    passphrase: Secret<String>,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<Made> {
    if switch::is_pending(config) {
        bail!("a restore of this state was cut off; start the agent, which finishes it, and then back it up");
    }
    let key = open_key(config)?;
    let mut open = Open::of(config).await?;
    let (pieces, received) = mpsc::channel(AHEAD);
    let writing = beside(move || write(&output, &passphrase, received));
    let told = tokio::select! {
        told = tell(config, &key, &mut open.connection, &pieces) => told,
        () = stop => {
            drop(pieces);
            open.close().await;
            // It removes what it has written, unless it stands before a pipe.
            let _ = tokio::time::timeout(TIDY_LIMIT, writing).await;
            bail!("stopped; no backup was written");
        }
    };
    drop(pieces);
    open.close().await;
    let written = writing.await.context("writing the backup broke off")?;
    // A writer that gave up is the reason why nothing more could be told.
    match (written, told) {
        (Err(error), _) | (Ok(_), Err(error)) => Err(error),
        (Ok(true), Ok(made)) => Ok(made),
        (Ok(false), Ok(_)) => Err(anyhow!("the backup is not whole, so it was thrown away")),
    }
}

fn open_key(config: &Config) -> anyhow::Result<KeyFile> {
    KeyFile::open(&config.key_path()).map_err(|error| match error {
        KeyFileError::Io { path, source } if source.kind() == io::ErrorKind::NotFound => anyhow!(
            "there is no key {}, so there is no state to back up; name the agent's data folder with --data-dir",
            path.display()
        ),
        KeyFileError::Io { path, source } => anyhow!(
            "the key {} cannot be read ({}); run this with sudo",
            path.display(),
            source.kind()
        ),
        other => other.into(),
    })
}

/// Reads everything, in the order in which it stands in the backup.
async fn tell(
    config: &Config,
    key: &KeyFile,
    connection: &mut PgConnection,
    pieces: &mpsc::Sender<Piece>,
) -> anyhow::Result<Made> {
    let mut tx = connection.begin().await?;
    // Every query sees the same moment, whatever the agent does meanwhile.
    sqlx::query("set transaction isolation level repeatable read, read only")
        .execute(&mut *tx)
        .await?;
    let Some(shape) = Shape::of(&mut tx).await? else {
        bail!("the database is empty: no agent has used it yet");
    };
    if let Some(version) = shape.unknown_migration() {
        bail!(
            "a newer agent than {VERSION} has used the database (migration {version}); back it up with that one's program"
        );
    }
    if let Some(odd) = shape.tables.iter().find(|table| !is_table(&table.name)) {
        bail!(
            "the database has a table “{}”, which is none of Slipway's; move it to another schema",
            odd.name
        );
    }
    if !sealed::opens_all(&mut tx, &Sealer::new(key)).await? {
        bail!(
            "the key {} does not open the secrets in the database, so a backup of both would be worth nothing; put back the key that belongs to it",
            config.key_path().display()
        );
    }
    let header = Header {
        format: FORMAT,
        agent: VERSION.to_owned(),
        made_at: Utc::now(),
        instance: config.instance.clone(),
        database: shape,
    };
    send(pieces, Entry::Header, serde_json::to_vec(&header)?).await?;
    send(pieces, Entry::Key, key.whole().expose().to_vec()).await?;
    let mut made = Made {
        tables: header.database.tables.len(),
        ..Made::default()
    };
    for entry in ssh_files(config, &mut made) {
        let content = read_file(&config.data_dir.join("ssh"), &entry)?;
        send(pieces, entry, content.into_exposed()).await?;
    }
    for table in &header.database.tables {
        let mut rows = copy::rows(&mut tx, table).await?;
        let (mut pending, mut part) = (Vec::new(), 0);
        let entry = |part| Entry::Rows {
            table: table.name.clone(),
            part,
        };
        while let Some(bytes) = rows.next().await {
            let bytes = bytes.with_context(|| format!("the rows of “{}” could not be read", table.name))?;
            made.rows += memchr::memchr_iter(b'\n', &bytes).count() as u64;
            pending.extend_from_slice(&bytes);
            while pending.len() >= LARGEST_PART {
                let rest = pending.split_off(LARGEST_PART);
                send(pieces, entry(part), std::mem::replace(&mut pending, rest)).await?;
                part += 1;
            }
        }
        if !pending.is_empty() {
            send(pieces, entry(part), pending).await?;
        }
    }
    tx.rollback().await?;
    pieces.send(Piece::End).await.map_err(|_| gave_up())?;
    Ok(made)
}

async fn send(pieces: &mpsc::Sender<Piece>, entry: Entry, content: Vec<u8>) -> anyhow::Result<()> {
    let sent = pieces.send(Piece::Entry(entry, content)).await;
    sent.map_err(|_| gave_up())
}

/// The writer's own error is told instead.
fn gave_up() -> anyhow::Error {
    anyhow!("the backup could not be written")
}

/// The files of `ssh` that are not made anew.
fn ssh_files(config: &Config, made: &mut Made) -> Vec<Entry> {
    let entries = std::fs::read_dir(config.data_dir.join("ssh"));
    let entries = entries.into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let mut found = Vec::new();
    for file in files {
        let name = file.file_name();
        match name.to_str().and_then(Entry::ssh) {
            Some(entry) => {
                made.files.push(name.to_string_lossy().into_owned());
                found.push(entry);
            }
            None => made.left_out.push(format!(
                "{} has an unusual name",
                file.path().display().to_string().escape_default()
            )),
        }
    }
    found.sort();
    found
}

fn read_file(folder: &Path, entry: &Entry) -> anyhow::Result<Secret<Vec<u8>>> {
    let name = match entry {
        Entry::Ssh(name) => name.as_str(),
        Entry::Header | Entry::Key | Entry::Rows { .. } | Entry::Manifest => bail!("no file of its own"),
    };
    let path = folder.join(name);
    let unreadable = |error: io::Error| {
        anyhow!(
            "{} cannot be read ({}); run this with sudo",
            path.display(),
            error.kind()
        )
    };
    // Another account's link in its place would lead elsewhere.
    let file = File::options()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW)
        .open(&path)
        .map_err(unreadable)?;
    let mut content = Vec::new();
    file.take(LARGEST_FILE + 1)
        .read_to_end(&mut content)
        .map_err(unreadable)?;
    if content.len() as u64 > LARGEST_FILE {
        bail!(
            "{} is larger than {} MiB, so it is no key and no list of hosts; move it out of that folder",
            path.display(),
            LARGEST_FILE >> 20
        );
    }
    Ok(Secret::new(content))
}

/// Writes what comes; false when it ended before its end, and nothing was kept. Blocks.
fn write(
    output: &Output,
    passphrase: &Secret<String>,
    mut received: mpsc::Receiver<Piece>,
) -> anyhow::Result<bool> {
    let opened = output.open()?;
    let mut writer = Writer::new(opened, passphrase, cipher::WORK).map_err(unwritten)?;
    loop {
        match received.blocking_recv() {
            Some(Piece::Entry(entry, content)) => writer.add(&entry, &content).map_err(unwritten)?,
            Some(Piece::End) => break,
            None => return Ok(false),
        }
    }
    let opened = writer.finish().map_err(unwritten)?;
    opened.keep().map_err(unwritten)?;
    Ok(true)
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err asks for")]
fn unwritten(error: io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            anyhow!("the disk is full and the backup was thrown away; free some space, or write it elsewhere")
        }
        io::ErrorKind::AlreadyExists => anyhow!(
            "somebody else has made a file of that name meanwhile, which was left alone; name another file"
        ),
        kind => anyhow!("the backup could not be written ({kind}) and was thrown away; write it elsewhere"),
    }
}
