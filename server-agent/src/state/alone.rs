//! Keeping the agent from starting while its state is worked on: its socket is taken, as an agent would take it.

use std::path::{Path, PathBuf};

use tokio::task::JoinHandle;

use crate::http;

/// The agent's socket is ours. Whoever connects is let go at once. Dropped, the socket is free.
pub struct Alone {
    socket: PathBuf,
    letting_go: JoinHandle<()>,
}

impl Alone {
    /// Fails where an agent answers.
    pub async fn take(socket: &Path) -> std::io::Result<Self> {
        let listener = http::bind(socket).await?;
        let letting_go = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                drop(stream);
            }
        });
        Ok(Self {
            socket: socket.to_owned(),
            letting_go,
        })
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.letting_go.abort();
        let _ = std::fs::remove_file(&self.socket);
    }
}
