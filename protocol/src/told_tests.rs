use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, from_value, json};

use super::*;
use crate::application::{ObservedStatus, Trouble, UnwellApplication};
use crate::build::BuildView;
use crate::checkup::{CheckState, ServerCheckup};
use crate::command::CommandEvent;
use crate::configuration::ConfigurationChange;
use crate::deployment::DeploymentView;
use crate::error::{ErrorCode, Problem};
use crate::feed::FeedEvent;
use crate::log_line::{ContainerLogEvent, DeploymentEvent};
use crate::plan::PlanView;
use crate::terminal::{TerminalEnd, TerminalEvent};

/// Enums that stand in answers as [`Told`].
const TOLD: [&str; 7] = [
    "BuiltBy",
    "CheckupTopic",
    "Configured",
    "Step",
    "Trigger",
    "Trouble",
    "Way",
];

/// Enums that only an agent says, with a variant of their own that takes what is newer.
const FALLS_BACK: [&str; 9] = [
    "CheckState",
    "CommandEvent",
    "ContainerLogEvent",
    "DeploymentEvent",
    "ErrorCode",
    "FeedEvent",
    "ObservedStatus",
    "TerminalEnd",
    "TerminalEvent",
];

/// Enums by which a client decides, or that it sends back: one more variant is a new level of the API (`API_LEVEL`), whose agents older
/// clients do not speak with. With each the number of its variants at this level.
const OF_THE_LEVEL: [(&str, usize); 22] = [
    ("Build", 4),
    ("Capability", 18),
    ("CommandStatus", 6),
    ("DeploymentStatus", 8),
    ("Downtime", 3),
    ("ExternalBuilder", 3),
    ("Head", 2),
    ("HealthCheck", 5),
    ("LogLevel", 6),
    ("LogStream", 3),
    ("PartHealth", 2),
    ("Platform", 8),
    ("PortProtocol", 2),
    ("RestartWhen", 3),
    ("Role", 4),
    ("Scope", 4),
    ("Severity", 3),
    ("Source", 3),
    ("StepStatus", 7),
    ("StopSignal", 7),
    ("Strategy", 5),
    ("TerminalPlace", 2),
];

/// Enums that no client reads in an answer; and what sets a server up, which the client itself has brought there.
const NOT_ANSWERED: [&str; 10] = [
    "Access",
    "Action",
    "FindingState",
    "Fit",
    "Method",
    "Resource",
    "SetupEvent",
    "SetupStep",
    "StepName",
    "Told",
];

const ID: &str = "018f0000-0000-7000-8000-000000000001";

fn deployment(trigger: Value, way: &str, step: &str) -> Value {
    json!({
        "id": ID, "application": ID, "number": 1, "status": "failed", "trigger": trigger, "requested_by": "a@example.org", "commit": null,
        "image": null, "steps": [{ "step": step, "status": "failed", "started_at": null, "ended_at": null, "failure": "It was cold." }],
        "way": way, "failure": "It was cold.", "created_at": "2026-01-01T00:00:00Z", "started_at": null, "ended_at": null,
        "can_roll_back_to": false,
    })
}

/// FR-HST-05: a newer kind of trigger, way, step, check, builder, change or trouble leaves the rest of the answer readable, and is said to be newer.
#[test]
fn what_is_newer_leaves_the_rest_readable() {
    let list = json!([
        deployment(json!({ "kind": "teleport", "to": 3 }), "sideways", "warm_up"),
        deployment(json!({ "kind": "rollback", "to": ID }), "canary", "cut_over"),
    ]);
    let list: Vec<DeploymentView> = from_value(list).unwrap();
    let newer = &list[0];
    assert_eq!(
        (
            newer.trigger.as_str(),
            newer.way.as_str(),
            newer.steps[0].step.as_str()
        ),
        (NEWER, NEWER, NEWER)
    );
    assert_eq!(newer.steps[0].failure.as_deref(), Some("It was cold."));
    let known = &list[1];
    assert!(matches!(known.trigger, Told::Known(Trigger::Rollback { .. })));
    assert!(known.way == Way::Canary && known.steps[0].step == Step::CutOver);

    let checkup =
        json!({ "checks": [{ "topic": "moon", "state": "waning", "found": "It wanes.", "remedy": null }] });
    let checkup: ServerCheckup = from_value(checkup).unwrap();
    assert!(checkup.checks[0].topic.title().contains("newer"));
    assert_eq!(checkup.checks[0].state, CheckState::NotKnown);
    let build =
        json!({ "tag": "a", "digest": "b", "size": 1, "milliseconds": null, "builder": "loom", "steps": [] });
    assert_eq!(from_value::<BuildView>(build).unwrap().builder, Some(Told::Newer));
    let change = json!({
        "at": "2026-01-01T00:00:00Z", "actor": "a", "what": "clocks", "added": [], "changed": [], "removed": []
    });
    assert_eq!(
        from_value::<ConfigurationChange>(change).unwrap().what,
        Told::Newer
    );
    let unwell = json!({ "application": ID, "name": "web", "trouble": { "kind": "sleepy" } });
    let unwell: UnwellApplication = from_value(unwell).unwrap();
    assert!(unwell.trouble == Told::Newer && Told::Known(Trouble::Down) < unwell.trouble);
    let plan = json!({
        "revision": "ab", "way": "sideways", "because": "", "steps": ["build", "warm_up"], "changes": [], "starts": 1, "stops": 1,
        "most_at_once": 2, "downtime": "none", "routes": [], "volumes": [], "ports": [], "waits_for": null, "supersedes": []
    });
    let plan: PlanView = from_value(plan).unwrap();
    assert_eq!(plan.steps, [Told::Known(Step::Build), Told::Newer]);
}

/// FR-HST-05: what is known travels as ever, and what is newer stays so where a client passes it on.
#[test]
fn what_is_known_travels_as_ever() {
    fn goes_round<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(known: T) {
        let written = serde_json::to_value(&known).unwrap();
        let told = Told::Known(known);
        assert_eq!(serde_json::to_value(&told).unwrap(), written);
        assert_eq!(from_value::<Told<T>>(written).unwrap(), told);
        let newer = serde_json::to_value(Told::<T>::Newer).unwrap();
        assert_eq!(from_value::<Told<T>>(newer).unwrap(), Told::Newer);
    }
    Step::ALL.into_iter().for_each(goes_round);
    CheckupTopic::ALL.into_iter().for_each(goes_round);
    let ways = [Way::BlueGreen, Way::Canary, Way::Rolling, Way::Recreate];
    ways.into_iter().for_each(goes_round);
    goes_round(Trigger::Deploy);
    goes_round(Trigger::Rollback {
        to: ID.parse().unwrap(),
    });
    goes_round(Trouble::Unhealthy { tasks: 2 });
    goes_round(Configured::Files);
    goes_round(BuiltBy::Railpack);
}

/// FR-HST-05: an enum that only an agent says takes what is newer as what comes nearest to not knowing it.
#[test]
fn what_only_an_agent_says_falls_back() {
    assert_eq!(
        from_value::<CheckState>(json!("waning")).unwrap(),
        CheckState::NotKnown
    );
    assert_eq!(
        from_value::<ObservedStatus>(json!("dreaming")).unwrap(),
        ObservedStatus::Unknown
    );
    let problem =
        json!({ "code": "teapot", "title": "A teapot", "status": 418, "detail": "It is a teapot." });
    let problem: Problem = from_value(problem).unwrap();
    assert_eq!(
        (problem.code, problem.detail.as_str()),
        (ErrorCode::Internal, "It is a teapot.")
    );
    let end: TerminalEnd = from_value(json!({ "kind": "evaporated", "at": 3 })).unwrap();
    assert!(end == TerminalEnd::Newer && end.to_string().contains("newer"));
    let tagged = json!({ "kind": "sang", "song": "…" });
    assert_eq!(
        from_value::<DeploymentEvent>(tagged.clone()).unwrap(),
        DeploymentEvent::Ping
    );
    assert_eq!(from_value::<FeedEvent>(tagged.clone()).unwrap(), FeedEvent::Ping);
    assert!(matches!(
        from_value::<TerminalEvent>(tagged),
        Ok(TerminalEvent::Ping)
    ));
    for outside in [json!({ "song": { "verses": [1, 2] } }), json!("song")] {
        assert_eq!(
            from_value::<ContainerLogEvent>(outside.clone()).unwrap(),
            ContainerLogEvent::Ping
        );
        assert_eq!(from_value::<CommandEvent>(outside).unwrap(), CommandEvent::Ping);
    }
}

/// FR-HST-05: each enum of the protocol is read by older clients in one of these ways, and somebody has decided in which.
#[test]
fn every_enum_has_its_way_to_grow() {
    let mut found = BTreeMap::new();
    enums_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    for (name, variants) in &found {
        let level = OF_THE_LEVEL.iter().find(|(one, _)| one == name);
        let free = [&TOLD[..], &FALLS_BACK, &NOT_ANSWERED];
        let lists = free.iter().filter(|list| list.contains(&name.as_str()));
        assert_eq!(
            lists.count() + usize::from(level.is_some()),
            1,
            "{name} is in one list of this file: see “What an older client reads” in CONTRIBUTING.md"
        );
        if let Some((_, at_this_level)) = level {
            assert_eq!(
                variants, at_this_level,
                "{name}: another variant is another level of the API; see “What an older client reads” in CONTRIBUTING.md"
            );
        }
    }
    for name in OF_THE_LEVEL
        .iter()
        .map(|(name, _)| name)
        .chain(&TOLD)
        .chain(&FALLS_BACK)
        .chain(&NOT_ANSWERED)
    {
        assert!(found.contains_key(*name), "{name} is there");
    }
}

/// The public enums of the sources with the number of their variants; those between the shell and its own window travel nowhere else.
fn enums_below(folder: &Path, found: &mut BTreeMap<String, usize>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("desktop") {
                enums_below(&path, found);
            }
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let Some(name) = line.strip_prefix("pub enum ") else {
                continue;
            };
            let name = name.split([' ', '<']).next().unwrap_or_default();
            let body = lines.by_ref().take_while(|line| *line != "}");
            let is_variant = |line: &&str| {
                let inside = line.strip_prefix("    ");
                inside.is_some_and(|inside| inside.starts_with(|c: char| c.is_ascii_uppercase()))
            };
            found.insert(name.to_owned(), body.filter(is_variant).count());
        }
    }
}
