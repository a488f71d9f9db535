//! What happened by itself, newest first: to tasks, deployments, nodes. It goes on as long as it is open.

use std::rc::Rc;

use slipway_protocol::api::ListEvents;
use slipway_protocol::event::{ClusterEvent, Severity};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::header::{Crumb, Header};
use crate::components::icon::Icon;
use crate::components::listing::{Column, Listed, Listing};
use crate::components::pill::{Dot, Tone};
use crate::components::remote::{Empty, face};
use crate::components::search::SearchField;
use crate::components::segmented::{Segment, Segmented};
use crate::components::time::Ago;
use crate::route::{Page, Tab};
use crate::state::api::{LIST, use_api};
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::state::remote::Remote;
use crate::state::settled::use_settled;

/// So many more are shown at each wish, and at most.
const STEP: u32 = 200;
const MOST: u32 = 1_000;

#[function_component]
pub fn EventsPage() -> Html {
    let context = use_cluster();
    let search = use_state(String::new);
    let least = use_state_eq(|| Severity::Info);
    let shown = use_state_eq(|| STEP);
    let looked_for = use_settled(&search.trim().to_owned(), true);
    let wish = ListEvents {
        before: None,
        limit: Some(*shown),
        application: None,
        severity: Some(*least),
        contains: Some(looked_for).filter(|text| !text.is_empty()),
    };
    let searched = wish.contains.is_some() || *least != Severity::Info;
    let events = use_api(context.id(), wish.clone(), LIST);
    // More of the same are asked for as another list: what is there stays until that has come.
    let kept = use_mut_ref(|| None::<(Option<String>, Severity, Rc<Vec<ClusterEvent>>)>);
    let (words, least_now) = (wish.contains, *least);
    if let Some(all) = events.get() {
        *kept.borrow_mut() = Some((words.clone(), least_now, Rc::new(all.clone())));
    }
    let same = |(of, least, _): &&(Option<String>, Severity, Rc<Vec<ClusterEvent>>)| {
        events.get().is_none() && events.failure.is_none() && (of, *least) == (&words, least_now)
    };
    let shown_now = match kept.borrow().as_ref().filter(same) {
        // On its way is not stale.
        Some((.., all)) => Remote {
            data: Some(Rc::clone(all)),
            live: true,
            ..events.clone()
        },
        None => events.clone(),
    };
    let type_search = {
        let search = search.setter();
        Callback::from(move |text| search.set(text))
    };
    let choose = {
        let least = least.setter();
        Callback::from(move |severity| least.set(severity))
    };
    let more = {
        let shown = shown.clone();
        Callback::from(move |()| shown.set((*shown + STEP).min(MOST)))
    };
    let segments = vec![
        Segment::new(Severity::Info, "events-all", "All"),
        Segment::new(Severity::Warning, "events-warnings", "Warnings"),
        Segment::new(Severity::Bad, "events-bad", "Errors"),
    ];
    let full = |all: &Vec<ClusterEvent>| all.len() >= *shown as usize && *shown < MOST;
    let view = |all: &Vec<ClusterEvent>| {
        if all.is_empty() && searched {
            return html! { <Empty icon={Icon::Search} title="Nothing fits" text="No event of the last 30 days fits what is looked for."/> };
        }
        if all.is_empty() {
            return html! { <Empty icon={Icon::Events} title="Nothing yet" text="What happens to tasks, deployments and nodes is listed here."/> };
        }
        let open = {
            let context = context.clone();
            Callback::from(move |event: ClusterEvent| opens(&context, &event))
        };
        html! {
            <>
                <Card><Listing<ClusterEvent> id="events-list" items={all.clone()} columns={columns()} {open}/></Card>
                if full(all) { <Button id="events-more" label="Show older ones" look={Look::Plain} onclick={more.clone()}/> }
                if all.len() >= MOST as usize {
                    <p class="field-hint">{ "These are the newest thousand. Search for words to find older ones." }</p>
                }
            </>
        }
    };
    html! {
        <div class="page" data-testid="events">
            <Header crumbs={vec![Crumb::new(context.cluster.name.clone(), Some(context.route(Page::Home)))]} title="Events"/>
            <div class="content">
                <div class="events-tools">
                    <SearchField id="events-search" label="Search events" value={(*search).clone()} onchange={type_search}/>
                    <Segmented<Severity> label="How grave" {segments} chosen={*least} onchange={choose}/>
                </div>
                { face(&shown_now, "the right to read applications", view) }
            </div>
        </div>
    }
}

impl Listed for ClusterEvent {
    fn key(&self) -> String {
        self.number.to_string()
    }

    fn row_id(&self) -> String {
        "event-row".to_owned()
    }

    fn name(&self) -> String {
        format!("{}: {}", self.subject, self.text)
    }
}

/// The page of the deployment that it tells of, or of the application that it happened to.
fn opens(context: &ClusterContext, event: &ClusterEvent) -> Option<Callback<()>> {
    let of_application = |id| Page::App(id, Tab::Overview);
    let page = event
        .deployment
        .map(Page::Deployment)
        .or(event.application.map(of_application))?;
    let context = context.clone();
    Some(Callback::from(move |()| context.go(page)))
}

fn look(severity: Severity) -> (Tone, &'static str) {
    match severity {
        Severity::Info => (Tone::Neutral, "Information"),
        Severity::Warning => (Tone::Warning, "Warning"),
        Severity::Bad => (Tone::Bad, "Error"),
    }
}

fn columns() -> Vec<Column<ClusterEvent>> {
    vec![
        Column::new("when", "When", |event: &ClusterEvent| html! { <td class="secondary when"><Ago at={event.at}/></td> })
            .by(|one, other| one.number.cmp(&other.number)),
        Column::new("gravity", "", |event: &ClusterEvent| {
            let (tone, word) = look(event.severity);
            html! { <td class="mark" title={word} aria-label={word}><Dot {tone}/></td> }
        })
        .always(),
        Column::new("what", "Of what", |event: &ClusterEvent| {
            html! { <td class="clip subject" title={event.subject.clone()}><strong>{ &event.subject }</strong></td> }
        })
        .by(|one, other| one.subject.cmp(&other.subject)),
        Column::new("text", "What happened", |event: &ClusterEvent| {
            let bad = event.severity == Severity::Bad;
            html! { <td class="said" title={event.text.clone()}><span class={classes!("tone-text", bad.then_some("bad"))}>{ &event.text }</span></td> }
        })
        .always(),
    ]
}
