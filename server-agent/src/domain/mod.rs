//! Decisions without effects: no async, no clock, no database, no Docker.

pub mod adoption;
pub mod changes;
pub mod drift;
pub mod explain;
pub mod metrics;
pub mod one_line;
pub mod plan;
pub mod references;
pub mod rollout;
pub mod routes;
pub mod saga;
pub mod step_output;
pub mod traffic;
