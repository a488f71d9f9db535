//! What the palette knows of each cluster: asked for when it opens, kept until it opens again.

use std::collections::HashMap;
use std::rc::Rc;

use slipway_protocol::api::{GetMe, ListApplications, ListProjects};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::desktop::{Cluster, Failure};
use slipway_protocol::project::ProjectView;
use slipway_protocol::{Action, ClusterId, EnvironmentId, ProjectId, Resource, Role, Tag, TeamId};
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
    /// Who was signed in to each when it was asked last.
    people: HashMap<ClusterId, Person>,
}

/// The account that is signed in, as far as that is known, and the team that it is about.
type Person = (Option<String>, Option<TeamId>);

pub enum KnownAction {
    Asking(Vec<(ClusterId, Person)>),
    /// What was told, and to whom.
    Came(ClusterId, Person, Result<Catalogue, Failure>),
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
            people: self.people.clone(),
        };
        match action {
            KnownAction::Asking(clusters) => {
                next.asked = clusters.iter().map(|(cluster, _)| *cluster).collect();
                // What another one said when it could be asked is over.
                next.failures.retain(|cluster, _| next.asked.contains(cluster));
                for (cluster, person) in clusters {
                    // What somebody else, or another team, was told is not this person's.
                    if next.people.get(&cluster).is_some_and(|before| *before != person) {
                        next.catalogues.remove(&cluster);
                    }
                    next.people.insert(cluster, person);
                }
            }
            KnownAction::Came(cluster, person, _) if next.people.get(&cluster) != Some(&person) => {}
            KnownAction::Came(cluster, _, answer) => {
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
    let asked: Vec<(ClusterId, Person)> = clusters
        .iter()
        .map(|cluster| (cluster.id, (cluster.email.clone(), cluster.team)))
        .collect();
    known.dispatch(KnownAction::Asking(asked.clone()));
    for (id, person) in asked {
        let known = known.dispatcher();
        spawn_local(async move {
            let answer = lists(id, person.1).await;
            known.dispatch(KnownAction::Came(id, person, answer));
        });
    }
}

/// Those of the team that calls to this cluster are about.
async fn lists(cluster: ClusterId, team: Option<TeamId>) -> Result<Catalogue, Failure> {
    let projects = shell::api(cluster, ListProjects {}).await?;
    let applications = shell::api(cluster, ListApplications { environment: None }).await?;
    let me = shell::api(cluster, GetMe {}).await?;
    Ok(Catalogue {
        projects,
        applications,
        role: me.membership(team).map(|membership| membership.role),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-02, FR-IAM-08: what the palette knows of a cluster is the person's who is signed in there: neither what was told before somebody else
    /// signed in nor what comes too late is shown to the next one.
    #[test]
    fn what_was_told_is_told_to_one() {
        let cluster: ClusterId = "018f0000-0000-7000-8000-000000000001".parse().unwrap();
        let person = |name: &str| (Some(format!("{name}@example.org")), None);
        let told = |role| {
            Ok(Catalogue {
                role: Some(role),
                ..Catalogue::default()
            })
        };
        let role = |known: &Known| known.of(cluster).and_then(|one| one.role);
        let ask = |known: Rc<Known>, name| known.reduce(KnownAction::Asking(vec![(cluster, person(name))]));
        let came =
            |known: Rc<Known>, name, role| known.reduce(KnownAction::Came(cluster, person(name), told(role)));
        let known = came(ask(Rc::default(), "ada"), "ada", Role::Owner);
        let again = ask(known, "ada");
        assert_eq!(role(&again), Some(Role::Owner), "the same person");
        let other = ask(again, "bob");
        assert_eq!(role(&other), None);
        let late = came(other, "ada", Role::Owner);
        assert_eq!((role(&late), late.asked.len()), (None, 1));
        let known = came(late, "bob", Role::Viewer);
        assert_eq!((role(&known), known.asked.len()), (Some(Role::Viewer), 0));
    }
}
