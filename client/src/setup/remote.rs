//! One command on the server, over a channel of its own (RFC 4254, section 6.5).

use futures_util::Stream;
use russh::client::Msg;
use russh::{Channel, ChannelMsg};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use super::SetupError;
use crate::ssh::Tunnel;

/// An answer that is longer is not one of ours, in bytes.
const LONGEST_OUTPUT: usize = 4 << 20;
const LONGEST_LINE: usize = 1 << 20;
const LONGEST_REASON: usize = 300;
const PIECE: usize = 64 * 1024;

#[derive(Debug)]
pub(super) enum RemoteError {
    /// It ended badly, and said this.
    Ended { reason: String },
    /// The connection broke.
    Lost,
}

impl RemoteError {
    pub fn into_setup(self, host: &str) -> SetupError {
        let host = host.to_owned();
        match self {
            Self::Ended { reason } => SetupError::Command { host, reason },
            Self::Lost => SetupError::Lost { host },
        }
    }
}

impl From<russh::Error> for RemoteError {
    fn from(_: russh::Error) -> Self {
        Self::Lost
    }
}

/// A command that was started.
pub(super) struct Remote {
    channel: Channel<Msg>,
}

/// What a command has written to its standard error, and how it ended.
#[derive(Default)]
struct End {
    status: Option<u32>,
    stderr: Vec<u8>,
}

impl End {
    /// Takes what is not standard output. True when nothing comes after it.
    fn take(&mut self, message: &ChannelMsg) -> bool {
        match message {
            ChannelMsg::ExtendedData { data, .. } => {
                self.stderr.extend_from_slice(data);
                let surplus = self.stderr.len().saturating_sub(LONGEST_OUTPUT);
                self.stderr.drain(..surplus);
                false
            }
            ChannelMsg::ExitStatus { exit_status } => {
                self.status = Some(*exit_status);
                false
            }
            ChannelMsg::ExitSignal { .. } => {
                self.status = Some(255);
                false
            }
            ChannelMsg::Close => true,
            _ => false,
        }
    }

    fn verdict(&self) -> Result<(), RemoteError> {
        match self.status {
            Some(0) => Ok(()),
            Some(status) => Err(RemoteError::Ended {
                reason: self.reason(status),
            }),
            // It went without a word: so did the connection.
            None => Err(RemoteError::Lost),
        }
    }

    fn reason(&self, status: u32) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        let last = text.lines().rev().map(str::trim).find(|line| !line.is_empty());
        let plain = |line: &str| -> String {
            let line = line.trim_end_matches('.');
            line.chars()
                .filter(|c| !slipway_protocol::is_hidden(*c))
                .take(LONGEST_REASON)
                .collect()
        };
        last.map_or_else(|| format!("a command ended with status {status}"), plain)
    }
}

impl Remote {
    /// Starts a command. It must hold nothing that the server's login shell could take for something else.
    pub async fn start(tunnel: &Tunnel, command: &str) -> Result<Self, RemoteError> {
        let channel = tunnel.handle.channel_open_session().await?;
        channel.exec(true, command).await?;
        Ok(Self { channel })
    }

    /// Everything that it writes, once it has ended well.
    pub async fn output(mut self) -> Result<String, RemoteError> {
        let _ = self.channel.eof().await;
        let (mut out, mut end) = (Vec::new(), End::default());
        while let Some(message) = self.channel.wait().await {
            match &message {
                ChannelMsg::Data { data } if out.len() < LONGEST_OUTPUT => out.extend_from_slice(data),
                ChannelMsg::Failure => return Err(refused()),
                other if end.take(other) => break,
                _ => {}
            }
        }
        end.verdict()?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    /// Sends everything to its standard input, and waits for its good end.
    pub async fn feed(
        mut self,
        mut from: impl AsyncRead + Unpin,
        mut sent: impl FnMut(u64),
    ) -> Result<(), RemoteError> {
        let mut writer = self.channel.make_writer();
        let (mut buffer, mut total, mut end) = (vec![0; PIECE], 0, End::default());
        loop {
            let count = from.read(&mut buffer).await.map_err(|error| RemoteError::Ended {
                reason: error.to_string(),
            })?;
            if count == 0 {
                break;
            }
            // A full disk ends the command before everything was taken; what it said is read below.
            if writer.write_all(&buffer[..count]).await.is_err() {
                break;
            }
            total += count as u64;
            sent(total);
        }
        drop(writer);
        let _ = self.channel.eof().await;
        while let Some(message) = self.channel.wait().await {
            if matches!(message, ChannelMsg::Failure) {
                return Err(refused());
            }
            if end.take(&message) {
                break;
            }
        }
        end.verdict()
    }

    /// Its lines as they are written. A bad end is the last item.
    pub fn lines(mut self) -> impl Stream<Item = Result<String, RemoteError>> + Send {
        let (lines, receiver) = tokio::sync::mpsc::channel(64);
        tokio::spawn(async move {
            let _ = self.channel.eof().await;
            let (mut rest, mut end) = (Vec::new(), End::default());
            while let Some(message) = self.channel.wait().await {
                match &message {
                    ChannelMsg::Data { data } => {
                        rest.extend_from_slice(data);
                        while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
                            let line: Vec<u8> = rest.drain(..=at).collect();
                            let line = String::from_utf8_lossy(&line[..at]).into_owned();
                            if lines.send(Ok(line)).await.is_err() {
                                return;
                            }
                        }
                        if rest.len() > LONGEST_LINE {
                            rest.clear();
                        }
                    }
                    ChannelMsg::Failure => {
                        let _ = lines.send(Err(refused())).await;
                        return;
                    }
                    other if end.take(other) => break,
                    _ => {}
                }
            }
            if let Err(error) = end.verdict() {
                let _ = lines.send(Err(error)).await;
            }
        });
        futures_util::stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|line| (line, receiver))
        })
    }
}

fn refused() -> RemoteError {
    RemoteError::Ended {
        reason: "the SSH server allows this user no commands".to_owned(),
    }
}
