//! Of which team the cluster is shown, and the way to another one; for who is in several.

use slipway_protocol::identity::Membership;
use yew::prelude::*;

use crate::components::icon::Icon;
use crate::components::menu::{Item, Menu};
use crate::state::cluster::use_cluster;
use crate::state::fleet::use_fleet;
use crate::state::task::use_task;
use crate::state::teams;

#[function_component]
pub fn TeamSwitch() -> Html {
    let context = use_cluster();
    let fleet = use_fleet();
    let task = use_task();
    let Some(me) = context.me.get().filter(|_| context.cluster.signed_in) else {
        return html! {};
    };
    let now = me.membership(context.cluster.team);
    // Who is no more in the chosen one has to get out of it, too.
    if me.teams.len() < 2 && (now.is_some() || me.teams.is_empty()) {
        return html! {};
    }
    let cluster = context.id();
    let item = |one: &Membership| {
        let (team, task, fleet) = (one.team, task.clone(), fleet.clone());
        let now = now.map(|now| now.team);
        let chosen = now == Some(team);
        let onchoose = Callback::from(move |()| {
            let fleet = fleet.clone();
            if !chosen {
                task.run(async move { teams::choose(&fleet, cluster, now, team).await });
            }
        });
        Item::new(format!("team-{team}"), one.name.to_string(), onchoose)
            .hint(one.role.as_str())
            .checked(chosen)
    };
    let items: Vec<Item> = me.teams.iter().map(item).collect();
    let name = now.map_or_else(|| "none of yours".to_owned(), |now| now.name.to_string());
    let failed = task.failure().map(|failure| failure.sentence);
    html! {
        <div class="signed-in" data-testid="team">
            <span class="who" title={name.clone()}>
                <span class="faint">{ "Team " }</span><span data-testid="team-name">{ &name }</span>
                if let Some(failed) = failed { <span class="field-error">{ failed }</span> }
            </span>
            <Menu id="team-switch" label="Another team" {items} icon={Icon::People} disabled={task.busy()} acts=true/>
        </div>
    }
}
