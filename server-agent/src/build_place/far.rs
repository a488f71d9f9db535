//! The way to an engine on another machine. What it needs on this one's disk is written when the agent starts; where that cannot be, only
//! building has to wait for it, and it is tried again whenever the build node is asked for something.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::SshAddress;
use super::bridge::{Bridge, Nothing};
use super::error::system_words;
use super::ssh::{HostKey, Ssh};
use crate::git::DeployKey;

pub(super) struct Far {
    folder: PathBuf,
    address: SshAddress,
    host_key: HostKey,
    own_key: DeployKey,
    /// Or why it could not be opened.
    bridge: Mutex<Result<Bridge, String>>,
}

impl Far {
    pub fn open(folder: &Path, address: &SshAddress, host_key: HostKey, own_key: DeployKey) -> Self {
        let bridge = bridge(folder, address, &host_key, &own_key);
        if let Err(why) = &bridge {
            tracing::warn!(%address, folder = %folder.display(), why, "the way to the build node could not be prepared");
        }
        Self {
            folder: folder.to_owned(),
            address: address.clone(),
            host_key,
            own_key,
            bridge: Mutex::new(bridge),
        }
    }

    /// What the way needs, or why it cannot be written; then it is tried once more.
    pub fn prepare(&self) -> Result<(), String> {
        let mut now = self.bridge();
        if now.is_err() {
            *now = bridge(&self.folder, &self.address, &self.host_key, &self.own_key);
        }
        match &*now {
            Ok(_) => Ok(()),
            Err(why) => Err(why.clone()),
        }
    }

    /// Why the last connection came to nothing.
    pub fn last_words(&self) -> Option<Nothing> {
        match &*self.bridge() {
            Ok(bridge) => bridge.last_words(),
            Err(why) => Some(Nothing::NotPrepared(why.clone())),
        }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn bridge(&self) -> MutexGuard<'_, Result<Bridge, String>> {
        self.bridge.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bridge(
    folder: &Path,
    address: &SshAddress,
    host_key: &HostKey,
    own_key: &DeployKey,
) -> Result<Bridge, String> {
    let ssh = Ssh::prepare(folder, address, host_key.clone(), own_key);
    ssh.and_then(Bridge::open).map_err(|error| system_words(&error))
}
