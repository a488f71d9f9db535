//! What lets the agent into a private repository: a deploy key for SSH, a token for HTTPS. Secrets go in and never come back.

use std::rc::Rc;

use slipway_protocol::api::{DeleteDeployKey, DeleteGitToken, GetGitAccess, MakeDeployKey, SetGitToken};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::git_access::{DeployKeyView, GitAccessView, GitToken, GitTokenView, LONGEST_TOKEN};
use slipway_protocol::{Action, ApplicationId, LoginName, Resource, Secret};
use yew::prelude::*;

use crate::components::ask_first::AskFirst;
use crate::components::button::Button;
use crate::components::card::Card;
use crate::components::copy::CopyButton;
use crate::components::failure::FormError;
use crate::components::field::{Field, Kind, complaint};
use crate::components::remote::face;
use crate::components::time::Ago;
use crate::rights::FOR_DEVELOPERS;
use crate::shell;
use crate::state::api::{Every, use_api};
use crate::state::cluster::use_cluster;
use crate::state::drafts::{self, Lasting};
use crate::state::task::use_task;
use crate::state::typed::use_lasting;

#[derive(PartialEq, Properties)]
pub struct GitAccessProps {
    pub app: Rc<ApplicationView>,
}

#[function_component]
pub fn GitAccessCard(props: &GitAccessProps) -> Html {
    let context = use_cluster();
    let application = props.app.id;
    let remote = use_api(context.id(), GetGitAccess { application }, Every::Once);
    let changed = remote.reload.clone();
    let may = context.may(Resource::Credential, Action::Write);
    html! {
        <Card title="Access to a private repository" note="takes effect at once">
            <div class="form" data-testid="git-access">
                { face(&remote, "the right to read credentials (developer or above)", |access: &GitAccessView| html! {
                    <>
                        <DeployKey {application} key="key" of={access.deploy_key.clone()} changed={changed.clone()} {may}/>
                        <Token {application} key="token" of={access.token.clone()} {changed} {may}/>
                    </>
                }) }
            </div>
        </Card>
    }
}

#[derive(PartialEq, Properties)]
struct KeyProps {
    application: ApplicationId,
    of: Option<DeployKeyView>,
    changed: Callback<()>,
    may: bool,
}

/// A key that is there is replaced only by deleting it first: the old one stops working.
#[function_component]
fn DeployKey(props: &KeyProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let (cluster, application) = (context.id(), props.application);
    let make = task.sends(cluster, MakeDeployKey { application }, props.changed.clone());
    let delete = task.sends(cluster, DeleteDeployKey { application }, props.changed.clone());
    let hint = (!props.may).then_some(FOR_DEVELOPERS);
    let inside = match &props.of {
        Some(key) => {
            let copied = key.public_key.clone();
            html! {
                <>
                    <p class="command">
                        <code data-testid="deploy-key">{ &key.public_key }</code>
                        <CopyButton label="Copy the key" text={Callback::from(move |()| copied.clone())}/>
                    </p>
                    <div class="form-actions">
                        <AskFirst id="deploy-key-delete" label="Delete the key…" title="Delete the deploy key" verb="Delete key" task={task.clone()}
                            act={delete} disabled={hint.is_some()} hint={hint.map(AttrValue::from)}>
                            <p>{ "The server can no longer fetch the repository with it. A new key can be made; it is another one, and has to be \
                                added to the repository." }</p>
                        </AskFirst>
                        <span class="field-hint">{ "Made " }<Ago at={key.created_at}/>{ ". Add it to the repository as a deploy key that may only read." }</span>
                    </div>
                </>
            }
        }
        None => html! {
            <div class="form-actions">
                <Button id="deploy-key-make" label="Make a deploy key" acts=true onclick={make} busy={task.busy()} disabled={hint.is_some()} {hint}/>
                <span class="field-hint">{ "For ssh addresses. The private half is made on the server and stays there." }</span>
            </div>
        },
    };
    html! {
        <div class="field">
            <span class="field-label">{ "Deploy key" }</span>
            { inside }
            <FormError failure={task.failure()}/>
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct TokenProps {
    application: ApplicationId,
    of: Option<GitTokenView>,
    changed: Callback<()>,
    may: bool,
}

/// What is typed.
#[derive(Clone, Default, PartialEq)]
struct Typing {
    user: String,
    token: String,
}

impl Lasting for Typing {
    /// The user; the token is typed again.
    type Left = String;

    fn leave(&self) -> Option<String> {
        Some(self.user.clone())
    }

    fn come_back(user: String) -> Self {
        Self {
            user,
            token: String::new(),
        }
    }
}

/// Whose it is and which server hears it, before the time when it was stored.
fn token_text(stored: &GitTokenView) -> String {
    let user = &stored.user;
    match stored.origin.as_deref() {
        None => format!("of {user}, stored "),
        Some("") => format!("of {user}, for no server, as the address took no token; stored "),
        Some(origin) => {
            let usual = origin
                .strip_prefix("https://")
                .and_then(|host| host.strip_suffix(":443"));
            format!("of {user}, for {}, stored ", usual.unwrap_or(origin))
        }
    }
}

#[function_component]
fn Token(props: &TokenProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let (cluster, application) = (context.id(), props.application);
    let typed = use_lasting(drafts::key(cluster, "git token", application), Typing::default);
    let Typing { user, token } = typed.get();
    let parsed = LoginName::parse(user.trim());
    let too_long = token.len() > LONGEST_TOKEN;
    let ready = parsed.is_ok() && !token.is_empty() && !too_long && props.may;
    let store = {
        let (task, changed, parsed) = (task.clone(), props.changed.clone(), parsed.clone());
        let typed = typed.clone();
        Callback::from(move |()| {
            let Ok(name) = parsed.clone() else {
                return;
            };
            let sent = typed.get().clone();
            let body = GitToken {
                user: name,
                token: Secret::new(sent.token.clone()),
            };
            let (changed, typed) = (changed.clone(), typed.clone());
            task.run(async move {
                shell::api(cluster, SetGitToken { application, body }).await?;
                typed.stored(sent, Typing::default());
                changed.emit(());
                Ok(())
            });
        })
    };
    let delete = task.sends(cluster, DeleteGitToken { application }, props.changed.clone());
    let hint = (!props.may).then_some(FOR_DEVELOPERS);
    html! {
        <div class="field">
            if let Some(stored) = &props.of {
                <span class="field-label">{ "Token" }</span>
                <div class="form-actions">
                    <span data-testid="git-token">{ token_text(stored) }<Ago at={stored.updated_at}/></span>
                    <span class="grow"/>
                    <AskFirst id="git-token-delete" label="Delete the token…" title="Delete the stored token" verb="Delete token" task={task.clone()}
                        act={delete} disabled={hint.is_some()} hint={hint.map(AttrValue::from)}>
                        <p>{ "The server can no longer fetch the repository with it. It cannot be read back: to store it again you need it from the \
                            git server." }</p>
                    </AskFirst>
                </div>
            }
            <div class="form-row with-button">
                <Field id="git-token-user" label={if props.of.is_some() { "User of another token" } else { "User of a token" }} value={user.clone()}
                    onchange={typed.changing(|now, text| now.user = text)} error={complaint(user.trim(), false, parsed)} mono=true disabled={!props.may}
                    hint="The name that the git server wants beside it."/>
                <Field id="git-token-value" label="Token" kind={Kind::Secret} value={token.clone()} onchange={typed.changing(|now, text| now.token = text)}
                    error={too_long.then_some("A token has at most 4 KiB.")} disabled={!props.may} hint="For https addresses. It cannot be read back."/>
                <Button id="git-token-set" label="Store" acts=true onclick={store} busy={task.busy()} disabled={!ready} {hint}/>
            </div>
            <FormError failure={task.failure()}/>
        </div>
    }
}
