//! What the application uses and does, as charts with its deployments on them, and what each task uses now.

use std::rc::Rc;

use chrono::{DateTime, TimeDelta, Utc};
use slipway_protocol::ApplicationId;
use slipway_protocol::api::GetApplicationMetrics;
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView};
use slipway_protocol::metric::ApplicationMetrics;
use yew::prelude::*;

use super::deployment_table::result;
use super::usage::Releases;
use super::{AppProps, usage};
use crate::components::chart::{Chart, Ink, Line, Look, Mark};
use crate::components::icon::Icon;
use crate::components::pill::Tone;
use crate::components::remote::{Empty, face};
use crate::pages::metrics::{Range, RangeChoice};
use crate::state::api::use_api_by;
use crate::state::cluster::use_cluster;
use crate::text;
use crate::units::Unit;

#[function_component]
pub fn Metrics(props: &AppProps) -> Html {
    let context = use_cluster();
    let range = use_state_eq(|| Range::Hour);
    // At a pace of its own: it costs more than a list, and changes by the clock.
    let metrics = use_api_by(context.id(), up_to_now(props.app.id, *range), range.every(), None);
    let choose = {
        let range = range.setter();
        Callback::from(move |chosen| range.set(chosen))
    };
    let releases = Releases {
        deployments: props.deployments.get().map(Vec::as_slice).unwrap_or_default(),
        serving: props.app.serving.as_ref(),
    };
    html! {
        <section class="metrics" data-testid="metrics">
            <div class="metrics-tools">
                if let Some(metrics) = metrics.get() { <span class="note">{ restarts(metrics.restarts) }</span> }
                <span class="grow"/>
                <RangeChoice chosen={*range} onchange={choose}/>
            </div>
            { face(&metrics, "the right to read logs", |metrics| view(metrics, &releases)) }
        </section>
    }
}

/// What an application used and did in this time.
pub fn up_to_now(application: ApplicationId, range: Range) -> GetApplicationMetrics {
    GetApplicationMetrics {
        application,
        from: None,
        to: None,
        last: Some(range.seconds()),
    }
}

fn restarts(count: u32) -> String {
    match count {
        0 => "No task was restarted in this time.".to_owned(),
        1 => "One task was restarted in this time.".to_owned(),
        count => format!(
            "{} tasks were restarted in this time.",
            text::thousands(u64::from(count))
        ),
    }
}

fn view(metrics: &ApplicationMetrics, releases: &Releases) -> Html {
    let all = [&metrics.memory, &metrics.requests];
    if all.into_iter().all(|series| series.peak().is_none()) {
        return html! {
            <Empty icon={Icon::Chart} title="Nothing recorded in this time"
                text="While tasks of the application run, what they use and what they are asked for is recorded each ten seconds."/>
        };
    }
    let marks = Rc::new(marks(metrics.from, releases.deployments));
    let chart = |id: &'static str, title: &'static str, unit: Unit, lines: Vec<Line>| {
        html! { <Chart key={id} {id} {title} {unit} {lines} from={metrics.from} step={metrics.step} marks={Rc::clone(&marks)}/> }
    };
    html! {
        <>
            <div class="charts">
                { chart("chart-cpu", "CPU", Unit::Cores, vec![Line::new("used", &metrics.cpu, Ink::Accent, Look::Area)]) }
                { chart("chart-memory", "Memory", Unit::Memory, memory(metrics)) }
                { chart("chart-network", "Network", Unit::Network, vec![
                    Line::new("received", &metrics.received, Ink::Accent, Look::Area),
                    Line::new("sent", &metrics.sent, Ink::Progress, Look::Plain),
                ]) }
                { chart("chart-requests", "Requests", Unit::Rate, vec![Line::new("answered", &metrics.requests, Ink::Accent, Look::Area)]) }
                { chart("chart-errors", "Errors", Unit::Rate, vec![Line::new("answered with 5xx", &metrics.errors, Ink::Bad, Look::Area)]) }
                { chart("chart-latency", "Latency", Unit::Milliseconds, vec![Line::new("mean", &metrics.latency, Ink::Accent, Look::Area)]) }
            </div>
            if !metrics.tasks.is_empty() { { usage::table(&metrics.tasks, releases) } }
        </>
    }
}

/// With the limit, where there is one.
fn memory(metrics: &ApplicationMetrics) -> Vec<Line> {
    let mut lines = vec![Line::new("used", &metrics.memory, Ink::Accent, Look::Area)];
    if metrics.memory_limit.peak().is_some() {
        lines.push(Line::new(
            "limit",
            &metrics.memory_limit,
            Ink::Warning,
            Look::Limit,
        ));
    }
    lines
}

/// The deployments that ended in this time, and those that are at work.
pub fn marks(from: DateTime<Utc>, deployments: &[DeploymentView]) -> Vec<Mark> {
    let mark = |one: &DeploymentView| {
        let at = one.ended_at.or(one.started_at)?;
        let shown = at >= from - TimeDelta::seconds(1) && one.status != DeploymentStatus::Superseded;
        shown.then(|| Mark {
            at,
            tone: Tone::of_deployment(one.status),
            text: format!("deployment {}: {}", one.number, result(one)),
        })
    };
    deployments.iter().filter_map(mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-03, NFR-U2: what happened to tasks is said in words.
    #[test]
    fn restarts_are_said() {
        assert_eq!(restarts(0), "No task was restarted in this time.");
        assert_eq!(restarts(1), "One task was restarted in this time.");
        assert_eq!(restarts(1_200), "1,200 tasks were restarted in this time.");
    }
}
