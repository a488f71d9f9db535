//! The open cluster's own context: its saved entry, its lists, who is signed in. The sidebar, the status bar and the pages share it.

use std::rc::Rc;

use slipway_protocol::application::ApplicationView;
use slipway_protocol::desktop::{Cluster, Link};
use slipway_protocol::identity::Me;
use slipway_protocol::project::ProjectView;
use slipway_protocol::server::ClusterHealth;
use slipway_protocol::{Action, ApplicationId, ClusterId, EnvironmentId, Resource, Role, Tag};
use yew::prelude::*;

use super::remote::Remote;
use crate::rights;
use crate::route::{Page, Route, go};

#[derive(Clone, PartialEq)]
pub struct ClusterContext {
    pub cluster: Rc<Cluster>,
    pub projects: Remote<Vec<ProjectView>>,
    pub applications: Remote<Vec<ApplicationView>>,
    pub me: Remote<Me>,
    pub reload_health: Callback<()>,
}

/// Why nothing can be done on a cluster without a link.
pub const OUT_OF_REACH: AttrValue =
    AttrValue::Static("There is no connection to the cluster now; it can be done as soon as there is one");

/// Why nothing can be done on a cluster whose agent, or what it needs, stays silent though the link stands.
pub const NO_ANSWERS: AttrValue = AttrValue::Static(
    "The agent has not answered several times; it can be done as soon as it answers, and it is asked all the time",
);

/// How the open cluster's parts are. A context of its own: it holds numbers that are other ones each time, and few places show them.
#[derive(Clone, PartialEq)]
pub struct Health(pub Remote<ClusterHealth>);

/// Where an environment stands.
#[derive(Clone, PartialEq)]
pub struct Place {
    pub project: String,
    pub environment: String,
    /// The project's.
    pub tags: Vec<Tag>,
}

impl ClusterContext {
    pub fn id(&self) -> ClusterId {
        self.cluster.id
    }

    pub fn route(&self, page: Page) -> Route {
        Route::Cluster(self.cluster.id, page)
    }

    pub fn go(&self, page: Page) {
        go(self.route(page));
    }

    /// The caller's role in the team that calls are about.
    pub fn role(&self) -> Option<Role> {
        let membership = self.me.get()?.membership(self.cluster.team)?;
        Some(membership.role)
    }

    /// Whether the role allows it; as long as the role is not known the agent decides.
    pub fn may(&self, resource: Resource, action: Action) -> bool {
        self.role().is_none_or(|role| role.allows(resource, action))
    }

    /// Why a page is not for the person's role, where it is not.
    pub fn refusal(&self, page: Page) -> Option<AttrValue> {
        let (resource, action) =
            rights::of_page(page).filter(|(resource, action)| !self.may(*resource, *action))?;
        Some(AttrValue::from(format!(
            "It needs the role {}",
            rights::roles_with(resource, action)
        )))
    }

    pub fn is_linked(&self) -> bool {
        matches!(self.cluster.link, Link::Up { .. })
    }

    /// Why nothing can be done on it now, where that is so: what is asked for without a link, or of an agent that answers nothing, would only
    /// wait and fail.
    pub fn out_of_reach(&self) -> Option<AttrValue> {
        if !self.is_linked() {
            return Some(OUT_OF_REACH);
        }
        // Both: what is wrong with one list alone is no reason to do nothing at all.
        (self.projects.failing && self.applications.failing).then_some(NO_ANSWERS)
    }

    /// People depend on what runs here: more is asked before something is done.
    pub fn is_production(&self) -> bool {
        self.cluster.tag.as_deref() == Some("production")
    }

    pub fn place(&self, environment: EnvironmentId) -> Option<Place> {
        self.projects.get()?.iter().find_map(|project| {
            let found = project.environments.iter().find(|one| one.id == environment)?;
            Some(Place {
                project: project.name.to_string(),
                environment: found.name.to_string(),
                tags: project.tags.clone(),
            })
        })
    }

    pub fn applications_in(&self, environment: EnvironmentId) -> impl Iterator<Item = &ApplicationView> {
        let all = self.applications.get().map(Vec::as_slice).unwrap_or_default();
        all.iter().filter(move |one| one.environment == environment)
    }

    pub fn application(&self, id: ApplicationId) -> Option<&ApplicationView> {
        self.applications.get()?.iter().find(|one| one.id == id)
    }

    /// Loads projects, applications and the cluster's own state now, after something of them changed.
    pub fn reload(&self) {
        self.reload_health.emit(());
        self.projects.reload.emit(());
        self.applications.reload.emit(());
    }
}

/// The open cluster.
#[hook]
pub fn use_cluster() -> ClusterContext {
    use_context().expect("the page is inside a cluster's frame")
}

/// Why nothing can be done on the page's cluster now, where that is so; nothing on a page of the app itself.
#[hook]
pub fn use_out_of_reach() -> Option<AttrValue> {
    use_context::<ClusterContext>().and_then(|context| context.out_of_reach())
}

/// The health of the open cluster.
#[hook]
pub fn use_health() -> Remote<ClusterHealth> {
    let health: Health = use_context().expect("the page is inside a cluster's frame");
    health.0
}
