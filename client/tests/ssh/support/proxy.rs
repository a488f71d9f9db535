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
    /// No connection is taken.
    Cut,
    /// Nothing passes any more, and nobody is told.
    Silent,
}

#[derive(Clone, Copy)]
struct Now {
    mode: Mode,
    /// How often it was cut: a connection does not outlive the next time, however soon the network is back.
    cuts: usize,
}

pub struct Proxy {
    pub port: u16,
    pub taken: Arc<AtomicUsize>,
    now: watch::Sender<Now>,
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
        let (now, seen) = watch::channel(Now {
            mode: Mode::Open,
            cuts: 0,
        });
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
            now,
            task,
        }
    }

    pub fn cut(&self) {
        self.now.send_modify(|now| {
            now.mode = Mode::Cut;
            now.cuts += 1;
        });
    }

    pub fn silence(&self) {
        self.now.send_modify(|now| now.mode = Mode::Silent);
    }

    pub fn restore(&self) {
        self.now.send_modify(|now| now.mode = Mode::Open);
    }
}

async fn serve(listener: TcpListener, to: SocketAddr, now: watch::Receiver<Now>, taken: Arc<AtomicUsize>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        taken.fetch_add(1, Ordering::SeqCst);
        let mut now = now.clone();
        let begun = *now.borrow_and_update();
        if begun.mode == Mode::Cut {
            continue;
        }
        connections.spawn(async move {
            let Ok(server) = TcpStream::connect(to).await else {
                return;
            };
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let (there, back) = (now.clone(), now.clone());
            tokio::select! {
                _ = now.wait_for(|now| now.cuts != begun.cuts) => {}
                () = copy(from_client, to_server, there) => {}
                () = copy(from_server, to_client, back) => {}
            }
        });
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, now: watch::Receiver<Now>) {
    let mut buffer = vec![0; 32 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        // What arrives in silence is lost, so the connection has to go silent for good.
        if now.borrow().mode == Mode::Silent {
            return std::future::pending().await;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
