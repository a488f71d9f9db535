//! Deployments: their rows, the lease on them, their log, and who serves.

mod lease;
mod log;
mod request;
mod serving;
mod unfinished;
mod upkeep;
mod view;

pub use lease::*;
pub use log::*;
pub use request::*;
pub use serving::*;
pub use unfinished::*;
pub use upkeep::*;
pub use view::*;
