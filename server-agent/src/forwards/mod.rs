//! Ways from people's machines to ports of containers. A way is a right that was given and written down; its connections are made when
//! somebody connects, each to a task that runs then. A restart of the agent forgets ways; the client opens its own again.

mod reach;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use slipway_protocol::forward::{ForwardView, NewForward};
use slipway_protocol::{Action, ForwardId, Resource, TeamId, UserId};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::io::ReaderStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

pub use self::reach::{ReachError, connect};
use crate::app::App;
use crate::owner::Owner;

/// So many are open at once of one person …
const MOST_OF_ONE: usize = 20;
/// … so many of one team …
const MOST_OF_TEAM: usize = 100;
/// … and so many of all together.
const MOST: usize = 200;
/// Connections over one way …
const CONNECTIONS: usize = 64;
/// … and over all of them: each takes a descriptor and two buffers.
const ALL_CONNECTIONS: usize = 512;
/// One that nobody has used for so long is forgotten.
const UNUSED: Duration = Duration::from_secs(12 * 60 * 60);
/// How often rights are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// One read takes at most so many bytes.
const READ: usize = 32 * 1024;

/// All ways of this agent.
pub struct Forwards {
    all: Mutex<Vec<Arc<Forward>>>,
    /// Places for connections.
    places: Arc<Semaphore>,
}

impl Default for Forwards {
    fn default() -> Self {
        Self {
            all: Mutex::default(),
            places: Arc::new(Semaphore::new(ALL_CONNECTIONS)),
        }
    }
}

/// An open way.
pub struct Forward {
    pub owner: Owner,
    pub view: ForwardView,
    /// The application's name.
    pub name: String,
    used: Mutex<Instant>,
    places: Arc<Semaphore>,
    /// Its connections end with it.
    closed: CancellationToken,
}

/// A place for one connection; it is free again when this is dropped.
pub struct Place {
    _own: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

/// No more can be opened. A sentence for the person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooMany {
    #[error(
        "No more ports can be forwarded at once (20 of one person, 100 of one team, 200 of all); close some first."
    )]
    Ways,
    #[error(
        "No more connections go over forwarded ports now (64 over one port, 512 over all); close some first."
    )]
    Connections,
}

impl Forwards {
    fn all(&self) -> MutexGuard<'_, Vec<Arc<Forward>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens one more. A client may have gone without a word, so that a person's own way over which nothing goes makes room.
    pub fn open(&self, owner: Owner, view: ForwardView, name: String) -> Result<(), TooMany> {
        let mut all = self.all();
        let own = |forward: &&Arc<Forward>| forward.owner.user == owner.user;
        if all.iter().filter(own).count() >= MOST_OF_ONE {
            let unused = all.iter().filter(own).filter(|forward| forward.is_unused());
            let longest = unused.min_by_key(|forward| forward.used_at());
            let id = longest.ok_or(TooMany::Ways)?.view.id;
            all.retain(|forward| forward.view.id != id);
        }
        let of_team = all.iter().filter(|forward| forward.owner.team == owner.team);
        if of_team.count() >= MOST_OF_TEAM || all.len() >= MOST {
            return Err(TooMany::Ways);
        }
        all.push(Arc::new(Forward {
            owner,
            view,
            name,
            used: Mutex::new(Instant::now()),
            places: Arc::new(Semaphore::new(CONNECTIONS)),
            closed: CancellationToken::new(),
        }));
        Ok(())
    }

    /// A place for one more connection over a way.
    pub fn place(&self, forward: &Forward) -> Result<Place, TooMany> {
        let take = |places: &Arc<Semaphore>| Arc::clone(places).try_acquire_owned();
        let both = take(&forward.places).and_then(|own| Ok((own, take(&self.places)?)));
        let (own, of_all) = both.map_err(|_| TooMany::Connections)?;
        Ok(Place {
            _own: own,
            _of_all: of_all,
        })
    }

    /// Somebody's own way.
    pub fn find(&self, team: TeamId, user: UserId, id: ForwardId) -> Option<Arc<Forward>> {
        let all = self.all();
        let found = all
            .iter()
            .find(|forward| forward.view.id == id && forward.owner.is(team, user));
        found.cloned()
    }

    /// Closes a way with everything on it.
    pub fn close(&self, id: ForwardId) {
        self.all().retain(|forward| {
            let stays = forward.view.id != id;
            if !stays {
                forward.closed.cancel();
            }
            stays
        });
    }
}

impl Forward {
    /// What the audit log calls it.
    pub fn subject(&self) -> String {
        let wanted = NewForward {
            port: self.view.port,
            task: self.view.task.clone(),
        };
        subject(&self.name, &wanted)
    }

    fn use_it(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// No connection goes over it.
    fn is_unused(&self) -> bool {
        self.places.available_permits() == CONNECTIONS
    }

    fn used_at(&self) -> Instant {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins a connection to what comes in; gives what goes out. Each direction ends by itself; when the way is closed, or is `lost`,
    /// both break off.
    pub fn carry<S, E, L>(
        self: &Arc<Self>,
        stream: TcpStream,
        place: Place,
        incoming: S,
        lost: L,
    ) -> impl Stream<Item = std::io::Result<Bytes>> + use<S, E, L>
    where
        L: Future<Output = ()> + Send + 'static,
        S: Stream<Item = Result<Bytes, E>> + Send + Unpin + 'static,
        E: Send + 'static,
    {
        self.use_it();
        let (reading, writing) = stream.into_split();
        let broken = self.closed.child_token();
        let passing = pass_in(incoming, writing, broken.clone());
        let over = broken.clone();
        // Taken until both directions have ended.
        let place = Arc::new(place);
        let inwards = Arc::clone(&place);
        tokio::spawn(async move {
            let _place = inwards;
            passing.await;
        });
        // Ends with what goes out, at the latest.
        let watching = AbortOnDropHandle::new(tokio::spawn(async move {
            lost.await;
            over.cancel();
        }));
        let forward = Arc::clone(self);
        let outgoing = ReaderStream::with_capacity(reading, READ);
        futures_util::stream::unfold(Some((outgoing, broken, watching, place)), move |open| {
            let forward = Arc::clone(&forward);
            async move {
                let (mut outgoing, broken, watching, place) = open?;
                let next = tokio::select! {
                    next = outgoing.next() => next?,
                    () = broken.cancelled() => Err(std::io::ErrorKind::ConnectionAborted.into()),
                };
                forward.use_it();
                let more = next.is_ok();
                Some((next, more.then_some((outgoing, broken, watching, place))))
            }
        })
    }
}

/// What the audit log calls a way.
pub fn subject(application: &str, wanted: &NewForward) -> String {
    let port = wanted.port.get();
    match &wanted.task {
        Some(task) => format!("{application}, port {port}, task {}", task.short()),
        None => format!("{application}, port {port}"),
    }
}

/// From the person's machine to the container. The end of it is passed on as one; a break is passed on to both directions.
async fn pass_in<E>(
    mut incoming: impl Stream<Item = Result<Bytes, E>> + Unpin,
    mut writing: OwnedWriteHalf,
    broken: CancellationToken,
) {
    let passing = async {
        while let Some(bytes) = incoming.next().await {
            let Ok(bytes) = bytes else { return false };
            if writing.write_all(&bytes).await.is_err() {
                return false;
            }
        }
        writing.shutdown().await.is_ok()
    };
    let ended_well = tokio::select! {
        ended_well = passing => ended_well,
        () = broken.cancelled() => false,
    };
    if !ended_well {
        broken.cancel();
        // A reset: what was cut off must not look complete.
        let _ = writing.as_ref().set_zero_linger();
        writing.forget();
    }
}

/// Closes ways whose owner has lost the right, or that nobody uses.
pub async fn keep(app: App) {
    loop {
        let all: Vec<_> = app.forwards.all().clone();
        for forward in all {
            let stays = match forward
                .owner
                .may_still(&app, Resource::Forward, Action::Run)
                .await
            {
                Ok(may) => may && forward.used_at().elapsed() < UNUSED,
                Err(error) => {
                    tracing::debug!(%error, "whose ways these are is looked at later");
                    true
                }
            };
            if !stays {
                app.forwards.close(forward.view.id);
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::settings::Port;
    use slipway_protocol::{ApplicationId, SessionId};
    use uuid::Uuid;

    fn owner(user: u128, team: u128) -> Owner {
        Owner {
            team: TeamId(Uuid::from_u128(team)),
            user: UserId(Uuid::from_u128(user)),
            session: SessionId(Uuid::nil()),
            email: "ada@example.org".to_owned(),
        }
    }

    fn open(forwards: &Forwards, owner: &Owner, number: u128) -> Result<ForwardId, TooMany> {
        let view = ForwardView {
            id: ForwardId(Uuid::from_u128(number)),
            application: ApplicationId(Uuid::nil()),
            port: Port::fixed(5432),
            task: None,
            opened_at: chrono::DateTime::UNIX_EPOCH,
        };
        let id = view.id;
        forwards.open(owner.clone(), view, "web".to_owned()).map(|()| id)
    }

    /// FR-CON-13, NFR-P4: a way that a client left behind makes room for its owner's next one; one in use does not, nor do others'.
    #[tokio::test]
    async fn an_unused_way_makes_room() {
        let (forwards, ada, bob) = (Forwards::default(), owner(1, 1), owner(2, 1));
        let theirs = open(&forwards, &bob, 1_000).unwrap();
        let own: Vec<_> = (0..20)
            .map(|number| open(&forwards, &ada, number).unwrap())
            .collect();
        let find = |who: &Owner, id| forwards.find(who.team, who.user, id);
        let first = forwards.place(&find(&ada, own[0]).unwrap()).unwrap();
        let next = open(&forwards, &ada, 20).unwrap();
        assert!(find(&ada, own[0]).is_some() && find(&ada, own[1]).is_none());
        assert!(find(&ada, next).is_some() && find(&bob, theirs).is_some());

        let all: Vec<_> = (2..=20)
            .map(|number| ForwardId(Uuid::from_u128(number)))
            .collect();
        let places: Vec<_> = all
            .iter()
            .map(|id| forwards.place(&find(&ada, *id).unwrap()))
            .collect();
        assert_eq!(open(&forwards, &ada, 21), Err(TooMany::Ways));
        drop((first, places));
        assert!(open(&forwards, &ada, 21).is_ok());
    }

    /// NFR-P4: connections over one way have a number, and so have those over all; each gives its place back.
    #[tokio::test]
    async fn connections_have_places() {
        let (forwards, ada) = (Forwards::default(), owner(1, 1));
        let ways: Vec<_> = (0..9)
            .map(|number| open(&forwards, &ada, number).unwrap())
            .map(|id| forwards.find(ada.team, ada.user, id).unwrap())
            .collect();
        let take =
            |way: &Arc<Forward>| -> Vec<Place> { (0..100).map_while(|_| forwards.place(way).ok()).collect() };
        let mut held: Vec<Vec<Place>> = ways.iter().map(take).collect();
        let counts: Vec<_> = held.iter().map(Vec::len).collect();
        assert_eq!(counts, [64, 64, 64, 64, 64, 64, 64, 64, 0]);
        held.clear();
        assert_eq!(take(&ways[8]).len(), 64);
    }
}
