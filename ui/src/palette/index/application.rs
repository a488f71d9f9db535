//! The entries of one application: its page, its tabs, its settings, and what can be done with it.

use std::rc::Rc;

use slipway_protocol::application::ApplicationView;
use slipway_protocol::desktop::Cluster;
use slipway_protocol::{Action, Resource};

use super::{ADMIN, DEVELOPER, Maker, page_refused, refused_unless, words};
use crate::components::icon::Icon;
use crate::components::pill::application_tone;
use crate::pages::settings_form::Section;
use crate::palette::entry::{Act, Asked, Does, Entry, Group, Mark, Step};
use crate::palette::known::Catalogue;
use crate::route::{Page, Tab};

pub fn of_application(
    cluster: &Rc<Cluster>,
    app: &ApplicationView,
    catalogue: &Catalogue,
    all: &mut Vec<Entry>,
) {
    let maker = Maker {
        cluster,
        place: catalogue.place(app.environment),
    };
    let from = all.len();
    let page = |tab| maker.route(Page::App(app.id, tab));
    let key = |what: &str| format!("app {} {what}", app.id);
    let mut own = maker.entry(
        key("overview"),
        Group::Applications,
        Mark::Dot(application_tone(app)),
        app.name.to_string(),
        Does::Go(page(Tab::Overview)),
    );
    for tag in app.tags.iter().chain(catalogue.tags_of(app.project)) {
        own.haystack.also(tag.as_str());
    }
    all.push(own);
    for tab in Tab::ALL.into_iter().filter(|tab| *tab != Tab::Overview) {
        let title = format!("{} of {}", tab.title(), app.name);
        let does = Does::Go(page(tab));
        let mut entry = maker.entry(
            key(tab.as_str()),
            Group::Pages,
            Mark::Icon(Icon::Page),
            title,
            does,
        );
        entry.haystack.also(words::of_tab(tab));
        entry.refused = page_refused(Some(catalogue), Page::App(app.id, tab));
        all.push(entry);
    }
    let mut setting = |name: &str, title: &str, steps| {
        all.push(maker.entry(
            key(name),
            Group::Settings,
            Mark::Icon(Icon::Settings),
            format!("{title} of {}", app.name),
            Does::Reach(page(Tab::Settings), steps),
        ));
    };
    for section in Section::ALL {
        setting(section.as_str(), section.title(), vec![shows(section.as_str())]);
    }
    for (field, title) in FIELDS {
        if let Some(section) = Section::with_field(field) {
            let steps = vec![shows(section.as_str()), Step::Focus(field.to_owned())];
            setting(field, title, steps);
        }
    }
    for url in app.domains.iter().map(|domain| &domain.url) {
        let title = format!("Open {url}");
        let mut open = maker.entry(
            key(url),
            Group::Actions,
            Mark::Icon(Icon::External),
            title,
            Does::OpenUrl(url.clone()),
        );
        open.haystack
            .also(&format!("{} in the browser url visit site website", app.name));
        all.push(open);
    }
    acts(&maker, app, catalogue, all);
    if app.serving.is_some() {
        all.push(forward(&maker, app, catalogue));
    }
    for entry in &mut all[from..] {
        entry.application = Some(app.id);
    }
}

/// Fields of the settings that are looked for by their own name.
const FIELDS: [(&str, &str); 2] = [("app-port", "Port"), ("app-replicas", "Replicas")];

/// The step that shows a section of the settings.
fn shows(section: &str) -> Step {
    Step::Press(format!("settings-{section}"))
}

/// Opens a port of this machine at once. It changes nothing of the cluster, so nothing is asked first.
fn forward(maker: &Maker, app: &ApplicationView, catalogue: &Catalogue) -> Entry {
    let page = maker.route(Page::App(app.id, Tab::Overview));
    let mut entry = maker.entry(
        format!("app {} forward", app.id),
        Group::Actions,
        Mark::Icon(Icon::Forward),
        format!("Forward a port of {}", app.name),
        Does::Reach(page, vec![Step::Press("forward-open".to_owned())]),
    );
    entry.haystack.also(words::of_act("forward"));
    refused_unless(entry, catalogue.may(Resource::Forward, Action::Run), DEVELOPER)
}

fn acts(maker: &Maker, app: &ApplicationView, catalogue: &Catalogue, all: &mut Vec<Entry>) {
    let asked = |act| {
        Does::Ask(Box::new(Asked {
            act,
            cluster: Rc::clone(maker.cluster),
            app: Rc::new(app.clone()),
            place: maker.place.clone(),
        }))
    };
    let may_deploy = catalogue.may(Resource::Deployment, Action::Run);
    let may_run = catalogue.may(Resource::Application, Action::Run);
    let may_delete = catalogue.may(Resource::Application, Action::Delete);
    let page = |tab| maker.route(Page::App(app.id, tab));
    let mut push = |verb: &str, key: &str, icon, does, may, needs| {
        let title = format!("{verb} {}…", app.name);
        let words = words::of_act(key);
        let key = format!("app {} {key}", app.id);
        let mut entry = maker.entry(key, Group::Actions, Mark::Icon(icon), title, does);
        entry.haystack.also(words);
        all.push(refused_unless(entry, may, needs));
    };
    push(
        "Deploy",
        "deploy",
        Icon::Deploy,
        asked(Act::Deploy),
        may_deploy,
        DEVELOPER,
    );
    if app.serving.is_some() {
        let roll_back = Does::Reach(page(Tab::Overview), vec![Step::Press("roll-back".to_owned())]);
        push(
            "Roll back",
            "roll-back",
            Icon::Undo,
            roll_back,
            may_deploy,
            DEVELOPER,
        );
        push(
            "Reload",
            "reload",
            Icon::Restart,
            asked(Act::Reload),
            may_deploy,
            DEVELOPER,
        );
        for (verb, key, icon) in [
            ("Redeploy", "redeploy", Icon::Deploy),
            ("Scale", "scale", Icon::Sliders),
        ] {
            let more = ["deploy-more", key].map(|button| Step::Press(button.to_owned()));
            let does = Does::Reach(page(Tab::Overview), more.to_vec());
            push(verb, key, icon, does, may_deploy, DEVELOPER);
        }
        if app.stopped {
            push(
                "Start",
                "start",
                Icon::Start,
                asked(Act::Start),
                may_run,
                DEVELOPER,
            );
        } else {
            push(
                "Restart",
                "restart",
                Icon::Restart,
                asked(Act::Restart),
                may_deploy,
                DEVELOPER,
            );
            push("Stop", "stop", Icon::Stop, asked(Act::Stop), may_run, DEVELOPER);
        }
    }
    let delete = vec![shows("danger"), Step::Press("app-delete".to_owned())];
    let delete = Does::Reach(page(Tab::Settings), delete);
    push("Delete", "delete", Icon::Trash, delete, may_delete, ADMIN);
}
