//! How a cluster is called and looks here, and where it is.

use std::rc::Rc;

use slipway_protocol::DisplayName;
use slipway_protocol::desktop::{ChangeCluster, Cluster, SshPlace, command};
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
    let (host, port, user) = {
        let (cluster, port) = (Rc::clone(cluster), cluster.port.unwrap_or(22).to_string());
        let user = cluster.user.clone().unwrap_or_default();
        (
            use_state(move || cluster.host.clone()),
            use_state(move || port),
            use_state(move || user),
        )
    };
    let error = complaint(name.trim(), true, DisplayName::parse(name.trim()));
    let number = port.trim().parse::<u16>().ok().filter(|port| *port > 0);
    let port_error = number
        .is_none()
        .then_some(AttrValue::Static("A port is a number from 1 to 65535."));
    // This very machine is nowhere else.
    let movable = cluster.port.is_some();
    let nowhere = movable && (number.is_none() || host.trim().is_empty() || user.trim().is_empty());
    let valid = error.is_none() && !nowhere;
    let save = {
        let (task, close) = (task.clone(), props.close.clone());
        let change = ChangeCluster {
            cluster: cluster.id,
            name: name.trim().to_owned(),
            place: number.filter(|_| movable).map(|port| SshPlace {
                host: host.trim().to_owned(),
                port,
                user: user.trim().to_owned(),
            }),
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
            if movable {
                <div class="form-row">
                    <Field id="edit-cluster-host" label="Host" value={(*host).clone()} onchange={into_state(&host)} mono=true/>
                    <Field id="edit-cluster-port" label="SSH port" value={(*port).clone()} onchange={into_state(&port)} error={port_error} mono=true/>
                </div>
                <Field id="edit-cluster-user" label="SSH user" value={(*user).clone()} onchange={into_state(&user)} mono=true
                    hint="For a server that has moved: the way to sign in and the session stay. Its host key is asked about at the new address."/>
            }
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}
