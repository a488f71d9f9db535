//! Where a log's lines come from: first the last ones that fit, then what follows; older ones when they are wanted.
//!
//! Numbers have no gap: what follows begins behind the last line that came, so that none is missing and none comes twice, however
//! often the link was lost.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use chrono::Utc;
use gloo_timers::callback::Timeout;
use slipway_protocol::desktop::{Failure, FailureKind, LogWish, LogsOf, command};
use slipway_protocol::log_line::{ContainerLogEvent, ContainerLogLine};
use slipway_protocol::{ApplicationId, ClusterId, DeploymentId};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::filter::LogFilter;
use crate::browser::use_counter;
use crate::components::log_view::SharedLog;
use crate::components::log_view::buffer::{Line, LogBuffer};
use crate::shell;
use crate::state::follow::{Followed, Following, use_follow};

/// Begins with so many of the last lines.
const TAIL: u32 = 500;
/// So many older ones come at once.
const PAGE: u32 = 1_000;
/// So long after the link is back it is asked again.
const AGAIN_MS: u32 = 500;
/// More tasks than that are not offered.
const MOST_TASKS: usize = 30;

/// The first answer, or what older lines there are.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Asked {
    #[default]
    Waiting,
    There,
    Failed(Failure),
}

#[derive(Clone, PartialEq)]
pub struct Source {
    pub log: SharedLog,
    pub first: Asked,
    pub older: Asked,
    /// The first line that is kept is here.
    pub complete: bool,
    pub following: Following,
    /// The tasks that were seen.
    pub tasks: Vec<String>,
    pub load_older: Callback<()>,
    /// Begins anew with the newest lines.
    pub restart: Callback<()>,
}

/// What is kept from one render to the next.
struct Kept {
    buffer: Rc<RefCell<LogBuffer>>,
    /// The number of the newest line that came.
    last: Cell<Option<u64>>,
    /// Answers to an earlier question are none.
    round: Cell<u32>,
    tasks: RefCell<Vec<String>>,
}

impl Kept {
    fn take(&self, lines: Vec<ContainerLogLine>) {
        let mut buffer = self.buffer.borrow_mut();
        for line in lines {
            if self.last.get().is_none_or(|last| line.sequence > last) {
                self.last.set(Some(line.sequence));
                self.meet(&line.task);
                buffer.push(line.into());
            }
        }
    }

    fn meet(&self, task: &str) {
        let mut tasks = self.tasks.borrow_mut();
        if tasks.len() < MOST_TASKS && !task.is_empty() && !tasks.iter().any(|known| known == task) {
            tasks.push(task.to_owned());
        }
    }
}

async fn read(cluster: ClusterId, wish: LogWish) -> Result<Vec<ContainerLogLine>, Failure> {
    shell::call(command::READ_LOGS, &LogsOf { cluster, wish }).await
}

/// An application's log; or that of one of its deployments, which says what it holds when it is asked, and is not followed here.
#[hook]
pub fn use_log_source(
    cluster: ClusterId,
    application: ApplicationId,
    deployment: Option<DeploymentId>,
    filter: &LogFilter,
    live: bool,
) -> Source {
    let kept = use_memo((), |()| Kept {
        buffer: Rc::default(),
        last: Cell::default(),
        round: Cell::default(),
        tasks: RefCell::default(),
    });
    let (version, changed) = use_counter();
    let (round, restart) = use_counter();
    let first = use_state_eq(Asked::default);
    let older = use_state_eq(|| Asked::There);
    let complete = use_state_eq(|| false);
    // What “the last hour” means is decided when it is asked for.
    let wish = use_memo(
        (application, deployment, filter.clone(), round),
        |(application, deployment, filter, _)| LogWish {
            deployment: *deployment,
            ..filter.wish(*application, Utc::now())
        },
    );
    {
        let (kept, changed) = (Rc::clone(&kept), changed.clone());
        let (first, older, complete) = (first.setter(), older.setter(), complete.setter());
        use_effect_with(Rc::clone(&wish), move |wish| {
            let asked = kept.round.get().wrapping_add(1);
            kept.round.set(asked);
            kept.last.set(None);
            kept.buffer.borrow_mut().clear();
            first.set(Asked::Waiting);
            older.set(Asked::There);
            let wish = LogWish {
                tail: Some(TAIL),
                ..(**wish).clone()
            };
            spawn_local(async move {
                let answer = read(cluster, wish).await;
                if kept.round.get() != asked {
                    return;
                }
                match answer {
                    Ok(lines) => {
                        complete.set(lines.len() < TAIL as usize);
                        kept.take(lines);
                        first.set(Asked::There);
                    }
                    Err(failure) => first.set(Asked::Failed(failure)),
                }
                changed.emit(());
            });
        });
    }
    use_again(live, &first, &restart);
    let following = use_follow(Followed {
        cluster,
        command: command::FOLLOW_LOGS,
        key: format!("{application} {round} {filter:?}"),
        ready: *first == Asked::There && filter.is_open() && deployment.is_none(),
        request: {
            let (kept, wish) = (Rc::clone(&kept), Rc::clone(&wish));
            Rc::new(move || LogsOf {
                cluster,
                wish: LogWish {
                    after: kept.last.get(),
                    tail: kept.last.get().is_none().then_some(TAIL),
                    ..(*wish).clone()
                },
            })
        },
        take: {
            let (kept, changed) = (Rc::clone(&kept), changed.clone());
            let asked = kept.round.get();
            Rc::new(move |events: Vec<ContainerLogEvent>| {
                let mut any = false;
                for event in events {
                    if let ContainerLogEvent::Lines(lines) = event
                        && kept.round.get() == asked
                    {
                        kept.take(lines);
                        any = true;
                    }
                }
                if any {
                    changed.emit(());
                }
            })
        },
    });
    let load_older = {
        let (kept, wish) = (Rc::clone(&kept), Rc::clone(&wish));
        let (older, complete, first) = (older.clone(), complete.clone(), (*first).clone());
        Callback::from(move |()| {
            let (before, all_there) = {
                let buffer = kept.buffer.borrow();
                // Lines that were let go are older ones again.
                (buffer.first(), *complete && buffer.let_go() == 0)
            };
            if before.is_none() || all_there || *older == Asked::Waiting || first != Asked::There {
                return;
            }
            older.set(Asked::Waiting);
            let wish = LogWish {
                before,
                tail: Some(PAGE),
                ..(*wish).clone()
            };
            let (kept, changed, asked) = (Rc::clone(&kept), changed.clone(), kept.round.get());
            let (older, complete) = (older.setter(), complete.setter());
            spawn_local(async move {
                let answer = read(cluster, wish).await;
                if kept.round.get() != asked {
                    return;
                }
                match answer {
                    Ok(lines) => {
                        complete.set(lines.len() < PAGE as usize);
                        lines.iter().for_each(|line| kept.meet(&line.task));
                        kept.buffer
                            .borrow_mut()
                            .prepend(lines.into_iter().map(Line::from).collect());
                        older.set(Asked::There);
                    }
                    Err(failure) => older.set(Asked::Failed(failure)),
                }
                changed.emit(());
            });
        })
    };
    let tasks = kept.tasks.borrow().clone();
    Source {
        log: SharedLog {
            buffer: Rc::clone(&kept.buffer),
            version,
        },
        first: (*first).clone(),
        older: (*older).clone(),
        complete: *complete && kept.buffer.borrow().let_go() == 0,
        following,
        tasks,
        load_older,
        restart,
    }
}

/// What failed for want of a link is asked again when the link is there.
#[hook]
fn use_again(live: bool, first: &UseStateHandle<Asked>, restart: &Callback<()>) {
    let failed = matches!(&**first, Asked::Failed(failure) if failure.kind == FailureKind::Link);
    let restart = restart.clone();
    use_effect_with(live && failed, move |again| {
        let wait = again.then(|| Timeout::new(AGAIN_MS, move || restart.emit(())));
        move || drop(wait)
    });
}
