//! Domains: which hosts and paths lead to the application. Changes take effect at once.

use std::rc::Rc;

use slipway_protocol::api::{CreateDomain, DeleteDomain};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::domain::{DomainView, NewDomain};
use slipway_protocol::{Action, ApplicationId, HostName, Resource, UrlPath};
use yew::prelude::*;

use super::AppProps;
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::confirm::Confirm;
use crate::components::copy::CopyButton;
use crate::components::failure::FormError;
use crate::components::field::{Field, complaint};
use crate::components::icon::Icon;
use crate::components::listing::{Column, Listed, Listing};
use crate::components::remote::ReadOnly;
use crate::components::undo::UndoBar;
use crate::rights::FOR_DEVELOPERS;
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::drafts::{self, Lasting};
use crate::state::task::{both, use_task};
use crate::state::typed::use_lasting;
use crate::text;

#[function_component]
pub fn Domains(props: &AppProps) -> Html {
    let context = use_cluster();
    let application = props.app.id;
    let deleting = use_state(|| None::<DomainView>);
    let may = context.may(Resource::Domain, Action::Write);
    // The page may have gone on to another application.
    let gone = use_state(|| None::<(ApplicationId, DomainView)>);
    let putting_back = use_task();
    let went = {
        let (gone, task) = (gone.setter(), putting_back.clone());
        Callback::from(move |domain: DomainView| {
            task.dismiss();
            gone.set(Some((application, domain)));
        })
    };
    let forget = {
        let (gone, task) = (gone.setter(), putting_back.clone());
        Callback::from(move |()| {
            task.dismiss();
            gone.set(None);
        })
    };
    let back = both(&props.reload, &forget);
    let here = gone.as_ref().filter(|(of, _)| *of == application);
    let undo = here.map(|(_, domain)| {
        let body = NewDomain {
            host: domain.host.clone(),
            path: domain.path.clone(),
        };
        let undo = putting_back.sends(context.id(), CreateDomain { application, body }, back);
        (format!("{} leads here no more.", domain.url), undo)
    });
    let close = {
        let deleting = deleting.setter();
        Callback::from(move |()| deleting.set(None))
    };
    html! {
        <>
            if may {
                <p class="lead">{ "A domain leads to the application at once. Its DNS has to point to the cluster." }</p>
            } else {
                <ReadOnly what="domains" needs="developer, admin or owner"/>
            }
            <AddForm {application} {may} onadded={props.reload.clone()}/>
            { table(&props.app.domains, &deleting, may) }
            if let Some(domain) = &*deleting {
                <RemoveDialog app={props.app.clone()} domain={domain.clone()} others={props.app.domains.len().saturating_sub(1)} {close} changed={props.reload.clone()} {went}/>
            }
            if let Some((says, undo)) = undo {
                <UndoBar id="domain-undo" {says} task={putting_back} {undo} close={forget}/>
            }
        </>
    }
}

fn table(all: &[DomainView], deleting: &UseStateHandle<Option<DomainView>>, may: bool) -> Html {
    if all.is_empty() {
        return html! { <Card><p class="card-empty">{ "No domains yet: nothing leads to the application from outside." }</p></Card> };
    }
    let end = {
        let deleting = deleting.setter();
        Callback::from(move |one: DomainView| {
            let (deleting, domain) = (deleting.clone(), one.clone());
            let onclick = Callback::from(move |()| deleting.set(Some(domain.clone())));
            html! {
                <Button id={format!("domain-delete-{}", one.host)} label={format!("Take {} away", one.host)} acts=true icon={Icon::Trash}
                    icon_only=true look={Look::Plain} {onclick} disabled={!may} hint={needs(may)}/>
            }
        })
    };
    html! { <Card><Listing<DomainView> id="domains-list" items={all.to_vec()} columns={columns()} {end}/></Card> }
}

impl Listed for DomainView {
    fn key(&self) -> String {
        self.id.to_string()
    }

    fn row_id(&self) -> String {
        format!("domain-row-{}", self.host)
    }

    fn name(&self) -> String {
        self.url.clone()
    }
}

fn columns() -> Vec<Column<DomainView>> {
    vec![
        Column::new(
            "host",
            "Host",
            |one: &DomainView| html! { <td><strong>{ one.host.as_str() }</strong></td> },
        )
        .by(|one, other| one.host.as_str().cmp(other.host.as_str()))
        .always(),
        Column::new(
            "path",
            "Path",
            |one: &DomainView| html! { <td><code>{ one.path.as_str() }</code></td> },
        )
        .by(|one, other| one.path.as_str().cmp(other.path.as_str())),
        Column::new("address", "Address", address),
    ]
}

fn address(one: &DomainView) -> Html {
    let url = one.url.clone();
    html! { <td><span class="digest">{ &one.url }<CopyButton label="Copy the address" text={Callback::from(move |()| url.clone())}/></span></td> }
}

fn needs(may: bool) -> Option<AttrValue> {
    (!may).then_some(AttrValue::Static(FOR_DEVELOPERS))
}

#[derive(PartialEq, Properties)]
struct RemoveProps {
    app: Rc<ApplicationView>,
    domain: DomainView,
    /// So many domains are left then.
    others: usize,
    close: Callback<()>,
    changed: Callback<()>,
    /// It was taken away.
    went: Callback<DomainView>,
}

#[function_component]
fn RemoveDialog(props: &RemoveProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let (cluster, application, domain) = (context.id(), props.app.id, props.domain.id);
    let went = {
        let domain = props.domain.clone();
        props.went.reform(move |()| domain.clone())
    };
    let then = both(&both(&props.changed, &props.close), &went);
    let confirm = task.sends(cluster, DeleteDomain { application, domain }, then);
    // Without an address nobody reaches it, as if it were stopped.
    let off_the_network = props.others == 0 && context.is_production();
    let name = off_the_network.then(|| AttrValue::from(props.app.name.to_string()));
    let left = match props.others {
        0 => "It is the last one: nothing leads to the application from outside then.".to_owned(),
        others => format!(
            "{} to the application.",
            text::count(others, "other domain still leads", "other domains still lead")
        ),
    };
    html! {
        <Confirm id="domain-delete" title={format!("Take {} away", props.domain.host)} verb="Take it away" {task} {name} {confirm} close={props.close.clone()}>
            <p>{ format!("From now on {} is answered with “not found”. Requests that are in flight end.", props.domain.url) }</p>
            <p>{ left }</p>
        </Confirm>
    }
}

/// What is typed.
#[derive(Clone, PartialEq)]
struct Typing {
    host: String,
    path: String,
}

impl Default for Typing {
    fn default() -> Self {
        Self {
            host: String::new(),
            path: "/".to_owned(),
        }
    }
}

impl Lasting for Typing {
    /// Host and path.
    type Left = (String, String);

    fn leave(&self) -> Option<Self::Left> {
        Some((self.host.clone(), self.path.clone()))
    }

    fn come_back((host, path): Self::Left) -> Self {
        Self { host, path }
    }
}

#[derive(PartialEq, Properties)]
struct AddFormProps {
    application: ApplicationId,
    may: bool,
    onadded: Callback<()>,
}

#[function_component]
fn AddForm(props: &AddFormProps) -> Html {
    let context = use_cluster();
    let typed = use_lasting(
        drafts::key(context.id(), "domain", props.application),
        Typing::default,
    );
    let task = use_task();
    let (host, path) = (typed.get().host.trim(), typed.get().path.trim());
    let (parsed_host, parsed_path) = (HostName::parse(host), UrlPath::parse(path));
    let host_error = complaint(host, false, parsed_host.clone());
    let path_error = complaint(path, true, parsed_path.clone());
    let ready = props.may && parsed_host.is_ok() && parsed_path.is_ok();
    let onsubmit = {
        let (application, onadded, task, typed) = (
            props.application,
            props.onadded.clone(),
            task.clone(),
            typed.clone(),
        );
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let (Ok(host), Ok(path)) = (parsed_host.clone(), parsed_path.clone()) else {
                return;
            };
            let (cluster, onadded, typed) = (context.id(), onadded.clone(), typed.clone());
            let sent = typed.get().clone();
            let body = NewDomain { host, path };
            task.run(async move {
                shell::api(cluster, CreateDomain { application, body }).await?;
                typed.stored(sent, Typing::default());
                onadded.emit(());
                Ok(())
            });
        })
    };
    html! {
        <Card>
            <form class="form" {onsubmit}>
                <div class="form-row with-button">
                    <Field id="domain-host" label="Host" value={typed.get().host.clone()} onchange={typed.changing(|now, text| now.host = text)} error={host_error} mono=true
                        placeholder="shop.example.org" disabled={!props.may}/>
                    <Field id="domain-path" label="Path" value={typed.get().path.clone()} onchange={typed.changing(|now, text| now.path = text)} error={path_error} mono=true disabled={!props.may}/>
                    <Button id="domain-add" label="Add" look={Look::Primary} submit=true busy={task.busy()} disabled={!ready} hint={needs(props.may)}/>
                </div>
                <FormError failure={task.failure()}/>
            </form>
        </Card>
    }
}
