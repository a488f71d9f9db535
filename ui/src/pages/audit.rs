//! The audit log: who did what, newest first.

use slipway_protocol::api::ListAudit;
use slipway_protocol::identity::AuditEntry;
use yew::prelude::*;

use crate::components::card::Card;
use crate::components::copy::CopyButton;
use crate::components::header::{Crumb, Header};
use crate::components::icon::Icon;
use crate::components::remote::{Empty, face};
use crate::components::table::{Row, Table};
use crate::components::time::Ago;
use crate::route::Page;
use crate::state::api::{LIST, use_api};
use crate::state::cluster::use_cluster;

#[function_component]
pub fn AuditPage() -> Html {
    let context = use_cluster();
    let entries = use_api(context.id(), ListAudit {}, LIST);
    let view = |all: &Vec<AuditEntry>| {
        if all.is_empty() {
            return html! { <Empty icon={Icon::Audit} title="Nothing yet" text="What people change on this cluster is listed here."/> };
        }
        let head = html! {
            <><th>{ "When" }</th><th>{ "Who" }</th><th>{ "What" }</th><th>{ "Of what" }</th><th>{ "Request" }</th></>
        };
        html! { <Card><Table {head}>{ for all.iter().enumerate().map(row) }</Table></Card> }
    };
    html! {
        <div class="page" data-testid="audit">
            <Header crumbs={vec![Crumb::new(context.cluster.name.clone(), Some(context.route(Page::Home)))]} title="Audit log"/>
            <div class="content">{ face(&entries, "the right to read the audit log (admin or owner)", view) }</div>
        </div>
    }
}

fn row((index, entry): (usize, &AuditEntry)) -> Html {
    let id = entry.request_id.clone();
    html! {
        <Row key={format!("{}-{}-{index}", entry.request_id, entry.action)} id="audit-row">
            <td class="secondary"><Ago at={entry.at}/></td>
            <td>{ &entry.actor }</td>
            <td><strong>{ words(&entry.action) }</strong></td>
            <td class="clip">{ &entry.subject }</td>
            <td><span class="digest"><code title={entry.request_id.clone()}>{ entry.request_id.chars().take(8).collect::<String>() }</code>
                <CopyButton text={Callback::from(move |()| id.clone())}/></span></td>
        </Row>
    }
}

/// `CreateApplication` → “create application”.
fn words(action: &str) -> String {
    let mut out = String::with_capacity(action.len() + 4);
    for c in action.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.extend(c.to_lowercase());
    }
    out
}
