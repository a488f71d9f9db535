//! What a plan will do to the world as it is now. Pure: everything that is known comes in as values.

use slipway_protocol::deployment::{Step, Way};
use slipway_protocol::head::Head;
use slipway_protocol::plan::{Change, Downtime, PlanView, PlannedBind, Revision};
use slipway_protocol::settings::{ApplicationSettings, BindMount};

use super::{Found, Plan, source};

/// The application as it is at one moment.
pub struct Snapshot {
    pub revision: Revision,
    /// The serving release's settings, and whether its tasks should run.
    pub serving: Option<ApplicationSettings>,
    pub stopped: bool,
    /// Addresses that lead to the application.
    pub routes: Vec<String>,
    /// The number of the deployment that is being worked on.
    pub running: Option<u32>,
    /// The numbers of those that wait.
    pub waiting: Vec<u32>,
    /// What the source's name stands for.
    pub found: Found,
    /// What the serving release is made of.
    pub serves: Option<Head>,
}

/// Names what the plan will do. `patches` are the paths of those that what it runs has.
pub fn consequences(plan: &Plan, now: &Snapshot, changes: Vec<Change>, patches: Vec<String>) -> PlanView {
    let wanted = plan.settings.replicas.get();
    let before = match &now.serving {
        Some(settings) if !now.stopped => settings.replicas.get(),
        Some(_) | None => 0,
    };
    let (starts, stops, most) = numbers(plan, before, wanted);
    PlanView {
        revision: now.revision.clone(),
        way: plan.way.into(),
        because: plan.because.clone(),
        steps: plan.steps.iter().map(|step| (*step).into()).collect(),
        changes,
        starts,
        stops,
        most_at_once: most,
        downtime: match (before, plan.way) {
            (0, _) => Downtime::First,
            (_, Way::Recreate) if plan.steps.contains(&Step::Stop) => Downtime::WhileStarting,
            (_, Way::Recreate | Way::BlueGreen | Way::Canary | Way::Rolling) => Downtime::None,
        },
        routes: now.routes.clone(),
        volumes: plan
            .settings
            .container
            .volumes
            .iter()
            .map(|volume| volume.name.to_string())
            .collect(),
        binds: plan.settings.container.binds.iter().map(bind).collect(),
        patches,
        ports: plan
            .settings
            .container
            .host_ports
            .iter()
            .map(|port| port.port.get())
            .collect(),
        waits_for: now.running,
        supersedes: now.waiting.clone(),
        source: source::told(plan, now),
    }
}

fn bind(bind: &BindMount) -> PlannedBind {
    PlannedBind {
        source: bind.source.clone(),
        read_only: bind.read_only,
    }
}

/// Tasks that start, tasks that stop, and the most that run at once.
fn numbers(plan: &Plan, before: u16, wanted: u16) -> (u16, u16, u16) {
    if plan.is_in_place() {
        let more = wanted.saturating_sub(before);
        return (more, 0, before + more);
    }
    let most = match plan.way {
        Way::BlueGreen | Way::Canary => before + wanted,
        Way::Rolling => before.max(wanted) + u16::from(before > 0),
        Way::Recreate => before.max(wanted),
    };
    (wanted, before, most)
}

#[cfg(test)]
mod tests {
    use super::super::{Facts, Origin};
    use super::*;
    use serde_json::json;
    use slipway_protocol::head::CommitHash;

    fn seen(strategy: &str, serving: Option<u16>) -> PlanView {
        seen_with(strategy, serving, Found::Nothing, None)
    }

    fn seen_with(strategy: &str, serving: Option<u16>, found: Found, serves: Option<Head>) -> PlanView {
        let settings = |replicas: u16| -> ApplicationSettings {
            let value = json!({ "source": { "kind": "git", "url": "/srv/a.git", "ref": "main" }, "port": 80, "replicas": replicas,
                                "rollout": { "strategy": { "kind": strategy } },
                                "container": { "binds": [{ "source": "/srv/plain", "path": "/plain", "read_only": true }] } });
            serde_json::from_value(value).unwrap()
        };
        let plan = Plan::make(Facts {
            instance: "slipway",
            deployment: "018f0000-0000-7000-8000-00000000abcd".parse().unwrap(),
            application: "018f0000-0000-7000-8000-000000000001".parse().unwrap(),
            application_name: slipway_protocol::ApplicationName::parse("web").unwrap(),
            settings: settings(3),
            probe_token: "token".to_owned(),
            origin: Origin::Source,
        });
        let now = Snapshot {
            revision: Revision::parse("ab").unwrap(),
            serving: serving.map(settings),
            stopped: false,
            routes: vec!["shop.example.org".to_owned()],
            running: None,
            waiting: vec![4],
            found,
            serves,
        };
        consequences(&plan, &now, Vec::new(), vec!["config/a".to_owned()])
    }

    /// FR-DEP-08: a plan names tasks, the most at once, whether somebody serves all the time, and what of the server it reaches.
    #[test]
    fn each_way_has_its_consequences() {
        let told = |strategy, serving| {
            let view = seen(strategy, serving);
            (view.starts, view.stops, view.most_at_once, view.downtime)
        };
        assert_eq!(told("blue_green", Some(2)), (3, 2, 5, Downtime::None));
        assert_eq!(told("rolling", Some(3)), (3, 3, 4, Downtime::None));
        assert_eq!(told("recreate", Some(2)), (3, 2, 3, Downtime::WhileStarting));
        assert_eq!(told("recreate", None), (3, 0, 3, Downtime::First));
        let view = seen("blue_green", Some(1));
        assert_eq!(view.supersedes, [4]);
        assert_eq!(view.patches, ["config/a"]);
        let binds: Vec<String> = view.binds.iter().map(PlannedBind::in_words).collect();
        assert_eq!(binds, ["/srv/plain, to read only"]);
    }

    /// FR-DEP-08: a plan names the commit that it takes and the one that serves, or why it is not known.
    #[test]
    fn the_commit_is_named() {
        let commit = |digit: char| {
            let hash = CommitHash::parse(&digit.to_string().repeat(40)).unwrap();
            Head::Commit { hash }
        };
        let told =
            |found: Found, serves: Option<Head>| seen_with("blue_green", Some(1), found, serves).source;
        let new = told(Found::Is(commit('a')), Some(commit('b'))).unwrap();
        assert_eq!((new.names.as_str(), new.is_the_same()), ("main", Some(false)));
        assert_eq!((new.takes, new.serves), (Some(commit('a')), Some(commit('b'))));
        let same = told(Found::Fixed(commit('a')), Some(commit('a'))).unwrap();
        assert!(same.in_words().ends_with("nothing new"));
        let unknown = told(Found::Unknown("nobody answers".to_owned()), Some(commit('b'))).unwrap();
        assert_eq!((unknown.takes.as_ref(), unknown.is_the_same()), (None, None));
        assert_eq!(unknown.unknown.as_deref(), Some("nobody answers"));
        assert_eq!(told(Found::Nothing, Some(commit('b'))), None);
    }
}
