//! A Unix socket in front of the engine's: shut, it is as if Docker had stopped, for one agent only. With the brake on, a long answer stands still.
//! And an answer can be lost: Docker does what it is asked, and the connection ends before it has said so.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

use crate::engine::Engine;

const PATIENCE: Duration = Duration::from_secs(60);
/// The first line of a request that is looked at, in bytes.
const LONGEST_LINE: usize = 2048;

pub struct DockerGate {
    folder: TempDir,
    engine: PathBuf,
    open: Mutex<Option<JoinHandle<()>>>,
    /// Each open call has a copy.
    calls: Arc<()>,
    brake: Arc<Brake>,
    losses: Arc<Losses>,
}

/// Calls whose answers are lost, as `METHOD /path` with `*` in the place of a name.
#[derive(Default)]
struct Losses(Mutex<Vec<(&'static str, Loss)>>);

/// How far such a call is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loss {
    Awaited,
    /// Docker has it.
    Asked,
    /// Docker has done it.
    Lost,
}

impl Losses {
    /// Whether the answer to what is asked here is to be lost: which of them it is.
    fn take(&self, question: &[u8]) -> Option<usize> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = all
            .iter()
            .position(|(call, loss)| *loss == Loss::Awaited && is_call(question, call))?;
        all[place].1 = Loss::Asked;
        Some(place)
    }

    fn note(&self, place: usize) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, loss)) = all.get_mut(place) {
            *loss = Loss::Lost;
        }
    }
}

/// Whether a request that begins so is this call, at whatever level of the API.
fn is_call(question: &[u8], call: &str) -> bool {
    let head = &question[..question.len().min(LONGEST_LINE)];
    let head = String::from_utf8_lossy(head);
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return false;
    };
    let Some((wanted, path)) = call.split_once(' ') else {
        return false;
    };
    let asked = target.split('?').next().unwrap_or_default();
    let asked: Vec<&str> = asked.split('/').skip(1).collect();
    let level = |first: &&str| first.strip_prefix('v').is_some_and(|rest| rest.contains('.'));
    let asked = match asked.split_first() {
        Some((first, rest)) if level(first) => rest,
        _ => &asked[..],
    };
    let path: Vec<&str> = path.split('/').skip(1).collect();
    method == wanted
        && asked.len() == path.len()
        && asked
            .iter()
            .zip(&path)
            .all(|(asked, wanted)| *wanted == "*" || asked == wanted)
}

/// No answer gets further than so many bytes.
struct Brake {
    after: AtomicU64,
    holds: AtomicBool,
}

impl DockerGate {
    pub fn open_to(engine: &Engine) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("sw-gate-")
            .tempdir()
            .expect("a folder");
        let gate = Self {
            folder,
            engine: engine.socket().clone(),
            open: Mutex::new(None),
            calls: Arc::new(()),
            brake: Arc::new(Brake {
                after: AtomicU64::new(u64::MAX),
                holds: AtomicBool::new(false),
            }),
            losses: Arc::default(),
        };
        gate.open();
        gate
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    /// As `--docker-host` takes it.
    pub fn address(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// From now on an answer stands still after so many bytes.
    pub fn brake(&self, after: u64) {
        self.brake.holds.store(false, Ordering::SeqCst);
        self.brake.after.store(after, Ordering::SeqCst);
    }

    /// Whether an answer stands still, or did since the brake was put on.
    pub fn holds(&self) -> bool {
        self.brake.holds.load(Ordering::SeqCst)
    }

    /// Lets all answers go on.
    pub fn release(&self) {
        self.brake.after.store(u64::MAX, Ordering::SeqCst);
    }

    /// From now on the answer to the next of each of these calls is lost, as `POST /services/*/update` names one: Docker does it, and the
    /// connection ends before it says so.
    pub fn lose(&self, calls: &[&'static str]) {
        let awaited = calls.iter().map(|call| (*call, Loss::Awaited));
        let mut all = self.losses.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Calls that go on know theirs by its place.
        all.extend(awaited);
    }

    /// Those whose answers are still to be lost.
    pub fn still_to_lose(&self) -> Vec<&'static str> {
        let all = self.losses.0.lock().unwrap_or_else(PoisonError::into_inner);
        let awaited = all.iter().filter(|(_, loss)| *loss != Loss::Lost);
        awaited.map(|(call, _)| *call).collect()
    }

    /// Ends every open call and refuses new ones.
    pub fn shut(&self) {
        if let Some(task) = self.open.lock().expect("not poisoned").take() {
            task.abort();
        }
        // The runtime ends them a moment later.
        let begun = Instant::now();
        while Arc::strong_count(&self.calls) > 1 && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = std::fs::remove_file(self.socket());
    }

    pub fn open(&self) {
        self.shut();
        let listener = UnixListener::bind(self.socket()).expect("the gate's socket");
        let (engine, call, brake, losses) = (
            self.engine.clone(),
            Arc::clone(&self.calls),
            Arc::clone(&self.brake),
            Arc::clone(&self.losses),
        );
        let task = tokio::spawn(async move {
            // Ended with this task: a JoinSet aborts its tasks when it goes.
            let mut calls = tokio::task::JoinSet::new();
            while let Ok((inside, _)) = listener.accept().await {
                calls.spawn(carry(
                    inside,
                    engine.clone(),
                    Arc::clone(&brake),
                    Arc::clone(&losses),
                    Arc::clone(&call),
                ));
            }
        });
        *self.open.lock().expect("not poisoned") = Some(task);
    }
}

impl Drop for DockerGate {
    fn drop(&mut self) {
        self.shut();
    }
}

async fn carry(inside: UnixStream, engine: PathBuf, brake: Arc<Brake>, losses: Arc<Losses>, _call: Arc<()>) {
    let Ok(outside) = UnixStream::connect(engine).await else {
        return;
    };
    let (mut question, mut answer) = inside.into_split();
    let (mut answering, mut asking) = outside.into_split();
    let hung_up = AtomicBool::new(false);
    let to_lose: Mutex<Option<usize>> = Mutex::new(None);
    let upwards = async {
        let mut piece = vec![0_u8; 64 * 1024];
        while let Ok(count @ 1..) = question.read(&mut piece).await {
            // A request begins with a piece of its own: the answer to the one before it was waited for.
            if let Some(place) = losses.take(&piece[..count]) {
                *to_lose.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
            }
            if asking.write_all(&piece[..count]).await.is_err() {
                break;
            }
        }
        let _ = asking.shutdown().await;
        hung_up.store(true, Ordering::SeqCst);
    };
    let downwards = async {
        let (mut piece, mut passed) = (vec![0_u8; 64 * 1024], 0_u64);
        while let Ok(count @ 1..) = answering.read(&mut piece).await {
            let lost = *to_lose.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = lost {
                losses.note(place);
                break;
            }
            passed += count as u64;
            while passed > brake.after.load(Ordering::SeqCst) && !hung_up.load(Ordering::SeqCst) {
                brake.holds.store(true, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            if answer.write_all(&piece[..count]).await.is_err() {
                break;
            }
        }
        let _ = answer.shutdown().await;
    };
    tokio::join!(upwards, downwards);
}
