//! The agent's API from outside: the real router over a real PostgreSQL, without Docker.

mod access;
mod audit;
mod clock;
mod commands;
mod configuration;
mod deployment_log;
mod examples;
mod lease;
mod left_over;
mod metrics;
mod node_terminal;
mod prepared;
mod problems;
mod projects;
mod reach;
mod sessions;
mod stage;
mod teams;
mod tenancy;
mod turns;
mod upkeep;
