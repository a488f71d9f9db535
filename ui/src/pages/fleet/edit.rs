//! How a cluster is called and looks here.

use std::rc::Rc;

use slipway_protocol::DisplayName;
use slipway_protocol::desktop::{ChangeCluster, Cluster, command};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::field::{Field, complaint, into_state};
use crate::components::looks::{Looks, use_looks};
use crate::components::modal::Dialog;
use crate::shell;
use crate::state::fleet::use_fleet;
use crate::state::task::use_task;

#[derive(PartialEq, Properties)]
pub struct EditProps {
    pub cluster: Rc<Cluster>,
    pub close: Callback<()>,
}

#[function_component]
pub fn EditDialog(props: &EditProps) -> Html {
    let (fleet, task) = (use_fleet(), use_task());
    let cluster = &props.cluster;
    let name = {
        let name = cluster.name.clone();
        use_state(|| name)
    };
    let looks = use_looks(cluster.tag.clone(), cluster.color.clone(), cluster.group.clone());
    let error = complaint(name.trim(), true, DisplayName::parse(name.trim()));
    let valid = error.is_none();
    let save = {
        let (task, close) = (task.clone(), props.close.clone());
        let change = ChangeCluster {
            cluster: cluster.id,
            name: name.trim().to_owned(),
            color: looks.color(),
            tag: looks.tag(),
            group: looks.group(),
        };
        Callback::from(move |()| {
            if !valid {
                return;
            }
            let (fleet, close, change) = (fleet.clone(), close.clone(), change.clone());
            task.run(async move {
                shell::call::<_, ()>(command::CHANGE_CLUSTER, &change).await?;
                fleet.refresh().await;
                close.emit(());
                Ok(())
            });
        })
    };
    let actions = html! {
        <>
            <Button label="Cancel" onclick={props.close.clone()}/>
            <Button id="edit-cluster-save" label="Save" look={Look::Primary} submit=true busy={task.busy()} disabled={!valid}/>
        </>
    };
    html! {
        <Dialog id="edit-cluster" title={format!("{} in this app", cluster.name)} onclose={props.close.clone()} onsubmit={save} {actions}>
            <Field id="edit-cluster-name" label="Name" value={(*name).clone()} onchange={into_state(&name)} {error} autofocus=true/>
            <Looks {looks}/>
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}
