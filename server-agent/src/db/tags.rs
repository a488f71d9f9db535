//! Tags, as the rows of what carries them hold them.

use slipway_protocol::Tag;

use super::damaged;

pub fn texts(tags: &[Tag]) -> Vec<&str> {
    tags.iter().map(Tag::as_str).collect()
}

pub fn parsed(texts: &[String]) -> Result<Vec<Tag>, sqlx::Error> {
    texts
        .iter()
        .map(|text| Tag::parse(text).map_err(damaged))
        .collect()
}
