//! Patches: small files laid over an application's source.

use slipway_protocol::api::{DeletePatch, ListPatches, SetPatch};
use slipway_protocol::patch::{LARGEST_PATCH, LARGEST_PATCHES, MOST_PATCHES, PatchView};

use super::applications::row;
use super::{ApiError, Call};
use crate::beneath::Parts;
use crate::db::applications;
use crate::db::patches::{self, Patch};

pub async fn list_patches(call: Call, request: ListPatches) -> Result<Vec<PatchView>, ApiError> {
    let mut tx = call.begin().await?;
    row(&mut tx, request.application).await?;
    Ok(patches::list(&mut tx, &call.app.sealer, request.application).await?)
}

pub async fn set_patch(call: Call, request: SetPatch) -> Result<PatchView, ApiError> {
    let (team, mut tx) = (call.team()?, call.begin().await?);
    // Two at once must not pass the bounds together.
    if !applications::lock(&mut tx, request.application).await? {
        return Err(ApiError::not_found("application"));
    }
    let application = row(&mut tx, request.application).await?;
    let patch = Patch {
        path: request.path,
        content: request.body.content,
    };
    let parts = Parts::parse(patch.path.as_str().as_bytes())
        .map_err(|why| ApiError::invalid(format!("The path “{}” {why}.", patch.path)))?;
    if parts.is_top() {
        return Err(ApiError::invalid("A patch needs the path of a file."));
    }
    let (count, length) = patches::others(&mut tx, request.application, &patch.path).await?;
    let together = usize::try_from(length)
        .unwrap_or(usize::MAX)
        .saturating_add(patch.content.len());
    if patch.content.len() > LARGEST_PATCH || together > LARGEST_PATCHES {
        return Err(ApiError::invalid(format!(
            "The patch {} is too large: a file has at most {} KiB, all of an application {} KiB.",
            patch.path,
            LARGEST_PATCH >> 10,
            LARGEST_PATCHES >> 10
        )));
    }
    if usize::try_from(count).unwrap_or(usize::MAX) >= MOST_PATCHES {
        return Err(ApiError::conflict(format!(
            "“{}” has {MOST_PATCHES} patches already; remove one, or change the source itself.",
            application.name
        )));
    }
    let subject = format!("{} {}", application.name, patch.path);
    let view = patches::put(&mut tx, &call.app.sealer, team, request.application, patch).await?;
    applications::touch(&mut tx, request.application).await?;
    call.audit(&mut tx, &subject).await?;
    tx.commit().await?;
    Ok(view)
}

pub async fn delete_patch(call: Call, request: DeletePatch) -> Result<(), ApiError> {
    let mut tx = call.begin().await?;
    let application = row(&mut tx, request.application).await?;
    if !patches::delete(&mut tx, request.application, &request.path).await? {
        return Err(ApiError::not_found("patch"));
    }
    applications::touch(&mut tx, request.application).await?;
    call.audit(&mut tx, &format!("{} {}", application.name, request.path))
        .await?;
    tx.commit().await?;
    Ok(())
}
