//! Uploads: begun, sent in pieces, finished. The rows are in the database, the bytes in files.

use slipway_protocol::ErrorCode;
use slipway_protocol::api::{BeginUpload, FinishUpload, GetUpload, SendUploadPiece};
use slipway_protocol::upload::{LARGEST_PIECE, LARGEST_UPLOAD, UploadView};

use super::applications::row;
use super::{ApiError, Call, Piece};
use crate::db::uploads::{self, Upload};
use crate::db::{Tx, applications};
use crate::disk;
use crate::uploads::{UploadError, UploadFile, received, remove};

/// An application has at most so many uploads that are not finished.
const MOST_UNFINISHED: i64 = 8;

pub async fn begin_upload(call: Call, request: BeginUpload) -> Result<UploadView, ApiError> {
    let (team, mut tx) = (call.team()?, call.begin().await?);
    let application = row(&mut tx, request.application).await?;
    let new = request.body;
    if new.length == 0 || new.length > LARGEST_UPLOAD {
        let most = LARGEST_UPLOAD >> 30;
        let detail =
            format!("An upload has between 1 byte and {most} GiB; leave out what is not needed to build.");
        return Err(ApiError::new(ErrorCode::TooLarge, detail));
    }
    let id = match uploads::find_same(&mut tx, request.application, &new).await? {
        // What is there already becomes the newest again.
        Some(same) if same.finished && received(&call.app.config.uploads_dir(), same.id) == new.length => {
            uploads::finish(&mut tx, same.id).await?;
            same.id
        }
        Some(same) if !same.finished => same.id,
        Some(_) | None => {
            if uploads::unfinished(&mut tx, request.application).await? >= MOST_UNFINISHED {
                return Err(ApiError::conflict(format!(
                    "“{}” has {MOST_UNFINISHED} uploads that were begun and not finished; finish one, or wait a day until they are forgotten.",
                    application.name
                )));
            }
            room_for(&call, new.length)?;
            uploads::insert(&mut tx, team, request.application, &new).await?
        }
    };
    let view = view(&call, find(&mut tx, id).await?);
    call.audit(&mut tx, application.name.as_str()).await?;
    tx.commit().await?;
    Ok(view)
}

pub async fn get_upload(call: Call, request: GetUpload) -> Result<UploadView, ApiError> {
    let mut tx = call.begin().await?;
    let upload = find(&mut tx, request.upload).await?;
    Ok(view(&call, upload))
}

/// Changes no row: what has arrived is told by the file.
pub async fn send_upload_piece(
    call: Call,
    request: SendUploadPiece,
    mut piece: Piece,
) -> Result<UploadView, ApiError> {
    // No connection to the database is held while bytes come in.
    let upload = {
        let mut tx = call.begin().await?;
        find(&mut tx, request.upload).await?
    };
    if upload.finished {
        return Err(ApiError::conflict(
            "This upload is finished; nothing can be added to it.",
        ));
    }
    // Others have begun since this one did, and the database is on the same disk.
    room_for(
        &call,
        upload
            .length
            .saturating_sub(request.offset)
            .min(LARGEST_PIECE as u64),
    )?;
    let mut file = UploadFile::open(&call.app.config.uploads_dir(), upload.id)?;
    file.append(request.offset, upload.length, &mut piece).await?;
    Ok(view(&call, upload))
}

pub async fn finish_upload(call: Call, request: FinishUpload) -> Result<UploadView, ApiError> {
    let upload = {
        let mut tx = call.begin().await?;
        find(&mut tx, request.upload).await?
    };
    if !upload.finished {
        check(&call, &upload).await?;
    }
    let mut tx = call.begin().await?;
    let application = row(&mut tx, upload.application).await?;
    uploads::finish(&mut tx, upload.id).await?;
    applications::touch(&mut tx, upload.application).await?;
    let view = view(&call, find(&mut tx, upload.id).await?);
    call.audit(&mut tx, application.name.as_str()).await?;
    tx.commit().await?;
    Ok(view)
}

/// All bytes are there, and they are those that were announced. Others are thrown away, so that the next attempt begins anew.
async fn check(call: &Call, upload: &Upload) -> Result<(), ApiError> {
    let folder = call.app.config.uploads_dir();
    let mut file = UploadFile::open(&folder, upload.id)?;
    if file.at() != upload.length {
        return Err(UploadError::Elsewhere { at: file.at() }.into());
    }
    let digest = tokio::task::spawn_blocking(move || file.digest())
        .await
        .map_err(|error| ApiError::internal(&error))??;
    if digest == upload.sha256 {
        return Ok(());
    }
    let mut tx = call.begin().await?;
    uploads::delete(&mut tx, upload.id).await?;
    tx.commit().await?;
    remove(&folder, upload.id);
    Err(ApiError::invalid(
        "What arrived is not what was announced: the folder was changed while it was sent. Send it again.",
    ))
}

fn room_for(call: &Call, length: u64) -> Result<(), ApiError> {
    if disk::has_room_for(&call.app.config.data_dir, length) {
        Ok(())
    } else {
        Err(UploadError::DiskFull.into())
    }
}

async fn find(tx: &mut Tx, id: slipway_protocol::UploadId) -> Result<Upload, ApiError> {
    let found = uploads::find(tx, id).await?;
    found.ok_or_else(|| ApiError::not_found("upload"))
}

fn view(call: &Call, upload: Upload) -> UploadView {
    UploadView {
        received: received(&call.app.config.uploads_dir(), upload.id),
        id: upload.id,
        application: upload.application,
        length: upload.length,
        sha256: upload.sha256,
        finished: upload.finished,
        created_at: upload.created_at,
    }
}

impl From<UploadError> for ApiError {
    fn from(error: UploadError) -> Self {
        match &error {
            UploadError::Busy | UploadError::Elsewhere { .. } => Self::conflict(error.to_string()),
            UploadError::TooLong { .. } => Self::invalid(error.to_string()),
            UploadError::DiskFull => Self::new(ErrorCode::Unavailable, error.to_string()),
            UploadError::Io(_) => Self::internal(&error),
        }
    }
}
