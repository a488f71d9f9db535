//! The pages, one module each; large ones are folders.

pub mod add_cluster;
pub mod app;
pub mod audit;
mod checkup;
pub mod deployment;
pub mod events;
pub mod fleet;
pub mod health;
pub mod home;
pub mod host_keys;
mod invite;
mod join_team;
mod metrics;
pub mod new_app;
pub mod node_terminal;
pub mod people;
pub mod registries;
mod registry_sign_in;
pub mod settings;
pub mod settings_form;
pub mod sign_in;
mod sign_in_forms;
mod terminal;
pub mod unknown;
pub mod variables;
