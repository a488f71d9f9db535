//! The two ways out of a deployment that could not take back what it began.

use slipway_protocol::api::{LeaveAsIs, RetryUndo};
use slipway_protocol::{Action, DeploymentId, Resource};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::failure::FormError;
use crate::rights::FOR_DEVELOPERS;
use crate::state::cluster::use_cluster;
use crate::state::task::{last_failure, use_task};

#[derive(PartialEq, Properties)]
pub struct StuckProps {
    pub deployment: DeploymentId,
    /// Somebody has decided: it is looked at anew.
    pub ondecided: Callback<()>,
}

#[function_component]
pub fn StuckCard(props: &StuckProps) -> Html {
    let context = use_cluster();
    let (retrying, leaving) = (use_task(), use_task());
    let (cluster, deployment) = (context.id(), props.deployment);
    let retry = retrying.sends(cluster, RetryUndo { deployment }, props.ondecided.clone());
    let leave = leaving.sends(cluster, LeaveAsIs { deployment }, props.ondecided.clone());
    let may = context.may(Resource::Deployment, Action::Run);
    let hint = (!may).then_some(AttrValue::Static(FOR_DEVELOPERS));
    let busy = retrying.busy() || leaving.busy();
    html! {
        <div data-testid="stuck">
            <Card title="It is stuck" class="attention">
                <div class="form">
                    <p>{ "What it began could not be taken back. Trying again goes on where that failed; do it once the cause is gone." }</p>
                    <p class="secondary">{ "Left as it is, it counts as failed, and what it began is cleaned up where nothing uses it. \
                        What serves goes on serving either way." }</p>
                    <div class="form-actions">
                        <Button id="retry-undo" label="Try again to take back" look={Look::Primary} onclick={retry} busy={retrying.busy()}
                            disabled={!may || busy} hint={hint.clone()}/>
                        <Button id="leave-as-is" label="Leave as is" acts=true onclick={leave} busy={leaving.busy()} disabled={!may || busy} {hint}/>
                    </div>
                    <FormError failure={last_failure(&[&retrying, &leaving])}/>
                </div>
            </Card>
        </div>
    }
}
