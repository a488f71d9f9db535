//! What this deployment differs in from another one of the same application.

use slipway_protocol::DeploymentId;
use slipway_protocol::api::{CompareDeployments, ListDeployments};
use slipway_protocol::deployment::DeploymentView;
use slipway_protocol::history::together;
use yew::prelude::*;

use crate::components::button::Button;
use crate::components::changes::Changes;
use crate::components::modal::Dialog;
use crate::components::remote::face;
use crate::components::select::{Choice, Select};
use crate::state::api::{Every, use_api};
use crate::state::cluster::use_cluster;
use crate::state::remote::Remote;
use crate::text;

#[derive(PartialEq, Properties)]
pub struct CompareProps {
    pub view: DeploymentView,
    /// What it is compared with at first; absent for the one before it.
    #[prop_or_default]
    pub with: Option<DeploymentView>,
    pub close: Callback<()>,
}

#[function_component]
pub fn CompareDialog(props: &CompareProps) -> Html {
    let context = use_cluster();
    let application = props.view.application;
    let newest = use_api(context.id(), ListDeployments::of(application), Every::Once);
    // An old one is compared with what was before it, which is not among the newest.
    let before = ListDeployments::before(application, props.view.number);
    let before = use_api(context.id(), before, Every::Once);
    let chosen = use_state_eq(|| props.with.as_ref().map(|with| with.id));
    let known = |remote: &Remote<Vec<DeploymentView>>| remote.get().cloned().unwrap_or_default();
    let listed = together(&known(&newest), &known(&before));
    let all = together(&listed, props.with.as_slice());
    let others: Vec<&DeploymentView> = all.iter().filter(|one| one.id != props.view.id).collect();
    let with = chosen.or_else(|| usual(&others, props.view.number));
    let other = others.iter().find(|one| Some(one.id) == with).copied();
    let onchange = {
        let chosen = chosen.setter();
        Callback::from(move |id: String| chosen.set(id.parse().ok()))
    };
    let choices = others
        .iter()
        .map(|one| Choice::new(one.id.to_string(), named(one)));
    let actions = html! { <Button id="compare-close" label="Close" onclick={props.close.clone()}/> };
    html! {
        <Dialog id="compare-dialog" title={format!("Compare deployment {}", props.view.number)} onclose={props.close.clone()} {actions}>
            { face(&newest, "the right to read deployments", |_| face(&before, "the right to read deployments", |_| match (other, with) {
                (Some(other), Some(with)) => html! {
                    <>
                        <Select id="compare-with" label="With" choices={choices.collect::<Vec<_>>()} chosen={with.to_string()} {onchange}/>
                        <Differences key={with.to_string()} this={props.view.clone()} other={other.clone()}/>
                    </>
                },
                _ => html! { <p>{ "There is no other deployment of this application." }</p> },
            })) }
        </Dialog>
    }
}

/// The one before it, or else the first that there is.
fn usual(others: &[&DeploymentView], number: u32) -> Option<DeploymentId> {
    let before = others
        .iter()
        .filter(|one| one.number < number)
        .max_by_key(|one| one.number);
    before.or_else(|| others.first()).map(|one| one.id)
}

fn named(one: &DeploymentView) -> String {
    let commit = one
        .commit
        .as_ref()
        .map(|commit| format!(", {} {}", text::short_commit(&commit.hash), commit.message));
    format!(
        "Deployment {} ({}){}",
        one.number,
        one.status.as_str(),
        commit.unwrap_or_default()
    )
}

#[derive(PartialEq, Properties)]
struct DifferencesProps {
    this: DeploymentView,
    other: DeploymentView,
}

/// From the earlier one to the later one, whichever was chosen.
#[function_component]
fn Differences(props: &DifferencesProps) -> Html {
    let context = use_cluster();
    let (from, to) = if props.this.number < props.other.number {
        (&props.this, &props.other)
    } else {
        (&props.other, &props.this)
    };
    let request = CompareDeployments {
        deployment: from.id,
        with: to.id,
    };
    let changes = use_api(context.id(), request, Every::Once);
    face(&changes, "the right to read deployments", |changes| {
        if changes.is_empty() {
            return html! { <p data-testid="compare-same">{ "They are the same: commit, image, settings, variables and patches." }</p> };
        }
        html! {
            <div class="plan" data-testid="compare-changes">
                <Changes changes={changes.clone()} from={format!("Deployment {}", from.number)} to={format!("Deployment {}", to.number)}/>
            </div>
        }
    })
}
