//! What the tray says of all clusters. Pure.

use slipway_protocol::application::{Trouble, UnwellApplication};
use slipway_protocol::desktop::Link;
use slipway_protocol::{ApplicationId, ClusterId, DeploymentId, Told, count};

use crate::plain::plain;

/// A name is at most so many characters: a tooltip is a glance, and that of Windows ends after 127 characters.
const LONGEST: usize = 32;

/// How all clusters are, the worst of them last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// No cluster is connected.
    Idle,
    Well,
    Connecting,
    /// An application has fewer tasks than it should or ill ones, or its last deployment has failed.
    Unwell,
    /// A link is lost, an application is down, or something went wrong that nobody has looked at.
    Wrong,
}

/// A saved cluster as it is now.
#[derive(Clone, Debug)]
pub struct Now {
    pub cluster: ClusterId,
    pub name: String,
    pub link: Link,
    /// What went wrong on it since the window was last looked at.
    pub failures: u32,
    /// Its applications that are not as they should be, as far as it was said.
    pub unwell: Vec<UnwellApplication>,
}

/// What the person can do from the tray.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The cluster's page.
    Cluster(ClusterId),
    /// The page of the one application that is not well.
    Application(ClusterId, ApplicationId),
    /// That of the deployment that has failed.
    Deployment(ClusterId, DeploymentId),
    Open,
    /// Go on without a window, or no longer.
    Background(bool),
    Quit,
}

impl Choice {
    /// The page that it opens, if it opens one.
    pub fn link(self) -> Option<String> {
        match self {
            Self::Cluster(cluster) => Some(format!("slipway://c/{cluster}")),
            Self::Application(cluster, application) => {
                Some(format!("slipway://c/{cluster}/app/{application}/overview"))
            }
            Self::Deployment(cluster, deployment) => {
                Some(format!("slipway://c/{cluster}/deployment/{deployment}"))
            }
            Self::Open | Self::Background(_) | Self::Quit => None,
        }
    }
}

/// A part of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    Line { text: String, choice: Choice },
    Check { text: String, on: bool, choice: Choice },
    Separator,
}

/// All that the tray shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    pub state: State,
    /// Plain text.
    pub tooltip: String,
    pub menu: Vec<Entry>,
}

impl Model {
    /// `clusters` are in the person's order.
    pub fn of(clusters: &[Now], background: bool) -> Self {
        let state = clusters.iter().map(Now::state).max().unwrap_or(State::Idle);
        Self {
            state,
            tooltip: tooltip(clusters, state),
            menu: menu(clusters, background),
        }
    }
}

impl Now {
    fn state(&self) -> State {
        match &self.link {
            _ if self.failures > 0 => State::Wrong,
            Link::Closed => State::Idle,
            Link::Up { .. } => match self.worst().map(|one| one.trouble) {
                None => State::Well,
                Some(Told::Known(Trouble::Down)) => State::Wrong,
                Some(
                    Told::Known(
                        Trouble::Degraded { .. } | Trouble::Unhealthy { .. } | Trouble::Failed { .. },
                    )
                    | Told::Newer,
                ) => State::Unwell,
            },
            Link::Connecting => State::Connecting,
            Link::Retrying { .. } | Link::Down { .. } => State::Wrong,
        }
    }

    fn is_up(&self) -> bool {
        matches!(self.link, Link::Up { .. })
    }

    /// Its name and what is to be said of it.
    fn says(&self, what: &str) -> String {
        format!("{}: {what}", plain(&self.name, LONGEST))
    }

    fn in_words(&self) -> String {
        let mut said = vec![link_in_words(&self.link).to_owned()];
        said.extend(self.troubles());
        said.join(", ")
    }

    /// What is wrong besides the link.
    fn troubles(&self) -> Vec<String> {
        let failures = (self.failures > 0).then(|| failures_in_words(self.failures));
        let unwell = self
            .worst()
            .map(|worst| unwell_in_words(worst, self.unwell.len()));
        failures.into_iter().chain(unwell).collect()
    }

    /// The application that is worst off. Of a cluster that is not connected nothing is known.
    fn worst(&self) -> Option<&UnwellApplication> {
        let all = self.unwell.iter().filter(|_| self.is_up());
        all.min_by_key(|one| one.trouble)
    }

    /// The page of what is wrong where it is one thing, else the cluster's.
    fn leads_to(&self) -> Choice {
        match self.worst().filter(|_| self.unwell.len() == 1) {
            None => Choice::Cluster(self.cluster),
            Some(one) => match one.trouble {
                Told::Known(Trouble::Failed { deployment }) => Choice::Deployment(self.cluster, deployment),
                Told::Known(Trouble::Down | Trouble::Degraded { .. } | Trouble::Unhealthy { .. })
                | Told::Newer => Choice::Application(self.cluster, one.application),
            },
        }
    }
}

/// What the worst of so many is like.
fn unwell_in_words(worst: &UnwellApplication, all: usize) -> String {
    let name = plain(worst.name.as_str(), LONGEST);
    let what = match worst.trouble {
        Told::Known(Trouble::Down) => format!("{name} is down"),
        Told::Known(Trouble::Degraded { run, wanted }) => {
            let wanted = count::in_words(usize::from(wanted), "task", "tasks");
            format!("{name} runs {run} of {wanted}")
        }
        Told::Known(Trouble::Unhealthy { .. }) => format!("{name} is not healthy"),
        Told::Known(Trouble::Failed { .. }) => format!("the last deployment of {name} failed"),
        Told::Newer => format!("{name} is not well"),
    };
    match all {
        0 | 1 => what,
        2 => format!("{what}, and 1 more is not well"),
        all => format!("{what}, and {} more are not well", all - 1),
    }
}

fn link_in_words(link: &Link) -> &'static str {
    match link {
        Link::Closed => "not connected",
        Link::Connecting => "connecting",
        Link::Up { .. } => "connected",
        Link::Retrying { .. } => "the connection is lost",
        Link::Down { .. } => "the connection is lost and needs you",
    }
}

fn failures_in_words(failures: u32) -> String {
    match failures {
        1 => "1 thing went wrong".to_owned(),
        many => format!("{many} things went wrong"),
    }
}

fn tooltip(clusters: &[Now], state: State) -> String {
    let of = match clusters.len() {
        0 => return "No clusters are saved yet.".to_owned(),
        1 => "1 cluster".to_owned(),
        many => format!("{many} clusters"),
    };
    let up = clusters.iter().filter(|one| one.is_up()).count();
    let mut said = format!("{up} of {of} connected.");
    // That nothing is connected, or that all of it is well, is said already.
    if matches!(state, State::Idle | State::Well) {
        return said;
    }
    let mut worst = clusters.iter().filter(|one| one.state() == state);
    if let Some(first) = worst.next() {
        let what = match first.is_up() {
            true => first.troubles().join(", "),
            false => first.in_words(),
        };
        said.push_str(&format!(" {}.", first.says(&what)));
    }
    match worst.count() {
        0 => {}
        1 => said.push_str(" 1 more is like that."),
        more => said.push_str(&format!(" {more} more are like that.")),
    }
    said
}

fn menu(clusters: &[Now], background: bool) -> Vec<Entry> {
    let mut menu: Vec<Entry> = clusters
        .iter()
        .map(|one| Entry::Line {
            text: one.says(&one.in_words()),
            choice: one.leads_to(),
        })
        .collect();
    if !menu.is_empty() {
        menu.push(Entry::Separator);
    }
    menu.extend([
        Entry::Line {
            text: "Open Slipway".to_owned(),
            choice: Choice::Open,
        },
        Entry::Check {
            text: "Keep running in the background".to_owned(),
            on: background,
            choice: Choice::Background(!background),
        },
        Entry::Separator,
        Entry::Line {
            text: "Quit".to_owned(),
            choice: Choice::Quit,
        },
    ]);
    menu
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up() -> Link {
        Link::Up {
            round_trip_ms: 1.0,
            agent: "0.1.0".to_owned(),
            needs_owner: false,
        }
    }

    fn lost() -> Link {
        Link::Retrying {
            attempt: 1,
            wait_ms: 1_000,
            sentence: "The connection to 192.0.2.1 was lost.".to_owned(),
        }
    }

    fn down() -> Link {
        Link::Down {
            sentence: "The key has changed.".to_owned(),
        }
    }

    fn now(name: &str, link: Link) -> Now {
        Now {
            cluster: ClusterId(uuid::Uuid::new_v4()),
            name: name.to_owned(),
            link,
            failures: 0,
            unwell: Vec::new(),
        }
    }

    fn unwell(name: &str, trouble: Trouble) -> UnwellApplication {
        UnwellApplication {
            application: ApplicationId(uuid::Uuid::new_v4()),
            name: name.parse().unwrap(),
            trouble: trouble.into(),
        }
    }

    fn said(clusters: &[Now]) -> (State, String) {
        let model = Model::of(clusters, false);
        (model.state, model.tooltip)
    }

    fn texts(model: &Model) -> Vec<&str> {
        fn text(entry: &Entry) -> &str {
            match entry {
                Entry::Line { text, .. } | Entry::Check { text, .. } => text,
                Entry::Separator => "-",
            }
        }
        model.menu.iter().map(text).collect()
    }

    /// FR-DSK-03: the tray shows the worst state of all clusters, and says in words which one it is of.
    #[test]
    fn the_worst_is_shown() {
        let none = (State::Idle, "No clusters are saved yet.".to_owned());
        assert_eq!(said(&[]), none);
        let idle = [now("prod", Link::Closed)];
        assert_eq!(said(&idle), (State::Idle, "0 of 1 cluster connected.".to_owned()));
        let well = [now("prod", up()), now("spare", Link::Closed)];
        assert_eq!(
            said(&well),
            (State::Well, "1 of 2 clusters connected.".to_owned())
        );
        let connecting = [now("prod", up()), now("staging", Link::Connecting)];
        assert_eq!(
            said(&connecting),
            (
                State::Connecting,
                "1 of 2 clusters connected. staging: connecting.".to_owned()
            )
        );
        let wrong = [
            now("staging", Link::Connecting),
            now("a", up()),
            now("prod", lost()),
        ];
        assert_eq!(
            said(&wrong),
            (
                State::Wrong,
                "1 of 3 clusters connected. prod: the connection is lost.".to_owned()
            )
        );
    }

    /// FR-DSK-03: of several that are not well the first in the person's order is named, and the others are counted.
    #[test]
    fn the_first_is_named_and_the_others_counted() {
        let mut clusters = vec![now("b", down()), now("a", lost())];
        let two = "0 of 2 clusters connected. b: the connection is lost and needs you. 1 more is like that.";
        assert_eq!(said(&clusters).1, two);
        clusters.push(now("c", lost()));
        assert!(said(&clusters).1.ends_with("2 more are like that."));
    }

    /// FR-DSK-03: what went wrong since the window was looked at counts as much as a link that is lost.
    #[test]
    fn failures_are_counted() {
        let mut prod = now("prod", up());
        prod.failures = 1;
        let one = "1 of 1 cluster connected. prod: 1 thing went wrong.";
        assert_eq!(said(&[prod.clone()]), (State::Wrong, one.to_owned()));
        prod.failures = 2;
        let model = Model::of(&[prod.clone()], false);
        assert_eq!(texts(&model)[0], "prod: connected, 2 things went wrong");
        prod.link = lost();
        let both = "0 of 1 cluster connected. prod: the connection is lost, 2 things went wrong.";
        assert_eq!(said(&[prod]).1, both);
    }

    /// FR-DSK-03: an application with too few tasks, or whose deployment failed, counts less than a lost link, one that is down as much.
    #[test]
    fn unwell_applications_are_shown() {
        let deployment = DeploymentId(uuid::Uuid::new_v4());
        let failed = unwell("web", Trouble::Failed { deployment });
        let degraded = unwell("api", Trouble::Degraded { run: 1, wanted: 3 });
        let down = unwell("db", Trouble::Down);
        let mut ill = now("prod", up());
        ill.unwell = vec![unwell("web", Trouble::Unhealthy { tasks: 1 })];
        let words = "1 of 1 cluster connected. prod: web is not healthy.";
        assert_eq!(said(&[ill]), (State::Unwell, words.to_owned()));
        let mut prod = now("prod", up());
        prod.unwell = vec![failed.clone()];
        let one = "1 of 1 cluster connected. prod: the last deployment of web failed.";
        assert_eq!(said(&[prod.clone()]), (State::Unwell, one.to_owned()));
        prod.unwell = vec![failed.clone(), degraded.clone()];
        let two = "1 of 1 cluster connected. prod: api runs 1 of 3 tasks, and 1 more is not well.";
        assert_eq!(said(&[prod.clone()]), (State::Unwell, two.to_owned()));
        let lost = [prod.clone(), now("staging", lost())];
        assert_eq!(said(&lost).0, State::Wrong);
        assert!(said(&lost).1.ends_with("staging: the connection is lost."));
        let connecting = [prod.clone(), now("staging", Link::Connecting)];
        assert_eq!(said(&connecting).0, State::Unwell);
        prod.unwell.push(down.clone());
        assert_eq!(said(&[prod.clone()]).0, State::Wrong);
        prod.failures = 1;
        let texts_of = |now: &Now| texts(&Model::of(std::slice::from_ref(now), false))[0].to_owned();
        assert_eq!(
            texts_of(&prod),
            "prod: connected, 1 thing went wrong, db is down, and 2 more are not well"
        );
        prod.link = Link::Connecting;
        prod.failures = 0;
        assert_eq!(texts_of(&prod), "prod: connecting", "of what was nothing is said");
    }

    /// FR-DSK-03: where one thing is wrong its page is opened: that of the deployment that failed, or the application's.
    #[test]
    fn what_is_wrong_is_one_click_away() {
        let deployment = DeploymentId(uuid::Uuid::new_v4());
        let failed = unwell("web", Trouble::Failed { deployment });
        let degraded = unwell("api", Trouble::Degraded { run: 1, wanted: 3 });
        let mut prod = now("prod", up());
        let (cluster, application) = (prod.cluster, degraded.application);
        assert_eq!(prod.leads_to().link(), Some(format!("slipway://c/{cluster}")));
        prod.unwell = vec![failed.clone()];
        let page = format!("slipway://c/{cluster}/deployment/{deployment}");
        assert_eq!(prod.leads_to().link(), Some(page));
        prod.unwell = vec![degraded.clone()];
        let page = format!("slipway://c/{cluster}/app/{application}/overview");
        assert_eq!(prod.leads_to().link(), Some(page));
        prod.unwell = vec![failed, degraded];
        assert_eq!(prod.leads_to(), Choice::Cluster(cluster));
        assert_eq!(Choice::Quit.link(), None);
    }

    /// FR-DSK-03: the menu has a line for each cluster, which leads to it, then what is of the app itself.
    #[test]
    fn the_menu_leads_to_each_cluster() {
        let clusters = [now("prod", up()), now("staging", Link::Closed)];
        let model = Model::of(&clusters, true);
        assert_eq!(
            texts(&model),
            [
                "prod: connected",
                "staging: not connected",
                "-",
                "Open Slipway",
                "Keep running in the background",
                "-",
                "Quit",
            ]
        );
        let leads = Entry::Line {
            text: "staging: not connected".to_owned(),
            choice: Choice::Cluster(clusters[1].cluster),
        };
        assert_eq!(model.menu[1], leads);
        assert!(matches!(
            model.menu[4],
            Entry::Check {
                on: true,
                choice: Choice::Background(false),
                ..
            }
        ));
        assert_eq!(texts(&Model::of(&[], false))[0], "Open Slipway");
    }

    /// FR-DSK-03, NFR-S7: a name is others' text: shortened, and without what cannot be seen.
    #[test]
    fn names_are_plain() {
        let clusters = [now(&format!("a\u{202e}\n{}", "b".repeat(100)), lost())];
        let model = Model::of(&clusters, false);
        let name = format!("a  {}…", "b".repeat(LONGEST - 3));
        assert_eq!(texts(&model)[0], format!("{name}: the connection is lost"));
        assert!(
            model
                .tooltip
                .ends_with(&format!("{name}: the connection is lost.")),
            "{}",
            model.tooltip
        );
    }

    /// FR-DSK-03, NFR-P9: a round trip that was measured again changes nothing, so nothing is drawn.
    #[test]
    fn what_is_not_shown_changes_nothing() {
        let mut prod = now("prod", up());
        let before = Model::of(std::slice::from_ref(&prod), false);
        prod.link = Link::Up {
            round_trip_ms: 7.0,
            agent: "0.1.1".to_owned(),
            needs_owner: false,
        };
        assert_eq!(Model::of(&[prod], false), before);
    }
}
