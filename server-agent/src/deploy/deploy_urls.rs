//! Where the edge process listens, once it does: the edge's configuration leads deploy URLs there.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

#[derive(Default)]
pub struct DeployUrls(Mutex<Option<SocketAddr>>);

impl DeployUrls {
    pub fn set(&self, address: Option<SocketAddr>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    pub fn get(&self) -> Option<SocketAddr> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
