//! What the palette knows of each cluster: asked for when it opens, kept until it opens again.

use std::collections::HashMap;
use std::rc::Rc;

use slipway_protocol::api::{GetMe, ListApplications, ListProjects};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::desktop::{Cluster, Failure};
use slipway_protocol::project::ProjectView;
use slipway_protocol::{Action, ClusterId, EnvironmentId, ProjectId, Resource, Role, Tag};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::shell;

/// The lists of one cluster.
#[derive(Clone, Default, PartialEq)]
pub struct Catalogue {
    pub projects: Vec<ProjectView>,
    pub applications: Vec<ApplicationView>,
    pub role: Option<Role>,
}

impl Catalogue {
    /// Whether the role allows it; as long as the role is not known the agent decides.
    pub fn may(&self, resource: Resource, action: Action) -> bool {
        self.role.is_none_or(|role| role.allows(resource, action))
    }

    /// “shop / production”.
    pub fn place(&self, environment: EnvironmentId) -> String {
        let found = self.projects.iter().find_map(|project| {
            let inside = project.environments.iter().find(|one| one.id == environment)?;
            Some(format!("{} / {}", project.name, inside.name))
        });
        found.unwrap_or_default()
    }

    /// A project's tags: what is in it is found by them, too.
    pub fn tags_of(&self, project: ProjectId) -> &[Tag] {
        let found = self.projects.iter().find(|one| one.id == project);
        found.map(|project| project.tags.as_slice()).unwrap_or_default()
    }
}

#[derive(Default, PartialEq)]
pub struct Known {
    catalogues: HashMap<ClusterId, Rc<Catalogue>>,
    /// Why the lists of a cluster could not be had the last time.
    pub failures: HashMap<ClusterId, Failure>,
    /// Clusters that have been asked and have not answered yet.
    pub asked: Vec<ClusterId>,
}

pub enum KnownAction {
    Asking(Vec<ClusterId>),
    Came(ClusterId, Result<Catalogue, Failure>),
}

impl Known {
    pub fn of(&self, cluster: ClusterId) -> Option<&Catalogue> {
        self.catalogues.get(&cluster).map(Rc::as_ref)
    }

    #[cfg(test)]
    pub fn holding(cluster: ClusterId, catalogue: Catalogue) -> Self {
        Self {
            catalogues: HashMap::from([(cluster, Rc::new(catalogue))]),
            ..Self::default()
        }
    }
}

impl Reducible for Known {
    type Action = KnownAction;

    fn reduce(self: Rc<Self>, action: KnownAction) -> Rc<Self> {
        let mut next = Self {
            catalogues: self.catalogues.clone(),
            failures: self.failures.clone(),
            asked: self.asked.clone(),
        };
        match action {
            KnownAction::Asking(clusters) => {
                // What another one said when it could be asked is over.
                next.failures.retain(|cluster, _| clusters.contains(cluster));
                next.asked = clusters;
            }
            KnownAction::Came(cluster, answer) => {
                next.asked.retain(|one| *one != cluster);
                match answer {
                    Ok(catalogue) => {
                        next.failures.remove(&cluster);
                        next.catalogues.insert(cluster, Rc::new(catalogue));
                    }
                    Err(failure) => {
                        next.failures.insert(cluster, failure);
                    }
                }
            }
        }
        next.into()
    }
}

/// Asks each of these clusters for its lists.
pub fn ask(clusters: &[Rc<Cluster>], known: &UseReducerHandle<Known>) {
    let ids: Vec<ClusterId> = clusters.iter().map(|cluster| cluster.id).collect();
    known.dispatch(KnownAction::Asking(ids.clone()));
    for id in ids {
        let known = known.dispatcher();
        spawn_local(async move {
            known.dispatch(KnownAction::Came(id, lists(id).await));
        });
    }
}

async fn lists(cluster: ClusterId) -> Result<Catalogue, Failure> {
    let projects = shell::api(cluster, ListProjects {}).await?;
    let applications = shell::api(cluster, ListApplications { environment: None }).await?;
    let me = shell::api(cluster, GetMe {}).await?;
    Ok(Catalogue {
        projects,
        applications,
        role: me.teams.first().map(|membership| membership.role),
    })
}
