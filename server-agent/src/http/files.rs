//! Files of an application. Contents go in, and come back only to those with a right of its own.

use slipway_protocol::Scope;
use slipway_protocol::api::{DeleteFile, ListFiles, RevealFile, SetFile};
use slipway_protocol::configuration::{Changes, Configured};
use slipway_protocol::file::{FileView, LARGEST_FILE, LARGEST_FILES, MOST_FILES, RevealedFile};

use super::applications::row;
use super::{ApiError, Call};
use crate::db::applications::Application;
use crate::db::variables::Of;
use crate::db::{Tx, applications, changes, files};

pub async fn list_files(call: Call, request: ListFiles) -> Result<Vec<FileView>, ApiError> {
    let mut tx = call.begin().await?;
    row(&mut tx, request.application).await?;
    Ok(files::list(&mut tx, request.application).await?)
}

pub async fn set_file(call: Call, request: SetFile) -> Result<FileView, ApiError> {
    let (team, mut tx) = (call.team()?, call.begin().await?);
    let application = row(&mut tx, request.application).await?;
    let file = request.body;
    let length = file.content.expose().len();
    if length == 0 || length > LARGEST_FILE {
        return Err(ApiError::invalid(format!(
            "The content of {} is not valid: it must be between 1 and {LARGEST_FILE} bytes.",
            file.path
        )));
    }
    let others = files::list(&mut tx, request.application).await?;
    let is_known = others.iter().any(|other| other.path == file.path);
    refuse_too_much(others.iter().filter(|other| other.path != file.path), length)?;
    let view = files::put(&mut tx, &call.app.sealer, team, request.application, &file).await?;
    let mut changed = Changes::default();
    let names = if is_known {
        &mut changed.changed
    } else {
        &mut changed.added
    };
    names.push(file.path.to_string());
    record(&call, &mut tx, &application, &changed).await?;
    call.audit(&mut tx, &format!("{} {}", application.name, file.path))
        .await?;
    tx.commit().await?;
    Ok(view)
}

pub async fn delete_file(call: Call, request: DeleteFile) -> Result<(), ApiError> {
    let mut tx = call.begin().await?;
    let application = row(&mut tx, request.application).await?;
    if !files::delete(&mut tx, request.application, &request.path).await? {
        return Err(ApiError::not_found("file"));
    }
    let changed = Changes {
        removed: vec![request.path.to_string()],
        ..Changes::default()
    };
    record(&call, &mut tx, &application, &changed).await?;
    call.audit(&mut tx, &format!("{} {}", application.name, request.path))
        .await?;
    tx.commit().await?;
    Ok(())
}

/// The answer leaves only when it stands in the audit log who asked.
pub async fn reveal_file(call: Call, request: RevealFile) -> Result<RevealedFile, ApiError> {
    let mut tx = call.begin().await?;
    let application = row(&mut tx, request.application).await?;
    let found = files::open(&mut tx, &call.app.sealer, application.id, Some(&request.path)).await?;
    let file = found
        .into_iter()
        .next()
        .ok_or_else(|| ApiError::not_found("file"))?;
    call.audit(&mut tx, &format!("{} {}", application.name, file.path))
        .await?;
    tx.commit().await?;
    Ok(RevealedFile {
        path: file.path,
        content: file.content,
    })
}

fn refuse_too_much<'f>(others: impl Iterator<Item = &'f FileView>, length: usize) -> Result<(), ApiError> {
    let lengths: Vec<usize> = others
        .map(|file| usize::try_from(file.length).unwrap_or(usize::MAX))
        .collect();
    let all = lengths.iter().fold(length, |sum, one| sum.saturating_add(*one));
    if lengths.len() >= MOST_FILES || all > LARGEST_FILES {
        return Err(ApiError::conflict(format!(
            "An application has at most {MOST_FILES} files, of {} KiB together; put more into its image or into a volume.",
            LARGEST_FILES / 1024
        )));
    }
    Ok(())
}

async fn record(
    call: &Call,
    tx: &mut Tx,
    application: &Application,
    changed: &Changes,
) -> Result<(), ApiError> {
    let of = Of {
        team: call.team()?,
        scope: Scope::Application(application.id),
    };
    let actor = call.caller()?.me.email.as_str();
    changes::record(tx, of, actor, Configured::Files, changed).await?;
    Ok(applications::touch(tx, application.id).await?)
}
