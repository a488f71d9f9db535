//! The limits of memory and processor of builds on another machine: which of them hold together, and that a container there holds them.
//!
//! There is one container for all builds of this agent, and it stays for as long as one of them with limits is under way: it is told other limits
//! while it runs, since one that ends gives all of them back. It ends by itself some time after the last build has to have ended: an agent that
//! is killed leaves nothing there for long.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use slipway_protocol::settings::Limits;
use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::error::innermost;
use crate::builders::{Allowed, RunningBuilds};
use crate::docker::{Docker, DockerError};
use crate::secrets::hex;

/// This very program, even where another one has taken its place on the disk.
const OWN_PROGRAM: &str = "/proc/self/exe";
/// So many bytes of its digest tell it from other versions.
const DIGEST_BYTES: usize = 6;
/// It may take so long on its way there.
const SEND_LIMIT: Duration = Duration::from_secs(300);
/// The container outlives the builds by so much at most.
const SLACK: Duration = Duration::from_secs(60);

/// What holds the limits of builds on a machine.
pub struct FarLimits {
    docker: Docker,
    running: RunningBuilds<Wanted>,
    /// One at a time changes what is held.
    held: tokio::sync::Mutex<Held>,
    digest: OnceCell<String>,
    /// Why the limits that were wanted last are not held.
    trouble: Mutex<Option<String>>,
}

/// What is allowed, and until when at most.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Wanted {
    allowed: Allowed,
    until: Instant,
}

impl Wanted {
    fn with(self, other: Self) -> Self {
        Self {
            allowed: self.allowed.with(other.allowed),
            until: self.until.max(other.until),
        }
    }

    /// What the program there is told.
    fn arguments(&self, now: Instant) -> Vec<String> {
        let seconds = self.until.saturating_duration_since(now) + SLACK;
        let mut all = vec![
            "build-guard".to_owned(),
            "--seconds".to_owned(),
            seconds.as_secs().to_string(),
        ];
        let Allowed { memory, cpu } = self.allowed;
        for (option, value) in [("--memory", memory), ("--cpu", cpu)] {
            all.extend(
                value
                    .into_iter()
                    .flat_map(|value| [option.to_owned(), value.to_string()]),
            );
        }
        all
    }
}

/// What is held there, as far as this agent knows.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Held {
    /// An earlier agent may have left something.
    NotKnown,
    Nothing,
    These(Wanted),
    /// This agent's own was being changed, and somebody did not wait for it or it failed.
    InDoubt,
}

impl Held {
    fn is_enough_for(&self, wanted: Option<&Wanted>) -> bool {
        match (self, wanted) {
            (Self::Nothing, None) => true,
            (Self::These(held), Some(wanted)) => held.allowed == wanted.allowed && held.until >= wanted.until,
            (Self::NotKnown | Self::InDoubt, _) | (Self::Nothing, Some(_)) | (Self::These(_), None) => false,
        }
    }

    /// While something is changed.
    fn under_way(self) -> Self {
        match self {
            Self::These(_) | Self::InDoubt => Self::InDoubt,
            Self::NotKnown | Self::Nothing => Self::NotKnown,
        }
    }
}

impl FarLimits {
    pub(super) fn new(docker: Docker) -> Self {
        Self {
            docker,
            running: RunningBuilds::default(),
            held: tokio::sync::Mutex::new(Held::NotKnown),
            digest: OnceCell::new(),
            trouble: Mutex::default(),
        }
    }

    /// A build is to begin; it ends when what is given back is dropped. `time` is what it may take.
    pub fn enter(self: &Arc<Self>, limits: Limits, time: Duration) -> FarBuild {
        let wanted = Wanted {
            allowed: Allowed::of(limits),
            // It begins only when they hold, and what holds them may have to be sent there first.
            until: Instant::now() + SEND_LIMIT + time,
        };
        FarBuild {
            limits: Arc::clone(self),
            number: self.running.begin(wanted),
        }
    }

    /// Why limits of builds are not held there, as it was when some were wanted last.
    pub fn trouble(&self) -> Option<String> {
        self.last_trouble().clone()
    }

    /// Sees to it that the limits of the running builds, and no others, are held.
    async fn settle(&self) -> Result<(), String> {
        let mut held = self.held.lock().await;
        let wanted = self.together();
        if held.is_enough_for(wanted.as_ref()) {
            return Ok(());
        }
        // Whoever waits for this may go away in the middle of it.
        *held = held.under_way();
        let changed = match wanted {
            Some(wanted) if *held == Held::InDoubt => self.change(wanted).await,
            Some(_) | None => false,
        };
        let done = if changed { Ok(()) } else { self.put(wanted).await };
        if done.is_ok() {
            *held = wanted.map_or(Held::Nothing, Held::These);
        }
        if wanted.is_some() {
            *self.last_trouble() = done.clone().err();
        }
        done
    }

    /// Lets the container that is there hold other limits; false where it does not.
    async fn change(&self, wanted: Wanted) -> bool {
        let trouble = match self.docker.change_guard(wanted.arguments(Instant::now())).await {
            Ok(None) => return true,
            Ok(Some(complaint)) => complaint,
            Err(error) => innermost(&error),
        };
        tracing::warn!(
            trouble,
            "what holds the limits of builds on the build node is started anew"
        );
        false
    }

    /// Begins anew: what was held is given back.
    async fn put(&self, wanted: Option<Wanted>) -> Result<(), String> {
        let told = |error: DockerError| innermost(&error);
        self.docker.stop_guard().await.map_err(told)?;
        let Some(wanted) = wanted else { return Ok(()) };
        let image = tokio::time::timeout(SEND_LIMIT, self.image()).await;
        let image = image.map_err(|_| {
            let seconds = SEND_LIMIT.as_secs();
            format!("what holds them was not sent there within {seconds} s")
        })??;
        let started = self.docker.start_guard(&image, wanted.arguments(Instant::now()));
        match started.await.map_err(told)? {
            Some(complaint) => Err(complaint),
            None => Ok(()),
        }
    }

    /// The image with this program in it.
    async fn image(&self) -> Result<String, String> {
        let program = Path::new(OWN_PROGRAM);
        let digest = self.digest.get_or_try_init(digest).await;
        let digest = digest.map_err(|error| format!("{OWN_PROGRAM} cannot be read: {error}"))?;
        let made = self.docker.ensure_guard_image(program, digest).await;
        made.map_err(|error| innermost(&error))
    }

    /// What all running builds may use together; `None` where that is whatever there is.
    fn together(&self) -> Option<Wanted> {
        let together = self.running.all().into_iter().reduce(Wanted::with)?;
        (!together.allowed.is_everything()).then_some(together)
    }

    fn last_trouble(&self) -> MutexGuard<'_, Option<String>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn digest() -> std::io::Result<String> {
    let reading = tokio::task::spawn_blocking(|| {
        let mut digest = Sha256::new();
        std::io::copy(&mut std::fs::File::open(OWN_PROGRAM)?, &mut digest)?;
        Ok::<_, std::io::Error>(hex(&digest.finalize()[..DIGEST_BYTES]))
    });
    reading.await.map_err(std::io::Error::other)?
}

/// A build on another machine.
pub struct FarBuild {
    limits: Arc<FarLimits>,
    number: u64,
}

impl FarBuild {
    /// When this returns, its limits hold; or why they do not.
    pub async fn settle(&self) -> Result<(), String> {
        self.limits.settle().await
    }
}

impl Drop for FarBuild {
    fn drop(&mut self) {
        self.limits.running.end(self.number);
        let limits = Arc::clone(&self.limits);
        // Without a runtime the agent is ending, and the container ends by itself.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                if let Err(trouble) = limits.settle().await {
                    tracing::debug!(
                        trouble,
                        "the limits of builds on the build node end by themselves"
                    );
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(text: serde_json::Value) -> Limits {
        serde_json::from_value(text).unwrap()
    }

    /// FR-BLD-03: builds that run on another machine at once have their limits together, for as long as the longest may take; one without limits
    /// lets all of them have whatever there is.
    #[tokio::test]
    async fn limits_count_together() {
        let far = Arc::new(FarLimits::new(Docker::new(
            "unix:///nowhere/docker.sock",
            "slipway",
        )));
        assert_eq!(far.together(), None);
        let (minute, before) = (Duration::from_secs(60), Instant::now());
        let first = far.enter(limits(serde_json::json!({ "memory": 64, "cpu": 500 })), minute);
        let second = far.enter(limits(serde_json::json!({ "memory": 36 })), 2 * minute);
        let together = far.together().unwrap();
        assert!(
            together.until >= before + SEND_LIMIT + 2 * minute,
            "also where the build begins late"
        );
        let allowed = Allowed {
            memory: Some(100 << 20),
            cpu: None,
        };
        assert_eq!(together.allowed, allowed);
        let said = together.arguments(together.until);
        assert_eq!(said, ["build-guard", "--seconds", "60", "--memory", "104857600"]);
        let held = Held::These(together);
        assert!(held.is_enough_for(Some(&together)) && !held.is_enough_for(None));
        assert_eq!(held.under_way(), Held::InDoubt);
        assert_eq!(Held::InDoubt.under_way(), Held::InDoubt);
        assert!(!Held::InDoubt.is_enough_for(Some(&together)));
        assert_eq!(
            Held::Nothing.under_way(),
            Held::NotKnown,
            "none of its own is there"
        );
        drop(second);
        let alone = far.together().unwrap();
        assert_eq!(alone.allowed.cpu, Some(500));
        assert!(!held.is_enough_for(Some(&alone)));
        let third = far.enter(Limits::default(), minute);
        assert_eq!(far.together(), None);
        let why = third.settle().await.unwrap_err();
        assert!(why.contains("No such file or directory"), "{why}");
        assert_eq!(far.trouble(), None, "nothing was to be held");
        drop(third);
        first.settle().await.unwrap_err();
        assert!(far.trouble().is_some());
    }
}
