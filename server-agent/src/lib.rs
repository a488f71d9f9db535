//! `slipway-agent`: the daemon on a cluster. It serves the API on a Unix socket, runs the deployment engine, and writes
//! the edge's configuration.

pub mod docker;
pub mod domain;
pub mod git;
pub mod process;
pub mod secrets;
pub mod traefik;
