//! A socket of the agent's own, behind which each connection is one `ssh … docker system dial-stdio`.
//!
//! With it a far engine is reached as a near one is, by everybody: by our own calls, by the Docker library, and by the programs that build.

use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::copy;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use super::ssh::Ssh;
use crate::process::Conversation;

/// What ssh says about its end comes a moment after it.
const LAST_WORDS: Duration = Duration::from_secs(2);
const AGAIN: Duration = Duration::from_secs(1);

/// An open socket. It closes, with all connections, when this is dropped.
pub(super) struct Bridge {
    said: Said,
    _serving: AbortOnDropHandle<()>,
}

/// What the last connection that came to nothing said.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Option<String>>>);

impl Said {
    fn words(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bridge {
    pub fn open(ssh: Ssh) -> std::io::Result<Self> {
        let socket = ssh.socket_path();
        let listener = UnixListener::bind(&socket)?;
        std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600))?;
        let said = Said::default();
        let serving = tokio::spawn(serve(listener, Arc::new(ssh), said.clone()));
        Ok(Self {
            said,
            _serving: AbortOnDropHandle::new(serving),
        })
    }

    /// Why the last connection came to nothing.
    pub fn last_words(&self) -> Option<String> {
        self.said.words().clone()
    }
}

async fn serve(listener: UnixListener, ssh: Arc<Ssh>, said: Said) {
    // Ended with this task: the set aborts its tasks when it goes.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((inside, _)) => {
                    connections.spawn(carry(inside, Arc::clone(&ssh), said.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection to the build node could not be taken");
                    tokio::time::sleep(AGAIN).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

/// Bytes both ways until the far side has ended. The program goes with this future.
async fn carry(inside: UnixStream, ssh: Arc<Ssh>, said: Said) {
    let conversation = match ssh.invocation().start_conversation() {
        Ok(conversation) => conversation,
        Err(error) => {
            *said.words() = Some(error.to_string());
            return;
        }
    };
    let Conversation {
        mut input,
        mut output,
        mut errors,
        running: _running,
    } = conversation;
    let (mut from, mut to) = inside.into_split();
    let upwards = async move {
        let _ = copy(&mut from, &mut input).await;
        // The far side is told that nothing more comes, and may still answer.
        drop(input);
        std::future::pending::<u64>().await
    };
    // An error is mostly the near side's, which has gone away: then nobody asks.
    let downwards = async { copy(&mut output, &mut to).await.unwrap_or(u64::MAX) };
    let mut last = None;
    let listening = async {
        while let Some(line) = errors.next().await {
            if !line.trim().is_empty() {
                last = Some(line.trim().to_owned());
            }
        }
        std::future::pending::<u64>().await
    };
    let came = tokio::select! {
        came = downwards => came,
        came = upwards => came,
        came = listening => came,
    };
    if came > 0 {
        *said.words() = None;
        return;
    }
    let more = async {
        while let Some(line) = errors.next().await {
            if !line.trim().is_empty() {
                last = Some(line.trim().to_owned());
            }
        }
    };
    let _ = tokio::time::timeout(LAST_WORDS, more).await;
    // Before the near side sees the end, and asks.
    *said.words() = last.or_else(|| Some("the connection was closed at once".to_owned()));
    drop(to);
}
