//! What the window can ask of the shell. The names, arguments and answers are those of `slipway_protocol::desktop`.

pub mod api;
pub mod clusters;
pub mod links;
pub mod session;
pub mod streams;
