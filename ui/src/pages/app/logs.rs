//! The logs of an application's containers, as they are written.

use std::rc::Rc;

use slipway_protocol::desktop::{FollowLogs, command};
use slipway_protocol::log_line::ContainerLogEvent;
use slipway_protocol::{ApplicationId, ClusterId};
use yew::prelude::*;

use super::AppProps;
use crate::browser::use_counter;
use crate::components::icon::Icon;
use crate::components::log_view::buffer::{Line, LogBuffer};
use crate::components::log_view::{LogView, SharedLog};
use crate::components::pill::{Pill, Tone};
use crate::components::remote::{Empty, Forbidden};
use crate::state::cluster::use_cluster;
use crate::state::follow::{Followed, Following, use_follow};
use crate::state::remote::is_forbidden;
use crate::text;

/// Begins with so many of the last lines.
const TAIL: u32 = 500;

#[function_component]
pub fn Logs(props: &AppProps) -> Html {
    if props.app.serving.is_none() {
        return html! {
            <Empty icon={Icon::Box} title="No containers yet" text="Deploy the application; what its containers write is shown here."/>
        };
    }
    html! { <ContainerLog ..props.clone()/> }
}

#[function_component]
fn ContainerLog(props: &AppProps) -> Html {
    let cluster = use_cluster().id();
    let (log, following) = use_container_log(cluster, props.app.id);
    if following.failure.as_ref().is_some_and(is_forbidden) {
        return html! { <Forbidden needs="the right to read logs"/> };
    }
    let title = following.failure.as_ref().map(|failure| failure.sentence.clone());
    let (tone, word) = match &following {
        one if one.is_interrupted() => (Tone::Warning, "interrupted"),
        one if one.ended => (Tone::Neutral, "ended"),
        _ => (Tone::Good, "live"),
    };
    let state = html! { <Pill {tone} text={word} title={title.map(AttrValue::from)}/> };
    html! { <LogView id="container-log" {log} {state} fine_times=true empty="The application's containers have not written anything yet."/> }
}

#[hook]
fn use_container_log(cluster: ClusterId, application: ApplicationId) -> (SharedLog, Following) {
    let buffer = use_mut_ref(LogBuffer::default);
    let last = use_mut_ref(|| None::<u64>);
    let (version, changed) = use_counter();
    let request = {
        let last = Rc::clone(&last);
        Rc::new(move || {
            let after = *last.borrow();
            FollowLogs {
                cluster,
                application,
                tail: after.is_none().then_some(TAIL),
                after,
            }
        })
    };
    let take = {
        let buffer = Rc::clone(&buffer);
        Rc::new(move |events: Vec<ContainerLogEvent>| {
            let mut any = false;
            for event in events {
                let ContainerLogEvent::Lines(lines) = event else {
                    continue;
                };
                for line in lines {
                    let newest = last.borrow().unwrap_or(0).max(line.sequence);
                    *last.borrow_mut() = Some(newest);
                    buffer.borrow_mut().push(Line {
                        number: None,
                        at: line.at,
                        who: line.task,
                        stream: line.stream,
                        text: text::plain(&line.text),
                    });
                    any = true;
                }
            }
            if any {
                changed.emit(());
            }
        })
    };
    let following = use_follow(Followed {
        cluster,
        command: command::FOLLOW_LOGS,
        key: application.to_string(),
        request,
        take,
    });
    (SharedLog { buffer, version }, following)
}
