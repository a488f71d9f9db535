//! The health of the parts that the agent depends on, how its server is kept, and what its node uses.

use slipway_protocol::desktop::Link;
use slipway_protocol::server::{ClusterHealth, PartHealth, is_newer};
use yew::prelude::*;

use crate::components::button::Button;
use crate::components::card::Card;
use crate::components::facts::{Fact, Facts};
use crate::components::header::{Crumb, Header};
use crate::components::pill::{Pill, Tone};
use crate::components::remote::face;
use crate::components::table::{Row, Table};
use crate::pages::add_cluster::{BRINGS, UpgradeButton};
use crate::pages::checkup::CheckupCard;
use crate::pages::metrics::node::NodeCharts;
use crate::route::{Page, go};
use crate::state::cluster::{ClusterContext, use_cluster, use_health};
use crate::text;

#[function_component]
pub fn HealthPage() -> Html {
    let (context, health) = (use_cluster(), use_health());
    let state = health.get().map(|health| {
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
            <div class="content">
                { face(&health, "to be signed in", |health| view(&context, health)) }
                { renewing(&context) }
                // An agent that cannot say how it is says the same of all else; once is enough. What follows asks anew as it appears.
                if health.get().is_some() || health.failure.is_none() {
                    <NodeCharts/>
                    // Last: it takes its time, and would push what is below it away from under the pointer.
                    <CheckupCard/>
                }
            </div>
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

/// The way to a newer agent, also while nothing is known of the present one. That of this very machine is not set up from here.
fn renewing(context: &ClusterContext) -> Html {
    if context.cluster.way.is_none() {
        return html! {};
    }
    let agent = match &context.cluster.link {
        Link::Up { agent, .. } => Some(agent),
        _ => None,
    };
    let older = agent.is_some_and(|agent| is_newer(BRINGS, agent));
    let says = match agent {
        Some(agent) if older => format!("Version {agent} of the agent runs there; this app brings {BRINGS}."),
        Some(agent) if is_newer(agent, BRINGS) => {
            format!("Version {agent} of the agent runs there, newer than this app's {BRINGS}: a newer app can bring it up to date.")
        }
        _ => "Looks whether the server is as this app would set it up, and changes only what is not. You are asked to sign in as somebody who may do that.".to_owned(),
    };
    let renew = {
        let route = context.route(Page::Renew);
        Callback::from(move |()| go(route))
    };
    html! {
        <Card title="The server">
            <div class="danger-line">
                <span>{ says }</span>
                <span class="grow"/>
                <Button id="renew-server" label="Bring up to date…" offline=true onclick={renew}/>
                if older { <UpgradeButton/> }
            </div>
        </Card>
    }
}
