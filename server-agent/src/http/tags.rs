//! Tags as they are asked for, and as they are kept.

use std::collections::BTreeSet;

use slipway_protocol::Tag;
use slipway_protocol::application::MOST_TAGS;

use super::ApiError;

/// Each once, in the order of the alphabet. `what` is what is to have them, as in “An application”.
pub(super) fn kept(tags: Vec<Tag>, what: &str) -> Result<Vec<Tag>, ApiError> {
    let tags: BTreeSet<Tag> = tags.into_iter().collect();
    if tags.len() > MOST_TAGS {
        return Err(ApiError::invalid(format!(
            "{what} has at most {MOST_TAGS} tags; take some away."
        )));
    }
    Ok(tags.into_iter().collect())
}
