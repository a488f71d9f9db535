//! The card *Now*: what happens on every cluster, and what has just happened, newest first.

use std::rc::Rc;

use chrono::{DateTime, TimeDelta, Utc};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView, StepStatus, Trigger};
use slipway_protocol::desktop::Cluster;
use slipway_protocol::{ClusterId, Told};
use yew::prelude::*;

use super::watch::{AllSeen, Seen};
use crate::components::card::Card;
use crate::components::pill::{Dot, Tone};
use crate::components::table::Row;
use crate::route::{Page, Route, go};
use crate::text;

/// What is older is history.
const RECENT: TimeDelta = TimeDelta::hours(24);
const MOST: usize = 12;

/// One line.
#[derive(Clone, Debug, PartialEq)]
struct Happening {
    at: DateTime<Utc>,
    running: bool,
    tone: Tone,
    cluster: ClusterId,
    cluster_name: String,
    /// “shop / production / ”.
    place: String,
    name: String,
    what: String,
    by: String,
    page: Page,
}

#[derive(PartialEq, Properties)]
pub struct NowProps {
    pub clusters: Vec<Rc<Cluster>>,
    pub seen: Rc<AllSeen>,
}

#[function_component]
pub fn Now(props: &NowProps) -> Html {
    let mut all: Vec<Happening> = props
        .clusters
        .iter()
        .flat_map(|cluster| of_cluster(cluster, &props.seen.of(cluster.id), Utc::now()))
        .collect();
    arrange(&mut all);
    html! {
        <Card title="Now" note="what happens on every cluster">
            if all.is_empty() {
                <p class="card-empty" data-testid="fleet-now">{ "Nothing is deployed now, and nothing was in the last day." }</p>
            } else {
                <table class="table pf-v6-c-table now" data-testid="fleet-now"><tbody>{ for all.iter().map(line) }</tbody></table>
            }
        </Card>
    }
}

/// What runs stands above what has ended; of each the newest first.
fn arrange(all: &mut Vec<Happening>) {
    all.sort_by_key(|one| (!one.running, std::cmp::Reverse(one.at)));
    all.truncate(MOST);
}

fn line(one: &Happening) -> Html {
    let (cluster, page) = (one.cluster, one.page);
    let onopen = Callback::from(move |()| go(Route::Cluster(cluster, page)));
    html! {
        <Row key={format!("{cluster} {page:?}")} id={format!("now-{}-{}", one.cluster_name, one.name)} {onopen}>
            <td class="mono faint" title={text::absolute(one.at)}>{ text::clock(one.at) }</td>
            <td class="clip what" title={format!("{}{} {}", one.place, one.name, one.what)}>
                <Dot tone={one.tone}/>{ " " }{ &one.place }<strong>{ &one.name }</strong>{ " " }
                <span class={classes!("tone-text", (one.tone == Tone::Bad).then_some("bad"))}>{ &one.what }</span>
            </td>
            <td class="secondary">{ &one.cluster_name }</td>
            <td class="right faint clip">{ &one.by }</td>
        </Row>
    }
}

fn of_cluster(cluster: &Cluster, seen: &Seen, now: DateTime<Utc>) -> Vec<Happening> {
    let applications = seen.applications.iter().flat_map(|all| all.iter());
    applications
        .filter_map(|application| {
            let last = application.last_deployment.as_ref()?;
            let running = !last.status.is_final();
            let at = last.ended_at.or(last.started_at).unwrap_or(last.created_at);
            (running || now - at < RECENT).then(|| Happening {
                at,
                running,
                tone: Tone::of_deployment(last.status),
                cluster: cluster.id,
                cluster_name: cluster.name.clone(),
                place: place(application, seen),
                name: application.name.to_string(),
                what: what(last),
                by: last.requested_by.clone(),
                page: Page::Deployment(last.id),
            })
        })
        .collect()
}

fn place(application: &ApplicationView, seen: &Seen) -> String {
    let projects = seen.projects.iter().flat_map(|all| all.iter());
    let found = projects.into_iter().find_map(|project| {
        let inside = project
            .environments
            .iter()
            .find(|one| one.id == application.environment)?;
        Some(format!("{} / {} / ", project.name, inside.name))
    });
    found.unwrap_or_default()
}

/// “is at gate”, “deployed in 41 s”, “failed at gate: …”.
fn what(last: &DeploymentView) -> String {
    let at_step = |status: StepStatus| {
        let step = last.steps.iter().find(|step| step.status == status);
        step.map(|step| step.step.as_str())
    };
    let took = match (last.started_at, last.ended_at) {
        (Some(from), Some(to)) => format!(" in {}", text::took(from, to)),
        _ => String::new(),
    };
    match last.status {
        DeploymentStatus::Queued => "waits for its turn".to_owned(),
        DeploymentStatus::Running => match at_step(StepStatus::Running) {
            Some(step) => format!("is at {step}"),
            None => "begins".to_owned(),
        },
        DeploymentStatus::Unwinding => "is being taken back".to_owned(),
        DeploymentStatus::Succeeded => format!("{}{took}", done(&last.trigger)),
        DeploymentStatus::Failed | DeploymentStatus::Stuck => {
            let word = if last.status == DeploymentStatus::Stuck {
                "is stuck"
            } else {
                "failed"
            };
            let at = at_step(StepStatus::Failed).map(|step| format!(" at {step}"));
            let why = last.failure.as_ref().map(|why| format!(": {why}"));
            format!("{word}{}{}", at.unwrap_or_default(), why.unwrap_or_default())
        }
        DeploymentStatus::Cancelled => "was cancelled".to_owned(),
        DeploymentStatus::Superseded => "gave way to a newer deployment".to_owned(),
    }
}

fn done(trigger: &Told<Trigger>) -> &'static str {
    let Told::Known(trigger) = trigger else {
        return "was changed in a way that is newer than this app";
    };
    match trigger {
        Trigger::Deploy | Trigger::Redeploy => "deployed",
        Trigger::Rollback { .. } => "was rolled back",
        Trigger::Reload => "was reloaded",
        Trigger::Restart => "was restarted",
        Trigger::Scale { .. } => "was scaled",
        Trigger::Adopt => "took over a change from outside",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment(status: &str, steps: serde_json::Value, failure: Option<&str>) -> DeploymentView {
        serde_json::from_value(json!({
            "id": "018f0000-0000-7000-8000-000000000002", "application": "018f0000-0000-7000-8000-000000000003", "number": 1,
            "status": status, "trigger": {"kind": "deploy"}, "requested_by": "a@example.org", "commit": null, "image": null,
            "steps": steps, "failure": failure, "created_at": "2026-01-01T00:00:00Z", "started_at": "2026-01-01T00:00:00Z",
            "ended_at": "2026-01-01T00:00:41Z", "can_roll_back_to": false,
        }))
        .expect("a deployment")
    }

    fn step(name: &str, status: &str) -> serde_json::Value {
        json!({"step": name, "status": status, "started_at": null, "ended_at": null, "failure": null})
    }

    /// FR-CON-10: a deployment is told in one line: where it is, how long it took, or where and why it failed.
    #[test]
    fn a_deployment_is_one_line() {
        let running = deployment(
            "running",
            json!([step("build", "done"), step("gate", "running")]),
            None,
        );
        assert_eq!(what(&running), "is at gate");
        assert_eq!(
            what(&deployment("succeeded", json!([]), None)),
            "deployed in 41 s"
        );
        let failed = deployment(
            "failed",
            json!([step("gate", "failed")]),
            Some("it does not answer"),
        );
        assert_eq!(what(&failed), "failed at gate: it does not answer");
    }

    /// FR-CON-10: what runs stands above what has ended, the newest first, and the card stays short.
    #[test]
    fn what_runs_stands_first() {
        let at = |seconds: i64, running: bool| Happening {
            at: DateTime::<Utc>::UNIX_EPOCH + TimeDelta::seconds(seconds),
            running,
            tone: Tone::Good,
            cluster: "018f0000-0000-7000-8000-000000000001".parse().expect("an id"),
            cluster_name: String::new(),
            place: String::new(),
            name: seconds.to_string(),
            what: String::new(),
            by: String::new(),
            page: Page::Home,
        };
        let mut all: Vec<Happening> = (0..20).map(|n| at(n, n == 3)).collect();
        arrange(&mut all);
        let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
        assert_eq!((names.len(), &names[..3]), (MOST, &["3", "19", "18"][..]));
    }
}
