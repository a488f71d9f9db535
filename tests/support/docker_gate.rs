//! A Unix socket in front of the engine's: shut, it is as if Docker had stopped, for one agent only.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;

use crate::engine::Engine;

const PATIENCE: Duration = Duration::from_secs(10);

pub struct DockerGate {
    folder: TempDir,
    engine: PathBuf,
    open: Mutex<Option<JoinHandle<()>>>,
    /// Each open call has a copy.
    calls: Arc<()>,
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
        let (engine, call) = (self.engine.clone(), Arc::clone(&self.calls));
        let task = tokio::spawn(async move {
            // Ended with this task: a JoinSet aborts its tasks when it goes.
            let mut calls = tokio::task::JoinSet::new();
            while let Ok((inside, _)) = listener.accept().await {
                calls.spawn(carry(inside, engine.clone(), Arc::clone(&call)));
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

async fn carry(mut inside: UnixStream, engine: PathBuf, _call: Arc<()>) {
    if let Ok(mut outside) = UnixStream::connect(engine).await {
        let _ = tokio::io::copy_bidirectional(&mut inside, &mut outside).await;
    }
}
