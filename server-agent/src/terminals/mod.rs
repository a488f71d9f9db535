//! Shells and commands in running containers, and on the node. They belong to the agent, not to a link: whoever comes back reads on where they
//! stopped. A restart of the agent ends them, and says so.

pub mod node;
mod place;
mod processes;
mod run;
mod scrollback;
mod session;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slipway_protocol::settings::CommandLine;
use slipway_protocol::terminal::TerminalEnd;
use slipway_protocol::{TeamId, TerminalId, UserId};
use tokio_util::sync::CancellationToken;

pub use self::place::Place;
pub use self::session::{New, NotTyped, Reader, Session};
use crate::app::App;
use crate::db::terminals::Running;
use crate::db::{audit, terminals};
use crate::owner::Owner;

/// What the audit log calls an end that no call has made.
const ENDED: &str = "TerminalEnded";
/// So many run at once of one person …
const MOST_OF_ONE: usize = 10;
/// … so many of one team …
const MOST_OF_TEAM: usize = 25;
/// … and so many of all together: each keeps up to 1 MiB of what it wrote.
const MOST: usize = 40;
/// One that has ended can be read for so long, …
const KEPT_FOR: Duration = Duration::from_secs(10 * 60);
/// … as long as there are no more than so many, …
const KEPT: usize = 500;
/// … with no more than so many bytes.
const KEPT_BYTES: usize = 8 << 20;
/// How often rights and idleness are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// All terminals of this agent.
#[derive(Default)]
pub struct Terminals {
    all: Mutex<Vec<Arc<Session>>>,
    /// Held from counting them until one more is there.
    pub opening: tokio::sync::Mutex<()>,
    stop: CancellationToken,
}

/// What a terminal has to reach.
pub enum Reach {
    /// A running container, by Docker's id.
    Container(String),
    /// The agent's own node.
    Node,
}

/// No more can be opened. A sentence for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooMany {
    #[error("You have 10 terminals open; close one of them first.")]
    Own,
    #[error("Your team has 25 terminals open; close one of them first.")]
    Team,
    #[error("40 terminals are open on this cluster, and more are not kept; close one of them first.")]
    All,
}

impl Terminals {
    fn all(&self) -> MutexGuard<'_, Vec<Arc<Session>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody may open one more.
    pub fn room_for(&self, team: TeamId, user: UserId) -> Result<(), TooMany> {
        let all = self.all();
        let live = all.iter().filter(|session| session.ended_at().is_none());
        let (mut own, mut teams, mut any) = (0, 0, 0);
        for session in live {
            own += usize::from(session.owner.user == user);
            teams += usize::from(session.owner.team == team);
            any += 1;
        }
        match () {
            () if own >= MOST_OF_ONE => Err(TooMany::Own),
            () if teams >= MOST_OF_TEAM => Err(TooMany::Team),
            () if any >= MOST => Err(TooMany::All),
            () => Ok(()),
        }
    }

    /// Opens one. Where there is nothing to reach it has ended already, with the reason.
    pub fn open(
        &self,
        app: &App,
        new: New,
        command: Option<CommandLine>,
        reach: Result<Reach, String>,
    ) -> Arc<Session> {
        let (session, typed) = Session::new(new);
        let session = Arc::new(session);
        self.all().push(Arc::clone(&session));
        match reach {
            Ok(reach) => {
                let (app, session, stop) = (app.clone(), Arc::clone(&session), self.stop.clone());
                tokio::spawn(run::run(app, session, reach, command, typed, stop));
            }
            Err(reason) => session.end(TerminalEnd::Failed { reason }),
        }
        session
    }

    /// Somebody's own terminal.
    pub fn find(&self, team: TeamId, user: UserId, id: TerminalId) -> Option<Arc<Session>> {
        let all = self.all();
        let found = all
            .iter()
            .find(|session| session.id == id && session.owner.is(team, user));
        found.cloned()
    }

    /// Somebody's own terminals, oldest first.
    pub fn of(&self, team: TeamId, user: UserId) -> Vec<Arc<Session>> {
        let all = self.all();
        let own = all.iter().filter(|session| session.owner.is(team, user));
        own.cloned().collect()
    }

    /// Forgets one that has ended.
    pub fn forget(&self, id: TerminalId) {
        self.all()
            .retain(|session| session.id != id || session.ended_at().is_none());
    }

    /// Ends all of them, because the agent ends.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Whether this one goes on.
    pub fn is_live(&self, id: TerminalId) -> bool {
        let all = self.all();
        all.iter()
            .any(|session| session.id == id && session.ended_at().is_none())
    }

    /// Whether something still has to be ended after [`Terminals::stop`].
    pub fn any_live(&self) -> bool {
        self.all().iter().any(|session| session.ended_at().is_none())
    }

    /// Lets those go that ended long ago, and the oldest where there are too many.
    fn tidy(&self) {
        let mut all = self.all();
        let (mut count, mut bytes) = (0, 0);
        let mut kept: Vec<_> = std::mem::take(&mut *all);
        // The newest end is the last that goes.
        kept.reverse();
        kept.retain(|session| {
            let Some(ended) = session.ended_at() else {
                return true;
            };
            count += 1;
            bytes += session.held();
            ended.elapsed() < KEPT_FOR && count <= KEPT && bytes <= KEPT_BYTES
        });
        kept.reverse();
        *all = kept;
    }
}

/// Looks after terminals: what an earlier agent left is ended; whoever has lost the right, or does not come back, loses theirs.
pub async fn keep(app: App) {
    loop {
        if let Err(error) = end_what_was_left(&app).await {
            tracing::debug!(%error, "terminals of an earlier agent are ended later");
        }
        let live: Vec<_> = {
            let all = app.terminals.all();
            let live = all.iter().filter(|session| session.ended_at().is_none());
            live.cloned().collect()
        };
        for session in live {
            if session.is_idle() {
                session.close(TerminalEnd::Idle);
                continue;
            }
            let (resource, action) = session.place.right();
            match session.owner.may_still(&app, resource, action).await {
                Ok(true) => {}
                Ok(false) => session.close(TerminalEnd::RightLost),
                // Without a database nobody's rights are known; what runs goes on, as applications do.
                Err(error) => tracing::debug!(%error, "whose terminals these are is looked at later"),
            }
        }
        app.terminals.tidy();
        tokio::time::sleep(LOOK).await;
    }
}

#[derive(Debug, thiserror::Error)]
enum LeftError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Docker(#[from] crate::docker::DockerError),
}

/// Knows again the terminals that an earlier life of the agent has left, as ended: before anybody can ask for them.
pub async fn recall(app: &App) -> Result<(), sqlx::Error> {
    let rows = terminals::all(&mut *app.db.pool().acquire().await?).await?;
    for row in &rows {
        let session = session_of(row);
        session.end(TerminalEnd::AgentRestarted);
        app.terminals.all().push(Arc::new(session));
    }
    Ok(())
}

/// Ends what has a row and does not run any more here, and writes down how it ended.
async fn end_what_was_left(app: &App) -> Result<(), LeftError> {
    let rows = terminals::all(&mut *app.db.pool().acquire().await?).await?;
    for row in rows {
        let known = {
            let all = app.terminals.all();
            all.iter().find(|session| session.id == row.id).cloned()
        };
        let end = match known {
            Some(session) if session.ended_at().is_none() => continue,
            Some(session) => session.view().end,
            None => None,
        };
        let end = end.unwrap_or(TerminalEnd::AgentRestarted);
        processes::end(&app.docker, &row.exec).await?;
        let mut tx = app.db.begin().await?;
        // Where its owner closed it, the call that did so stands there already.
        if terminals::delete(&mut tx, row.id).await? && end != TerminalEnd::Closed {
            let act = audit::Act {
                team: Some(row.team),
                actor: &row.actor,
                action: ENDED,
                subject: &format!("{}: {end}", Place::of(&row).subject()),
                request_id: &row.request_id,
            };
            audit::record(&mut tx, act).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// A terminal of an earlier agent, as its owner asks for it.
fn session_of(row: &Running) -> Session {
    let owner = Owner {
        team: row.team,
        user: row.user,
        session: row.session,
        email: row.actor.clone(),
    };
    let new = New {
        id: row.id,
        owner,
        place: Place::of(row),
        size: None,
        screen: row.screen,
        opened_at: row.opened_at,
        request_id: row.request_id.clone(),
    };
    Session::new(new).0
}
