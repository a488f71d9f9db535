//! `slipway-agent`: the daemon on a cluster. It serves the API on a Unix socket, runs the deployment engine, and writes
//! the edge's configuration. Begin with `http/router.rs` (the API) and `deploy/engine.rs` (a deployment).

pub mod app;
pub mod beneath;
pub mod build_place;
pub mod builders;
pub mod command;
pub mod config;
pub mod db;
pub mod deploy;
mod disk;
pub mod docker;
pub mod domain;
pub mod edge;
mod fair;
pub mod feed;
mod forwards;
pub mod git;
pub mod happenings;
pub mod host;
pub mod http;
pub mod logs;
pub mod memory;
pub mod metrics;
mod one_get;
mod own_socket;
mod owner;
pub mod postgres;
pub mod process;
pub mod public_key;
pub mod secrets;
pub mod state;
mod tasks;
mod terminals;
pub mod traefik;
pub mod uploads;
