//! The edge: rendering, writing and confirming Traefik's dynamic configuration.

mod api;
mod files;
mod render;

pub use api::{EdgeApi, EdgeError, Probed};
pub use files::{FILE_NAME, put_configuration};
pub use render::{KEY_HEADER, PROBE_HEADER, render, servers_in};
