//! The API on the Unix socket.

mod applications;
mod call;
mod copies;
mod deletion;
mod deploy_urls;
mod deployments;
mod domains;
mod error;
mod files;
mod gate;
mod git_access;
mod health;
mod identity;
mod internal;
mod listener;
mod logs;
mod operations;
mod passwords;
mod patches;
mod piece;
mod projects;
mod registration;
mod registries;
mod router;
mod strangers;
pub mod tokens;
mod uploads;
mod variables;

pub use call::{Call, Caller};
pub use error::{ApiError, error_chain};
pub use health::disk_free;
pub use listener::{PeerUid, bind, serve};
pub use piece::Piece;
pub use router::router;
pub use strangers::Strangers;
