//! Fetch what is built, pin what it is, and lay the patches over it. Done when the folder's marker names what was pinned.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use slipway_protocol::deployment::{Commit, Step};
use slipway_protocol::head::Head;
use slipway_protocol::log_line::LogStream;
use slipway_protocol::settings::{GitSource, Source};
use slipway_protocol::upload::{LARGEST_UNPACKED, MOST_ENTRIES};
use slipway_protocol::{count, size};

use super::{Context, StepError, room};
use crate::beneath::{ArchiveError, Folder, Limits, Parts, unpack};
use crate::db::{patches, uploads};
use crate::deploy::way_in::{WayIn, WayInError};
use crate::git::{Access, Checkout, GitError};
use crate::process::ProcessError;
use crate::uploads::path;

/// Written last: with it, the folder holds what it says.
const MARKER: &str = "commit.json";
/// What an upload may unpack to.
const LIMITS: Limits = Limits {
    bytes: LARGEST_UNPACKED,
    entries: MOST_ENTRIES,
};

/// What was fetched.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Pinned {
    Commit(Commit),
    Upload { pinned: String },
}

pub async fn run(context: &Context<'_>) -> Result<Value, StepError> {
    let source = &context.plan.settings.source;
    if let Source::Image(_) = source {
        return Ok(json!({}));
    }
    let folder = context.folder();
    if let Some(done) = std::fs::read(folder.join(MARKER))
        .ok()
        .and_then(|text| serde_json::from_slice::<Pinned>(&text).ok())
    {
        return output(&done);
    }
    undo(context)?;
    let into = folder.join("source");
    let pinned = fetch_while_there_is_room(context, source, &into).await?;
    lay_patches(context, &into).await?;
    let text = serde_json::to_vec(&pinned).map_err(|error| StepError::Damaged(error.to_string()))?;
    std::fs::write(folder.join(MARKER), text)?;
    output(&pinned)
}

pub fn undo(context: &Context<'_>) -> Result<(), StepError> {
    match std::fs::remove_dir_all(context.folder()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// How large a repository is shows when it is there. The disk is the database's and Docker's too, so it is not filled to its end.
async fn fetch_while_there_is_room(
    context: &Context<'_>,
    source: &Source,
    into: &Path,
) -> Result<Pinned, StepError> {
    let stop = context.cancel.child_token();
    // What is given up in the middle, because its time is over or the lease is lost, writes into this folder no more: an upload is unpacked on
    // a thread of its own, which would go on beside whoever clears the folder.
    let _given_up = stop.clone().drop_guard();
    let stoppable = Context {
        cancel: &stop,
        ..context.clone()
    };
    let place = [context.app.config.data_dir.clone()];
    room::while_there_is_room(fetch(&stoppable, source, into), &stop, &place)
        .await
        .unwrap_or_else(|| Err(GitError::DiskFull.into()))
}

async fn fetch(context: &Context<'_>, source: &Source, into: &Path) -> Result<Pinned, StepError> {
    match source {
        Source::Git(git) => Ok(Pinned::Commit(check_out(context, git, into).await?)),
        Source::Upload(_) => Ok(Pinned::Upload {
            pinned: unpack_upload(context, into).await?,
        }),
        Source::Image(image) => Err(StepError::Damaged(format!("the source; {image:?} has no files"))),
    }
}

fn output(pinned: &Pinned) -> Result<Value, StepError> {
    serde_json::to_value(pinned).map_err(|error| StepError::Damaged(error.to_string()))
}

async fn check_out(context: &Context<'_>, git: &GitSource, into: &Path) -> Result<Commit, StepError> {
    let (log, config) = (context.log, &context.app.config);
    let commit = context.plan.head.as_ref().and_then(Head::commit);
    let what = match commit {
        Some(commit) => format!("{commit}, which {} was when it was planned,", git.reference),
        None => git.reference.to_string(),
    };
    log.say(Step::Source, &format!("Fetching {what} of {}", git.url));
    let access = access(context, git).await?;
    let checkout = Checkout {
        url: &git.url,
        reference: &git.reference,
        commit,
        into,
        data_dir: &config.data_dir,
        access: &access,
        submodules: git.submodules,
        lfs: git.lfs,
        limit: Duration::from_secs(context.plan.limits.source),
        cancel: context.cancel,
    };
    let commit = checkout
        .run(|line| log.line(Step::Source, LogStream::Stderr, line))
        .await;
    let commit = commit.map_err(|error| match error {
        GitError::Process(ProcessError::Cancelled { .. }) => StepError::Cancelled,
        other => other.into(),
    })?;
    log.say(
        Step::Source,
        &format!("At {} by {}: {}", commit.hash, commit.author, commit.message),
    );
    Ok(commit)
}

/// The application's token and key, in files for as long as git runs.
async fn access(context: &Context<'_>, git: &GitSource) -> Result<Access, StepError> {
    let (application, sealer) = (context.plan.application, &context.app.sealer);
    let mut connection = context.app.db.pool().acquire().await?;
    let way_in = WayIn::open(&mut connection, sealer, application, &git.url).await;
    drop(connection);
    let way_in = way_in.map_err(|error| match error {
        WayInError::Database(error) => StepError::Database(error),
        WayInError::Token => StepError::Damaged("the token of the repository".to_owned()),
        WayInError::Key(error) => StepError::Failed(error.to_string()),
    })?;
    if way_in.is_for_another {
        let said = "The stored access token is another server's, and is not told to this one; store one for it in the settings";
        context.log.say(Step::Source, said);
    }
    Ok(way_in.write(&context.folder().join("access"))?)
}

/// Unpacks the upload that the deployment was asked for with; gives its digest.
async fn unpack_upload(context: &Context<'_>, into: &Path) -> Result<String, StepError> {
    let mut connection = context.app.db.pool().acquire().await?;
    let upload = uploads::of_deployment(&mut connection, context.id).await?;
    drop(connection);
    let gone = || {
        StepError::Failed(
            "the upload is no longer on the server; send the folder again and deploy it".to_owned(),
        )
    };
    let upload = upload.ok_or_else(gone)?;
    let file = match std::fs::File::open(path(&context.app.config.uploads_dir(), upload.id)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(gone()),
        other => other?,
    };
    context.log.say(
        Step::Source,
        &format!(
            "Unpacking the upload sha256:{}, {}",
            upload.sha256,
            size::in_words(upload.length)
        ),
    );
    std::fs::create_dir_all(into)?;
    let (into, cancel) = (into.to_owned(), context.cancel.clone());
    let work = tokio::task::spawn_blocking(move || unpack(file, &into, LIMITS, || cancel.is_cancelled()));
    let unpacked = work.await.map_err(|_| {
        StepError::Damaged("the archive; unpacking it ended with a bug of the agent".to_owned())
    })?;
    let unpacked = unpacked.map_err(|error| match error {
        ArchiveError::Cancelled => StepError::Cancelled,
        other => StepError::Failed(other.to_string()),
    })?;
    context.log.say(
        Step::Source,
        &format!(
            "{}, {}",
            count::in_words(unpacked.files as usize, "file or folder", "files and folders"),
            size::in_words(unpacked.bytes)
        ),
    );
    Ok(format!("sha256:{}", upload.sha256))
}

async fn lay_patches(context: &Context<'_>, into: &Path) -> Result<(), StepError> {
    let mut connection = context.app.db.pool().acquire().await?;
    let patches = patches::frozen(&mut connection, &context.app.sealer, context.id).await?;
    drop(connection);
    if patches.is_empty() {
        return Ok(());
    }
    let mut folder = Folder::open(into)?;
    for patch in patches {
        let failed = |why: &dyn std::fmt::Display| {
            StepError::Failed(format!(
                "the patch {} could not be written: {why}; change its path",
                patch.path
            ))
        };
        let parts = Parts::parse(patch.path.as_str().as_bytes()).map_err(|why| failed(&why))?;
        folder
            .put_file(&parts, patch.content.as_bytes())
            .map_err(
                |error| match error.raw_os_error().map(nix::errno::Errno::from_raw) {
                    Some(nix::errno::Errno::ELOOP | nix::errno::Errno::ENOTDIR) => {
                        failed(&"a folder of its path is a file or a link in the source")
                    }
                    Some(nix::errno::Errno::EISDIR) => failed(&"it is a folder in the source"),
                    _ => StepError::from(error),
                },
            )?;
        context
            .log
            .say(Step::Source, &format!("Laid the patch {} over it", patch.path));
    }
    Ok(())
}
