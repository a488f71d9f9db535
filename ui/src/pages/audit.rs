//! The audit log: who did what, newest first.

use slipway_protocol::api::ListAudit;
use slipway_protocol::identity::AuditEntry;
use yew::prelude::*;

use crate::components::card::Card;
use crate::components::copy::CopyButton;
use crate::components::header::{Crumb, Header};
use crate::components::icon::Icon;
use crate::components::listing::{Column, Listed, Listing};
use crate::components::remote::{Empty, face};
use crate::components::time::Ago;
use crate::route::Page;
use crate::state::api::{LIST, use_api};
use crate::state::cluster::use_cluster;

/// So many the agent tells.
const SHOWN: usize = 200;

#[function_component]
pub fn AuditPage() -> Html {
    let context = use_cluster();
    let entries = use_api(context.id(), ListAudit {}, LIST);
    let view = |all: &Vec<AuditEntry>| {
        if all.is_empty() {
            return html! { <Empty icon={Icon::Audit} title="Nothing yet" text="What people change on this cluster is listed here."/> };
        }
        html! {
            <>
                <Card><Listing<AuditEntry> id="audit-list" items={all.clone()} columns={columns()}/></Card>
                if all.len() >= SHOWN { <p class="field-hint">{ "These are the newest 200 entries." }</p> }
            </>
        }
    };
    html! {
        <div class="page" data-testid="audit">
            <Header crumbs={vec![Crumb::new(context.cluster.name.clone(), Some(context.route(Page::Home)))]} title="Audit log"/>
            <div class="content">{ face(&entries, "the right to read the audit log (admin or owner)", view) }</div>
        </div>
    }
}

impl Listed for AuditEntry {
    fn key(&self) -> String {
        format!("{} {} {}", self.request_id, self.action, self.subject)
    }

    fn row_id(&self) -> String {
        "audit-row".to_owned()
    }

    fn name(&self) -> String {
        format!("{} of {}", words(&self.action), self.subject)
    }
}

fn columns() -> Vec<Column<AuditEntry>> {
    vec![
        Column::new(
            "when",
            "When",
            |entry: &AuditEntry| html! { <td class="secondary"><Ago at={entry.at}/></td> },
        )
        .by(|one, other| one.at.cmp(&other.at)),
        Column::new(
            "who",
            "Who",
            |entry: &AuditEntry| html! { <td>{ &entry.actor }</td> },
        )
        .by(|one, other| one.actor.cmp(&other.actor)),
        Column::new(
            "what",
            "What",
            |entry: &AuditEntry| html! { <td><strong>{ words(&entry.action) }</strong></td> },
        )
        .by(|one, other| one.action.cmp(&other.action))
        .always(),
        Column::new(
            "of",
            "Of what",
            |entry: &AuditEntry| html! { <td class="clip">{ &entry.subject }</td> },
        )
        .by(|one, other| one.subject.cmp(&other.subject)),
        Column::new("request", "Request", request),
    ]
}

fn request(entry: &AuditEntry) -> Html {
    let id = entry.request_id.clone();
    html! {
        <td><span class="digest"><code title={entry.request_id.clone()}>{ entry.request_id.chars().take(8).collect::<String>() }</code>
            <CopyButton text={Callback::from(move |()| id.clone())}/></span></td>
    }
}

/// `CreateApplication` → “create application”, `MakeDeployUrl` → “make deploy URL”.
fn words(action: &str) -> String {
    let mut out = String::with_capacity(action.len() + 4);
    for c in action.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.extend(c.to_lowercase());
    }
    match out.strip_suffix(" url") {
        Some(before) => format!("{before} URL"),
        None => out,
    }
}
