//! The pages, one module each; large ones are folders.

pub mod add_cluster;
pub mod app;
mod app_draft;
mod app_fields;
pub mod audit;
pub mod deployment;
pub mod fleet;
pub mod health;
pub mod home;
mod invite;
pub mod new_app;
pub mod people;
pub mod sign_in;
mod sign_in_forms;
pub mod unknown;
