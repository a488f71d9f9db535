//! The variables of the team, of a project and of an environment: pages of their own. Those of an application are a tab of its page.

mod history;
mod inherited;
pub mod panel;
mod set_form;
mod table;
mod text_mode;

use slipway_protocol::Scope;
use yew::prelude::*;

use self::panel::VariablesPanel;
use crate::components::header::{Crumb, Header};
use crate::route::Page;
use crate::state::cluster::{ClusterContext, use_cluster};

#[derive(PartialEq, Properties)]
pub struct VariablesPageProps {
    pub scope: Scope,
}

#[function_component]
pub fn VariablesPage(props: &VariablesPageProps) -> Html {
    let context = use_cluster();
    let (crumbs, name) = named(&context, props.scope);
    let effect = match props.scope {
        Scope::Team => {
            "Every application of the team gets these. A change takes effect with the next deployment or reload of each."
        }
        Scope::Project(_) => {
            "Every application of the project gets these. A change takes effect with the next deployment or reload of each."
        }
        Scope::Environment(_) | Scope::Application(_) => {
            "Every application of the environment gets these. A change takes effect with the next deployment or reload of each."
        }
    };
    html! {
        <div class="page" data-testid="variables-page">
            <Header {crumbs} title={format!("Variables of {name}")}/>
            <div class="content">
                <VariablesPanel key={props.scope.to_string()} scope={props.scope} {effect} onchanged={context.applications.reload.clone()}/>
            </div>
        </div>
    }
}

/// Where the scope stands, and what it is called.
fn named(context: &ClusterContext, scope: Scope) -> (Vec<Crumb>, String) {
    let home = Some(context.route(Page::Home));
    let cluster = Crumb::new(context.cluster.name.clone(), home);
    let projects = context.projects.get().map(Vec::as_slice).unwrap_or_default();
    match scope {
        Scope::Team => (vec![cluster], "the team".to_owned()),
        Scope::Project(id) => {
            let found = projects.iter().find(|project| project.id == id);
            let name = found.map_or_else(|| "a project".to_owned(), |project| project.name.to_string());
            (vec![cluster], name)
        }
        Scope::Environment(id) => match context.place(id) {
            Some(place) => (vec![cluster, Crumb::new(place.project, home)], place.environment),
            None => (vec![cluster], "an environment".to_owned()),
        },
        Scope::Application(id) => {
            let name = context.application(id).map(|app| app.name.to_string());
            (vec![cluster], name.unwrap_or_else(|| "an application".to_owned()))
        }
    }
}
