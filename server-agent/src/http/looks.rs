//! Looks into logs, each on a thread that may wait for the disk. A search takes very many of them: nobody's searches keep the logs of
//! others waiting.

use std::io;
use std::sync::Arc;

use slipway_protocol::{TeamId, UserId};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, mpsc};

use super::{ApiError, Call};
use crate::fair::Fair;
use crate::logs::{LogError, Reading, Step};

/// So many looks go on at once, so many of one team's, and so many of one person's. Each takes a moment.
const AT_ONCE: usize = 8;
const OF_A_TEAM: usize = 4;
const OF_A_PERSON: usize = 2;

/// Whose turn it is to look into a log.
pub struct LookTurns {
    people: Fair<UserId>,
    teams: Fair<TeamId>,
    all: Arc<Semaphore>,
}

impl Default for LookTurns {
    fn default() -> Self {
        Self {
            people: Fair::new(OF_A_PERSON),
            teams: Fair::new(OF_A_TEAM),
            all: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

/// It ends when this is dropped.
struct Turn {
    _of_person: OwnedSemaphorePermit,
    _of_team: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl LookTurns {
    /// One's own turn first, then the team's: whoever waits for those is in nobody else's way.
    async fn turn(&self, person: UserId, team: TeamId) -> Result<Turn, AcquireError> {
        let of_person = self.people.turn(person).await?;
        let of_team = self.teams.turn(team).await?;
        let of_all = Arc::clone(&self.all).acquire_owned().await?;
        Ok(Turn {
            _of_person: of_person,
            _of_team: of_team,
            _of_all: of_all,
        })
    }
}

/// The looks of one person, for one team.
#[derive(Clone)]
pub(super) struct Looks {
    turns: Arc<LookTurns>,
    person: UserId,
    team: TeamId,
}

impl Looks {
    /// Those of the caller.
    pub fn of(call: &Call) -> Result<Self, ApiError> {
        Ok(Self {
            turns: Arc::clone(&call.app.look_turns),
            person: call.caller()?.me.id,
            team: call.team()?,
        })
    }

    /// One step, when it is its turn; nothing where by then nobody listens any more.
    pub async fn step<T>(
        &self,
        mut reading: Reading,
        heard: &mpsc::Sender<T>,
    ) -> Result<Option<(Reading, Step)>, LogError> {
        let Some(turn) = self.turn(heard).await? else {
            return Ok(None);
        };
        let stepped = tokio::task::spawn_blocking(move || {
            let step = reading.step();
            // The turn lasts as long as the thread is taken, also where nobody waits for what it finds any more.
            drop(turn);
            (reading, step)
        });
        match stepped.await {
            Ok((reading, step)) => Ok(Some((reading, step?))),
            Err(error) => Err(LogError::Disk(io::Error::other(error))),
        }
    }

    /// Whoever has gone does not stand among those that wait: streams that are begun and left at once would fill their row without end.
    async fn turn<T>(&self, heard: &mpsc::Sender<T>) -> Result<Option<Turn>, LogError> {
        let turn = tokio::select! {
            turn = self.turns.turn(self.person, self.team) => turn,
            () = heard.closed() => return Ok(None),
        };
        Ok(Some(turn.map_err(io::Error::other)?))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::*;

    /// FR-OBS-01, NFR-R3, NFR-S1: a person who searches without end leaves turns to the team, and a team leaves turns to the others; whoever
    /// has none waits, and is not refused.
    #[tokio::test]
    async fn nobody_has_all_turns() {
        let turns = LookTurns::default();
        let person = |number: u128| UserId(Uuid::from_u128(number));
        let team = |number: u128| TeamId(Uuid::from_u128(number));
        let soon = |who: u128, of: u128| {
            tokio::time::timeout(Duration::from_millis(50), turns.turn(person(who), team(of)))
        };
        let mut taken = Vec::new();
        for _ in 0..OF_A_PERSON {
            taken.push(soon(1, 1).await.expect("a turn").unwrap());
        }
        assert!(soon(1, 1).await.is_err(), "it has all of its own");
        for _ in 0..OF_A_TEAM - OF_A_PERSON {
            taken.push(soon(2, 1).await.expect("one of the same team").unwrap());
        }
        assert!(soon(3, 1).await.is_err(), "the team has all of its own");
        assert!(soon(4, 2).await.expect("one of another team").is_ok());
        taken.clear();
        assert!(soon(3, 1).await.expect("a turn that was given back").is_ok());
    }

    /// FR-OBS-01, NFR-R3: whoever has gone waits for no turn any more, however long the row is.
    #[tokio::test]
    async fn who_has_gone_waits_for_no_turn() {
        let looks = Looks {
            turns: Arc::default(),
            person: UserId(Uuid::from_u128(1)),
            team: TeamId(Uuid::from_u128(1)),
        };
        let (heard, listens) = mpsc::channel::<()>(1);
        let mut taken = Vec::new();
        for _ in 0..OF_A_PERSON {
            taken.push(looks.turn(&heard).await.unwrap().expect("a turn"));
        }
        let waits = looks.turn(&heard);
        tokio::pin!(waits);
        let soon = tokio::time::timeout(Duration::from_millis(50), &mut waits).await;
        assert!(soon.is_err(), "all are taken");
        drop(listens);
        let gone = tokio::time::timeout(Duration::from_secs(60), waits).await;
        assert!(gone.expect("it goes at once").unwrap().is_none());
        drop(taken);
    }
}
