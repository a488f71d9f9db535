//! What the pages know and how they keep it fresh: the saved clusters, the open cluster's lists, answers of the API, streams.

pub mod api;
mod at_start;
pub mod cluster;
pub mod fleet;
pub mod follow;
pub mod remote;
pub mod task;
pub mod theme;
