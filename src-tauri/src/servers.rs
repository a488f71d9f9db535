//! The servers that somebody is about to set up: signed in to, looked at, not clusters yet.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use slipway_client::setup::{Server, SetupError};
use slipway_client::{Address, Profile};
use slipway_protocol::ClusterId;
use slipway_protocol::desktop::{FoundServer, SetUpRun, SetUpServer, SetUpState, SetUps};
use slipway_protocol::setup::SetupReport;
use tokio::sync::watch;

use crate::set_ups::Run;

/// Who closes the window twice within this has seen the question, or sees nothing at all.
const TWICE: Duration = Duration::from_secs(5);

/// A server with what the person has typed about it.
pub struct Found {
    server: tokio::sync::Mutex<Arc<Server>>,
    pub profile: Profile,
    /// It belongs to this saved cluster already, whose everyday connections stay as they are.
    pub saved: Option<ClusterId>,
    /// What was found at the last look.
    report: Mutex<SetupReport>,
}

impl Found {
    pub fn new(server: Server, profile: Profile, saved: Option<ClusterId>, report: SetupReport) -> Self {
        Self {
            server: tokio::sync::Mutex::new(Arc::new(server)),
            profile,
            saved,
            report: Mutex::new(report),
        }
    }

    /// It was looked at again.
    pub fn reviewed(&self, report: SetupReport) {
        *self.report.lock().unwrap_or_else(PoisonError::into_inner) = report;
    }

    fn report(&self) -> SetupReport {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The server by a connection that holds: a new one, where the last was lost in the middle.
    ///
    /// # Errors
    /// Where it cannot be reached again.
    pub async fn server(&self) -> Result<Arc<Server>, SetupError> {
        let mut server = self.server.lock().await;
        if let Some(renewed) = server.renewed().await? {
            *server = Arc::new(renewed);
        }
        Ok(Arc::clone(&server))
    }
}

/// A host with its port.
type Name = (String, u16);

#[derive(Clone, Default)]
pub struct Servers(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    last: u32,
    found: HashMap<u32, Arc<Found>>,
    /// Those that are being set up now.
    at_work: HashSet<Name>,
    runs: BTreeMap<u32, Kept>,
    /// When the person was asked last whether the app may end meanwhile.
    asked: Option<Instant>,
    /// What the window is told of all that.
    told: watch::Sender<SetUps>,
}

/// A run with what the window shows of it.
struct Kept {
    run: Arc<Run>,
    shown: SetUpRun,
}

impl Inner {
    fn tell(&self) {
        let runs = self.runs.values().map(|kept| kept.shown.clone()).collect();
        self.told.send_modify(|told| told.runs = runs);
    }
}

/// A server is being set up, until this is dropped.
pub struct AtWork {
    servers: Servers,
    name: Name,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.servers.inner().at_work.remove(&self.name);
    }
}

impl Servers {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps one; gives its number.
    pub fn keep(&self, found: Found) -> u32 {
        let mut inner = self.inner();
        inner.last += 1;
        let number = inner.last;
        inner.found.insert(number, Arc::new(found));
        number
    }

    pub fn get(&self, number: u32) -> Option<Arc<Found>> {
        self.inner().found.get(&number).cloned()
    }

    /// Ends the connection and forgets what it was for: unless it is at work, or has become a cluster whose invitation nobody has taken. A page
    /// that goes at the very moment when it is told of that has not.
    pub fn leave(&self, number: u32, taken: bool) {
        let mut inner = self.inner();
        let state = inner.runs.get(&number).map(|kept| kept.shown.state);
        let is_wanted = matches!(state, Some(SetUpState::Running | SetUpState::Added));
        if is_wanted && !taken {
            return;
        }
        inner.found.remove(&number);
        if inner.runs.remove(&number).is_some() {
            inner.tell();
        }
    }

    /// The page that looked at them is gone. Those that were begun are shown to the next one.
    pub fn leave_all(&self) {
        let mut inner = self.inner();
        let inner = &mut *inner;
        inner.found.retain(|number, _| inner.runs.contains_key(number));
    }

    /// What the window shows of those that were begun, now and at each change.
    pub fn changes(&self) -> watch::Receiver<SetUps> {
        self.inner().told.subscribe()
    }

    /// A run of this server, in the place of one before it.
    pub fn run(&self, request: SetUpServer, found: &Found) -> Arc<Run> {
        let run = Arc::new(Run::default());
        let server = request.server;
        let shown = SetUpRun {
            found: FoundServer {
                server,
                report: found.report(),
            },
            host: found.profile.host().to_owned(),
            saved: found.saved,
            use_existing_swarm: request.use_existing_swarm,
            state: SetUpState::Running,
        };
        let kept = Kept {
            run: Arc::clone(&run),
            shown,
        };
        let mut inner = self.inner();
        inner.runs.insert(server, kept);
        inner.tell();
        run
    }

    /// The last run of this server.
    pub fn last_run(&self, number: u32) -> Option<Arc<Run>> {
        self.inner().runs.get(&number).map(|kept| Arc::clone(&kept.run))
    }

    /// It is over. What a page has taken already is no longer there.
    pub fn ended(&self, number: u32, state: SetUpState) {
        let mut inner = self.inner();
        if let Some(kept) = inner.runs.get_mut(&number) {
            kept.shown.state = state;
        }
        inner.tell();
    }

    /// The hosts that are being set up now.
    pub fn at_work(&self) -> Vec<String> {
        let mut hosts: Vec<String> = self
            .inner()
            .at_work
            .iter()
            .map(|(host, _)| host.clone())
            .collect();
        hosts.sort_unstable();
        hosts
    }

    /// The app is to end. Where a server is being set up the window asks first: true then.
    pub fn asks_first(&self) -> bool {
        let mut inner = self.inner();
        let asked = inner.asked.is_some_and(|asked| asked.elapsed() < TWICE);
        if inner.at_work.is_empty() || asked {
            return false;
        }
        inner.asked = Some(Instant::now());
        inner.told.send_modify(|told| told.closings += 1);
        true
    }

    /// Begins to set one up. None where it is being set up already: a second key would lock the first one out.
    pub fn begin(&self, profile: &Profile) -> Option<AtWork> {
        let port = match &profile.address {
            Address::Ssh { port, .. } => *port,
            Address::Local { .. } => 0,
        };
        let name = (profile.host().to_owned(), port);
        let begins = self.inner().at_work.insert(name.clone());
        begins.then(|| AtWork {
            servers: self.clone(),
            name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-HST-01: a server is set up once at a time, also by a page that was loaded anew; another one beside it is another matter.
    #[test]
    fn one_server_is_set_up_once_at_a_time() {
        let servers = Servers::default();
        let at = |path: &str| {
            let socket = path.into();
            Profile::new("x", Address::Local { socket }).unwrap()
        };
        let here = at("/run/slipway/api.sock");
        let first = servers.begin(&here);
        assert!(first.is_some());
        assert!(servers.begin(&here).is_none());
        drop(first);
        assert!(servers.begin(&here).is_some());
    }

    /// FR-HST-01, FR-IAM-01: the invitation of a server that was set up waits until a page has it; a page that goes just then takes nothing along.
    #[test]
    fn an_invitation_waits_for_its_page() {
        let servers = Servers::default();
        let stands = |state| {
            let report = SetupReport {
                findings: Vec::new(),
                steps: Vec::new(),
            };
            let shown = SetUpRun {
                found: FoundServer { server: 1, report },
                host: "server".to_owned(),
                saved: None,
                use_existing_swarm: false,
                state,
            };
            let run = Arc::default();
            servers.inner().runs.insert(1, Kept { run, shown });
        };
        for state in [SetUpState::Running, SetUpState::Added] {
            stands(state);
            servers.leave(1, false);
            assert!(servers.last_run(1).is_some(), "{state:?}");
            servers.leave(1, true);
            assert!(servers.last_run(1).is_none(), "{state:?}");
        }
        stands(SetUpState::Ended);
        servers.leave(1, false);
        assert!(servers.last_run(1).is_none(), "it was looked at");
    }

    /// FR-HST-01, FR-DSK-03: the app does not end unasked while a server is being set up; who closes it twice is not asked twice.
    #[test]
    fn a_set_up_is_not_closed_unasked() {
        let servers = Servers::default();
        assert!(!servers.asks_first(), "nothing is at work");
        let socket = "/run/slipway/api.sock".into();
        let here = Profile::new("x", Address::Local { socket }).unwrap();
        let at_work = servers.begin(&here);
        assert!(servers.asks_first());
        assert_eq!(servers.changes().borrow().closings, 1);
        assert!(!servers.asks_first(), "the second time is meant");
        drop(at_work);
        servers.inner().asked = None;
        assert!(!servers.asks_first());
    }
}
