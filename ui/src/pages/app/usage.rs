//! What running tasks use now: as the table below the charts, and as the short one of the overview.

use std::cmp::Reverse;

use slipway_protocol::deployment::DeploymentView;
use slipway_protocol::metric::TaskUsage;
use slipway_protocol::task::{TaskPart, TaskView};
use yew::prelude::*;

use crate::components::card::Card;
use crate::components::pill::{Dot, Tone};
use crate::components::table::{Row, Table};
use crate::text;
use crate::units::Unit;

/// So many tasks have a row on the overview; the others are told by their number.
const MOST_ROWS: usize = 10;

/// The tasks that the agent looks at, with what each runs and may take. Not only what serves uses something.
pub fn table(tasks: &[TaskUsage], of: &Releases) -> Html {
    let head = html! {
        <><th>{ "Task" }</th><th>{ "Of" }</th><th class="right">{ "CPU" }</th><th class="right">{ "Memory" }</th><th class="right">{ "Limit" }</th></>
    };
    let row = |task: &TaskUsage| {
        html! {
            <Row key={task.task.to_string()} id="task-usage">
                <td><code>{ task.task.short() }</code></td>
                <td class="clip secondary">{ of.said(task.part) }</td>
                <td class="right number">{ cpu(task, cores) }</td>
                <td class="right number">{ bytes(task.memory) }</td>
                <td class="right number">{ task.memory_limit.map_or_else(|| "none".to_owned(), bytes) }</td>
            </Row>
        }
    };
    html! {
        <Card title="Tasks" note="on the agent’s node, now"><Table {head}>{ for tasks.iter().map(row) }</Table></Card>
    }
}

/// By which what a task runs is named: the last deployments, and the one that serves.
pub struct Releases<'d> {
    pub deployments: &'d [DeploymentView],
    pub serving: Option<&'d DeploymentView>,
}

impl Releases<'_> {
    /// “deployment 12, serves”.
    fn said(&self, part: TaskPart) -> String {
        let mut known = self.deployments.iter().chain(self.serving);
        let of = part.deployment.and_then(|id| known.find(|one| one.id == id));
        let release = of.map_or_else(
            || "an earlier deployment".to_owned(),
            |one| format!("deployment {}", one.number),
        );
        let serves = self.serving.is_some_and(|one| part.deployment == Some(one.id));
        match part {
            TaskPart { command: Some(_), .. } => format!("a command beside {release}"),
            TaskPart { hook: true, .. } => format!("a command of {release}"),
            TaskPart { deployment: None, .. } => none(),
            _ if serves => format!("{release}, serves"),
            _ if self.serving.is_none() => release,
            _ => format!("{release}, beside what serves"),
        }
    }
}

/// The tasks of what serves, on whichever node: of those on the agent's own, whose name is `node`, it is known what they use.
pub fn short_table(running: &[TaskView], used: &[TaskUsage], node: Option<&str>, tone: Tone) -> Html {
    let head = html! {
        <><th>{ "Task" }</th><th>{ "Node" }</th><th class="right">{ "Memory" }</th><th class="right">{ "CPU" }</th></>
    };
    let row = |task: &TaskView| {
        let uses = used.iter().find(|one| one.task == task.id);
        let place = place(task, node).to_owned();
        html! {
            <Row key={task.id.to_string()} id="task-row">
                <td><Dot {tone}/><code title={task.id.to_string()}>{ task.id.in_log() }</code></td>
                <td class="clip secondary" title={place.clone()}>{ place }</td>
                <td class="right number" title={uses.map_or_else(|| unknown(task).to_owned(), limit)}>
                    { uses.map_or_else(none, |one| bytes(one.memory)) }
                </td>
                <td class="right number" title={uses.map_or_else(|| unknown(task), |_| "Of one core")}>
                    { uses.map_or_else(none, |one| cpu(one, share)) }
                </td>
            </Row>
        }
    };
    let shown = shown(running, used);
    let more = running.len() - shown.len();
    html! {
        <>
            <Table {head} class="task-table">{ for shown.into_iter().map(row) }</Table>
            if more > 0 { <p class="card-empty">{ format!("{} not shown.", text::count(more, "more task is", "more tasks are")) }</p> }
        </>
    }
}

/// The tasks that have a row. Where not all have one it is those that use the most memory.
fn shown<'t>(running: &'t [TaskView], used: &[TaskUsage]) -> Vec<&'t TaskView> {
    let mut all: Vec<&TaskView> = running.iter().collect();
    if all.len() > MOST_ROWS {
        let memory = |task: &TaskView| used.iter().find(|one| one.task == task.id).map(|one| one.memory);
        all.sort_by_key(|task| Reverse(memory(task)));
        all.truncate(MOST_ROWS);
    }
    all
}

fn place<'n>(task: &TaskView, node: Option<&'n str>) -> &'n str {
    if task.here {
        node.unwrap_or("this node")
    } else {
        "another node"
    }
}

/// Why it is not known what a task uses.
fn unknown(task: &TaskView) -> &'static str {
    if task.here {
        "Not known yet: each task is looked at every ten seconds"
    } else {
        "Not known: what tasks of other nodes use is not seen from here"
    }
}

fn none() -> String {
    "–".to_owned()
}

fn limit(task: &TaskUsage) -> String {
    match task.memory_limit {
        Some(limit) => format!("Of {}", bytes(limit)),
        None => "Without a limit".to_owned(),
    }
}

fn bytes(bytes: u64) -> String {
    Unit::Memory.write(bytes as f64)
}

fn cpu(task: &TaskUsage, write: fn(f64) -> String) -> String {
    task.cpu.map_or_else(none, |cpu| write(f64::from(cpu)))
}

fn cores(cpu: f64) -> String {
    Unit::Cores.write(cpu)
}

/// Of one core; what is less than a hundredth of it changes all the time and says nothing.
fn share(cpu: f64) -> String {
    format!("{:.0} %", cpu * 100.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use slipway_protocol::task::TaskName;
    use slipway_protocol::{CommandId, DeploymentId};

    use super::*;

    fn usage(id: &str, cpu: Option<f32>, memory: u64) -> TaskUsage {
        TaskUsage {
            task: TaskName::parse(id).unwrap(),
            part: TaskPart::default(),
            cpu,
            memory,
            memory_limit: (memory > 100).then_some(268_435_456),
        }
    }

    fn task(id: &str, here: bool) -> TaskView {
        TaskView {
            id: TaskName::parse(id).unwrap(),
            here,
        }
    }

    /// FR-OBS-03, NFR-U2: what a task uses has its unit, and what is not known is not zero.
    #[test]
    fn what_a_task_uses_has_units() {
        let one = usage("t1", Some(0.0612), 85_458_944);
        assert_eq!(
            (cpu(&one, share), cpu(&one, cores)),
            ("6 %".to_owned(), "0.061 cores".to_owned())
        );
        assert_eq!(
            (bytes(one.memory), limit(&one)),
            ("81.5 MiB".to_owned(), "Of 256 MiB".to_owned())
        );
        let new = usage("t2", None, 7);
        assert_eq!(
            (cpu(&new, share), limit(&new).as_str()),
            (none(), "Without a limit")
        );
    }

    /// FR-OBS-03, FR-DEP-09: what uses something and does not serve is told from what does.
    #[test]
    fn a_task_says_what_it_is_of() {
        let made = |id: DeploymentId, number: u32| -> DeploymentView {
            let view = json!({
                "id": id, "application": id, "number": number, "status": "succeeded", "trigger": {"kind": "deploy"},
                "requested_by": "a@example.org", "commit": null, "image": null, "steps": [], "failure": null,
                "created_at": "2026-01-01T00:00:00Z", "started_at": null, "ended_at": null, "can_roll_back_to": true,
            });
            serde_json::from_value(view).unwrap()
        };
        let id = |last: char| format!("018f0000-0000-7000-8000-00000000000{last}");
        let release = |last| -> DeploymentId { id(last).parse().unwrap() };
        let (warm, serving) = (made(release('1'), 11), made(release('2'), 12));
        let (listed, command): (_, CommandId) = ([warm.clone()], id('9').parse().unwrap());
        let of = Releases {
            deployments: &listed,
            serving: Some(&serving),
        };
        let part = TaskPart {
            deployment: Some(serving.id),
            ..TaskPart::default()
        };
        assert_eq!(of.said(part), "deployment 12, serves");
        let earlier = TaskPart {
            deployment: Some(warm.id),
            ..part
        };
        assert_eq!(of.said(earlier), "deployment 11, beside what serves");
        let (command, hook) = (Some(command), true);
        assert_eq!(
            of.said(TaskPart { command, ..part }),
            "a command beside deployment 12"
        );
        assert_eq!(
            of.said(TaskPart { hook, ..earlier }),
            "a command of deployment 11"
        );
        let unknown = TaskPart {
            deployment: Some(release('3')),
            ..part
        };
        assert_eq!(of.said(unknown), "an earlier deployment, beside what serves");
        assert_eq!(of.said(TaskPart::default()), "–", "an older agent does not say");
        let first = Releases {
            deployments: &listed,
            serving: None,
        };
        assert_eq!(first.said(earlier), "deployment 11");
    }

    /// FR-OBS-03: a task is said to be on the agent's node only where it is.
    #[test]
    fn a_task_has_its_node() {
        assert_eq!(place(&task("t1", true), Some("node-a")), "node-a");
        assert_eq!(place(&task("t1", true), None), "this node");
        assert_eq!(place(&task("t1", false), Some("node-a")), "another node");
        assert!(unknown(&task("t1", true)).contains("yet"));
    }

    /// FR-OBS-03: of many tasks those that use the most are shown; of a few all, as they come.
    #[test]
    fn the_largest_of_many_are_shown() {
        let all: Vec<TaskView> = (0..12).map(|number| task(&format!("t{number}"), true)).collect();
        let used: Vec<TaskUsage> = (0..11)
            .map(|number| usage(&format!("t{number}"), None, number))
            .collect();
        let few: Vec<&str> = shown(&all[..3], &used)
            .iter()
            .map(|task| task.id.as_str())
            .collect();
        assert_eq!(few, ["t0", "t1", "t2"]);
        let many = shown(&all, &used);
        assert_eq!((many.len(), many[0].id.as_str()), (MOST_ROWS, "t10"));
        assert!(!many.iter().any(|task| task.id.as_str() == "t11"));
    }
}
