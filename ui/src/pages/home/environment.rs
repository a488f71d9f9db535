//! An environment on the home page: its applications, and what can be done with it and with each of them.

use slipway_protocol::application::ApplicationView;
use slipway_protocol::project::EnvironmentView;
use slipway_protocol::{Action, ApplicationId, Resource};
use yew::prelude::*;

use super::app_table::AppTable;
use super::copies::{DuplicateApplicationDialog, DuplicateEnvironmentDialog, MoveDialog};
use super::deletions::{DeleteApplicationDialog, DeleteEnvironmentDialog};
use super::dialogs::{Environment, EnvironmentDialog};
use super::filter::fits;
use crate::components::button::Button;
use crate::components::card::Card;
use crate::components::icon::Icon;
use crate::components::menu::{Item, Menu};
use crate::components::remote::face;
use crate::rights::{FOR_ADMINS, FOR_DEVELOPERS};
use crate::route::Page;
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::state::remote::Remote;
use crate::text;

#[derive(Clone, Copy, PartialEq)]
enum Open {
    Nothing,
    Rename,
    Duplicate,
    Delete,
    DuplicateApp(ApplicationId),
    MoveApp(ApplicationId),
    DeleteApp(ApplicationId),
}

#[derive(PartialEq, Properties)]
pub struct EnvironmentProps {
    pub environment: EnvironmentView,
    /// The project's name.
    pub project: AttrValue,
    /// The `data-testid` of its button for a new application.
    pub new_app: AttrValue,
    /// Only the applications that fit it are shown, and without any not even the card; everything where it is empty.
    pub filter: AttrValue,
}

#[function_component]
pub fn EnvironmentCard(props: &EnvironmentProps) -> Html {
    let context = use_cluster();
    let open = use_state_eq(|| Open::Nothing);
    let set = {
        let open = open.setter();
        Callback::from(move |what: Open| open.set(what))
    };
    let environment = &props.environment;
    let place = context.place(environment.id);
    let apps: Vec<&ApplicationView> = context
        .applications_in(environment.id)
        .filter(|app| fits(app, place.as_ref(), &props.filter))
        .collect();
    if apps.is_empty() && !props.filter.trim().is_empty() {
        return html! {};
    }
    let developer = AttrValue::Static(FOR_DEVELOPERS);
    let no_app = (!context.may(Resource::Application, Action::Write)).then_some(developer);
    let begin = {
        let (context, environment) = (context.clone(), environment.id);
        Callback::from(move |()| context.go(Page::NewApp(environment)))
    };
    let actions = html! {
        <>
            <Button id={props.new_app.clone()} label="New application" icon={Icon::Plus} onclick={begin} disabled={no_app.is_some()}
                hint={no_app}/>
            { menu(&context, props, &set) }
        </>
    };
    let table = |_: &Vec<ApplicationView>| {
        if apps.is_empty() {
            return html! {
                <p class="card-empty">{ "No applications here yet. One is made from a git repository, an image of a registry, or an upload." }</p>
            };
        }
        let menu = {
            let (context, set) = (context.clone(), set.clone());
            Callback::from(move |app: ApplicationView| app_menu(&context, &app, &set))
        };
        html! { <AppTable apps={apps.iter().map(|app| (*app).clone()).collect::<Vec<_>>()} {menu}/> }
    };
    // Where the page is stale as a whole, it says so once. Of one shape either way: what is open or chosen in it stays.
    let shown = Remote {
        live: context.applications.live || context.projects.stale(),
        ..context.applications.clone()
    };
    let inside = face(&shown, "the right to read applications", table);
    let known = context.applications.get().is_some();
    html! {
        <div data-testid={format!("environment-{}-{}", props.project, environment.name)}>
            <Card title={environment.name.to_string()} {actions}
                note={known.then(|| AttrValue::from(text::count(apps.len(), "application", "applications")))}>
                { inside }
                { dialog(&context, props, *open, set.reform(|()| Open::Nothing)) }
            </Card>
        </div>
    }
}

fn menu(context: &ClusterContext, props: &EnvironmentProps, set: &Callback<Open>) -> Html {
    let right = AttrValue::Static(FOR_ADMINS);
    let no_write = (!context.may(Resource::Project, Action::Write)).then(|| right.clone());
    let no_delete = (!context.may(Resource::Project, Action::Delete)).then_some(right);
    let name = format!("{}-{}", props.project, props.environment.name);
    let items = vec![
        Item::new(
            format!("rename-environment-{name}"),
            "Rename…",
            set.reform(|()| Open::Rename),
        )
        .unless(no_write.clone()),
        Item::new(
            format!("duplicate-environment-{name}"),
            "Duplicate…",
            set.reform(|()| Open::Duplicate),
        )
        .unless(no_write),
        Item::new(
            format!("delete-environment-{name}"),
            "Delete…",
            set.reform(|()| Open::Delete),
        )
        .unless(no_delete)
        .danger(),
    ];
    let label = format!("More about {} in {}", props.environment.name, props.project);
    html! { <Menu id={format!("environment-menu-{name}")} {label} acts=true {items}/> }
}

fn dialog(context: &ClusterContext, props: &EnvironmentProps, open: Open, close: Callback<()>) -> Html {
    let of = |id: ApplicationId| context.application(id).cloned();
    let environment = props.environment.clone();
    match open {
        Open::Nothing => html! {},
        Open::Rename => html! { <EnvironmentDialog environment={Environment::Known(environment)} {close}/> },
        Open::Duplicate => html! { <DuplicateEnvironmentDialog {environment} {close}/> },
        Open::Delete => html! { <DeleteEnvironmentDialog {environment} {close}/> },
        Open::DuplicateApp(id) => of(id).map_or_else(
            Html::default,
            |app| html! { <DuplicateApplicationDialog {app} {close}/> },
        ),
        Open::MoveApp(id) => of(id).map_or_else(Html::default, |app| html! { <MoveDialog {app} {close}/> }),
        Open::DeleteApp(id) => of(id).map_or_else(
            Html::default,
            |app| html! { <DeleteApplicationDialog {app} {close}/> },
        ),
    }
}

fn app_menu(context: &ClusterContext, app: &ApplicationView, set: &Callback<Open>) -> Html {
    let may = |action: Action, needs: &'static str| {
        (!context.may(Resource::Application, action)).then_some(AttrValue::Static(needs))
    };
    let no_write = may(Action::Write, FOR_DEVELOPERS);
    let no_delete = may(Action::Delete, FOR_ADMINS);
    let (id, name) = (app.id, &app.name);
    let items = vec![
        Item::new(
            format!("duplicate-app-{name}"),
            "Duplicate…",
            set.reform(move |()| Open::DuplicateApp(id)),
        )
        .unless(no_write.clone()),
        Item::new(
            format!("move-app-{name}"),
            "Move…",
            set.reform(move |()| Open::MoveApp(id)),
        )
        .unless(no_write),
        Item::new(
            format!("delete-app-{name}"),
            "Delete…",
            set.reform(move |()| Open::DeleteApp(id)),
        )
        .unless(no_delete)
        .danger(),
    ];
    html! { <Menu id={format!("app-menu-{name}")} label={format!("More about {name}")} acts=true {items}/> }
}
