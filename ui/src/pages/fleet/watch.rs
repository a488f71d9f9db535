//! What is known of each cluster, for the table and for *Now*: asked for while the link is up, else the last answers.

use std::collections::HashMap;
use std::rc::Rc;

use chrono::{DateTime, Utc};
use slipway_protocol::ClusterId;
use slipway_protocol::api::{GetClusterHealth, GetVersion, ListApplications, ListProjects};
use slipway_protocol::application::{ApplicationView, ObservedStatus};
use slipway_protocol::desktop::Cluster;
use slipway_protocol::project::ProjectView;
use slipway_protocol::server::{ClusterHealth, PartHealth, Version};
use yew::prelude::*;

use crate::components::pill::Tone;
use crate::state::api::{Every, use_api_by};
use crate::state::pulse::use_pulse_of;

/// Many clusters at once are looked at less often than one.
const LISTS: Every = Every::Beat(5_000);
const HEALTH: Every = Every::Milliseconds(30_000);

/// The last answers of one cluster.
#[derive(Clone, Default, PartialEq)]
pub struct Seen {
    pub health: Option<Rc<ClusterHealth>>,
    pub applications: Option<Rc<Vec<ApplicationView>>>,
    pub projects: Option<Rc<Vec<ProjectView>>>,
    /// The agent's, as of when the link last came up.
    pub version: Option<Rc<Version>>,
    /// When it was last heard of.
    pub at: Option<DateTime<Utc>>,
    /// It is being kept fresh.
    pub live: bool,
}

impl Seen {
    /// What is not well, in few words, and what each of it is.
    pub fn troubles(&self) -> Vec<String> {
        let mut troubles = Vec::new();
        if let Some(health) = &self.health {
            let parts = [
                ("Docker", &health.docker),
                ("Swarm", &health.swarm),
                ("Traefik", &health.traefik),
                ("PostgreSQL", &health.database),
            ];
            for (name, part) in parts {
                if let PartHealth::Bad { reason } = part {
                    troubles.push(format!("{name}: {reason}"));
                }
            }
        }
        for application in self.applications.iter().flat_map(|all| all.iter()) {
            if let Some(word) = trouble(application) {
                troubles.push(format!("{} is {word}", application.name));
            }
        }
        troubles
    }

    /// The worst of it.
    pub fn tone(&self) -> Tone {
        let part_is_bad = self.health.as_ref().is_some_and(|health| !health.is_good());
        match (part_is_bad, self.troubles().is_empty()) {
            (true, _) => Tone::Bad,
            (false, false) => Tone::Warning,
            (false, true) => Tone::Good,
        }
    }
}

/// In a word, if there is one.
fn trouble(application: &ApplicationView) -> Option<&'static str> {
    match application.observed {
        ObservedStatus::Degraded => Some("degraded"),
        ObservedStatus::Down => Some("down"),
        ObservedStatus::Running => application.unhealthy.as_ref().map(|_| "unhealthy"),
        ObservedStatus::Absent | ObservedStatus::Stopped | ObservedStatus::Unknown => None,
    }
}

/// By cluster.
#[derive(Default, PartialEq)]
pub struct AllSeen(pub HashMap<ClusterId, Seen>);

impl Reducible for AllSeen {
    type Action = (ClusterId, Seen);
    fn reduce(self: Rc<Self>, (cluster, seen): Self::Action) -> Rc<Self> {
        let mut next = self.0.clone();
        next.insert(cluster, seen);
        Self(next).into()
    }
}

impl AllSeen {
    pub fn of(&self, cluster: ClusterId) -> Seen {
        self.0.get(&cluster).cloned().unwrap_or_default()
    }
}

#[derive(PartialEq, Properties)]
pub struct WatchProps {
    pub cluster: Rc<Cluster>,
    pub on: Callback<(ClusterId, Seen)>,
}

/// Shows nothing; tells what is known of a cluster, now and at each change.
#[function_component]
pub fn Watch(props: &WatchProps) -> Html {
    let id = props.cluster.id;
    let when = |every| {
        if props.cluster.signed_in {
            every
        } else {
            Every::Never
        }
    };
    let pulse = use_pulse_of(id, props.cluster.signed_in);
    let beats = || Some(pulse.clone());
    let health = use_api_by(id, GetClusterHealth {}, when(HEALTH), None);
    let all = ListApplications { environment: None };
    let applications = use_api_by(id, all, when(LISTS), beats());
    let projects = use_api_by(id, ListProjects {}, when(LISTS), beats());
    // It is told with the link, too; asked for, it outlives the link and the app.
    let version = use_api_by(id, GetVersion {}, when(Every::Once), None);
    let seen = Seen {
        health: health.data,
        applications: applications.data,
        projects: projects.data,
        version: version.data,
        at: health.at.max(applications.at),
        live: health.live && applications.live,
    };
    let on = props.on.clone();
    use_effect_with(seen, move |seen| on.emit((id, seen.clone())));
    html! {}
}
