//! What comes from the internet for Slipway itself, not for an application: today, deploy URLs.
//!
//! Traefik leads such requests to a process of its own, `slipway-agent edge` ([`process`]), which runs as an account without
//! rights, with no key, no database and no Docker socket. It listens on an address of this server that only containers reach.
//! All that it can do is hand a well-formed wish to the agent over one Unix socket ([`door`]), which decides. The agent starts
//! it and starts it again ([`keeper`]).

pub mod door;
pub mod keeper;
pub mod process;
