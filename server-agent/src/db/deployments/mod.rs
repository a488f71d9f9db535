//! Deployments: their rows, the lease on them, their log, and who serves.

mod kept;
mod lease;
mod log;
mod request;
mod scales;
mod serving;
mod shares;
mod unfinished;
mod upkeep;
mod view;

pub use kept::*;
pub use lease::*;
pub use log::*;
pub use request::*;
pub use scales::*;
pub use serving::*;
pub use shares::*;
pub use unfinished::*;
pub use upkeep::*;
pub use view::*;
