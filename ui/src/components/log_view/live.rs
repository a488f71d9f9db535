//! Something that writes a log for as long as it runs, as it happens: its numbered lines, and itself at each change.

use std::fmt::Display;
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use slipway_protocol::ClusterId;
use yew::prelude::*;

use super::SharedLog;
use super::buffer::{Line, LogBuffer};
use crate::state::counter::use_counter;
use crate::state::follow::{Followed, Following, use_follow};
use crate::visible;

/// What it is, by its id.
pub trait Running: Copy + Display + 'static {
    type View: Clone + PartialEq + Serialize + DeserializeOwned + 'static;
    type Request: Serialize + 'static;
    type Event: DeserializeOwned + 'static;

    /// The shell's command that follows it.
    const COMMAND: &'static str;

    /// `after` is the last line that is there already.
    fn request(self, cluster: ClusterId, after: Option<u64>) -> Self::Request;

    fn heard(event: Self::Event) -> Heard<Self::View>;
}

/// What its stream says.
pub enum Heard<V> {
    Lines(Vec<Line>),
    /// In the place of lines that cannot be read.
    Instead(Line),
    Changed(Box<V>),
    Nothing,
}

#[derive(Clone, PartialEq)]
pub struct Live<V> {
    pub view: Option<V>,
    pub log: SharedLog,
    pub following: Following,
}

#[hook]
pub fn use_live<R>(cluster: ClusterId, id: R) -> Live<R::View>
where
    R: Running,
{
    let buffer = use_mut_ref(LogBuffer::default);
    let last = use_mut_ref(|| 0_u64);
    let view = use_state_eq(|| None::<R::View>);
    let (version, changed) = use_counter();
    let request = {
        let last = Rc::clone(&last);
        Rc::new(move || {
            let after = *last.borrow();
            id.request(cluster, (after > 0).then_some(after))
        })
    };
    let take = {
        let (buffer, view) = (Rc::clone(&buffer), view.setter());
        Rc::new(move |events: Vec<R::Event>| {
            let mut any = false;
            for event in events {
                match R::heard(event) {
                    Heard::Lines(lines) => {
                        // Lines are numbered without gaps; one that was seen already is not shown twice.
                        for line in lines.into_iter().filter(|line| line.id > *last.borrow()) {
                            *last.borrow_mut() = line.id;
                            buffer.borrow_mut().push(line);
                            any = true;
                        }
                    }
                    Heard::Instead(line) => {
                        buffer.borrow_mut().tell(line);
                        any = true;
                    }
                    Heard::Changed(now) => view.set(Some(visible::all_of(*now))),
                    Heard::Nothing => {}
                }
            }
            if any {
                changed.emit(());
            }
        })
    };
    let following = use_follow(Followed {
        cluster,
        command: R::COMMAND,
        key: id.to_string(),
        ready: true,
        request,
        take,
    });
    Live {
        view: (*view).clone(),
        log: SharedLog { buffer, version },
        following,
    }
}
