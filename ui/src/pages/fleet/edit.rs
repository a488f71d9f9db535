//! How a cluster is called and looks here, and how it is reached.

use std::rc::Rc;

use slipway_protocol::DisplayName;
use slipway_protocol::desktop::{ChangeCluster, Cluster, command};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::field::{Field, complaint, into_state};
use crate::components::looks::{Looks, use_looks};
use crate::components::modal::Dialog;
use crate::components::ssh_way::{PlaceFields, WayBegun, WayFields, use_way_text};
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
    let way = use_way_text(cluster.way.as_ref().map(WayBegun::of).unwrap_or_default());
    let error = complaint(name.trim(), true, DisplayName::parse(name.trim()));
    // This very machine is nowhere else.
    let is_remote = cluster.way.is_some();
    let typed = is_remote.then(|| way.way());
    let valid = error.is_none() && typed != Some(None);
    let save = {
        let (task, close) = (task.clone(), props.close.clone());
        let change = ChangeCluster {
            cluster: cluster.id,
            name: name.trim().to_owned(),
            way: typed.flatten(),
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
            <Button label="Cancel" disabled={task.busy()} onclick={props.close.clone()}/>
            <Button id="edit-cluster-save" label="Save" look={Look::Primary} submit=true busy={task.busy()} disabled={!valid}/>
        </>
    };
    html! {
        <Dialog id="edit-cluster" title={format!("{} in this app", cluster.name)} onclose={props.close.clone()} onsubmit={save} stays={task.busy()} {actions}>
            <Field id="edit-cluster-name" label="Name" value={(*name).clone()} onchange={into_state(&name)} {error} autofocus=true/>
            <Looks {looks}/>
            if is_remote {
                <PlaceFields text={way.clone()}/>
                <WayFields text={way}/>
                <p class="field-hint">{ "For a server that has moved, or is reached in another way from now on: the session stays. \
                    The host key of a new address is asked about." }</p>
            }
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}
