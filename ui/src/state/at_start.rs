//! At its start the app connects by itself to the clusters where somebody is signed in, so that the front door shows how they are.
//! Where a person has to be asked something it waits until the cluster is opened.

use std::rc::Rc;

use slipway_protocol::desktop::{Answers, Cluster, Connected, Link, LinkChange, OpenCluster, command};
use wasm_bindgen_futures::spawn_local;
use yew::UseReducerDispatcher;

use super::fleet::{Fleet, FleetAction};
use crate::shell;

pub fn connect(clusters: &[Rc<Cluster>], fleet: &UseReducerDispatcher<Fleet>) {
    let wanted = clusters
        .iter()
        .filter(|one| one.signed_in && one.link == Link::Closed);
    for cluster in wanted.map(|one| one.id) {
        let fleet = fleet.clone();
        spawn_local(async move {
            let becomes = |link| FleetAction::Changed(LinkChange { cluster, link });
            fleet.dispatch(becomes(Link::Connecting));
            let request = OpenCluster {
                cluster,
                answers: Answers::default(),
                keep_trying: true,
            };
            fleet.dispatch(match shell::call(command::OPEN_CLUSTER, &request).await {
                Ok(Connected::Yes { cluster }) => FleetAction::Put(cluster),
                Ok(Connected::Asks { .. }) => becomes(Link::Closed),
                Err(failure) => becomes(Link::Down {
                    sentence: failure.sentence,
                }),
            });
        });
    }
}
