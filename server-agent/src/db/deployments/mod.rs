//! Deployments: their rows, the lease on them, their logs as earlier agents kept them, and who serves.

mod ids;
mod kept;
mod lease;
mod old_log;
mod request;
mod scales;
mod serving;
mod shares;
mod unfinished;
mod upkeep;
mod view;

pub use ids::*;
pub use kept::*;
pub use lease::*;
pub use old_log::*;
pub use request::*;
pub use scales::*;
pub use serving::*;
pub use shares::*;
pub use unfinished::*;
pub use upkeep::*;
pub use view::*;
