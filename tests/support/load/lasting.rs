//! What stays open: each stream is opened again when it has ended, and how it ended is noted.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use super::report::{Lasted, LastedEnd};
use super::{Traffic, socket, stream};

/// Who says nothing for so long is taken for dead; each kind says something every second, where the machine lets it.
pub const SILENCE: Duration = Duration::from_secs(30);
/// Before it is tried again where opening failed.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Socket,
    Events,
    Bytes,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Socket => "WebSocket",
            Self::Events => "stream of events",
            Self::Bytes => "stream of bytes",
        }
    }
}

/// Keeps one open until the load ends.
pub(super) async fn keep(kind: Kind, traffic: Arc<Traffic>) {
    while !traffic.stopped() {
        let begun = Instant::now();
        if let Err(reason) = once(kind, &traffic).await {
            let what = format!("opening a {}", kind.as_str());
            traffic.report().fail(what, begun.elapsed(), reason);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// From its opening to its end, whatever that is. An error where it could not be opened.
async fn once(kind: Kind, traffic: &Traffic) -> Result<(), String> {
    let (client, stopped) = (&traffic.client, || traffic.stopped());
    let (version, opened, end): (String, SystemTime, LastedEnd);
    match kind {
        Kind::Socket => {
            let mut socket = socket::open(client).await?;
            (version, opened) = (socket.version.clone(), SystemTime::now());
            traffic.open.fetch_add(1, Ordering::SeqCst);
            end = socket.talk(stopped).await;
        }
        Kind::Events | Kind::Bytes => {
            let mut stream = stream::open(client, kind).await?;
            (version, opened) = (stream.version.clone(), SystemTime::now());
            traffic.open.fetch_add(1, Ordering::SeqCst);
            end = stream.follow(stopped).await;
        }
    }
    let lasted = Lasted {
        kind,
        version,
        opened,
        ended: SystemTime::now(),
        end,
    };
    traffic.report().streams.push(lasted);
    traffic.open.fetch_sub(1, Ordering::SeqCst);
    Ok(())
}
