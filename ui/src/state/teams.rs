//! Which team the calls to each cluster are about, as its saved entry says. What was seen and typed for another one is not shown for this one.

use std::cell::RefCell;
use std::collections::HashMap;

use slipway_protocol::desktop::{ChooseTeam, Cluster, Failure, command};
use slipway_protocol::{ClusterId, Scope, TeamId};

use super::fleet::FleetContext;
use super::{drafts, memory};
use crate::route::{self, Page, Route, go};
use crate::shell;

thread_local! {
    static TEAMS: RefCell<HashMap<ClusterId, Option<TeamId>>> = RefCell::default();
    /// The team that it was as long as none was chosen.
    static FIRST: RefCell<HashMap<ClusterId, TeamId>> = RefCell::default();
}

/// The team that calls to this cluster are about; the only one, or the one that was joined first, if none is chosen.
pub fn of(cluster: ClusterId) -> Option<TeamId> {
    TEAMS.with_borrow(|teams| teams.get(&cluster).copied().flatten())
}

/// The entry of a cluster is known. Where it names another team than before, the answers of the other one go, and what is typed there is set aside.
pub fn note(cluster: &Cluster) {
    let before = TEAMS.with_borrow_mut(|teams| teams.insert(cluster.id, cluster.team));
    if let Some(before) = before.filter(|before| *before != cluster.team) {
        memory::forget(cluster.id);
        let first = FIRST.with_borrow(|first| first.get(&cluster.id).copied());
        drafts::change_team(cluster.id, before.or(first), cluster.team.or(first));
    }
}

/// From now on calls are about this team, also in the next start. `now` is the one that they are about, chosen or not.
pub async fn choose(
    fleet: &FleetContext,
    cluster: ClusterId,
    now: Option<TeamId>,
    team: TeamId,
) -> Result<(), Failure> {
    if let Some(now) = now.filter(|_| of(cluster).is_none()) {
        FIRST.with_borrow_mut(|first| first.insert(cluster, now));
    }
    let done = shell::call::<_, ()>(command::CHOOSE_TEAM, &ChooseTeam { cluster, team }).await;
    if done.is_ok()
        && let Route::Cluster(open, page) = route::current()
        && open == cluster
        && is_of_one_team(page)
    {
        go(Route::Cluster(cluster, Page::Home));
    }
    fleet.refresh().await;
    done
}

/// Whether a page shows something that only one team has: it leads nowhere in another.
fn is_of_one_team(page: Page) -> bool {
    match page {
        Page::App(..) | Page::Deployment(_) | Page::NewApp(_) | Page::NodeTerminal => true,
        Page::Variables(scope) => scope != Scope::Team,
        Page::Home
        | Page::SignIn
        | Page::Health
        | Page::Renew
        | Page::Events
        | Page::People
        | Page::Audit
        | Page::Registries => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::desktop::Link;

    fn id(last: u8) -> String {
        format!("0000aaaa-0000-4000-8000-00000000000{last}")
    }

    fn cluster(number: u8, team: Option<u8>) -> Cluster {
        Cluster {
            id: id(number).parse().unwrap(),
            name: "staging".to_owned(),
            host: "server".to_owned(),
            way: None,
            color: None,
            tag: None,
            group: None,
            email: None,
            team: team.map(|last| id(last).parse().unwrap()),
            signed_in: true,
            notice: None,
            link: Link::Closed,
        }
    }

    /// FR-IAM-05, FR-IAM-08: with another team a cluster's answers go, and those that are still on their way are nobody's; what is typed is there
    /// again with its own team, and never with the other one.
    #[test]
    fn teams_do_not_mix() {
        let of_cluster = cluster(8, None).id;
        let form = drafts::key(of_cluster, "registry", "new");
        let typed = || drafts::kept::<String>(&form);
        note(&cluster(8, None));
        drafts::keep(&form, Some("of the first".to_owned()));
        let before = memory::session(of_cluster);
        note(&cluster(8, None));
        assert_eq!(memory::session(of_cluster), before, "nothing has changed");
        note(&cluster(8, Some(2)));
        assert_ne!(memory::session(of_cluster), before);
        assert_eq!((of(of_cluster), typed()), (cluster(8, Some(2)).team, None));
        drafts::keep(&form, Some("of the second".to_owned()));
        note(&cluster(8, None));
        assert_eq!(typed().as_deref(), Some("of the first"));
        note(&cluster(8, Some(2)));
        assert_eq!(typed().as_deref(), Some("of the second"));
        drafts::forget(of_cluster);
        note(&cluster(8, None));
        assert_eq!(typed(), None, "who signs out takes all of it along");
    }

    /// FR-IAM-05: what was typed before any team was chosen is that team's, also once it is chosen by its name.
    #[test]
    fn the_first_team_has_a_name() {
        let of_cluster = cluster(9, None).id;
        let form = drafts::key(of_cluster, "registry", "new");
        let typed = || drafts::kept::<String>(&form);
        note(&cluster(9, None));
        drafts::keep(&form, Some("of the first".to_owned()));
        FIRST.with_borrow_mut(|first| first.insert(of_cluster, id(3).parse().unwrap()));
        note(&cluster(9, Some(2)));
        assert_eq!(typed(), None);
        note(&cluster(9, Some(3)));
        assert_eq!(typed().as_deref(), Some("of the first"));
    }

    /// FR-IAM-05: a page about something of one team is left with it; the others show the same of the other one.
    #[test]
    fn pages_of_one_team_are_left() {
        let environment = id(3).parse().unwrap();
        for page in [Page::NewApp(environment), Page::NodeTerminal] {
            assert!(is_of_one_team(page));
        }
        for page in [Page::Home, Page::People, Page::Variables(Scope::Team)] {
            assert!(!is_of_one_team(page));
        }
    }
}
