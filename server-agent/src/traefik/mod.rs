//! The edge: rendering, writing and confirming Traefik's dynamic configuration, and keeping Traefik itself in place.

mod api;
mod files;
pub mod keeper;
mod render;

pub use api::{EdgeApi, EdgeError, LARGEST_PROBE, Probed};
pub use files::{FILE_NAME, put_configuration};
pub use render::{KEY_HEADER, PROBE_HEADER, render, servers_in};
