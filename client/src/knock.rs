//! Notices that a host which took no connections takes them again, so that nobody waits for the back-off's end after a server has
//! come back.
//!
//! Only a TCP connection is opened, never a word of SSH said. A firewall may count those too (`ufw limit` takes fewer than six in 30
//! seconds, and counts on while it refuses), so that after a while there are as few as it takes.

use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::{sleep, timeout};

use crate::error::ConnectError;
use crate::profiles::Entry;
use crate::ssh::first_of;

/// A server that restarts is back soon …
const EVERY: Duration = Duration::from_secs(1);
/// … and one that was away for so many attempts is looked at without hurry.
const SOON: u32 = 10;
const SELDOM: Duration = Duration::from_secs(8);
/// A host that does not answer at all is given so long.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long to wait from one knock to the next, after so many attempts to connect.
pub(crate) fn pace(attempts: u32) -> Duration {
    if attempts <= SOON { EVERY } else { SELDOM }
}

/// Returns when one of these hosts, which takes no connection now, takes one. What fails behind the first contact is not waited for.
pub(crate) async fn answered(error: &ConnectError, contacts: &[Entry], pace: Duration) {
    let at_the_door = matches!(
        error.place().1,
        ConnectError::Unreachable { .. } | ConnectError::NoEntryHost { .. }
    );
    let mut silent = Vec::new();
    for contact in contacts.iter().filter(|_| at_the_door) {
        if !takes(contact).await {
            silent.push(contact);
        }
    }
    if silent.is_empty() {
        return std::future::pending().await;
    }
    loop {
        sleep(pace).await;
        for contact in &silent {
            if takes(contact).await {
                return;
            }
        }
    }
}

async fn takes(contact: &Entry) -> bool {
    let connect = async {
        let addresses: Vec<_> = lookup_host((contact.host.as_str(), contact.port))
            .await
            .ok()?
            .collect();
        first_of(&addresses).await.ok()
    };
    matches!(timeout(PATIENCE, connect).await, Ok(Some(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    fn unreachable() -> ConnectError {
        ConnectError::Unreachable {
            host: "127.0.0.1".to_owned(),
            reason: "nothing listens".to_owned(),
        }
    }

    /// FR-CON-08: a server that comes back is noticed; one that was there all the time, or that fails behind its door, is not waited for.
    #[tokio::test]
    async fn a_server_that_comes_back_is_noticed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let contacts = [Entry {
            host: "127.0.0.1".to_owned(),
            port: address.port(),
        }];
        let short = Duration::from_millis(1_500);
        let waited = timeout(short, answered(&unreachable(), &contacts, EVERY)).await;
        assert!(waited.is_err(), "it takes connections");
        drop(listener);
        let lost = ConnectError::Lost {
            host: "127.0.0.1".to_owned(),
        };
        assert!(timeout(short, answered(&lost, &contacts, EVERY)).await.is_err());

        let error = unreachable();
        let comes_back = async {
            sleep(Duration::from_millis(300)).await;
            TcpListener::bind(address).await.unwrap()
        };
        let both = async { tokio::join!(answered(&error, &contacts, EVERY), comes_back) };
        assert!(timeout(Duration::from_secs(30), both).await.is_ok());
    }
}
