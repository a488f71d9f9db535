//! A Unix socket in front of the engine's: shut, it is as if Docker had stopped, for one agent only. With the brake on, a long answer stands still.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

use crate::engine::Engine;

const PATIENCE: Duration = Duration::from_secs(60);

pub struct DockerGate {
    folder: TempDir,
    engine: PathBuf,
    open: Mutex<Option<JoinHandle<()>>>,
    /// Each open call has a copy.
    calls: Arc<()>,
    brake: Arc<Brake>,
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
        let (engine, call, brake) = (
            self.engine.clone(),
            Arc::clone(&self.calls),
            Arc::clone(&self.brake),
        );
        let task = tokio::spawn(async move {
            // Ended with this task: a JoinSet aborts its tasks when it goes.
            let mut calls = tokio::task::JoinSet::new();
            while let Ok((inside, _)) = listener.accept().await {
                calls.spawn(carry(
                    inside,
                    engine.clone(),
                    Arc::clone(&brake),
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

async fn carry(inside: UnixStream, engine: PathBuf, brake: Arc<Brake>, _call: Arc<()>) {
    let Ok(outside) = UnixStream::connect(engine).await else {
        return;
    };
    let (mut question, mut answer) = inside.into_split();
    let (mut answering, mut asking) = outside.into_split();
    let hung_up = AtomicBool::new(false);
    let upwards = async {
        let _ = copy(&mut question, &mut asking).await;
        let _ = asking.shutdown().await;
        hung_up.store(true, Ordering::SeqCst);
    };
    let downwards = async {
        let (mut piece, mut passed) = (vec![0_u8; 64 * 1024], 0_u64);
        while let Ok(count @ 1..) = answering.read(&mut piece).await {
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
