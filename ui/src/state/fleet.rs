//! The saved clusters and their links: loaded once, kept by the shell's messages, given to every page as a context.

use std::cell::Cell;
use std::rc::Rc;

use slipway_protocol::ClusterId;
use slipway_protocol::desktop::{ArrangeClusters, Cluster, Failure, Link, LinkChange, command};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::counter::use_counter;
use super::round_trip::RoundTrips;
use super::{at_start, keep, memory, teams};
use crate::shell;

#[derive(Default, PartialEq)]
pub struct Fleet {
    /// None until they are loaded.
    clusters: Option<Vec<Rc<Cluster>>>,
    failure: Option<Failure>,
    /// Grows with each cluster whose last answers, or drafts, came from disk, so that pages look at them.
    restored: u32,
    /// The question that was answered last. A keychain may take its time over one, and not over the next.
    answered: u32,
}

pub enum FleetAction {
    /// With the number of the question.
    Loaded(u32, Result<Vec<Cluster>, Failure>),
    Changed(LinkChange),
    Put(Box<Cluster>),
    Restored,
    /// The order that the person has just made.
    Arranged(Vec<ClusterId>),
}

impl Reducible for Fleet {
    type Action = FleetAction;

    fn reduce(self: Rc<Self>, action: FleetAction) -> Rc<Self> {
        match action {
            // What was asked since is known already.
            FleetAction::Loaded(number, _) if number < self.answered => self,
            FleetAction::Loaded(number, Ok(clusters)) => {
                // Where the keychain does not say who is signed in, nobody has signed out.
                let gone = |one: &&Cluster| !one.signed_in && one.notice.is_none();
                for cluster in clusters.iter().filter(gone) {
                    memory::forget(cluster.id);
                }
                clusters.iter().for_each(teams::note);
                Self {
                    clusters: Some(clusters.into_iter().map(Rc::new).collect()),
                    failure: None,
                    restored: self.restored,
                    answered: number,
                }
                .into()
            }
            FleetAction::Loaded(number, Err(failure)) => Self {
                clusters: self.clusters.clone(),
                failure: Some(failure),
                restored: self.restored,
                answered: number,
            }
            .into(),
            FleetAction::Restored => Self {
                clusters: self.clusters.clone(),
                failure: self.failure.clone(),
                restored: self.restored.wrapping_add(1),
                answered: self.answered,
            }
            .into(),
            FleetAction::Changed(change) => self.with_link(change),
            FleetAction::Put(cluster) => {
                teams::note(&cluster);
                self.with(*cluster)
            }
            FleetAction::Arranged(order) => self.in_order(&order),
        }
    }
}

thread_local! {
    static ASKED: Cell<u32> = const { Cell::new(0) };
}

/// All clusters as the shell knows them now, with the number of the question.
async fn ask_for_all() -> (u32, Result<Vec<Cluster>, Failure>) {
    let number = ASKED.get().wrapping_add(1);
    ASKED.set(number);
    (number, shell::ask(command::LIST_CLUSTERS).await)
}

impl Fleet {
    fn with_link(self: Rc<Self>, change: LinkChange) -> Rc<Self> {
        let mut clusters = self.clusters.clone().unwrap_or_default();
        let found = clusters.iter_mut().find(|cluster| cluster.id == change.cluster);
        match found {
            Some(found) if !is_measurement(&found.link, &change.link) => {
                Rc::make_mut(found).link = change.link
            }
            // The fleet is as it was, and nothing is drawn.
            _ => return self,
        }
        Self {
            clusters: self.clusters.is_some().then_some(clusters),
            failure: self.failure.clone(),
            restored: self.restored,
            answered: self.answered,
        }
        .into()
    }

    fn in_order(&self, order: &[ClusterId]) -> Rc<Self> {
        let mut clusters = self.clusters.clone();
        let place = |one: &Rc<Cluster>| order.iter().position(|id| *id == one.id).unwrap_or(order.len());
        if let Some(clusters) = &mut clusters {
            clusters.sort_by_key(place);
        }
        Self {
            clusters,
            failure: self.failure.clone(),
            restored: self.restored,
            answered: self.answered,
        }
        .into()
    }

    fn with(&self, cluster: Cluster) -> Rc<Self> {
        let mut clusters = self.clusters.clone().unwrap_or_default();
        match clusters.iter_mut().find(|known| known.id == cluster.id) {
            Some(known) => *known = Rc::new(cluster),
            None => clusters.push(Rc::new(cluster)),
        }
        Self {
            clusters: Some(clusters),
            failure: None,
            restored: self.restored,
            answered: self.answered,
        }
        .into()
    }
}

/// The link is as it was, and only its round trip was measured anew: that is kept elsewhere ([`super::round_trip`]).
fn is_measurement(before: &Link, now: &Link) -> bool {
    let Link::Up { round_trip_ms, .. } = now else {
        return before == now;
    };
    let mut before = before.clone();
    if let Link::Up {
        round_trip_ms: measured,
        ..
    } = &mut before
    {
        *measured = *round_trip_ms;
    }
    before == *now
}

/// The context.
#[derive(Clone, PartialEq)]
pub struct FleetContext {
    state: UseReducerHandle<Fleet>,
    /// Loads the clusters again.
    pub reload: Callback<()>,
}

impl FleetContext {
    pub fn clusters(&self) -> &[Rc<Cluster>] {
        self.state.clusters.as_deref().unwrap_or_default()
    }

    pub fn loaded(&self) -> bool {
        self.state.clusters.is_some()
    }

    pub fn failure(&self) -> Option<&Failure> {
        self.state.failure.as_ref()
    }

    pub fn find(&self, id: ClusterId) -> Option<Rc<Cluster>> {
        self.clusters().iter().find(|cluster| cluster.id == id).cloned()
    }

    /// Puts a cluster that has just connected.
    pub fn put(&self, cluster: Cluster) {
        self.state.dispatch(FleetAction::Put(Box::new(cluster)));
    }

    /// Loads the clusters again and waits for it. Tells in which ones somebody is signed in, if that can be known.
    pub async fn refresh(&self) -> Option<Vec<ClusterId>> {
        let (number, answer) = ask_for_all().await;
        let signed_in = answer.as_ref().ok().map(|all| {
            let signed_in = all.iter().filter(|one| one.signed_in);
            signed_in.map(|one| one.id).collect()
        });
        self.state.dispatch(FleetAction::Loaded(number, answer));
        signed_in
    }

    /// Puts the clusters into this order: it is seen at once, and taken back where it cannot be kept.
    pub async fn arrange(&self, order: Vec<ClusterId>) -> Result<(), Failure> {
        self.state.dispatch(FleetAction::Arranged(order.clone()));
        let done = shell::call::<_, ()>(command::ARRANGE_CLUSTERS, &ArrangeClusters { order }).await;
        self.refresh().await;
        done
    }

    pub fn is_up(&self, id: ClusterId) -> bool {
        self.find(id)
            .is_some_and(|cluster| matches!(cluster.link, Link::Up { .. }))
    }
}

#[derive(PartialEq, Properties)]
pub struct FleetProviderProps {
    pub children: Html,
}

#[function_component]
pub fn FleetProvider(props: &FleetProviderProps) -> Html {
    let state = use_reducer(Fleet::default);
    let round_trips = use_reducer(RoundTrips::default);
    let (round, reload) = use_counter();
    {
        let dispatcher = state.dispatcher();
        use_effect_with(round, move |_| {
            spawn_local(async move {
                let (number, answer) = ask_for_all().await;
                dispatcher.dispatch(FleetAction::Loaded(number, answer));
            });
        });
    }
    // The clusters as they are at any time, for what goes on beside the pages.
    let latest = use_mut_ref(|| None::<Vec<Rc<Cluster>>>);
    latest.borrow_mut().clone_from(&state.clusters);
    // The watch begins behind the first list, so that no change is older than what it changes.
    let loaded = state.clusters.is_some();
    let watch = use_mut_ref(|| None);
    {
        let (dispatcher, clusters) = (state.dispatcher(), state.clusters.clone());
        let (round_trips, latest, reload) = (round_trips.dispatcher(), Rc::clone(&latest), reload.clone());
        use_effect_with(loaded, move |loaded| {
            if *loaded {
                at_start::connect(clusters.as_deref().unwrap_or_default(), &dispatcher);
                let restored = dispatcher.clone();
                keep::restore(
                    clusters.as_deref().unwrap_or_default(),
                    Callback::from(move |()| restored.dispatch(FleetAction::Restored)),
                );
                let restored = dispatcher.clone();
                keep::restore_drafts(
                    clusters.as_deref().unwrap_or_default(),
                    Callback::from(move |()| restored.dispatch(FleetAction::Restored)),
                );
                spawn_local(async move {
                    let on = move |change: LinkChange| {
                        let known = |all: &Vec<Rc<Cluster>>| all.iter().any(|one| one.id == change.cluster);
                        if !latest.borrow().as_ref().is_some_and(known) {
                            // A server's set-up saves its cluster, whatever has become of the page that asked for it.
                            reload.emit(());
                        }
                        round_trips.dispatch(change.clone());
                        dispatcher.dispatch(FleetAction::Changed(change));
                    };
                    let stream = shell::watch::<LinkChange>(command::WATCH_LINKS, on).await;
                    *watch.borrow_mut() = stream.ok();
                });
            }
        });
    }
    use_effect_with((), move |()| {
        let weak = Rc::downgrade(&latest);
        let clusters = move || Some(weak.upgrade()?.borrow().clone().unwrap_or_default());
        keep::keep(clusters.clone());
        keep::keep_drafts(clusters);
    });
    let context = FleetContext { state, reload };
    html! {
        <ContextProvider<FleetContext> {context}>
            <ContextProvider<RoundTrips> context={(*round_trips).clone()}>{ props.children.clone() }</ContextProvider<RoundTrips>>
        </ContextProvider<FleetContext>>
    }
}

/// The saved clusters.
#[hook]
pub fn use_fleet() -> FleetContext {
    use_context().expect("every page is inside the fleet's provider")
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::desktop::FailureKind;

    fn cluster(number: u8) -> Cluster {
        Cluster {
            id: format!("018f0000-0000-7000-8000-00000000000{number}")
                .parse()
                .unwrap(),
            name: format!("cluster {number}"),
            host: "server".to_owned(),
            way: None,
            color: None,
            tag: None,
            group: None,
            email: None,
            team: None,
            signed_in: true,
            notice: None,
            link: Link::Closed,
        }
    }

    /// FR-CON-03: of two answers the one that was asked for later counts, whichever comes first: who has just signed in stays so.
    #[test]
    fn a_late_answer_changes_nothing() {
        let cluster = |signed_in| Cluster {
            signed_in,
            ..cluster(1)
        };
        let signed_in = |fleet: &Fleet| {
            let first = fleet.clusters.as_ref().and_then(|all| all.first());
            first.map(|one| one.signed_in)
        };
        let fleet = Rc::new(Fleet::default()).reduce(FleetAction::Loaded(2, Ok(vec![cluster(true)])));
        let fleet = fleet.reduce(FleetAction::Loaded(1, Ok(vec![cluster(false)])));
        assert_eq!(signed_in(&fleet), Some(true));
        let late = Failure::new(FailureKind::App, "it was not read");
        let fleet = fleet.reduce(FleetAction::Loaded(1, Err(late)));
        assert_eq!(fleet.failure, None);
        let fleet = fleet.reduce(FleetAction::Loaded(3, Ok(vec![cluster(false)])));
        assert_eq!(signed_in(&fleet), Some(false));
    }

    /// FR-CON-01: the person's order is seen at once; a cluster that it does not name stands behind those that it does.
    #[test]
    fn an_order_is_seen_at_once() {
        let all = [1, 2, 3].map(cluster);
        let (one, three) = (all[0].id, all[2].id);
        let fleet = Rc::new(Fleet::default()).reduce(FleetAction::Loaded(1, Ok(all.to_vec())));
        let fleet = fleet.reduce(FleetAction::Arranged(vec![three, one]));
        let names: Vec<&str> = fleet
            .clusters
            .iter()
            .flatten()
            .map(|one| one.name.as_str())
            .collect();
        assert_eq!(names, ["cluster 3", "cluster 1", "cluster 2"]);
    }

    /// NFR-P10: a measurement changes nothing that is drawn; anything else of a link does.
    #[test]
    fn a_measurement_redraws_nothing() {
        let up = |round_trip_ms: f64, agent: &str| Link::Up {
            round_trip_ms,
            agent: agent.to_owned(),
            needs_owner: false,
        };
        assert!(is_measurement(&up(8.3, "0.1.0"), &up(9.1, "0.1.0")));
        assert!(!is_measurement(&up(8.3, "0.1.0"), &up(8.3, "0.2.0")));
        assert!(!is_measurement(&Link::Connecting, &up(8.3, "0.1.0")));
        assert!(!is_measurement(&up(8.3, "0.1.0"), &Link::Closed));
    }
}
