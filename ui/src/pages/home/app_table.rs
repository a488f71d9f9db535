//! The applications of an environment as a list; several of them can be deployed or restarted together.

use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::Trigger;
use slipway_protocol::{Action, Resource};
use yew::prelude::*;

use super::together::TogetherDialog;
use crate::components::listing::{Column, Listed, Listing, Together};
use crate::components::pill::{Pill, Tone, application_tone, observed_words, tag_badges};
use crate::components::time::Ago;
use crate::rights::FOR_DEVELOPERS;
use crate::route::{Page, Tab};
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::text;

impl Listed for ApplicationView {
    fn key(&self) -> String {
        self.id.to_string()
    }

    fn row_id(&self) -> String {
        format!("app-row-{}", self.name)
    }

    fn name(&self) -> String {
        self.name.to_string()
    }
}

#[derive(PartialEq, Properties)]
pub struct AppTableProps {
    pub apps: Vec<ApplicationView>,
    /// The menu of an application.
    pub menu: Callback<ApplicationView, Html>,
}

#[function_component]
pub fn AppTable(props: &AppTableProps) -> Html {
    let context = use_cluster();
    let asked = use_state_eq(|| None::<(Trigger, Vec<ApplicationView>)>);
    let open = {
        let context = context.clone();
        Callback::from(move |app: ApplicationView| {
            let (context, id) = (context.clone(), app.id);
            Some(Callback::from(move |()| context.go(Page::App(id, Tab::Overview))))
        })
    };
    let act = |trigger: Trigger| {
        let asked = asked.setter();
        Callback::from(move |apps| asked.set(Some((trigger.clone(), apps))))
    };
    let close = {
        let asked = asked.setter();
        Callback::from(move |()| asked.set(None))
    };
    let together = vec![
        Together {
            id: "applications-deploy",
            label: "Deploy…",
            refused: refused(&context, |_| true, ""),
            act: act(Trigger::Deploy),
        },
        Together {
            id: "applications-restart",
            label: "Restart…",
            refused: refused(
                &context,
                |app| app.serving.is_some() && !app.stopped,
                "Only what runs can be restarted, and one of these does not run",
            ),
            act: act(Trigger::Restart),
        },
    ];
    html! {
        <>
            <Listing<ApplicationView> id="applications" items={props.apps.clone()} columns={columns()} {open} end={props.menu.clone()} {together}/>
            if let Some((trigger, apps)) = (*asked).clone() { <TogetherDialog {trigger} {apps} {close}/> }
        </>
    }
}

/// Why something cannot be done with all of some applications: the role, or one of them that it does not fit.
fn refused(
    context: &ClusterContext,
    fits: fn(&ApplicationView) -> bool,
    else_why: &'static str,
) -> Callback<Vec<ApplicationView>, Option<AttrValue>> {
    let may = context.may(Resource::Deployment, Action::Run);
    Callback::from(move |apps: Vec<ApplicationView>| {
        if !may {
            return Some(AttrValue::Static(FOR_DEVELOPERS));
        }
        (!apps.iter().all(fits)).then_some(AttrValue::Static(else_why))
    })
}

fn columns() -> Vec<Column<ApplicationView>> {
    vec![
        Column::new("name", "Application", name)
            .by(|one, other| one.name.cmp(&other.name))
            .always(),
        Column::new("state", "State", |app| {
            html! { <td><Pill tone={application_tone(app)} text={observed_words(app)}/></td> }
        })
        .by(|one, other| gravity(one).cmp(&gravity(other))),
        Column::new("last", "Last deployment", last).by(|one, other| lately(one).cmp(&lately(other))),
        Column::new("commit", "Commit", commit),
        Column::new("tags", "Tags", tags).by(|one, other| one.tags.cmp(&other.tags)),
        Column::new("address", "Address", address).by(|one, other| url(one).cmp(&url(other))),
    ]
}

fn none() -> Html {
    html! { <span class="faint">{ "–" }</span> }
}

fn name(app: &ApplicationView) -> Html {
    html! {
        <td><strong>{ app.name.as_str() }</strong>
            if app.pending_changes { <span class="pending-mark" title="Changes wait for a deployment"/> }</td>
    }
}

/// What needs somebody comes first.
fn gravity(app: &ApplicationView) -> u8 {
    match application_tone(app) {
        Tone::Bad => 0,
        Tone::Warning => 1,
        Tone::Progress => 2,
        Tone::Neutral => 3,
        Tone::Good => 4,
    }
}

/// The newest first.
fn lately(app: &ApplicationView) -> std::cmp::Reverse<Option<chrono::DateTime<chrono::Utc>>> {
    let last = app.last_deployment.as_ref();
    std::cmp::Reverse(last.map(|last| last.ended_at.unwrap_or(last.created_at)))
}

fn last(app: &ApplicationView) -> Html {
    let Some(last) = &app.last_deployment else {
        return html! { <td>{ none() }</td> };
    };
    html! {
        <td>
            <span class={classes!("tone-text", Tone::of_deployment(last.status).class())}>{ last.status.as_str() }</span>
            { " " }<span class="faint"><Ago at={last.ended_at.unwrap_or(last.created_at)}/></span>
        </td>
    }
}

fn commit(app: &ApplicationView) -> Html {
    let commit = app.serving.as_ref().and_then(|serving| serving.commit.as_ref());
    let shown = commit.map_or_else(none, |commit| {
        html! { <><code>{ text::short_commit(&commit.hash) }</code>{ " " }{ &commit.message }</> }
    });
    html! { <td class="clip">{ shown }</td> }
}

fn tags(app: &ApplicationView) -> Html {
    html! { <td class="tags">{ tag_badges(&app.tags) }</td> }
}

fn url(app: &ApplicationView) -> Option<&str> {
    Some(app.domains.first()?.url.as_str())
}

fn address(app: &ApplicationView) -> Html {
    html! { <td class="clip">{ url(app).map_or_else(none, |url| html! { { url } }) }</td> }
}
