//! A cluster's home: every project with its environments, and in each its applications.

mod answers;
mod app_table;
mod copies;
mod deletions;
mod dialogs;
mod environment;
mod filter;
mod plans;
mod section;
mod together;

use yew::prelude::*;

use self::dialogs::ProjectDialog;
use self::filter::fitting;
use self::section::ProjectSection;
use crate::components::button::{Button, Look};
use crate::components::header::{Crumb, Header};
use crate::components::icon::Icon;
use crate::components::pill::Tag;
use crate::components::remote::{Empty, face};
use crate::components::search::SearchField;
use crate::rights::FOR_ADMINS;
use crate::route::Route;
use crate::state::cluster::use_cluster;
use crate::text;
use slipway_protocol::{Action, Resource};

#[function_component]
pub fn HomePage() -> Html {
    let context = use_cluster();
    let adding = use_state_eq(|| false);
    let filter = use_state(String::new);
    let set = |on: bool| {
        let adding = adding.setter();
        Callback::from(move |()| adding.set(on))
    };
    let may = context.may(Resource::Project, Action::Write);
    let new_project = html! {
        <Button id="new-project" label="New project" look={Look::Primary} onclick={set(true)} disabled={!may}
            hint={(!may).then_some(AttrValue::Static(FOR_ADMINS))}/>
    };
    let none = context.projects.get().is_none_or(Vec::is_empty);
    let inside = face(&context.projects, "the right to read projects", |projects| {
        if projects.is_empty() {
            return html! {
                <Empty title="No projects yet" text="A project holds the applications that belong together, in environments such as production and staging.">
                    { new_project.clone() }
                </Empty>
            };
        }
        // An empty filter shows the projects without applications, too.
        let all = filter.trim().is_empty();
        let found = fitting(&context, &filter);
        if !all && found.is_empty() {
            return html! { <Empty icon={Icon::Search} title="Nothing fits" text="No application has all of these words in its name, tags, address or place."/> };
        }
        let shown = projects
            .iter()
            .filter(|project| all || found.iter().any(|app| app.project == project.id));
        html! { <>{ for shown.map(|project| html! {
            <ProjectSection key={project.id.to_string()} project={project.clone()} filter={(*filter).clone()}/>
        }) }</> }
    });
    let applications = context.applications.get().map_or(0, Vec::len);
    let state = html! {
        <>
            <Tag tag={context.cluster.tag.clone().map(AttrValue::from)}/>
            if !none { <span class="note-pill">{ text::count(applications, "application", "applications") }</span> }
        </>
    };
    html! {
        <div class="page" data-testid="projects">
            <Header crumbs={vec![Crumb::new("All clusters", Some(Route::Fleet))]} title={context.cluster.name.clone()} {state}
                actions={if none { html! {} } else { new_project.clone() }}/>
            <div class="content">
                if applications > 1 {
                    <div class="page-tools"><SearchField id="projects-search" label="Filter by name, tag, address or place" value={(*filter).clone()}
                        onchange={Callback::from({ let filter = filter.setter(); move |text| filter.set(text) })}/></div>
                }
                { inside }
            </div>
            if *adding { <ProjectDialog close={set(false)}/> }
        </div>
    }
}
