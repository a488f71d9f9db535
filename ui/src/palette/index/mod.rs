//! Makes the palette's entries of what is known: the saved clusters, their projects and applications, the pages, the actions.

mod application;
mod refusals;
mod words;

use std::rc::Rc;

use slipway_protocol::desktop::Cluster;
use slipway_protocol::project::{EnvironmentView, ProjectView};
use slipway_protocol::{Action, Resource, Scope};

use self::application::of_application;
use self::refusals::{ADMIN, DEVELOPER, OWNER, page_refused, refused_unless};
use super::entry::{Does, Entry, Group, Mark, Step};
use super::known::{Catalogue, Known};
use super::rank::Haystack;
use crate::components::icon::Icon;
use crate::components::pill::{Tone, link_word};
use crate::route::{Page, Route, Tab};

/// Everything that can be found now.
pub fn entries(clusters: &[Rc<Cluster>], known: &Known) -> Vec<Entry> {
    let mut all = Vec::new();
    for cluster in clusters {
        let catalogue = known.of(cluster.id);
        of_cluster(cluster, catalogue, &mut all);
        if let Some(catalogue) = catalogue.filter(|_| cluster.signed_in) {
            for project in &catalogue.projects {
                of_project(cluster, project, catalogue, &mut all);
            }
            for app in &catalogue.applications {
                of_application(cluster, app, catalogue, &mut all);
            }
        }
    }
    of_the_app(&mut all);
    all
}

/// An entry about the app itself.
fn own(key: &str, group: Group, icon: Icon, title: &str, more: &str, does: Does) -> Entry {
    Entry {
        key: key.to_owned(),
        group,
        mark: Mark::Icon(icon),
        title: title.to_owned(),
        detail: String::new(),
        cluster: None,
        application: None,
        does,
        refused: None,
        haystack: Haystack::new(title, more),
    }
}

fn of_the_app(all: &mut Vec<Entry>) {
    let page = Group::Pages;
    all.extend([
        own(
            "fleet",
            page,
            Icon::Fleet,
            "All clusters",
            "fleet home",
            Does::Go(Route::Fleet),
        ),
        own(
            "settings",
            page,
            Icon::Sliders,
            "Settings of this app",
            "preferences keychain notices notifications quiet hours updates theme diagnostics",
            Does::Go(Route::Settings),
        ),
        own(
            "host-keys",
            page,
            Icon::Key,
            "Host keys",
            "known hosts fingerprints ssh trust",
            Does::Go(Route::HostKeys),
        ),
        own(
            "add",
            Group::Actions,
            Icon::Plus,
            "Add a cluster",
            "new server connect",
            Does::Go(Route::Add),
        ),
        own(
            "theme",
            Group::Actions,
            Icon::Moon,
            "Switch theme",
            "dark light colours",
            Does::SwitchTheme,
        ),
        own(
            "keys",
            Group::Actions,
            Icon::Keyboard,
            "Keyboard shortcuts",
            "keys help",
            Does::ShowShortcuts,
        ),
    ]);
}

/// Makes the entries of one cluster.
struct Maker<'c> {
    cluster: &'c Rc<Cluster>,
    /// “shop / production”, for what is below it.
    place: String,
}

impl Maker<'_> {
    fn entry(&self, key: String, group: Group, mark: Mark, title: String, does: Does) -> Entry {
        let tag = self.cluster.tag.as_deref().unwrap_or_default();
        let more = format!("{} {} {tag}", self.place, self.cluster.name);
        Entry {
            key: format!("{} {key}", self.cluster.id),
            group,
            mark,
            haystack: Haystack::new(&title, &more),
            title,
            detail: self.place.clone(),
            cluster: Some(Rc::clone(self.cluster)),
            application: None,
            does,
            refused: None,
        }
    }

    fn route(&self, page: Page) -> Route {
        Route::Cluster(self.cluster.id, page)
    }
}

fn of_cluster(cluster: &Rc<Cluster>, catalogue: Option<&Catalogue>, all: &mut Vec<Entry>) {
    let maker = Maker {
        cluster,
        place: String::new(),
    };
    let mut itself = maker.entry(
        "home".to_owned(),
        Group::Clusters,
        Mark::Dot(Tone::of_link(&cluster.link)),
        cluster.name.clone(),
        Does::Go(maker.route(Page::Home)),
    );
    itself.detail = format!("{}, {}", cluster.host, link_word(&cluster.link));
    all.push(itself);
    let pages = [
        (Page::Health, Icon::Health, "Health"),
        (Page::Renew, Icon::Health, "Bring the server up to date"),
        (Page::Events, Icon::Events, "Events"),
        (Page::People, Icon::People, "People"),
        (Page::Audit, Icon::Audit, "Audit log"),
        (Page::Registries, Icon::Key, "Registries"),
        (
            Page::Variables(Scope::Team),
            Icon::Braces,
            "Variables of the team",
        ),
    ];
    // The agent of this very machine is not set up from here.
    let here = cluster.way.is_none();
    for (page, icon, title) in pages.into_iter().filter(|one| !here || one.0 != Page::Renew) {
        let does = Does::Go(maker.route(page));
        let mut entry = maker.entry(
            title.to_owned(),
            Group::Pages,
            Mark::Icon(icon),
            title.to_owned(),
            does,
        );
        entry.haystack.also(words::of_page(page));
        entry.refused = page_refused(catalogue, page);
        all.push(entry);
    }
    all.extend(looks_and_numbers(&maker));
    let may = |resource, action| catalogue.is_none_or(|one| one.may(resource, action));
    let acts = [
        (
            Page::Home,
            Icon::Plus,
            "New project",
            "new-project",
            may(Resource::Project, Action::Write),
            ADMIN,
        ),
        (
            Page::People,
            Icon::People,
            "Invite somebody",
            "invite",
            may(Resource::Team, Action::Write),
            OWNER,
        ),
        (
            Page::Health,
            Icon::Health,
            "Terminal on the node",
            "node-terminal",
            may(Resource::Node, Action::Run),
            ADMIN,
        ),
    ];
    for (page, icon, title, button, may, needs) in acts {
        let does = Does::Reach(maker.route(page), vec![Step::Press(button.to_owned())]);
        let entry = maker.entry(
            button.to_owned(),
            Group::Actions,
            Mark::Icon(icon),
            title.to_owned(),
            does,
        );
        all.push(refused_unless(entry, may, needs));
    }
}

/// What has no page of its own: the charts of the node, and how the cluster is called, looks and is reached.
fn looks_and_numbers(maker: &Maker) -> [Entry; 2] {
    let mut metrics = maker.entry(
        "metrics".to_owned(),
        Group::Pages,
        Mark::Icon(Icon::Health),
        "Metrics of the node".to_owned(),
        Does::Go(maker.route(Page::Health)),
    );
    metrics.haystack.also(words::of_tab(Tab::Metrics));
    let edit = Step::Press(format!("edit-cluster-{}", maker.cluster.name));
    let mut settings = maker.entry(
        "settings".to_owned(),
        Group::Settings,
        Mark::Icon(Icon::Settings),
        format!("Settings of {}", maker.cluster.name),
        Does::Reach(Route::Fleet, vec![edit]),
    );
    settings
        .haystack
        .also("name rename looks colour tag group address host port user key connection");
    [metrics, settings]
}

fn of_project(cluster: &Rc<Cluster>, project: &ProjectView, catalogue: &Catalogue, all: &mut Vec<Entry>) {
    let maker = Maker {
        cluster,
        place: String::new(),
    };
    let mut itself = maker.entry(
        format!("project {}", project.id),
        Group::Projects,
        Mark::Icon(Icon::Box),
        project.name.to_string(),
        Does::Go(maker.route(Page::Home)),
    );
    for tag in &project.tags {
        itself.haystack.also(tag.as_str());
    }
    all.push(itself);
    let page = Page::Variables(Scope::Project(project.id));
    let mut variables = maker.entry(
        format!("project-variables {}", project.id),
        Group::Pages,
        Mark::Icon(Icon::Braces),
        format!("Variables of {}", project.name),
        Does::Go(maker.route(page)),
    );
    variables.refused = page_refused(Some(catalogue), page);
    all.push(variables);
    for environment in &project.environments {
        of_environment(cluster, project, environment, catalogue, all);
    }
}

fn of_environment(
    cluster: &Rc<Cluster>,
    project: &ProjectView,
    environment: &EnvironmentView,
    catalogue: &Catalogue,
    all: &mut Vec<Entry>,
) {
    let maker = Maker {
        cluster,
        place: format!("{} / {}", project.name, environment.name),
    };
    let new_app = maker.entry(
        format!("new-app {}", environment.id),
        Group::Actions,
        Mark::Icon(Icon::Plus),
        "New application".to_owned(),
        Does::Go(maker.route(Page::NewApp(environment.id))),
    );
    let page = Page::Variables(Scope::Environment(environment.id));
    let mut variables = maker.entry(
        format!("environment-variables {}", environment.id),
        Group::Pages,
        Mark::Icon(Icon::Braces),
        format!("Variables of {}", environment.name),
        Does::Go(maker.route(page)),
    );
    variables.refused = page_refused(Some(catalogue), page);
    all.push(variables);
    let may = catalogue.may(Resource::Application, Action::Write);
    all.push(refused_unless(new_app, may, DEVELOPER));
}

#[cfg(test)]
mod tests;
