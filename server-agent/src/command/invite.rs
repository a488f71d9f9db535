//! `invite`: asks the running agent for an owner's invitation. The kernel tells the agent that root asks.

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper_util::rt::TokioIo;
use slipway_protocol::Problem;
use slipway_protocol::identity::InvitationView;
use tokio::net::UnixStream;

use crate::config::Config;

/// Prints the code alone on standard output, and what it is for on standard error.
pub async fn invite(config: &Config) -> anyhow::Result<()> {
    let stream = UnixStream::connect(&config.socket).await;
    let stream = stream.with_context(|| {
        format!(
            "the agent does not answer on {}; start it with `systemctl start slipway-agent`",
            config.socket.display()
        )
    })?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::post("/internal/invitations")
        .header("host", "agent")
        .body(Empty::<Bytes>::new())?;
    let answer = sender.send_request(request).await.context("the agent hung up")?;
    let good = answer.status().is_success();
    let body = answer.into_body().collect().await?.to_bytes();
    if !good {
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
