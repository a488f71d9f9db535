//! What happened by itself, newest first: to tasks, deployments, nodes. It goes on as long as it is open.

use slipway_protocol::api::ListEvents;
use slipway_protocol::event::{ClusterEvent, Severity};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::header::{Crumb, Header};
use crate::components::icon::Icon;
use crate::components::pill::{Dot, Tone};
use crate::components::remote::{Empty, face};
use crate::components::search::SearchField;
use crate::components::segmented::{Segment, Segmented};
use crate::components::table::{Row, Table};
use crate::components::time::Ago;
use crate::route::{Page, Tab};
use crate::state::api::{LIST, use_api};
use crate::state::cluster::{ClusterContext, use_cluster};

/// So many more are shown at each wish, and at most.
const STEP: u32 = 200;
const MOST: u32 = 1_000;

#[function_component]
pub fn EventsPage() -> Html {
    let context = use_cluster();
    let search = use_state(String::new);
    let least = use_state_eq(|| Severity::Info);
    let shown = use_state_eq(|| STEP);
    let wish = ListEvents {
        before: None,
        limit: Some(*shown),
        application: None,
        severity: Some(*least),
        contains: Some(search.trim().to_owned()).filter(|text| !text.is_empty()),
    };
    let searched = wish.contains.is_some() || *least != Severity::Info;
    let events = use_api(context.id(), wish, LIST);
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
        let head = html! { <><th>{ "When" }</th><th/><th>{ "What" }</th><th>{ "What happened" }</th></> };
        html! {
            <>
                <Card><Table {head}>{ for all.iter().map(|event| row(&context, event)) }</Table></Card>
                if full(all) { <Button id="events-more" label="Show older ones" look={Look::Plain} onclick={more.clone()}/> }
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
                { face(&events, "the right to read applications", view) }
            </div>
        </div>
    }
}

fn row(context: &ClusterContext, event: &ClusterEvent) -> Html {
    let onopen = event.application.map(|application| {
        let context = context.clone();
        Callback::from(move |()| context.go(Page::App(application, Tab::Overview)))
    });
    let (tone, word) = match event.severity {
        Severity::Info => (Tone::Neutral, "Information"),
        Severity::Warning => (Tone::Warning, "Warning"),
        Severity::Bad => (Tone::Bad, "Error"),
    };
    html! {
        <Row key={event.number.to_string()} id="event-row" {onopen}>
            <td class="secondary when"><Ago at={event.at}/></td>
            <td class="mark" title={word} aria-label={word}><Dot {tone}/></td>
            <td class="clip subject" title={event.subject.clone()}><strong>{ &event.subject }</strong></td>
            <td class="said"><span class={classes!("tone-text", (tone == Tone::Bad).then_some("bad"))}>{ &event.text }</span></td>
        </Row>
    }
}
