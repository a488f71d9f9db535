//! Who listens where an SSH server should, and keeps to no rule: it says what it was given, and writes down what it hears.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What it does when it has said all.
#[derive(Clone)]
pub enum Then {
    Close,
    /// Nothing more, and it stays.
    Wait,
    /// This, again and again, for as long as it is taken.
    Repeat(Vec<u8>),
}

pub struct RawPeer {
    pub port: u16,
    heard: Arc<Mutex<Vec<u8>>>,
    said: Arc<AtomicUsize>,
    visits: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for RawPeer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What is kept of what was heard.
const KEPT: usize = 1 << 20;

impl RawPeer {
    pub async fn saying(words: Vec<u8>, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard, said) = (Arc::<Mutex<Vec<u8>>>::default(), Arc::<AtomicUsize>::default());
        let visits = Arc::<AtomicUsize>::default();
        let (all, counted, open) = (heard.clone(), said.clone(), visits.clone());
        let task = tokio::spawn(async move {
            let mut set = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.fetch_add(1, Ordering::SeqCst);
                let visit = receive(stream, words.clone(), then.clone(), all.clone(), counted.clone());
                let open = open.clone();
                set.spawn(async move {
                    visit.await;
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self {
            port,
            heard,
            said,
            visits,
            task,
        }
    }

    /// Whether all have gone who came.
    pub fn is_alone(&self) -> bool {
        self.visits.load(Ordering::SeqCst) == 0
    }

    /// Whether this was among what anybody said to it.
    pub fn heard(&self, text: &str) -> bool {
        let heard = self.heard.lock().unwrap();
        heard.windows(text.len()).any(|part| part == text.as_bytes())
    }

    /// How many bytes were taken from it.
    pub fn said(&self) -> usize {
        self.said.load(Ordering::SeqCst)
    }
}

async fn receive(
    stream: TcpStream,
    words: Vec<u8>,
    then: Then,
    heard: Arc<Mutex<Vec<u8>>>,
    said: Arc<AtomicUsize>,
) {
    let (mut from, mut to) = stream.into_split();
    let listens = async move {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let mut heard = heard.lock().unwrap();
            if heard.len() < KEPT {
                heard.extend_from_slice(&buffer[..length]);
            }
        }
    };
    let speaks = async move {
        let mut words = words;
        loop {
            if to.write_all(&words).await.is_err() {
                return;
            }
            said.fetch_add(words.len(), Ordering::SeqCst);
            match &then {
                Then::Close => {
                    let _ = to.shutdown().await;
                    std::future::pending().await
                }
                Then::Wait => std::future::pending().await,
                Then::Repeat(more) => words.clone_from(more),
            }
        }
    };
    // Whoever hears the end of the other side has nobody to speak to.
    tokio::select! {
        () = listens => {}
        () = speaks => {}
    }
}

/// A packet of SSH as it is before there are keys: its payload, padded to whole blocks.
pub fn packet(payload: &[u8]) -> Vec<u8> {
    let padding = 4 + (8 - (5 + payload.len() + 4) % 8) % 8;
    let length = u32::try_from(1 + payload.len() + padding).unwrap();
    let mut packet = length.to_be_bytes().to_vec();
    packet.push(u8::try_from(padding).unwrap());
    packet.extend_from_slice(payload);
    packet.resize(packet.len() + padding, 0);
    packet
}

/// A server's KEXINIT with these algorithms of each kind.
pub fn kex_init(lists: [&str; 10]) -> Vec<u8> {
    let mut payload = vec![20];
    payload.extend_from_slice(&[7; 16]);
    for list in lists {
        payload.extend_from_slice(&u32::try_from(list.len()).unwrap().to_be_bytes());
        payload.extend_from_slice(list.as_bytes());
    }
    // No packet is guessed, and what is reserved.
    payload.extend_from_slice(&[0; 5]);
    payload
}
