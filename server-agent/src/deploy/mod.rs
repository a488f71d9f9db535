//! The deployment engine: asking for a deployment, driving it step by step, keeping the edge true, sweeping up.

pub mod adopt;
mod asking;
mod attempt;
pub mod commands;
mod compared;
pub mod deploy_urls;
pub mod engine;
mod failpoint;
mod freeze;
pub mod frozen;
mod ground;
pub mod heads;
pub mod hearing;
pub mod keeper;
mod log;
pub mod notified;
pub mod old_logs;
mod once;
pub mod preview;
pub mod probes;
pub mod readiness;
pub mod request;
mod routes;
mod steps;
pub mod sweep;
mod sweep_builds;
pub mod turn;
pub mod vitals;
mod way_in;
mod worker;

pub use routes::{apply_routes, apply_routes_soon};
pub use worker::start_workers;
