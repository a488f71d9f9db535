//! A network between client and server that can be cut or go silent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Open,
    /// Connections are closed, and none is taken.
    Cut,
    /// Nothing passes any more, and nobody is told.
    Silent,
}

pub struct Proxy {
    pub port: u16,
    pub taken: Arc<AtomicUsize>,
    mode: watch::Sender<Mode>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (mode, seen) = watch::channel(Mode::Open);
        let taken = Arc::new(AtomicUsize::new(0));
        let task = tokio::spawn(serve(
            listener,
            SocketAddr::from(([127, 0, 0, 1], port)),
            seen,
            taken.clone(),
        ));
        Self {
            port: own,
            taken,
            mode,
            task,
        }
    }

    pub fn cut(&self) {
        self.mode.send_replace(Mode::Cut);
    }

    pub fn silence(&self) {
        self.mode.send_replace(Mode::Silent);
    }

    pub fn restore(&self) {
        self.mode.send_replace(Mode::Open);
    }
}

async fn serve(listener: TcpListener, to: SocketAddr, mode: watch::Receiver<Mode>, taken: Arc<AtomicUsize>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        taken.fetch_add(1, Ordering::SeqCst);
        if *mode.borrow() == Mode::Cut {
            continue;
        }
        let mut mode = mode.clone();
        connections.spawn(async move {
            let Ok(server) = TcpStream::connect(to).await else {
                return;
            };
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let (there, back) = (mode.clone(), mode.clone());
            tokio::select! {
                _ = mode.wait_for(|mode| *mode == Mode::Cut) => {}
                () = copy(from_client, to_server, there) => {}
                () = copy(from_server, to_client, back) => {}
            }
        });
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut mode: watch::Receiver<Mode>) {
    let mut buffer = vec![0; 32 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        // What arrives in silence is lost, so the connection has to go silent for good.
        if *mode.borrow() == Mode::Silent {
            let _ = mode.wait_for(|mode| *mode == Mode::Cut).await;
            return;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
