//! A command as it happens: what it writes, and itself at each change.

use std::rc::Rc;

use slipway_protocol::command::{CommandEvent, CommandView};
use slipway_protocol::desktop::{FollowCommand, command};
use slipway_protocol::{ClusterId, CommandId};
use yew::prelude::*;

use crate::browser::use_counter;
use crate::components::log_view::SharedLog;
use crate::components::log_view::buffer::LogBuffer;
use crate::state::follow::{Followed, Following, use_follow};
use crate::visible;

#[derive(Clone, PartialEq)]
pub struct Live {
    pub view: Option<CommandView>,
    pub log: SharedLog,
    pub following: Following,
}

#[hook]
pub fn use_live(cluster: ClusterId, id: CommandId) -> Live {
    let buffer = use_mut_ref(LogBuffer::default);
    let last = use_mut_ref(|| 0_u64);
    let view = use_state_eq(|| None::<CommandView>);
    let (version, changed) = use_counter();
    let request = {
        let last = Rc::clone(&last);
        Rc::new(move || {
            let after = *last.borrow();
            FollowCommand {
                cluster,
                command: id,
                after: (after > 0).then_some(after),
            }
        })
    };
    let take = {
        let (buffer, view) = (Rc::clone(&buffer), view.setter());
        Rc::new(move |events: Vec<CommandEvent>| {
            let mut any = false;
            for event in events {
                match event {
                    CommandEvent::Lines(lines) => {
                        // Lines are numbered without gaps; one that was seen already is not shown twice.
                        for line in lines.into_iter().filter(|line| line.sequence > *last.borrow()) {
                            *last.borrow_mut() = line.sequence;
                            buffer.borrow_mut().push(line.into());
                            any = true;
                        }
                    }
                    CommandEvent::Changed(now) => view.set(Some(visible::all_of(*now))),
                    CommandEvent::Ping => {}
                }
            }
            if any {
                changed.emit(());
            }
        })
    };
    let following = use_follow(Followed {
        cluster,
        command: command::FOLLOW_COMMAND,
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
