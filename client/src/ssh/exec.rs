//! `slipway-agent dial-stdio` on the server: the way to the agent where forwarding is forbidden.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::ChannelMsg;
use russh::ChannelReadHalf;
use tokio::io::{AsyncWriteExt, DuplexStream, WriteHalf};
use tokio::sync::Notify;

use super::Stream;
use super::tunnel::Tunnel;
use crate::profiles::{AgentSocket, DEFAULT_AGENT_SOCKET};

const LONGEST_STDERR: usize = 2000;
const BUFFER: usize = 256 * 1024;

/// How the command on the server ended, for an error's reason.
#[derive(Clone, Default)]
pub(crate) struct Outcome(Arc<(Mutex<Ended>, Notify)>);

#[derive(Default)]
struct Ended {
    status: Option<u32>,
    stderr: Vec<u8>,
}

impl Outcome {
    /// Why it ended, if it ends within a moment.
    pub async fn reason(&self) -> Option<String> {
        let _ = tokio::time::timeout(Duration::from_millis(800), self.0.1.notified()).await;
        let ended = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let status = ended.status?;
        if status == 127 {
            return Some("the command slipway-agent is not installed there".to_owned());
        }
        let text = String::from_utf8_lossy(&ended.stderr);
        let last = text
            .lines()
            .rev()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .unwrap_or_default();
        let last: String = last
            .chars()
            .filter(|c| !slipway_protocol::is_hidden(*c))
            .take(200)
            .collect();
        Some(if last.is_empty() {
            format!("slipway-agent dial-stdio ended with status {status}")
        } else {
            last
        })
    }

    fn change(&self, edit: impl FnOnce(&mut Ended)) {
        edit(&mut self.0.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Starts the command and joins its standard input and output to a stream.
pub(crate) async fn dial_stdio(
    tunnel: &Tunnel,
    agent_socket: &AgentSocket,
) -> Result<(Box<dyn Stream>, Outcome), russh::Error> {
    // The path is of plain characters (`AgentSocket`): the server's login shell has nothing to interpret.
    let command = match agent_socket.as_str() {
        DEFAULT_AGENT_SOCKET => "slipway-agent dial-stdio".to_owned(),
        socket => format!("slipway-agent dial-stdio --socket {socket}"),
    };
    let channel = tunnel.handle.channel_open_session().await?;
    channel.exec(false, command).await?;
    let (incoming, outgoing) = channel.split();
    let (near, far) = tokio::io::duplex(BUFFER);
    let (mut from_client, to_client) = tokio::io::split(far);
    let outcome = Outcome::default();
    tokio::spawn(receive(incoming, to_client, outcome.clone()));
    tokio::spawn(async move {
        let _ = tokio::io::copy(&mut from_client, &mut outgoing.make_writer()).await;
        let _ = outgoing.eof().await;
        let _ = outgoing.close().await;
    });
    Ok((Box::new(near), outcome))
}

async fn receive(mut incoming: ChannelReadHalf, mut to_client: WriteHalf<DuplexStream>, outcome: Outcome) {
    while let Some(message) = incoming.wait().await {
        match message {
            ChannelMsg::Data { data } if to_client.write_all(&data).await.is_err() => break,
            ChannelMsg::ExtendedData { data, .. } => outcome.change(|ended| {
                let room = LONGEST_STDERR.saturating_sub(ended.stderr.len());
                ended.stderr.extend(data.iter().take(room));
            }),
            ChannelMsg::ExitStatus { exit_status } => {
                outcome.change(|ended| ended.status = Some(exit_status))
            }
            ChannelMsg::Close => break,
            _ => {}
        }
    }
    outcome.0.1.notify_one();
    let _ = to_client.shutdown().await;
}
