//! The saved clusters and their links: loaded once, kept by the shell's messages, given to every page as a context.

use std::rc::Rc;

use slipway_protocol::ClusterId;
use slipway_protocol::desktop::{Cluster, Failure, Link, LinkChange, command};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::at_start;
use crate::browser::use_counter;
use crate::shell;

#[derive(Default, PartialEq)]
pub struct Fleet {
    /// None until they are loaded.
    clusters: Option<Vec<Rc<Cluster>>>,
    failure: Option<Failure>,
}

pub enum FleetAction {
    Loaded(Result<Vec<Cluster>, Failure>),
    Changed(LinkChange),
    Put(Box<Cluster>),
}

impl Reducible for Fleet {
    type Action = FleetAction;

    fn reduce(self: Rc<Self>, action: FleetAction) -> Rc<Self> {
        match action {
            FleetAction::Loaded(Ok(clusters)) => Self {
                clusters: Some(clusters.into_iter().map(Rc::new).collect()),
                failure: None,
            }
            .into(),
            FleetAction::Loaded(Err(failure)) => Self {
                clusters: self.clusters.clone(),
                failure: Some(failure),
            }
            .into(),
            FleetAction::Changed(change) => self.with_link(change),
            FleetAction::Put(cluster) => self.with(*cluster),
        }
    }
}

impl Fleet {
    fn with_link(&self, change: LinkChange) -> Rc<Self> {
        let mut clusters = self.clusters.clone().unwrap_or_default();
        if let Some(found) = clusters.iter_mut().find(|cluster| cluster.id == change.cluster) {
            Rc::make_mut(found).link = change.link;
        }
        Self {
            clusters: self.clusters.is_some().then_some(clusters),
            failure: self.failure.clone(),
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
        }
        .into()
    }
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

    /// Loads the clusters again and waits for it.
    pub async fn refresh(&self) {
        let answer = shell::ask(command::LIST_CLUSTERS).await;
        self.state.dispatch(FleetAction::Loaded(answer));
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
    let (round, reload) = use_counter();
    {
        let dispatcher = state.dispatcher();
        use_effect_with(round, move |_| {
            spawn_local(async move {
                dispatcher.dispatch(FleetAction::Loaded(shell::ask(command::LIST_CLUSTERS).await));
            });
        });
    }
    // The watch begins behind the first list, so that no change is older than what it changes.
    let loaded = state.clusters.is_some();
    let watch = use_mut_ref(|| None);
    {
        let (dispatcher, clusters) = (state.dispatcher(), state.clusters.clone());
        use_effect_with(loaded, move |loaded| {
            if *loaded {
                at_start::connect(clusters.as_deref().unwrap_or_default(), &dispatcher);
                spawn_local(async move {
                    let on = move |change| dispatcher.dispatch(FleetAction::Changed(change));
                    let stream = shell::watch::<LinkChange>(command::WATCH_LINKS, on).await;
                    *watch.borrow_mut() = stream.ok();
                });
            }
        });
    }
    let context = FleetContext { state, reload };
    html! {
        <ContextProvider<FleetContext> {context}>{ props.children.clone() }</ContextProvider<FleetContext>>
    }
}

/// The saved clusters.
#[hook]
pub fn use_fleet() -> FleetContext {
    use_context().expect("every page is inside the fleet's provider")
}
