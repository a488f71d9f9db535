//! The address where a CI job or a registry asks for a deployment. Its secret is shown once, to whoever made it: also where they have looked
//! elsewhere meanwhile.

mod made;

use std::rc::Rc;

use slipway_protocol::api::{DeleteDeployUrl, GetDeployUrl, MakeDeployUrl};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::deploy_url::DeployUrlView;
use slipway_protocol::{Action, Resource};
use yew::prelude::*;

use self::made::{Made, use_made};
use crate::components::ask_first::AskFirst;
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::copy::CopyButton;
use crate::components::facts::{Fact, Facts};
use crate::components::failure::FormError;
use crate::components::modal::Dialog;
use crate::components::remote::face;
use crate::components::time::Ago;
use crate::rights::FOR_DEVELOPERS;
use crate::shell;
use crate::state::api::{Every, use_api};
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;

#[derive(PartialEq, Properties)]
pub struct DeployUrlProps {
    pub app: Rc<ApplicationView>,
}

#[function_component]
pub fn DeployUrlCard(props: &DeployUrlProps) -> Html {
    let context = use_cluster();
    let (task, deleting) = (use_task(), use_task());
    let (cluster, application) = (context.id(), props.app.id);
    let remote = use_api(cluster, GetDeployUrl { application }, Every::Once);
    // The command with the secret, until it was put away.
    let (made, put) = use_made(cluster, application);
    let (under_way, told) = match made {
        None => (false, None),
        Some(Made::UnderWay) => (true, None),
        Some(Made::There(command)) => (false, Some(command)),
    };
    {
        let reload = remote.reload.clone();
        // Whoever made it, this page or the one before.
        use_effect_with(told.is_some(), move |there| {
            if *there {
                reload.emit(());
            }
        });
    }
    let make = {
        let (task, put) = (task.clone(), put.clone());
        Callback::from(move |()| {
            let put = put.clone();
            task.run(async move {
                put.emit(Some(Made::UnderWay));
                let made = shell::api(cluster, MakeDeployUrl { application }).await;
                // It is told this once, for the person to put into the CI job.
                let told = made
                    .as_ref()
                    .ok()
                    .map(|made| command(&made.url, made.secret.expose()));
                put.emit(told.map(|command| Made::There(command.into())));
                made.map(|_| ())
            });
        })
    };
    let delete = deleting.sends(cluster, DeleteDeployUrl { application }, remote.reload.clone());
    let forget = {
        let put = put.clone();
        Callback::from(move |()| put.emit(None))
    };
    let may = context.may(Resource::Credential, Action::Write);
    let hint = (!may).then_some(FOR_DEVELOPERS);
    let inside = |url: &Option<DeployUrlView>| {
        let made = url.is_some();
        html! {
            <>
                if let Some(url) = url { { facts(url) } } else {
                    <p class="field-hint">{ "A CI job or a registry can ask for a deployment with one POST, without an account." }</p>
                }
                <div class="form-actions">
                    if made {
                        <AskFirst id="deploy-url-renew" label="Give it another secret" look={Look::Secondary} title="Another secret for the deploy URL"
                            verb="Make another secret" task={task.clone()} act={make.clone()} disabled={!may || under_way} hint={hint.map(AttrValue::from)}>
                            <p>{ "The secret that is in use stops working at once: every job that has it is refused until it has the new one." }</p>
                        </AskFirst>
                        <AskFirst id="deploy-url-delete" label="Delete…" title="Delete the deploy URL" verb="Delete deploy URL" task={deleting.clone()}
                            act={delete.clone()} disabled={!may} hint={hint.map(AttrValue::from)}>
                            <p>{ "Every job that uses it is refused from then on. A new one can be made; it has another secret." }</p>
                        </AskFirst>
                    } else {
                        <Button id="deploy-url-make" label="Make a deploy URL" acts=true onclick={make.clone()} busy={task.busy() || under_way} disabled={!may} {hint}/>
                    }
                </div>
            </>
        }
    };
    html! {
        <Card title="Deploy URL" note="takes effect at once">
            <div class="form" data-testid="deploy-url">
                { face(&remote, "the right to read credentials (developer or above)", inside) }
                <FormError failure={task.failure()}/>
            </div>
            if let Some(command) = told { <Told {command} close={forget}/> }
        </Card>
    }
}

fn facts(url: &DeployUrlView) -> Html {
    html! {
        <Facts>
            <Fact name="Address"><code class="wrap">{ &url.url }</code></Fact>
            <Fact name="Made">{ format!("by {}, ", url.made_by) }<Ago at={url.made_at}/></Fact>
            <Fact name="Last used">
                if let Some(at) = url.last_used_at { <Ago {at}/> } else { <span class="faint">{ "never" }</span> }
            </Fact>
        </Facts>
    }
}

fn command(url: &str, secret: &str) -> String {
    format!("curl -X POST -H \"Authorization: Bearer {secret}\" {url}")
}

#[derive(PartialEq, Properties)]
struct ToldProps {
    command: AttrValue,
    close: Callback<()>,
}

#[function_component]
fn Told(props: &ToldProps) -> Html {
    let command = props.command.to_string();
    let actions = html! { <Button id="deploy-url-done" offline=true label="I have it" look={Look::Primary} onclick={props.close.clone()}/> };
    html! {
        <Dialog id="deploy-url-secret" title="Deploy URL" onclose={props.close.clone()} stays=true {actions}>
            <p>{ "This asks for a deployment. The secret in it is shown now and never again:" }</p>
            <p class="command">
                <code data-testid="deploy-url-command">{ &props.command }</code>
                <CopyButton label="Copy the command" text={Callback::from(move |()| command.clone())}/>
            </p>
        </Dialog>
    }
}
