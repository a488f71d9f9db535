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

/// What ssh says last where the server's key is not the one that is trusted (sshconnect.c).
const OTHER_HOST_KEY: &str = "Host key verification failed";

/// An open socket. It closes, with all connections, when this is dropped.
pub(super) struct Bridge {
    said: Said,
    host_key_is_set: bool,
    _serving: AbortOnDropHandle<()>,
}

/// Why a connection came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Nothing {
    /// There is no socket yet, because of this.
    NotPrepared(String),
    /// It was not tried, because no key of the server is trusted.
    NoHostKey,
    /// The server has another key. `is_set` where the one that is trusted is a setting.
    OtherHostKey {
        is_set: bool,
    },
    Said(String),
}

/// Of the last connection that came to nothing.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Option<Nothing>>>);

impl Said {
    fn words(&self) -> MutexGuard<'_, Option<Nothing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bridge {
    pub fn open(ssh: Ssh) -> std::io::Result<Self> {
        let socket = ssh.socket_path();
        let listener = UnixListener::bind(&socket)?;
        std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o600))?;
        let (said, host_key_is_set) = (Said::default(), ssh.host_key_is_set());
        let serving = tokio::spawn(serve(listener, Arc::new(ssh), said.clone()));
        Ok(Self {
            said,
            host_key_is_set,
            _serving: AbortOnDropHandle::new(serving),
        })
    }

    /// Why the last connection came to nothing.
    pub fn last_words(&self) -> Option<Nothing> {
        match self.said.words().clone()? {
            Nothing::Said(words) if words.contains(OTHER_HOST_KEY) => Some(Nothing::OtherHostKey {
                is_set: self.host_key_is_set,
            }),
            other => Some(other),
        }
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
    let begun = match ssh.has_host_key() {
        Ok(true) => ssh.invocation().start_conversation(),
        Ok(false) => {
            *said.words() = Some(Nothing::NoHostKey);
            return;
        }
        Err(error) => {
            let why = format!("the record of keys that are trusted cannot be read: {error}");
            *said.words() = Some(Nothing::Said(why));
            return;
        }
    };
    let conversation = match begun {
        Ok(conversation) => conversation,
        Err(error) => {
            *said.words() = Some(Nothing::Said(error.to_string()));
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
    let last = last.unwrap_or_else(|| "the connection was closed at once".to_owned());
    *said.words() = Some(Nothing::Said(last));
    drop(to);
}
