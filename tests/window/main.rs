//! The real window, driven as a person would: real agent, real sshd, real keychain, real display.
//!
//! Its pictures of every page, light and dark, are the repository's own (`docs/screenshots/`); they are taken anew when
//! `SLIPWAY_SCREENSHOTS` is set.

mod journey;
mod person;
mod refusals;
