//! Telling those who watch that something has changed, so that nobody has to ask every few seconds.
//!
//! Rows tell by PostgreSQL's notifications, with the transaction that changes them; what happens to tasks tells the keeper of the
//! routes, which sees them all, and at once where the engine says that one starts or ends.

use slipway_protocol::TeamId;
use tokio::sync::broadcast;

/// A reader that is slower than this has missed something, and is told so by one change.
const KEPT: usize = 256;

/// Whom a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Team(TeamId),
    /// What runs, or something that cannot be told apart.
    Everyone,
}

#[derive(Clone)]
pub struct Feed(broadcast::Sender<Whose>);

impl Default for Feed {
    fn default() -> Self {
        Self(broadcast::channel(KEPT).0)
    }
}

impl Feed {
    pub fn tell(&self, whose: Whose) {
        // Nobody may be watching.
        let _ = self.0.send(whose);
    }

    pub fn watch(&self, team: TeamId) -> Watch {
        Watch {
            team,
            receiver: self.0.subscribe(),
        }
    }
}

/// The changes that one team may know of.
pub struct Watch {
    team: TeamId,
    receiver: broadcast::Receiver<Whose>,
}

impl Watch {
    /// Returns with the next change; `None` at the agent's end.
    pub async fn next(&mut self) -> Option<()> {
        loop {
            match self.receiver.recv().await {
                Ok(Whose::Team(team)) if team != self.team => {}
                Ok(Whose::Team(_) | Whose::Everyone) | Err(broadcast::error::RecvError::Lagged(_)) => {
                    return Some(());
                }
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// Those that came meanwhile are one with the last.
    pub fn skip(&mut self) {
        self.receiver = self.receiver.resubscribe();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use uuid::Uuid;

    /// FR-IAM-08, NFR-P10: a team hears of its own changes and of everyone's, not of another team's; and that it missed some.
    #[tokio::test]
    async fn a_team_hears_what_is_its_own() {
        let feed = Feed::default();
        let (ours, theirs) = (TeamId(Uuid::from_u128(1)), TeamId(Uuid::from_u128(2)));
        let mut watch = feed.watch(ours);
        feed.tell(Whose::Team(theirs));
        assert_eq!(watch.next().now_or_never(), None);
        feed.tell(Whose::Team(ours));
        assert_eq!(watch.next().now_or_never(), Some(Some(())));
        feed.tell(Whose::Everyone);
        feed.tell(Whose::Everyone);
        watch.skip();
        assert_eq!(watch.next().now_or_never(), None);
        for _ in 0..KEPT + 1 {
            feed.tell(Whose::Team(theirs));
        }
        assert_eq!(watch.next().now_or_never(), Some(Some(())));
    }
}
