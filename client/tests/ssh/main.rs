//! The SSH link against a real sshd: host keys, ways to sign in, ways to the agent, many calls at once, lost links.

mod host_keys;
mod jumps;
mod lost_links;
mod rogues;
mod sessions;
mod sign_in;
mod stage;
mod streams;
mod support;
mod ways;
