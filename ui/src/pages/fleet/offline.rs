//! What is known of a cluster that is out of reach, in its row: why, what comes next, and the button that tries again now.

use std::rc::Rc;

use slipway_protocol::desktop::{Cluster, Failure, Link, OfCluster, command};
use yew::prelude::*;

use crate::components::button::Button;
use crate::components::connect_flow::{Attempt, ConnectFlow};
use crate::components::failure::FormError;
use crate::shell;
use crate::state::task::use_task;

#[derive(PartialEq, Properties)]
pub struct OfflineProps {
    pub cluster: Rc<Cluster>,
}

/// Shown as long as the link is not up, so that a question that connecting asks stays.
#[function_component]
pub fn Offline(props: &OfflineProps) -> Html {
    let cluster = &props.cluster;
    let id = cluster.id;
    // The attempt that is under way; each gets a number, so that a new one begins anew.
    let attempt = use_state(|| None::<u32>);
    let last = use_state(|| 0_u32);
    let stopped = use_state(|| None::<Failure>);
    let retrying = use_task();
    let before = use_mut_ref(|| None::<String>);
    let waits = matches!(cluster.link, Link::Retrying { .. });
    let onclick = {
        let (attempt, last, stopped, task) =
            (attempt.setter(), last.clone(), stopped.setter(), retrying.clone());
        Callback::from(move |()| {
            stopped.set(None);
            if waits {
                task.run(async move { shell::call(command::RETRY_LINK, &OfCluster { cluster: id }).await });
            } else {
                attempt.set(Some(*last + 1));
                last.set(*last + 1);
            }
        })
    };
    let onconnected = {
        let attempt = attempt.setter();
        Callback::from(move |_: Cluster| attempt.set(None))
    };
    let onstopped = {
        let (attempt, stopped) = (attempt.setter(), stopped.setter());
        Callback::from(move |failure| {
            attempt.set(None);
            stopped.set(failure);
        })
    };
    let flow = attempt.map(|number| {
        html! { <ConnectFlow key={number} attempt={Attempt::Open(id)} {onconnected} {onstopped}/> }
    });
    let failure = (*stopped)
        .clone()
        .or_else(|| retrying.failure())
        .filter(|_| attempt.is_none());
    // During an attempt the reason of the one before it stays: the row does not jump.
    let connecting = cluster.link == Link::Connecting;
    if !connecting {
        *before.borrow_mut() = why(&cluster.link);
    }
    // What failed says the same again.
    let why = before.borrow().clone().filter(|_| failure.is_none());
    let tried = why.is_some() || failure.is_some() || can_be_tried(&cluster.link);
    let busy = attempt.is_some() || retrying.busy() || connecting;
    html! {
        <div class="offline">
            { flow.unwrap_or_default() }
            if let Some(why) = why { <p class="note" data-testid={format!("offline-{}", cluster.name)}>{ why }</p> }
            <FormError {failure}/>
            if tried {
                <Button id={format!("retry-cluster-{}", cluster.name)} label="Try now" {busy} {onclick}/>
            }
        </div>
    }
}

/// Why it is out of reach, with what to do or what comes by itself; nothing where nothing went wrong.
fn why(link: &Link) -> Option<String> {
    match link {
        Link::Up { .. } | Link::Connecting | Link::Closed => None,
        Link::Down { sentence } => Some(sentence.clone()),
        Link::Retrying {
            attempt, sentence, ..
        } => Some(format!("{sentence} Attempt {attempt}, the next comes by itself.")),
    }
}

/// Nothing is under way.
fn can_be_tried(link: &Link) -> bool {
    match link {
        Link::Up { .. } | Link::Connecting => false,
        Link::Closed | Link::Down { .. } | Link::Retrying { .. } => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CON-07, FR-CON-10: a cluster that is out of reach says why and what comes next, and can be tried again wherever nothing is under way.
    #[test]
    fn what_is_out_of_reach_says_why() {
        let down = Link::Down {
            sentence: "The host key has changed.".to_owned(),
        };
        let waits = Link::Retrying {
            attempt: 3,
            wait_ms: 2_000,
            sentence: "The server does not answer.".to_owned(),
        };
        assert_eq!(why(&down).as_deref(), Some("The host key has changed."));
        assert_eq!(
            why(&waits).as_deref(),
            Some("The server does not answer. Attempt 3, the next comes by itself.")
        );
        assert!(why(&Link::Closed).is_none() && why(&Link::Connecting).is_none());
        for (link, tried) in [
            (down, true),
            (waits, true),
            (Link::Closed, true),
            (Link::Connecting, false),
        ] {
            assert_eq!(can_be_tried(&link), tried, "{link:?}");
        }
    }
}
