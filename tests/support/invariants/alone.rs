//! I4 of an application that is recreated: two of its releases never run at the same time, as they open the same volumes and ports.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use slipway_protocol::ApplicationId;
use tokio::task::JoinHandle;

use crate::engine::{Engine, text};

/// Often enough: a container takes longer to start, and to end.
const LOOK: Duration = Duration::from_millis(150);

/// Looks at Docker for as long as it lives.
pub struct Alone {
    looking: JoinHandle<()>,
    together: Arc<Mutex<Option<BTreeSet<String>>>>,
}

impl Alone {
    pub fn watch(engine: &Engine, application: ApplicationId) -> Self {
        let together = Arc::new(Mutex::new(None));
        let (engine, seen) = (engine.clone(), together.clone());
        let looking = tokio::spawn(async move {
            loop {
                // A killed engine answers nothing, which is no trouble of this invariant.
                if let Some(containers) = engine.running_of_application(application).await {
                    let releases = releases(&containers);
                    if releases.len() > 1 {
                        *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(releases);
                    }
                }
                tokio::time::sleep(LOOK).await;
            }
        });
        Self { looking, together }
    }

    /// Panics with the deployments whose containers ran together.
    pub fn hold(&self) {
        let together = self.together.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(
            together.is_none(),
            "releases that must not run together did: {together:?}"
        );
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

/// Those of whom a container runs; commands around a release are none.
fn releases(containers: &[Value]) -> BTreeSet<String> {
    let own = containers
        .iter()
        .filter(|container| container["Labels"]["slipway.role"].is_null());
    own.map(|container| text(&container["Labels"]["slipway.deployment"]).to_owned())
        .collect()
}
