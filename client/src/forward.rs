//! A port of this machine that leads to a port of a container, over the one link that there is. It outlives a lost link: connections that
//! were open break, the next ones go on.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use slipway_protocol::api::{CloseForward, ConnectForward, OpenForward};
use slipway_protocol::forward::NewForward;
use slipway_protocol::{ApplicationId, ErrorCode, ForwardId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::connection::Connection;
use crate::dial::Broken;
use crate::error::ClientError;
use crate::http::Tunnel;

const READ: usize = 32 * 1024;
/// So long it may take to tell the agent that a way is closed.
const CLOSING: Duration = Duration::from_secs(2);
/// How often idleness is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Which port of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalPort {
    /// This one, or none.
    Exactly(u16),
    /// This one if it is free, otherwise any other.
    Preferably(u16),
}

/// Why no port leads anywhere.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    #[error("Port {port} of this machine cannot be used ({reason}); choose another one.")]
    Local { port: u16, reason: String },
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// How a forwarded port stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForwardState {
    /// Connections that are open now, and all there ever were.
    pub connections: u32,
    pub total: u64,
    /// Why the last connection came to nothing.
    pub failure: Option<String>,
    pub end: Option<ForwardEnd>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardEnd {
    Stopped,
    /// Nobody used it for as long as was wished.
    Idle,
}

/// A port that is forwarded. It is closed when this is dropped.
pub struct Forward {
    local: SocketAddr,
    state: watch::Receiver<ForwardState>,
    stop: CancellationToken,
    way: Arc<Way>,
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Forward {
    /// Opens the way and the port, on the loopback of this machine only. `idle`: close it when there was no connection for so long.
    pub async fn open(
        connection: &Connection,
        application: ApplicationId,
        wanted: NewForward,
        local: LocalPort,
        idle: Option<Duration>,
    ) -> Result<Self, ForwardError> {
        let listener = listen(local).await?;
        let local = listener.local_addr().map_err(|error| ForwardError::Local {
            port: 0,
            reason: error.to_string(),
        })?;
        let request = OpenForward {
            application,
            body: wanted.clone(),
        };
        let id = connection.send(request).await?.id;
        let (sender, state) = watch::channel(ForwardState::default());
        let stop = CancellationToken::new();
        let way = Arc::new(Way {
            connection: std::sync::Mutex::new(connection.clone()),
            application,
            wanted,
            id: Mutex::new(id),
            state: sender,
        });
        tokio::spawn(serve(Arc::clone(&way), listener, idle, stop.clone()));
        Ok(Self {
            local,
            state,
            stop,
            way,
        })
    }

    /// The address on this machine.
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Goes on through another connection to the same cluster: the one before it is no longer kept up.
    pub fn lead_through(&self, connection: &Connection) {
        *self.way.connection.lock().unwrap_or_else(PoisonError::into_inner) = connection.clone();
    }

    /// How it stands, now and at each change.
    pub fn state(&self) -> watch::Receiver<ForwardState> {
        self.state.clone()
    }

    /// Closes the port with every connection; returns when that is done.
    pub async fn stop(&self) {
        self.stop.cancel();
        let mut state = self.state.clone();
        // A task that is gone has closed it too.
        let _ = state.wait_for(|state| state.end.is_some()).await;
    }
}

async fn listen(local: LocalPort) -> Result<TcpListener, ForwardError> {
    let on = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let (port, first) = match local {
        LocalPort::Exactly(port) => (port, on(port).await),
        LocalPort::Preferably(port) => match on(port).await {
            Ok(listener) => return Ok(listener),
            Err(_) => (0, on(0).await),
        },
    };
    first.map_err(|error| ForwardError::Local {
        port,
        reason: error.to_string(),
    })
}

struct Way {
    connection: std::sync::Mutex<Connection>,
    application: ApplicationId,
    wanted: NewForward,
    /// Another one after the agent has forgotten it.
    id: Mutex<ForwardId>,
    state: watch::Sender<ForwardState>,
}

async fn serve(way: Arc<Way>, listener: TcpListener, idle: Option<Duration>, stop: CancellationToken) {
    let mut used = Instant::now();
    let end = loop {
        tokio::select! {
            () = stop.cancelled() => break ForwardEnd::Stopped,
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => {
                    used = Instant::now();
                    tokio::spawn(Arc::clone(&way).one(socket, stop.clone()));
                }
                // Out of file descriptors, most likely: wait instead of spinning.
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            },
            () = tokio::time::sleep(LOOK) => {
                if way.state.borrow().connections > 0 {
                    used = Instant::now();
                }
                if idle.is_some_and(|idle| used.elapsed() >= idle) {
                    break ForwardEnd::Idle;
                }
            }
        }
    };
    stop.cancel();
    drop(listener);
    let closed = async {
        let forward = *way.id.lock().await;
        way.connection().send(CloseForward { forward }).await
    };
    // Before the end is told: whoever hears of it may end the program. What cannot be told now the agent forgets by itself.
    let _ = tokio::time::timeout(CLOSING, closed).await;
    way.state.send_modify(|state| state.end = Some(end));
}

impl Way {
    fn connection(&self) -> Connection {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// One connection from its beginning to its end.
    async fn one(self: Arc<Self>, mut socket: TcpStream, stop: CancellationToken) {
        self.state.send_modify(|state| {
            state.connections += 1;
            state.total += 1;
        });
        let mut whole = false;
        let failure = tokio::select! {
            opened = self.tunnel() => match opened {
                Ok(tunnel) => {
                    tokio::select! {
                        carried = carry(&mut socket, tunnel) => whole = carried.is_ok(),
                        () = stop.cancelled() => {}
                    }
                    None
                }
                Err(error) => Some(error.to_string()),
            },
            () = stop.cancelled() => None,
        };
        if !whole {
            // A reset: what was cut off must not look complete.
            let _ = socket.set_zero_linger();
        }
        drop(socket);
        self.state.send_modify(|state| {
            state.connections -= 1;
            state.failure = failure;
        });
    }

    /// A tunnel; where an agent that restarted has forgotten the way, the way is opened again first.
    async fn tunnel(&self) -> Result<Tunnel, ClientError> {
        let forward = *self.id.lock().await;
        match self.connection().tunnel(ConnectForward { forward }).await {
            Err(ClientError::Problem(problem)) if problem.code == ErrorCode::NotFound => {}
            other => return other,
        }
        let mut id = self.id.lock().await;
        if *id == forward {
            let request = OpenForward {
                application: self.application,
                body: self.wanted.clone(),
            };
            *id = self.connection().send(request).await?.id;
        }
        let forward = *id;
        drop(id);
        self.connection().tunnel(ConnectForward { forward }).await
    }
}

/// Bytes both ways until both directions have ended, or one has broken.
async fn carry(socket: &mut TcpStream, tunnel: Tunnel) -> Result<(), Broken> {
    let (reading, writing) = socket.split();
    let out = pass_out(reading, tunnel.outgoing);
    let back = pass_back(tunnel.incoming, writing);
    // The first break ends both; the first end does not.
    tokio::try_join!(out, back).map(|_| ())
}

async fn pass_out(mut from: ReadHalf<'_>, to: mpsc::Sender<Option<Bytes>>) -> Result<(), Broken> {
    let mut buffer = vec![0; READ];
    loop {
        let count = from.read(&mut buffer).await.map_err(|_| Broken)?;
        let bytes = (count > 0).then(|| Bytes::copy_from_slice(&buffer[..count]));
        to.send(bytes).await.map_err(|_| Broken)?;
        if count == 0 {
            return Ok(());
        }
    }
}

async fn pass_back(mut from: hyper::body::Incoming, mut to: WriteHalf<'_>) -> Result<(), Broken> {
    while let Some(frame) = from.frame().await {
        let frame = frame.map_err(|_| Broken)?;
        if let Ok(bytes) = frame.into_data() {
            to.write_all(&bytes).await.map_err(|_| Broken)?;
        }
    }
    to.shutdown().await.map_err(|_| Broken)
}
