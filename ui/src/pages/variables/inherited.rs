//! The variables that come from wider scopes: those of the environment, the project and the team.

use std::collections::HashSet;

use slipway_protocol::api::ListVariables;
use slipway_protocol::variable::VariableView;
use slipway_protocol::{Scope, VariableKey};
use yew::prelude::*;

use super::panel::READING;
use crate::components::card::Card;
use crate::components::pill::{Badge, Tone};
use crate::components::remote::face;
use crate::components::table::{Row, Table};
use crate::route::Page;
use crate::state::api::{LIST, use_api};
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::visible::visible;

/// The scopes around one, the nearest first, with their names.
pub fn wider(context: &ClusterContext, scope: Scope) -> Vec<(Scope, String)> {
    let projects = context.projects.get().map(Vec::as_slice).unwrap_or_default();
    let environment = match scope {
        Scope::Application(id) => context.application(id).map(|app| app.environment),
        Scope::Environment(id) => Some(id),
        Scope::Project(_) | Scope::Team => None,
    };
    let found = environment.and_then(|id| {
        projects
            .iter()
            .find_map(|project| Some((project, project.environments.iter().find(|one| one.id == id)?)))
    });
    let mut around = Vec::new();
    if let Some((project, environment)) = found {
        around.push((Scope::Environment(environment.id), environment.name.to_string()));
        around.push((Scope::Project(project.id), project.name.to_string()));
    }
    around.retain(|(one, _)| *one != scope);
    if scope != Scope::Team {
        around.push((Scope::Team, "the team".to_owned()));
    }
    around
}

#[derive(PartialEq, Properties)]
pub struct InheritedProps {
    pub scope: Scope,
    pub name: String,
    /// Keys that nearer scopes have: theirs go before these.
    pub nearer: HashSet<VariableKey>,
    /// What is wider still.
    pub rest: Vec<(Scope, String)>,
}

/// One scope's variables, and below it those of the scopes around it.
#[function_component]
pub fn Inherited(props: &InheritedProps) -> Html {
    let context = use_cluster();
    let scope = props.scope;
    let remote = use_api(context.id(), ListVariables { scope }, LIST);
    let all = remote.get().map(Vec::as_slice).unwrap_or_default();
    let mut nearer = props.nearer.clone();
    nearer.extend(all.iter().map(|one| one.key.clone()));
    let mut rest = props.rest.iter().cloned();
    let next = rest.next();
    let rest: Vec<(Scope, String)> = rest.collect();
    html! {
        <>
            if !all.is_empty() || remote.failure.is_some() { { face(&remote, READING, |all| card(&context, props, all)) } }
            if let Some((scope, name)) = next { <Inherited {scope} {name} {nearer} {rest}/> }
        </>
    }
}

fn card(context: &ClusterContext, props: &InheritedProps, all: &[VariableView]) -> Html {
    let row = |one: &VariableView| {
        let hidden = props.nearer.contains(&one.key);
        html! {
            <Row key={one.key.to_string()} id={format!("inherited-row-{}", one.key)}>
                <td>
                    <code>{ one.key.as_str() }</code>
                    if hidden { <Badge tone={Tone::Neutral} text="overridden" title="A nearer scope has a variable of this name"/> }
                </td>
                <td class="value">
                    <span class="value-cell">
                        if let Some(value) = &one.value {
                            <code class="plain" title={visible(value).into_owned()}>{ visible(value).into_owned() }</code>
                        } else {
                            <span class="faint">{ "secret" }</span>
                        }
                    </span>
                </td>
            </Row>
        }
    };
    let head = html! { <><th>{ "Key" }</th><th>{ "Value" }</th></> };
    let open = html! { <a class="url" href={context.route(Page::Variables(props.scope)).to_string()}>{ "Change them there" }</a> };
    html! { <Card title={format!("From {}", props.name)} actions={open}><Table {head}>{ for all.iter().map(row) }</Table></Card> }
}
