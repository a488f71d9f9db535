//! Domains: which hosts and paths lead to the application. Changes take effect at once.

use slipway_protocol::api::{CreateDomain, DeleteDomain};
use slipway_protocol::domain::{DomainView, NewDomain};
use slipway_protocol::{Action, ApplicationId, DomainId, HostName, Resource, UrlPath};
use yew::prelude::*;

use super::AppProps;
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::copy::CopyButton;
use crate::components::failure::FormError;
use crate::components::field::{Field, complaint, into_state};
use crate::components::icon::Icon;
use crate::components::table::{Row, Table};
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::task::{Task, use_task};

#[function_component]
pub fn Domains(props: &AppProps) -> Html {
    let context = use_cluster();
    let application = props.app.id;
    let deleting = use_task();
    let may = context.may(Resource::Domain, Action::Write);
    let delete = {
        let (deleting, reload) = (deleting.clone(), props.reload.clone());
        Callback::from(move |domain: DomainId| {
            let (cluster, reload) = (context.id(), reload.clone());
            deleting.run(async move {
                shell::api(cluster, DeleteDomain { application, domain }).await?;
                reload.emit(());
                Ok(())
            });
        })
    };
    html! {
        <>
            <p class="lead">{ "A domain leads to the application at once. Its DNS has to point to the cluster." }</p>
            if may { <AddForm {application} onadded={props.reload.clone()}/> }
            <FormError failure={deleting.failure()}/>
            { table(&props.app.domains, &deleting, may, &delete) }
        </>
    }
}

fn table(all: &[DomainView], deleting: &Task, may: bool, delete: &Callback<DomainId>) -> Html {
    if all.is_empty() {
        return html! { <Card><p class="card-empty">{ "No domains yet: nothing leads to the application from outside." }</p></Card> };
    }
    let head = html! { <><th>{ "Host" }</th><th>{ "Path" }</th><th>{ "Address" }</th><th/></> };
    let row = |one: &DomainView| {
        let (delete, id, url) = (delete.clone(), one.id, one.url.clone());
        let onclick = Callback::from(move |()| delete.emit(id));
        html! {
            <Row key={one.id.to_string()} id={format!("domain-row-{}", one.host)}>
                <td><strong>{ one.host.as_str() }</strong></td>
                <td><code>{ one.path.as_str() }</code></td>
                <td><span class="digest">{ &one.url }<CopyButton label="Copy the address" text={Callback::from(move |()| url.clone())}/></span></td>
                <td class="right">
                    if may {
                        <Button id={format!("domain-delete-{}", one.host)} label={format!("Take {} away", one.host)} icon={Icon::Trash}
                            icon_only=true look={Look::Plain} {onclick} disabled={deleting.busy()}/>
                    }
                </td>
            </Row>
        }
    };
    html! { <Card><Table {head}>{ for all.iter().map(row) }</Table></Card> }
}

#[derive(PartialEq, Properties)]
struct AddFormProps {
    application: ApplicationId,
    onadded: Callback<()>,
}

#[function_component]
fn AddForm(props: &AddFormProps) -> Html {
    let context = use_cluster();
    let host = use_state(String::new);
    let path = use_state(|| "/".to_owned());
    let task = use_task();
    let (parsed_host, parsed_path) = (HostName::parse(host.trim()), UrlPath::parse(path.trim()));
    let host_error = complaint(host.trim(), false, parsed_host.clone());
    let path_error = complaint(path.trim(), true, parsed_path.clone());
    let ready = parsed_host.is_ok() && parsed_path.is_ok();
    let onsubmit = {
        let (application, onadded, task, empty) = (
            props.application,
            props.onadded.clone(),
            task.clone(),
            host.setter(),
        );
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let (Ok(host), Ok(path)) = (parsed_host.clone(), parsed_path.clone()) else {
                return;
            };
            let (cluster, onadded, empty) = (context.id(), onadded.clone(), empty.clone());
            let body = NewDomain { host, path };
            task.run(async move {
                shell::api(cluster, CreateDomain { application, body }).await?;
                empty.set(String::new());
                onadded.emit(());
                Ok(())
            });
        })
    };
    html! {
        <Card>
            <form class="form" {onsubmit}>
                <div class="form-row with-button">
                    <Field id="domain-host" label="Host" value={(*host).clone()} onchange={into_state(&host)} error={host_error} mono=true
                        placeholder="shop.example.org"/>
                    <Field id="domain-path" label="Path" value={(*path).clone()} onchange={into_state(&path)} error={path_error} mono=true/>
                    <Button id="domain-add" label="Add" look={Look::Primary} submit=true busy={task.busy()} disabled={!ready}/>
                </div>
                <FormError failure={task.failure()}/>
            </form>
        </Card>
    }
}
