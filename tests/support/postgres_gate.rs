//! A TCP port in front of a PostgreSQL, where connections end at COMMIT: before the server has it, or after it was done and before that is said.
//! Either way whoever asked knows nothing of what came of it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::postgres::Postgres;

/// How a simple query ends that commits.
const COMMIT: &[u8] = b"COMMIT\0";

/// Where a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The server is never asked to commit, and takes everything back.
    Question,
    /// It has committed, and nobody is told.
    Answer,
}

pub struct PostgresGate {
    url: String,
    cuts: Arc<Cuts>,
    task: JoinHandle<()>,
}

/// Which connections end.
#[derive(Default)]
struct Cuts {
    /// In turn, and at one of so many COMMITs.
    turns: Mutex<Option<(Vec<Cut>, u32)>>,
    seen: AtomicU32,
    done: AtomicU32,
}

impl Cuts {
    /// What becomes of the next COMMIT.
    fn of_next(&self) -> Option<Cut> {
        let turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let (cuts, every) = turns.as_ref()?;
        let seen = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        if !seen.is_multiple_of(*every) {
            return None;
        }
        let turn = self.done.fetch_add(1, Ordering::SeqCst) as usize;
        cuts.get(turn % cuts.len().max(1)).copied()
    }
}

impl PostgresGate {
    pub async fn to(postgres: &Postgres) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let own = listener.local_addr().expect("an address").port();
        let (address, port) = postgres.place();
        let (address, cuts) = (address.to_owned(), Arc::<Cuts>::default());
        let known = Arc::clone(&cuts);
        let task = tokio::spawn(async move {
            // Ended with this task: a JoinSet aborts its tasks when it goes.
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(carry(client, (address.clone(), port), Arc::clone(&known)));
            }
        });
        Self {
            url: postgres.url_at("127.0.0.1", own),
            cuts,
            task,
        }
    }

    /// As `DATABASE_URL` takes it.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// From now on connections end at one of so many COMMITs, in each of these ways in turn.
    pub fn cut(&self, cuts: &[Cut], every: u32) {
        self.cuts.seen.store(0, Ordering::SeqCst);
        self.cuts.done.store(0, Ordering::SeqCst);
        *self.cuts.turns.lock().unwrap_or_else(PoisonError::into_inner) = Some((cuts.to_vec(), every.max(1)));
    }

    /// Every connection goes on again; how many were ended.
    pub fn heal(&self) -> u32 {
        *self.cuts.turns.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.cuts.done.load(Ordering::SeqCst)
    }
}

impl Drop for PostgresGate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(client: TcpStream, server: (String, u16), cuts: Arc<Cuts>) {
    let Ok(server) = TcpStream::connect((server.0.as_str(), server.1)).await else {
        return;
    };
    for stream in [&client, &server] {
        let _ = stream.set_nodelay(true);
    }
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let to_lose = AtomicBool::new(false);
    let upwards = async {
        let mut piece = vec![0_u8; 64 * 1024];
        while let Ok(count @ 1..) = from_client.read(&mut piece).await {
            let question = &piece[..count];
            if question.windows(COMMIT.len()).any(|part| part == COMMIT) {
                match cuts.of_next() {
                    Some(Cut::Question) => return,
                    Some(Cut::Answer) => to_lose.store(true, Ordering::SeqCst),
                    None => {}
                }
            }
            if to_server.write_all(question).await.is_err() {
                return;
            }
        }
    };
    let downwards = async {
        let mut piece = vec![0_u8; 64 * 1024];
        while let Ok(count @ 1..) = from_server.read(&mut piece).await {
            // The first word after a COMMIT is of its end.
            if to_lose.load(Ordering::SeqCst) || to_client.write_all(&piece[..count]).await.is_err() {
                return;
            }
        }
    };
    // Both connections end with the first that does.
    tokio::select! {
        () = upwards => {}
        () = downwards => {}
    }
}
