//! The pulse of an open cluster: it beats when the agent says that something has changed. What is asked for again and again is asked
//! for at each beat, and otherwise seldom; without a pulse (an older agent, a lost feed) it is asked for every few seconds.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use gloo_timers::future::TimeoutFuture;
use slipway_protocol::ClusterId;
use slipway_protocol::desktop::{OfCluster, command};
use slipway_protocol::feed::FeedEvent;
use yew::prelude::*;

use super::bell::Bell;
use super::follow::{Followed, use_follow};
use super::watched;

/// How often something is asked for that would be told of: notifications make it fast, a look now and then makes it certain.
const SELDOM: u32 = 30_000;
/// Beats are not followed faster than this.
const AT_LEAST: u32 = 150;

#[derive(Clone, Default)]
pub struct Pulse(Rc<Inner>);

#[derive(Default)]
struct Inner {
    bell: Rc<Bell>,
    live: Cell<bool>,
}

impl PartialEq for Pulse {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Pulse {
    /// How often it has beaten.
    pub fn beats(&self) -> u32 {
        self.0.bell.rings()
    }

    fn beat(&self) {
        self.0.bell.ring();
    }

    /// Whether changes are told of. Who waits looks again when that changes.
    fn set_live(&self, live: bool) {
        if self.0.live.replace(live) != live {
            self.beat();
        }
    }

    /// Waits until something is to be asked for again, which was asked for after so many beats: at the next one, or after this time
    /// in milliseconds, or when the window is seen again. While nobody sees it, it waits on.
    pub async fn wait(&self, seen: u32, every: u32) {
        let again = watched::seen_again();
        TimeoutFuture::new(AT_LEAST.min(every)).await;
        let long = if self.0.live.get() {
            SELDOM.max(every)
        } else {
            every
        };
        let over = TimeoutFuture::new(long.saturating_sub(AT_LEAST));
        first(self.0.bell.after(seen), first(again, over)).await;
        watched::seen().await;
    }
}

/// The same for what is told of by nobody.
pub async fn wait(every: u32) {
    first(watched::seen_again(), TimeoutFuture::new(every)).await;
    watched::seen().await;
}

async fn first(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|context| match one.as_mut().poll(context) {
        Poll::Pending => other.as_mut().poll(context),
        ready => ready,
    })
    .await;
}

/// The pulse of a cluster that somebody is signed in to.
#[hook]
pub fn use_pulse_of(cluster: ClusterId, ready: bool) -> Pulse {
    let pulse = use_memo(cluster, |_| Pulse::default());
    let pulse = (*pulse).clone();
    let take = {
        let pulse = pulse.clone();
        move |events: Vec<FeedEvent>| {
            pulse.set_live(true);
            if events.contains(&FeedEvent::Changed) {
                pulse.beat();
            }
        }
    };
    let following = use_follow(Followed {
        cluster,
        command: command::WATCH_CHANGES,
        key: format!("changes {cluster}"),
        ready,
        request: Rc::new(move || OfCluster { cluster }),
        take: Rc::new(take),
    });
    if following.is_interrupted() || following.ended {
        pulse.set_live(false);
    }
    pulse
}
