//! What the window can ask of the shell. The names, arguments and answers are those of `slipway_protocol::desktop`.

pub mod api;
pub mod app;
pub mod check;
pub mod clusters;
pub mod dropped;
pub mod forwards;
pub mod import;
pub mod links;
pub mod logs;
pub mod session;
pub mod setup;
pub mod streams;
pub mod terminals;
pub mod this_machine;
pub mod updates;
