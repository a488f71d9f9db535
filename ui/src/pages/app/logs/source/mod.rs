//! Where a log's lines come from: first the last ones that fit, then what follows; older ones when they are wanted.
//!
//! Numbers have no gap: what follows begins behind the last line that came, so that none is missing and none comes twice, however
//! often the link was lost.

pub mod around;
mod kept;

use std::rc::Rc;

use chrono::Utc;
use slipway_protocol::desktop::{Failure, LogWish, LogsOf, command};
use slipway_protocol::log_line::{ContainerLogEvent, ContainerLogLine};
use slipway_protocol::{ApplicationId, ClusterId, DeploymentId};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use self::kept::Kept;
use super::filter::LogFilter;
use crate::components::log_view::SharedLog;
use crate::shell;
use crate::state::again::{Again, use_again};
use crate::state::counter::use_counter;
use crate::state::follow::{Followed, Following, use_follow};

/// Begins with so many of the last lines.
const TAIL: u32 = 500;
const NEWEST: Page = Page::Last(TAIL);
/// So many older ones come at once.
const PAGE: u32 = 1_000;

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
    /// When the first answer is asked for again, where it has failed.
    pub again: Option<Again>,
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

/// An application's log; or that of one of its deployments, which is followed until the deployment has ended.
#[hook]
pub fn use_log_source(
    cluster: ClusterId,
    application: ApplicationId,
    deployment: Option<DeploymentId>,
    filter: &LogFilter,
    live: bool,
) -> Source {
    let kept = use_memo((), |()| Kept::default());
    let (version, changed) = use_counter();
    let (round, restart) = use_counter();
    // What “the last hour” means is decided when it is asked for.
    let wish = use_memo(
        (application, deployment, filter.clone(), round),
        |(application, deployment, filter, _)| LogWish {
            deployment: *deployment,
            ..filter.wish(*application, Utc::now())
        },
    );
    let question = Question {
        cluster,
        wish,
        round,
        kept: Rc::clone(&kept),
        changed,
    };
    let answers = use_first(&question);
    let failure = match &*answers.first {
        Asked::Failed(failure) => Some(failure),
        Asked::Waiting | Asked::There => None,
    };
    let answered = *answers.first == Asked::There;
    let again = use_again(live, failure, answered, round, &restart);
    let key = format!("{application} {deployment:?} {round} {filter:?}");
    let following = use_rest(&question, key, *answers.first == Asked::There && filter.is_open());
    Source {
        log: SharedLog {
            buffer: Rc::clone(&kept.buffer),
            version,
        },
        first: (*answers.first).clone(),
        again,
        older: (*answers.older).clone(),
        complete: *answers.complete && kept.buffer.borrow().let_go() == 0,
        following,
        tasks: kept.tasks(),
        load_older: older(question, answers),
        restart,
    }
}

/// Which lines are wanted, and where they go.
#[derive(Clone)]
struct Question {
    cluster: ClusterId,
    wish: Rc<LogWish>,
    /// The same may be asked anew.
    round: u32,
    kept: Rc<Kept>,
    /// Draws what has come.
    changed: Callback<()>,
}

/// So many of the lines that fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Last(u32),
    /// The last ones before a line.
    Before(u64, u32),
    /// The first ones behind a line.
    After(u64, u32),
}

impl Page {
    fn of(self, wish: &LogWish) -> LogWish {
        let mut wish = wish.clone();
        match self {
            Self::Last(count) => wish.tail = Some(count),
            Self::Before(line, count) => (wish.before, wish.tail) = (Some(line), Some(count)),
            Self::After(line, count) => (wish.after, wish.limit) = (Some(line), Some(count)),
        }
        wish
    }

    /// It has fewer lines than it was to have: there are no more in that direction.
    fn is_short(self, lines: usize) -> bool {
        let (Self::Last(count) | Self::Before(_, count) | Self::After(_, count)) = self;
        lines < count as usize
    }
}

impl Question {
    /// Asks for a page of the lines that fit. An answer that comes when something else was asked is none.
    fn ask(&self, page: Page, came: impl FnOnce(&Kept, Result<Vec<ContainerLogLine>, Failure>) + 'static) {
        let request = LogsOf {
            cluster: self.cluster,
            wish: page.of(&self.wish),
        };
        let (kept, changed, asked) = (Rc::clone(&self.kept), self.changed.clone(), self.kept.round());
        spawn_local(async move {
            let answer = shell::call(command::READ_LOGS, &request).await;
            if kept.round() == asked {
                came(&kept, answer);
                changed.emit(());
            }
        });
    }

    /// Asks for a further page, unless one is on its way or the first one is not here. A page that is not full is the last one in its direction.
    fn ask_more(
        &self,
        page: Page,
        first: &Asked,
        more: &UseStateHandle<Asked>,
        is_last: UseStateSetter<bool>,
        take: fn(&Kept, Vec<ContainerLogLine>),
    ) {
        if **more == Asked::Waiting || *first != Asked::There {
            return;
        }
        more.set(Asked::Waiting);
        let more = more.setter();
        self.ask(page, move |kept, answer| match answer {
            Ok(lines) => {
                is_last.set(page.is_short(lines.len()));
                take(kept, lines);
                more.set(Asked::There);
            }
            Err(failure) => more.set(Asked::Failed(failure)),
        });
    }
}

/// How the questions stand.
struct Answers {
    first: UseStateHandle<Asked>,
    older: UseStateHandle<Asked>,
    complete: UseStateHandle<bool>,
}

/// Asks for the newest lines, as soon as there is another question.
#[hook]
fn use_first(question: &Question) -> Answers {
    let first = use_state_eq(Asked::default);
    let older = use_state_eq(|| Asked::There);
    let complete = use_state_eq(|| false);
    let (own, setters) = (
        question.clone(),
        (first.setter(), older.setter(), complete.setter()),
    );
    use_effect_with((question.round, Rc::clone(&question.wish)), move |_| {
        let (first, older, complete) = setters;
        own.kept.begin();
        first.set(Asked::Waiting);
        older.set(Asked::There);
        own.ask(NEWEST, move |kept, answer| match answer {
            Ok(lines) => {
                complete.set(NEWEST.is_short(lines.len()));
                kept.take(lines);
                first.set(Asked::There);
            }
            Err(failure) => first.set(Asked::Failed(failure)),
        });
    });
    Answers {
        first,
        older,
        complete,
    }
}

/// Follows what is written behind the last line that came. Another key is another question.
#[hook]
fn use_rest(question: &Question, key: String, ready: bool) -> Following {
    let request = {
        let question = question.clone();
        Rc::new(move || {
            let after = question.kept.last();
            LogsOf {
                cluster: question.cluster,
                wish: LogWish {
                    after,
                    tail: after.is_none().then_some(TAIL),
                    ..(*question.wish).clone()
                },
            }
        })
    };
    let take = {
        let (kept, changed, asked) = (
            Rc::clone(&question.kept),
            question.changed.clone(),
            question.kept.round(),
        );
        Rc::new(move |events: Vec<ContainerLogEvent>| {
            let mut any = false;
            for event in events {
                if let ContainerLogEvent::Lines(lines) = event
                    && kept.round() == asked
                {
                    kept.take(lines);
                    any = true;
                }
            }
            if any {
                changed.emit(());
            }
        })
    };
    use_follow(Followed {
        cluster: question.cluster,
        command: command::FOLLOW_LOGS,
        key,
        ready,
        request,
        take,
    })
}

/// Loads the lines before those that are here, unless they are all here, or on their way.
fn older(question: Question, answers: Answers) -> Callback<()> {
    let Answers {
        first,
        older,
        complete,
    } = answers;
    Callback::from(move |()| {
        let (before, all_there) = {
            let buffer = question.kept.buffer.borrow();
            // Lines that were let go are older ones again.
            (buffer.first(), *complete && buffer.let_go() == 0)
        };
        let Some(before) = before.filter(|_| !all_there) else {
            return;
        };
        let page = Page::Before(before, PAGE);
        question.ask_more(page, &first, &older, complete.setter(), Kept::take_older);
    })
}
