//! What happened by itself.

use slipway_protocol::api::ListEvents;
use slipway_protocol::event::ClusterEvent;

use super::{ApiError, Call};
use crate::db::events;

/// A search is no longer than this, in bytes.
const LONGEST_SEARCH: usize = 1_000;

pub async fn list_events(call: Call, request: ListEvents) -> Result<Vec<ClusterEvent>, ApiError> {
    if request
        .contains
        .as_ref()
        .is_some_and(|text| text.len() > LONGEST_SEARCH)
    {
        return Err(ApiError::invalid("Search for at most 1000 characters."));
    }
    let mut tx = call.begin().await?;
    Ok(events::list(&mut tx, &request).await?)
}
