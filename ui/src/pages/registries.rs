//! The team's sign-ins for registries of images.

use slipway_protocol::api::{DeleteRegistry, ListRegistries, SetRegistry};
use slipway_protocol::registry::{LONGEST_PASSWORD, RegistryLogin, RegistryView};
use slipway_protocol::{Action, LoginName, RegistryHost, Resource, Secret};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::confirm::Confirm;
use crate::components::failure::FormError;
use crate::components::field::{Field, Kind, complaint};
use crate::components::header::{Crumb, Header};
use crate::components::icon::Icon;
use crate::components::listing::{Column, Listed, Listing};
use crate::components::remote::face;
use crate::components::time::Ago;
use crate::rights::FOR_DEVELOPERS;
use crate::route::Page;
use crate::shell;
use crate::state::api::{LIST, use_api};
use crate::state::cluster::use_cluster;
use crate::state::drafts::{self, Lasting};
use crate::state::remote::is_forbidden;
use crate::state::task::{both, use_task};
use crate::state::typed::use_lasting;

#[function_component]
pub fn RegistriesPage() -> Html {
    let context = use_cluster();
    let remote = use_api(context.id(), ListRegistries {}, LIST);
    let removing = use_state(|| None::<RegistryHost>);
    let may = context.may(Resource::Credential, Action::Write);
    let close = {
        let removing = removing.setter();
        Callback::from(move |()| removing.set(None))
    };
    let view = |all: &Vec<RegistryView>| table(all, may, &removing);
    let forbidden = remote.failure.as_ref().is_some_and(is_forbidden);
    html! {
        <div class="page" data-testid="registries">
            <Header crumbs={vec![Crumb::new(context.cluster.name.clone(), Some(context.route(Page::Home)))]} title="Registries"/>
            <div class="content">
                if !forbidden {
                    <p class="lead">{ "Images of a registry that wants a sign-in are fetched with these. A password goes in and does not come back." }</p>
                    <SignInForm {may} onset={remote.reload.clone()}/>
                }
                { face(&remote, "the right to read credentials (developer or above)", view) }
            </div>
            if let Some(host) = &*removing { <RemoveDialog host={host.clone()} {close} changed={remote.reload.clone()}/> }
        </div>
    }
}

fn table(all: &[RegistryView], may: bool, removing: &UseStateHandle<Option<RegistryHost>>) -> Html {
    if all.is_empty() {
        return html! { <Card><p class="card-empty">{ "No sign-ins yet. Public images need none." }</p></Card> };
    }
    let hint = (!may).then_some(AttrValue::Static(FOR_DEVELOPERS));
    let end = {
        let removing = removing.setter();
        Callback::from(move |one: RegistryView| {
            let (removing, host) = (removing.clone(), one.host.clone());
            let onclick = Callback::from(move |()| removing.set(Some(host.clone())));
            html! {
                <Button id={format!("registry-delete-{}", one.host)} label={format!("Remove the sign-in for {}", one.host)} acts=true icon={Icon::Trash}
                    icon_only=true look={Look::Plain} disabled={!may} hint={hint.clone()} {onclick}/>
            }
        })
    };
    html! { <Card><Listing<RegistryView> id="registries-list" items={all.to_vec()} columns={columns()} {end}/></Card> }
}

impl Listed for RegistryView {
    fn key(&self) -> String {
        self.host.to_string()
    }

    fn row_id(&self) -> String {
        format!("registry-row-{}", self.host)
    }

    fn name(&self) -> String {
        self.host.to_string()
    }
}

fn columns() -> Vec<Column<RegistryView>> {
    vec![
        Column::new(
            "registry",
            "Registry",
            |one: &RegistryView| html! { <td><strong>{ one.host.as_str() }</strong></td> },
        )
        .by(|one, other| one.host.as_str().cmp(other.host.as_str()))
        .always(),
        Column::new(
            "user",
            "User",
            |one: &RegistryView| html! { <td>{ one.user.as_str() }</td> },
        )
        .by(|one, other| one.user.as_str().cmp(other.user.as_str())),
        Column::new(
            "set",
            "Set",
            |one: &RegistryView| html! { <td class="secondary"><Ago at={one.updated_at}/></td> },
        )
        .by(|one, other| one.updated_at.cmp(&other.updated_at)),
    ]
}

/// What is typed.
#[derive(Clone, Default, PartialEq)]
struct Typing {
    host: String,
    user: String,
    password: String,
}

impl Lasting for Typing {
    /// Registry and user; the password is typed again.
    type Left = (String, String);

    fn leave(&self) -> Option<Self::Left> {
        Some((self.host.clone(), self.user.clone()))
    }

    fn come_back((host, user): Self::Left) -> Self {
        Self {
            host,
            user,
            password: String::new(),
        }
    }
}

#[derive(PartialEq, Properties)]
struct FormProps {
    may: bool,
    onset: Callback<()>,
}

#[function_component]
fn SignInForm(props: &FormProps) -> Html {
    let cluster = use_cluster().id();
    let typed = use_lasting(drafts::key(cluster, "registry", "new"), Typing::default);
    let task = use_task();
    let now = typed.get();
    let (host, user) = (now.host.trim(), now.user.trim());
    let (parsed_host, parsed_user) = (RegistryHost::parse(host), LoginName::parse(user));
    let host_error = complaint(host, false, parsed_host.clone());
    let user_error = complaint(user, false, parsed_user.clone());
    let fits = (1..=LONGEST_PASSWORD).contains(&now.password.len());
    let ready = props.may && parsed_host.is_ok() && parsed_user.is_ok() && fits;
    let onsubmit = {
        let (task, onset, typed) = (task.clone(), props.onset.clone(), typed.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let (Ok(host), Ok(user)) = (parsed_host.clone(), parsed_user.clone()) else {
                return;
            };
            if !ready {
                return;
            }
            let sent = typed.get().clone();
            let password = Secret::new(sent.password.clone());
            let body = RegistryLogin { host, user, password };
            let (onset, typed) = (onset.clone(), typed.clone());
            task.run(async move {
                shell::api(cluster, SetRegistry { body }).await?;
                typed.stored(sent, Typing::default());
                onset.emit(());
                Ok(())
            });
        })
    };
    let hint = (!props.may).then_some(AttrValue::Static(FOR_DEVELOPERS));
    html! {
        <Card>
            <form class="form" {onsubmit}>
                <div class="form-row thirds with-button">
                    <Field id="registry-host" label="Registry" value={now.host.clone()} onchange={typed.changing(|now, text| now.host = text)} error={host_error} mono=true
                        placeholder="ghcr.io" disabled={!props.may}/>
                    <Field id="registry-user" label="User" value={now.user.clone()} onchange={typed.changing(|now, text| now.user = text)} error={user_error} disabled={!props.may}/>
                    <Field id="registry-password" label="Password or token" kind={Kind::Secret} value={now.password.clone()}
                        onchange={typed.changing(|now, text| now.password = text)} disabled={!props.may}/>
                    <Button id="registry-set" label="Save" look={Look::Primary} submit=true busy={task.busy()} disabled={!ready} {hint}/>
                </div>
                <FormError failure={task.failure()}/>
            </form>
        </Card>
    }
}

#[derive(PartialEq, Properties)]
struct RemoveProps {
    host: RegistryHost,
    close: Callback<()>,
    changed: Callback<()>,
}

#[function_component]
fn RemoveDialog(props: &RemoveProps) -> Html {
    let cluster = use_cluster().id();
    let task = use_task();
    let (host, then) = (props.host.clone(), both(&props.changed, &props.close));
    let confirm = task.sends(cluster, DeleteRegistry { host }, then);
    html! {
        <Confirm id="registry-delete" title={format!("Remove the sign-in for {}", props.host)} verb="Remove" {task} {confirm} close={props.close.clone()}>
            <p>{ "What runs goes on. The next deployment that needs an image of this registry is refused by it, unless the image is public." }</p>
        </Confirm>
    }
}
