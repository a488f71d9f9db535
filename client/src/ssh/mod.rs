//! The SSH connection: host key, sign-in, and one channel to the agent.

mod auth;
mod exec;
mod host_key;
mod key_agent;
mod key_files;
mod leash;
mod prompt_tcp;
mod tunnel;

pub(crate) use auth::{SignInSecrets, is_encrypted, sign_in};
pub(crate) use exec::Outcome;
pub(crate) use key_agent::USUAL_KEYS;
pub(crate) use tunnel::{
    SshTarget, Tunnel, connect_tcp, first_of, forward, handshake, open_channel, resolve,
};

/// A byte stream to the agent.
pub(crate) trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Stream for T {}
