//! A deployment as it happens: its numbered log lines and itself at each change.

use std::rc::Rc;

use slipway_protocol::deployment::DeploymentView;
use slipway_protocol::desktop::{FollowDeployment, command};
use slipway_protocol::log_line::{DeploymentEvent, DeploymentLogLine};
use slipway_protocol::{ClusterId, DeploymentId};
use yew::prelude::*;

use crate::browser::use_counter;
use crate::components::log_view::SharedLog;
use crate::components::log_view::buffer::{Line, LogBuffer};
use crate::state::follow::{Followed, Following, use_follow};
use crate::visible;

#[derive(Clone, PartialEq)]
pub struct Live {
    pub view: Option<DeploymentView>,
    pub log: SharedLog,
    pub following: Following,
}

#[hook]
pub fn use_live(cluster: ClusterId, deployment: DeploymentId) -> Live {
    let buffer = use_mut_ref(LogBuffer::default);
    let last = use_mut_ref(|| 0_u64);
    let view = use_state_eq(|| None::<DeploymentView>);
    let (version, changed) = use_counter();
    let request = {
        let last = Rc::clone(&last);
        Rc::new(move || {
            let after = *last.borrow();
            FollowDeployment {
                cluster,
                deployment,
                after: (after > 0).then_some(after),
            }
        })
    };
    let take = {
        let (buffer, view) = (Rc::clone(&buffer), view.setter());
        Rc::new(move |events: Vec<DeploymentEvent>| {
            let mut any = false;
            for event in events {
                match event {
                    // Lines are numbered without gaps; one that was seen already is not shown twice.
                    DeploymentEvent::Line(line) if line.sequence > *last.borrow() => {
                        *last.borrow_mut() = line.sequence;
                        buffer.borrow_mut().push(shown(line));
                        any = true;
                    }
                    DeploymentEvent::Changed(now) => view.set(Some(visible::all_of(*now))),
                    DeploymentEvent::Line(_) | DeploymentEvent::Ping => {}
                }
            }
            if any {
                changed.emit(());
            }
        })
    };
    let following = use_follow(Followed {
        cluster,
        command: command::FOLLOW_DEPLOYMENT,
        key: deployment.to_string(),
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

fn shown(line: DeploymentLogLine) -> Line {
    let who = line.step.as_str().replace('_', "-");
    Line {
        numbered: true,
        ..Line::new(line.sequence, line.at, who, line.stream, line.text)
    }
}
