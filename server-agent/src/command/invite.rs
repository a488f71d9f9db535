//! `invite`: asks the running agent for an owner's invitation. The kernel tells the agent that root asks.

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::Empty;
use hyper::Request;
use slipway_protocol::Problem;
use slipway_protocol::identity::InvitationView;

use crate::config::Config;
use crate::own_socket;

/// Prints the code alone on standard output, and what it is for on standard error.
pub async fn invite(config: &Config) -> anyhow::Result<()> {
    let request = Request::post("/internal/invitations")
        .header("host", "agent")
        .body(Empty::<Bytes>::new())?;
    let (status, body) = own_socket::ask(&config.socket, request).await?;
    if !status.is_success() {
        let problem: Problem =
            serde_json::from_slice(&body).context("the agent's answer is not understood")?;
        bail!("{problem}");
    }
    let view: InvitationView =
        serde_json::from_slice(&body).context("the agent's answer is not understood")?;
    eprintln!(
        "An invitation for an owner. It works once, until {}. Enter it in the app:",
        view.expires_at.format("%Y-%m-%d %H:%M UTC")
    );
    println!("{}", view.code.expose());
    Ok(())
}
