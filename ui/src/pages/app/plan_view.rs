//! A plan, drawn: tasks, downtime, addresses, volumes, and what changes.

use slipway_protocol::Told;
use slipway_protocol::deployment::Step;
use slipway_protocol::plan::{Downtime, PlanView, PlannedBind, PlannedSource};
use yew::prelude::*;

use crate::components::changes::Changes;
use crate::components::facts::{Fact, Facts};
use crate::components::pill::Tone;
use crate::text;

pub fn plan_view(plan: &PlanView, serves: bool) -> Html {
    let (tone, downtime) = downtime(plan.downtime);
    let list = |all: &[String]| html! { <>{ for all.iter().map(|one| html! { <div class="wrap"><code>{ one }</code></div> }) }</> };
    let ports: Vec<String> = plan.ports.iter().map(ToString::to_string).collect();
    let binds: Vec<String> = plan.binds.iter().map(PlannedBind::in_words).collect();
    html! {
        <div class="plan" data-testid="plan-view">
            <Facts>
                <Fact name="Downtime"><span class={classes!("tone-text", tone.class())} data-testid="plan-downtime">{ downtime }</span></Fact>
                <Fact name="Tasks">{ tasks(plan) }</Fact>
                if let Some(source) = &plan.source {
                    <Fact name="Source"><span class="wrap" data-testid="plan-source">{ source.in_words() }</span></Fact>
                }
                <Fact name="Strategy">{ format!("{}, because {}", plan.way.as_str(), plan.because) }</Fact>
                if plan.routes.is_empty() {
                    <Fact name="Addresses"><span class="faint">{ "none: nothing leads to it from outside" }</span></Fact>
                } else {
                    <Fact name="Addresses">{ list(&plan.routes) }</Fact>
                }
                if !plan.volumes.is_empty() { <Fact name="Volumes">{ list(&plan.volumes) }</Fact> }
                if !binds.is_empty() { <Fact name="Server’s folders">{ list(&binds) }</Fact> }
                if !plan.patches.is_empty() { <Fact name="Patches">{ list(&plan.patches) }</Fact> }
                if !ports.is_empty() { <Fact name="Node’s ports">{ list(&ports) }</Fact> }
                if let Some(number) = plan.waits_for {
                    <Fact name="Waits for">{ format!("deployment {number}, which runs") }</Fact>
                }
                if !plan.supersedes.is_empty() {
                    <Fact name="Instead of">{ superseded(&plan.supersedes) }</Fact>
                }
                <Fact name="Steps"><span class="secondary">{ steps(&plan.steps) }</span></Fact>
            </Facts>
            <div class="plan-changes">{ changes(plan, serves) }</div>
        </div>
    }
}

/// The same in two lines, for several of them below each other.
pub fn plan_in_short(plan: &PlanView, serves: bool) -> Html {
    let (tone, downtime) = downtime(plan.downtime);
    html! {
        <>
            <p>{ "Downtime: " }<span class={classes!("tone-text", tone.class())}>{ downtime }</span></p>
            <p class="secondary">{ in_short(plan, serves) }</p>
        </>
    }
}

/// Tasks, way, what it waits for and what changes, as sentences.
fn in_short(plan: &PlanView, serves: bool) -> String {
    let mut said = format!("{}; {}. ", tasks(plan), plan.way.as_str());
    if let Some(number) = plan.waits_for {
        said.push_str(&format!("It waits for deployment {number}, which runs. "));
    }
    if !plan.supersedes.is_empty() {
        said.push_str(&format!("It is instead of {}. ", superseded(&plan.supersedes)));
    }
    if let Some(source) = &plan.source {
        said.push_str(&format!("It takes {}. ", source.in_words()));
    }
    said.push_str(&what_changes(plan, serves));
    said
}

fn downtime(downtime: Downtime) -> (Tone, &'static str) {
    match downtime {
        Downtime::None => (Tone::Good, "none: the old release serves until the new one does"),
        Downtime::WhileStarting => (
            Tone::Bad,
            "nobody serves from the moment when the old tasks stop until the new ones are healthy",
        ),
        Downtime::First => (Tone::Neutral, "nobody serves now, so nothing is lost"),
    }
}

fn tasks(plan: &PlanView) -> String {
    let start = match plan.starts {
        0 => "none starts".to_owned(),
        1 => "1 starts".to_owned(),
        many => format!("{many} start"),
    };
    let stop = match plan.stops {
        0 => "none stops".to_owned(),
        1 => "1 stops".to_owned(),
        many => format!("{many} stop"),
    };
    format!("{start}, {stop}, {} at once at most", plan.most_at_once)
}

fn superseded(numbers: &[u32]) -> String {
    let all: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    let what = if numbers.len() == 1 {
        "deployment"
    } else {
        "deployments"
    };
    format!("{what} {}, waiting", all.join(", "))
}

fn steps(steps: &[Told<Step>]) -> String {
    let names: Vec<String> = steps.iter().map(|step| step.as_str().replace('_', "-")).collect();
    names.join(" → ")
}

/// In a sentence.
fn what_changes(plan: &PlanView, serves: bool) -> String {
    let builds = plan.steps.iter().any(|step| *step == Step::Build);
    let said = match (plan.changes.len(), serves, builds) {
        (0, false, _) => "Nothing serves yet, so there is nothing to compare with.".to_owned(),
        (0, true, true) => "No setting, no variable and no patch changes.".to_owned(),
        (0, true, false) => "No setting and no variable changes.".to_owned(),
        (many, ..) => text::count(many, "setting changes.", "settings change."),
    };
    let same = plan.source.as_ref().and_then(PlannedSource::is_the_same);
    let source = match (same, plan.changes.is_empty()) {
        (Some(true), _) => "The source is the same.",
        (Some(false), true) => "The source changes.",
        (Some(false), false) => "The source changes, too.",
        (None, true) => "The source may have changed.",
        (None, false) => "The source may have changed, too.",
    };
    match (plan.changes.is_empty(), serves, builds) {
        (true, true, true) | (false, _, true) => format!("{said} {source}"),
        _ => said,
    }
}

fn changes(plan: &PlanView, serves: bool) -> Html {
    html! {
        <>
            <p class="secondary" data-testid="plan-changes">{ what_changes(plan, serves) }</p>
            if !plan.changes.is_empty() { <Changes changes={plan.changes.clone()}/> }
        </>
    }
}

/// A plan as tests need one.
#[cfg(test)]
pub mod sample {
    use slipway_protocol::Told;
    use slipway_protocol::deployment::{Step, Way};
    use slipway_protocol::plan::{Downtime, PlanView, Revision};

    /// Blue-green: two tasks start, one stops, and nothing changes.
    pub fn plan(revision: &str) -> PlanView {
        PlanView {
            revision: Revision::parse(revision).unwrap(),
            way: Way::BlueGreen.into(),
            because: String::new(),
            steps: [Step::Source, Step::Build, Step::Release]
                .map(Told::Known)
                .to_vec(),
            changes: Vec::new(),
            starts: 2,
            stops: 1,
            most_at_once: 3,
            downtime: Downtime::None,
            routes: Vec::new(),
            volumes: Vec::new(),
            binds: Vec::new(),
            patches: Vec::new(),
            ports: Vec::new(),
            waits_for: None,
            supersedes: Vec::new(),
            source: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sample::plan;
    use super::*;
    use slipway_protocol::head::{CommitHash, Head};
    use slipway_protocol::plan::Change;

    /// FR-DSK-04: in short a plan still says what starts and stops, what changes, and what it waits for or takes the place of.
    #[test]
    fn a_plan_is_said_in_short() {
        let mut plan = plan("a1");
        assert_eq!(
            in_short(&plan, false),
            "2 start, 1 stops, 3 at once at most; blue-green. Nothing serves yet, so there is nothing to compare with."
        );
        assert!(
            in_short(&plan, true)
                .ends_with("No setting, no variable and no patch changes. The source may have changed.")
        );
        plan.changes.push(Change {
            what: "replicas".to_owned(),
            from: None,
            to: Some("2".to_owned()),
        });
        plan.waits_for = Some(3);
        plan.supersedes = vec![4, 5];
        assert_eq!(
            in_short(&plan, true),
            "2 start, 1 stops, 3 at once at most; blue-green. It waits for deployment 3, which runs. \
             It is instead of deployments 4, 5, waiting. 1 setting changes. The source may have changed, too."
        );
        plan.steps.retain(|step| *step != Step::Build);
        assert!(in_short(&plan, true).ends_with("1 setting changes."));
    }

    /// FR-DEP-08, NFR-U2: the commit that is taken is said, and whether it is another one than the one that serves.
    #[test]
    fn the_source_is_said_in_short() {
        let commit = |digit: char| {
            let hash = CommitHash::parse(&digit.to_string().repeat(40)).unwrap();
            Some(Head::Commit { hash })
        };
        let said = |takes: Option<Head>| {
            let source = PlannedSource {
                names: "main".to_owned(),
                unknown: takes.is_none().then(|| "nobody answers".to_owned()),
                takes,
                serves: commit('b'),
            };
            let plan = PlanView {
                source: Some(source),
                ..plan("a1")
            };
            in_short(&plan, true)
        };
        let same = said(commit('b'));
        assert!(same.contains("It takes commit bbbbbbb of main, which serves already: nothing new. "));
        assert!(same.ends_with("The source is the same."), "{same}");
        let other = said(commit('a'));
        assert!(
            other.contains("commit aaaaaaa of main; commit bbbbbbb serves. "),
            "{other}"
        );
        assert!(other.ends_with("The source changes."), "{other}");
        let unknown = said(None);
        assert!(
            unknown.contains("is not known, because nobody answers. "),
            "{unknown}"
        );
        assert!(unknown.ends_with("The source may have changed."), "{unknown}");
    }
}
