//! Decisions without effects: no async, no clock, no database, no Docker.

pub mod explain;
pub mod plan;
pub mod rollout;
pub mod routes;
pub mod saga;
