//! The health of the parts that the agent depends on.

use slipway_protocol::desktop::Link;
use slipway_protocol::server::{ClusterHealth, PartHealth};
use yew::prelude::*;

use crate::components::card::Card;
use crate::components::facts::{Fact, Facts};
use crate::components::header::{Crumb, Header};
use crate::components::pill::{Pill, Tone};
use crate::components::remote::face;
use crate::components::table::{Row, Table};
use crate::route::Page;
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::text;

#[function_component]
pub fn HealthPage() -> Html {
    let context = use_cluster();
    let state = context.health.get().map(|health| {
        let bad = parts(health).iter().filter(|(_, _, part)| *part != &PartHealth::Good).count();
        match bad {
            0 => html! { <Pill id="health-status" tone={Tone::Good} text="healthy"/> },
            bad => html! { <Pill id="health-status" tone={Tone::Bad} text={text::count(bad, "problem", "problems")}/> },
        }
    });
    html! {
        <div class="page" data-testid="health">
            <Header crumbs={vec![Crumb::new(context.cluster.name.clone(), Some(context.route(Page::Home)))]} title="Health"
                state={state.unwrap_or_default()}/>
            <div class="content">{ face(&context.health, "to be signed in", |health| view(&context, health)) }</div>
        </div>
    }
}

fn parts(health: &ClusterHealth) -> [(&'static str, &'static str, &PartHealth); 4] {
    [
        ("Docker", "runs the containers", &health.docker),
        ("Swarm", "keeps the services running", &health.swarm),
        ("Traefik", "leads requests to the tasks", &health.traefik),
        ("PostgreSQL", "holds what the agent knows", &health.database),
    ]
}

fn view(context: &ClusterContext, health: &ClusterHealth) -> Html {
    let head = html! { <><th>{ "Part" }</th><th>{ "State" }</th><th>{ "What it says" }</th></> };
    let row = |(name, what, part): (&'static str, &'static str, &PartHealth)| {
        let (tone, word, says) = match part {
            PartHealth::Good => (Tone::Good, "good", what.to_owned()),
            PartHealth::Bad { reason } => (Tone::Bad, "bad", reason.clone()),
        };
        html! {
            <Row key={name} id={format!("health-{}", name.to_lowercase())}>
                <td><strong>{ name }</strong></td>
                <td><Pill {tone} text={word}/></td>
                <td class="secondary says">{ says }</td>
            </Row>
        }
    };
    let agent = match &context.cluster.link {
        Link::Up { agent, .. } => agent.clone(),
        _ => "–".to_owned(),
    };
    html! {
        <div class="columns">
            <div class="column-main"><Card title="Parts"><Table {head}>{ for parts(health).into_iter().map(row) }</Table></Card></div>
            <div class="column-side">
                <Card title="This cluster">
                    <Facts>
                        <Fact name="Agent">{ agent }</Fact>
                        <Fact name="Docker">{ health.engine_version.clone().unwrap_or_else(|| "–".to_owned()) }</Fact>
                        <Fact name="Nodes">{ health.nodes }</Fact>
                        <Fact name="Disk free">{ text::bytes(health.disk_free) }</Fact>
                        <Fact name="Deployments">{ format!("{} running", health.running_deployments) }</Fact>
                        <Fact name="Host"><code>{ &context.cluster.host }</code></Fact>
                    </Facts>
                </Card>
            </div>
        </div>
    }
}
