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
    use tokio::net::{TcpListener, TcpSocket};

    fn unreachable() -> ConnectError {
        ConnectError::Unreachable {
            host: "127.0.0.1".to_owned(),
            reason: "nothing listens".to_owned(),
        }
    }

    /// A door at which nobody answers until it opens. Its port stays its own.
    fn closed() -> (TcpSocket, [Entry; 1]) {
        let door = TcpSocket::new_v4().unwrap();
        door.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let contact = Entry {
            host: "127.0.0.1".to_owned(),
            port: door.local_addr().unwrap().port(),
        };
        (door, [contact])
    }

    async fn opens(door: TcpSocket) -> TcpListener {
        sleep(Duration::from_millis(300)).await;
        door.listen(8).unwrap()
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
        let lost = ConnectError::Lost {
            host: "127.0.0.1".to_owned(),
        };
        let (door, contacts) = closed();
        let both = async { tokio::join!(answered(&lost, &contacts, EVERY), opens(door)) };
        assert!(timeout(short, both).await.is_err(), "it fails behind its door");

        let (error, (door, contacts)) = (unreachable(), closed());
        let both = async { tokio::join!(answered(&error, &contacts, EVERY), opens(door)) };
        assert!(timeout(Duration::from_secs(60), both).await.is_ok());
    }
}
