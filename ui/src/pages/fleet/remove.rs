//! Removing a cluster from this app.

use std::rc::Rc;

use slipway_protocol::desktop::{Cluster, OfCluster, SshAuth, SshWay, command};
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
            <p>{ "Nothing changes on the server: applications, agent and accounts stay. " }{ the_way_back(props.cluster.way.as_ref()) }</p>
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}

/// How it is added again. The key of a server that was set up from here is nowhere else.
fn the_way_back(way: Option<&SshWay>) -> &'static str {
    match way {
        Some(way) if way.auth == SshAuth::KeptKey => {
            "The SSH key that was made for it goes, and there is no other copy: to add the cluster again its server is set up once more, by \
             somebody who signs in there as root or may become root."
        }
        Some(_) | None => "The cluster can be added again.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CON-03, FR-DSK-04: where the only key to a cluster goes with it, that is said before.
    #[test]
    fn a_key_that_goes_is_named() {
        let mut way = SshWay {
            host: "server".to_owned(),
            port: 22,
            user: "slipway".to_owned(),
            auth: SshAuth::KeptKey,
            agent_socket: None,
            jump: Vec::new(),
            entries: Vec::new(),
        };
        assert!(the_way_back(Some(&way)).contains("SSH key that was made for it goes"));
        way.auth = SshAuth::Agent;
        for way in [Some(&way), None] {
            assert_eq!(the_way_back(way), "The cluster can be added again.");
        }
    }
}
