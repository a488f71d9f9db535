//! What the pages know and how they keep it fresh: the saved clusters, the open cluster's lists, answers of the API, streams.

pub mod api;
mod at_start;
mod bell;
pub mod clock;
pub mod cluster;
pub mod drafts;
pub mod favourites;
pub mod fleet;
pub mod follow;
pub mod forwarded;
pub mod forwards;
pub mod invitation;
pub mod keep;
pub mod memory;
pub mod pulse;
pub mod remote;
pub mod round_trip;
pub mod set_ups;
pub mod settled;
pub mod stored;
pub mod task;
pub mod theme;
pub mod told;
pub mod typed;
pub mod unsaid;
pub mod watched;
pub mod way_back;
