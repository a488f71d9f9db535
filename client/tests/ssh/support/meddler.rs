//! Somebody between the client and a server who changes what the server says.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// What is done to what the server says on each connection.
#[derive(Clone, Debug)]
pub enum Deed {
    Nothing,
    /// After so many bytes the connection ends.
    CutAfter(usize),
    /// The highest bit of this byte is another one.
    Flip(usize),
    /// These come before that byte.
    Insert(usize, Vec<u8>),
}

pub struct Meddler {
    pub port: u16,
    said: Arc<Mutex<Vec<Vec<u8>>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Meddler {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Meddler {
    /// Leads to the server on this port.
    pub async fn before(port: u16, deed: Deed) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let said = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let all = said.clone();
        let task = tokio::spawn(async move {
            let mut visits = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else {
                    continue;
                };
                let (deed, all) = (deed.clone(), all.clone());
                visits.spawn(async move {
                    let (mut from_client, to_client) = client.into_split();
                    let (from_server, mut to_server) = server.into_split();
                    tokio::select! {
                        _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
                        () = meddle(from_server, to_client, deed, all) => {}
                    }
                });
            }
        });
        Self {
            port: own,
            said,
            task,
        }
    }

    /// What the server said on the connection on which it said most.
    pub fn longest(&self) -> Vec<u8> {
        let said = self.said.lock().unwrap();
        said.iter()
            .max_by_key(|one| one.len())
            .cloned()
            .unwrap_or_default()
    }
}

async fn meddle(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, deed: Deed, said: Arc<Mutex<Vec<Vec<u8>>>>) {
    let number = {
        let mut said = said.lock().unwrap();
        said.push(Vec::new());
        said.len() - 1
    };
    let (mut buffer, mut at) = (vec![0; 16 * 1024], 0);
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        said.lock().unwrap()[number].extend_from_slice(&buffer[..length]);
        let mut part = buffer[..length].to_vec();
        let is_here = |place: usize| (at..at + length).contains(&place);
        match &deed {
            Deed::Flip(place) if is_here(*place) => part[*place - at] ^= 0x80,
            Deed::Insert(place, bytes) if is_here(*place) => {
                drop(part.splice(*place - at..*place - at, bytes.iter().copied()));
            }
            Deed::CutAfter(place) if *place < at + length => {
                let _ = to.write_all(&part[..*place - at]).await;
                return;
            }
            Deed::Nothing | Deed::CutAfter(_) | Deed::Flip(_) | Deed::Insert(..) => {}
        }
        at += length;
        if to.write_all(&part).await.is_err() {
            return;
        }
    }
}

/// Where what a server said begins to be encrypted: behind its line and the last packet that is not.
pub fn encrypted_from(said: &[u8]) -> usize {
    let mut at = after_line(said);
    loop {
        let length = u32::from_be_bytes(said[at..at + 4].try_into().unwrap());
        let is_new_keys = said[at + 5] == 21;
        at += 4 + usize::try_from(length).unwrap();
        if is_new_keys {
            return at;
        }
    }
}

/// Where its first packet begins.
pub fn after_line(said: &[u8]) -> usize {
    said.iter().position(|byte| *byte == b'\n').unwrap() + 1
}
