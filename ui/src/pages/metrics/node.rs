//! What the agent's node uses, as charts: below its health.

use slipway_protocol::api::GetNodeMetrics;
use slipway_protocol::metric::{NodeMetrics, Series};
use slipway_protocol::{Action, Resource};
use yew::prelude::*;

use super::{Range, RangeChoice};
use crate::components::button::Button;
use crate::components::chart::{Chart, Ink, Line, Look};
use crate::components::icon::Icon;
use crate::components::remote::{Empty, face};
use crate::rights::FOR_ADMINS;
use crate::route::Page;
use crate::state::api::use_api_by;
use crate::state::cluster::use_cluster;
use crate::text;
use crate::units::Unit;

#[function_component]
pub fn NodeCharts() -> Html {
    let context = use_cluster();
    let range = use_state_eq(|| Range::Hour);
    let request = GetNodeMetrics {
        from: None,
        to: None,
        last: Some(range.seconds()),
    };
    // At a pace of its own: it costs more than a list, and changes by the clock.
    let metrics = use_api_by(context.id(), request, range.every(), None);
    let choose = {
        let range = range.setter();
        Callback::from(move |chosen| range.set(chosen))
    };
    let may = context.may(Resource::Node, Action::Run);
    let hint = (!may).then_some(AttrValue::Static(FOR_ADMINS));
    let terminal = {
        let context = context.clone();
        Callback::from(move |()| context.go(Page::NodeTerminal))
    };
    let title = metrics.get().map(|metrics| {
        let cores = text::count(metrics.cores as usize, "core", "cores");
        format!("{}, {cores}", metrics.node)
    });
    html! {
        <section class="metrics" data-testid="node-metrics">
            <div class="metrics-tools">
                <h2>{ "This node" }</h2>
                if let Some(title) = title { <span class="note">{ title }</span> }
                <span class="grow"/>
                <Button id="node-terminal" label="Terminal on this node…" disabled={!may} {hint} offline=true onclick={terminal}/>
                <RangeChoice chosen={*range} onchange={choose}/>
            </div>
            { face(&metrics, "to be signed in", view) }
        </section>
    }
}

fn view(metrics: &NodeMetrics) -> Html {
    if metrics.load.peak().is_none() {
        return html! {
            <Empty icon={Icon::Chart} title="Nothing recorded yet"
                text="What the node uses is recorded each ten seconds. The first values are here in a moment."/>
        };
    }
    let chart = |id: &'static str, title: &'static str, unit: Unit, lines: Vec<Line>| {
        html! { <Chart key={id} {id} {title} {unit} {lines} from={metrics.from} step={metrics.step}/> }
    };
    let area = |name, series: &Series| Line::new(name, series, Ink::Accent, Look::Area);
    let total = |series: &Series| Line::new("in all", series, Ink::Warning, Look::Limit);
    // The agent's state lies mostly on the same file system as Docker's data.
    let two_disks = metrics.docker_disk_total.now() != metrics.state_disk_total.now();
    html! {
        <div class="charts">
            { chart("chart-node-cpu", "CPU", Unit::Percent, vec![area("of all cores", &metrics.cpu)]) }
            { chart("chart-node-memory", "Memory", Unit::Memory, vec![area("used", &metrics.memory), total(&metrics.memory_total)]) }
            { chart("chart-node-load", "Load", Unit::Load, vec![area("processes", &metrics.load)]) }
            { chart("chart-node-network", "Network", Unit::Network, vec![
                Line::new("received", &metrics.received, Ink::Accent, Look::Area),
                Line::new("sent", &metrics.sent, Ink::Progress, Look::Plain),
            ]) }
            { chart("chart-node-disk", if two_disks { "Disk of Docker’s data" } else { "Disk" }, Unit::Disk,
                vec![area("used", &metrics.docker_disk), total(&metrics.docker_disk_total)]) }
            if two_disks {
                { chart("chart-node-state-disk", "Disk of the agent’s state", Unit::Disk,
                    vec![area("used", &metrics.state_disk), total(&metrics.state_disk_total)]) }
            }
        </div>
    }
}
