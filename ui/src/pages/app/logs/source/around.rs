//! A log around one of its lines, without any filter: a page of it, and more in both directions when it is wanted.

use std::rc::Rc;

use slipway_protocol::desktop::LogWish;
use slipway_protocol::{ApplicationId, ClusterId, DeploymentId};
use yew::prelude::*;

use super::kept::Kept;
use super::{Answers, Asked, PAGE, Page, Question, Source, older};
use crate::components::log_view::SharedLog;
use crate::state::again::use_again;
use crate::state::counter::use_counter;
use crate::state::follow::Following;

/// Begins with so many lines before the line, and as many behind it.
const HALF: u32 = 250;

/// What comes behind the lines that are here.
#[derive(Clone, PartialEq)]
pub struct Newer {
    pub asked: Asked,
    /// The newest line that there was is here.
    pub at_end: bool,
    /// Newer lines were here and had to give way to older ones.
    pub let_go: bool,
    pub load: Callback<()>,
}

/// The page with which a view of a line begins, and whether it begins with the first line of all. Numbers have no gap, and begin with 1.
fn first_page(line: u64) -> (Page, bool) {
    let after = line.saturating_sub(u64::from(HALF) + 1);
    (Page::After(after, 2 * HALF + 1), after == 0)
}

/// The lines around a line of an application's log, or of that of one of its deployments. They are not followed.
#[hook]
pub fn use_lines_around(
    cluster: ClusterId,
    application: ApplicationId,
    deployment: Option<DeploymentId>,
    line: u64,
    live: bool,
) -> (Source, Newer) {
    let kept = use_memo((), |()| Kept::default());
    let (version, changed) = use_counter();
    let (round, restart) = use_counter();
    let wish = use_memo((application, deployment), |(application, deployment)| LogWish {
        deployment: *deployment,
        ..LogWish::all_of(*application)
    });
    let question = Question {
        cluster,
        wish,
        round,
        kept: Rc::clone(&kept),
        changed,
    };
    let (answers, newer) = use_both(&question, line);
    let failure = match &*answers.first {
        Asked::Failed(failure) => Some(failure),
        Asked::Waiting | Asked::There => None,
    };
    let answered = *answers.first == Asked::There;
    let again = use_again(live, failure, answered, round, &restart);
    let source = Source {
        log: SharedLog {
            buffer: Rc::clone(&kept.buffer),
            version,
        },
        first: (*answers.first).clone(),
        again,
        older: (*answers.older).clone(),
        complete: *answers.complete && kept.buffer.borrow().let_go() == 0,
        following: Following::default(),
        tasks: kept.tasks(),
        load_older: older(question, answers),
        restart,
    };
    (source, newer)
}

/// Asks for the lines around the line, as soon as it is another one; and for what comes behind them, when that is wanted.
#[hook]
fn use_both(question: &Question, line: u64) -> (Answers, Newer) {
    let first = use_state_eq(Asked::default);
    let older = use_state_eq(|| Asked::There);
    let complete = use_state_eq(|| false);
    let newer = use_state_eq(|| Asked::There);
    let at_end = use_state_eq(|| false);
    {
        let own = question.clone();
        let (first, older, complete) = (first.setter(), older.setter(), complete.setter());
        let (newer, at_end) = (newer.setter(), at_end.setter());
        use_effect_with(
            (question.round, line, Rc::clone(&question.wish)),
            move |(_, line, _)| {
                own.kept.begin();
                first.set(Asked::Waiting);
                older.set(Asked::There);
                newer.set(Asked::There);
                let (page, from_the_first) = first_page(*line);
                own.ask(page, move |kept, answer| match answer {
                    Ok(lines) => {
                        complete.set(from_the_first);
                        at_end.set(page.is_short(lines.len()));
                        kept.take(lines);
                        first.set(Asked::There);
                    }
                    Err(failure) => first.set(Asked::Failed(failure)),
                });
            },
        );
    }
    let let_go = question.kept.buffer.borrow().waiting() > 0;
    let load = {
        let (question, first) = (question.clone(), first.clone());
        let (newer, at_end) = (newer.clone(), at_end.setter());
        Callback::from(move |()| {
            let Some(last) = question.kept.last().filter(|_| !let_go) else {
                return;
            };
            let page = Page::After(last, PAGE);
            question.ask_more(page, &first, &newer, at_end.clone(), Kept::take);
        })
    };
    let behind = Newer {
        asked: (*newer).clone(),
        at_end: *at_end,
        let_go,
        load,
    };
    let answers = Answers {
        first,
        older,
        complete,
    };
    (answers, behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(page: Page) -> LogWish {
        let application: ApplicationId = "018f0000-0000-7000-8000-000000000001".parse().expect("an id");
        page.of(&LogWish::all_of(application))
    }

    /// FR-OBS-01: around a line stand as many lines before it as behind it; near the log's beginning it begins with the first.
    #[test]
    fn a_line_has_lines_around_it() {
        let (page, from_the_first) = first_page(1_000);
        let asked = wish(page);
        assert_eq!(
            (asked.after, asked.limit, asked.tail),
            (Some(749), Some(501), None)
        );
        assert_eq!((asked.before, from_the_first), (None, false));
        for line in [1, 17, 251] {
            let (page, from_the_first) = first_page(line);
            assert_eq!((wish(page).after, from_the_first), (Some(0), true), "{line}");
        }
        assert!(!first_page(252).1);
    }

    /// FR-OBS-01: more is asked for in both directions; a page that is not full is the last one.
    #[test]
    fn both_directions_are_asked_for() {
        let older = wish(Page::Before(750, PAGE));
        assert_eq!(
            (older.before, older.tail, older.after),
            (Some(750), Some(1_000), None)
        );
        let newer = Page::After(1_250, PAGE);
        let asked = wish(newer);
        assert_eq!(
            (asked.after, asked.limit, asked.tail),
            (Some(1_250), Some(1_000), None)
        );
        assert!(newer.is_short(999) && !newer.is_short(1_000));
    }
}
