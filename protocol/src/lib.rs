//! Every type that crosses a boundary of Slipway: ids, names, requests, views, events, the error body,
//! and one [`Endpoint`] per API call.
//!
//! There is no I/O here and everything compiles to `wasm32-unknown-unknown`. The agent's router, the typed client,
//! the CLI, the desktop app and the OpenAPI document are all derived from this crate, so a type stands once.

pub mod access;
pub mod api;
pub mod application;
pub mod build;
pub mod check;
pub mod checkup;
pub mod command;
pub mod configuration;
pub mod count;
pub mod deletion;
pub mod deploy_url;
pub mod deployment;
pub mod desktop;
pub mod docker_ignore;
pub mod domain;
pub mod dotenv;
pub mod drift;
pub mod endpoint;
pub mod error;
pub mod event;
pub mod feed;
pub mod file;
pub mod forward;
pub mod git;
pub mod git_access;
pub mod head;
pub mod history;
pub mod identity;
pub mod ids;
pub mod log_line;
pub mod metric;
pub mod names;
pub mod openapi;
pub mod patch;
pub mod plan;
pub mod project;
pub mod registry;
pub mod scope;
pub mod secret;
pub mod server;
pub mod settings;
pub mod setup;
pub mod size;
pub mod task;
pub mod terminal;
pub mod told;
pub mod upload;
pub mod variable;

pub use access::{Access, Action, Resource, Role};
pub use endpoint::{Endpoint, Method, RawRequest, RouteDescription};
pub use error::{ErrorCode, Problem};
pub use ids::*;
pub use names::*;
pub use scope::Scope;
pub use secret::Secret;
pub use told::Told;
