//! What is known of a cluster that is out of reach, in its row: why, what comes next, and the button that tries again now.

use std::rc::Rc;

use slipway_protocol::desktop::{Cluster, Link, OfCluster, command};
use yew::prelude::*;

use crate::components::button::Button;
use crate::components::connecting::use_connecting;
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
    let attempt = use_connecting(id, false);
    let retrying = use_task();
    let before = use_mut_ref(|| None::<String>);
    let waits = matches!(cluster.link, Link::Retrying { .. });
    let onclick = {
        let (begin, forget, task) = (attempt.begin.clone(), attempt.forget.clone(), retrying.clone());
        Callback::from(move |()| {
            if waits {
                forget.emit(());
                task.run(async move { shell::call(command::RETRY_LINK, &OfCluster { cluster: id }).await });
            } else {
                begin.emit(());
            }
        })
    };
    let failure = attempt
        .failure
        .or_else(|| retrying.failure())
        .filter(|_| !attempt.under_way);
    // During an attempt the reason of the one before it stays: the row does not jump.
    let connecting = cluster.link == Link::Connecting;
    if !connecting {
        *before.borrow_mut() = why(&cluster.link);
    }
    // What failed says the same again.
    let why = before.borrow().clone().filter(|_| failure.is_none());
    let tried = why.is_some() || failure.is_some() || can_be_tried(&cluster.link);
    let busy = attempt.under_way || retrying.busy() || connecting;
    html! {
        <div class="offline">
            { attempt.flow }
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
