//! Removing a cluster from this app.

use std::rc::Rc;

use slipway_protocol::desktop::{Cluster, OfCluster, command};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::modal::Dialog;
use crate::shell;
use crate::state::fleet::use_fleet;
use crate::state::task::use_task;
use crate::state::{drafts, memory};

#[derive(PartialEq, Properties)]
pub struct RemoveProps {
    pub cluster: Rc<Cluster>,
    pub close: Callback<()>,
}

#[function_component]
pub fn RemoveDialog(props: &RemoveProps) -> Html {
    let fleet = use_fleet();
    let task = use_task();
    let remove = {
        let (task, close, cluster) = (task.clone(), props.close.clone(), props.cluster.id);
        Callback::from(move |()| {
            let (fleet, close) = (fleet.clone(), close.clone());
            task.run(async move {
                let removed = shell::call::<_, ()>(command::REMOVE_CLUSTER, &OfCluster { cluster }).await;
                // It may have come half the way.
                fleet.refresh().await;
                removed?;
                drafts::forget(cluster);
                memory::forget(cluster);
                close.emit(());
                Ok(())
            });
        })
    };
    let actions = html! {
        <>
            <Button label="Keep it" disabled={task.busy()} onclick={props.close.clone()}/>
            <Button id="remove-cluster-confirm" label="Remove from this app" look={Look::Danger} busy={task.busy()} onclick={remove}/>
        </>
    };
    html! {
        <Dialog id="remove-cluster" title={format!("Remove {}", props.cluster.name)} onclose={props.close.clone()} stays={task.busy()} {actions}>
            <p>{ "This app forgets the cluster, its session and the secrets kept for it in the keychain." }</p>
            <p>{ "Nothing changes on the server: applications, agent and accounts stay, and the cluster can be added again." }</p>
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}
