//! `dial-stdio`: standard input and output ↔ the agent's socket. It understands nothing of what passes.

use std::io::ErrorKind;

use anyhow::anyhow;
use tokio::io::{AsyncWriteExt, copy, stdin, stdout};
use tokio::net::UnixStream;

use crate::config::Config;

pub async fn dial_stdio(config: &Config) -> anyhow::Result<()> {
    let stream = UnixStream::connect(&config.socket).await;
    // This line travels over SSH into the client's sentence, so it speaks to a person.
    let stream = stream.map_err(|error| {
        let socket = config.socket.display();
        match error.kind() {
            ErrorKind::NotFound | ErrorKind::ConnectionRefused => anyhow!("nothing listens on {socket}"),
            ErrorKind::PermissionDenied => anyhow!("this account may not use {socket}"),
            kind => anyhow!("{socket} cannot be used ({kind})"),
        }
    })?;
    let (mut from_agent, mut to_agent) = stream.into_split();
    let upwards = async {
        copy(&mut stdin(), &mut to_agent).await?;
        to_agent.shutdown().await
    };
    let downwards = async {
        let mut out = stdout();
        let mut buffer = vec![0_u8; 64 * 1024];
        loop {
            use tokio::io::AsyncReadExt;
            let count = from_agent.read(&mut buffer).await?;
            if count == 0 {
                return Ok::<_, std::io::Error>(());
            }
            out.write_all(&buffer[..count]).await?;
            out.flush().await?;
        }
    };
    // When the agent hangs up there is nothing more to say; a closed input alone still waits for the answer.
    tokio::select! {
        ended = downwards => ended?,
        Err(error) = upwards => return Err(error.into()),
    }
    Ok(())
}
