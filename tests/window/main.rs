//! The real window, driven as a person would: real agent, real sshd, real keychain, real display.
//!
//! Its pictures of every page, light and dark, are the repository's own (`docs/screenshots/`); they are taken anew when
//! `SLIPWAY_SCREENSHOTS` is set.

mod again;
mod copies;
mod dropped;
mod faces;
mod fleet;
mod front_door;
mod hostile;
mod journey;
mod keychain;
mod lists;
mod notices;
mod only_seen;
mod operations;
mod refusals;
mod servers;
mod settings;
mod several_teams;
mod terminal;
mod this_machine;
mod tray;
mod updates;
mod working;
