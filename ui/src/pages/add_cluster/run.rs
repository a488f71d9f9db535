//! How setting a server up goes: its steps, what they write, and the end of it.

use std::rc::Rc;

use slipway_protocol::desktop::Failure;
use slipway_protocol::setup::{SetupEvent, SetupStep, last_written};
use yew::prelude::*;

use crate::components::log_view::ansi;

/// The log shows the last lines only; all of them are in the server's own journal.
const LINES: usize = 400;

/// How a step goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Going {
    Running,
    Done {
        changed: bool,
        seconds: f64,
        result: String,
    },
    Failed(String),
}

/// Everything that the run has told so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    steps: Vec<(SetupStep, Going)>,
    pub lines: Vec<String>,
    /// It goes on no more; with what stopped it, where that was not a step.
    pub ended: Option<Option<Failure>>,
}

impl Run {
    pub fn going(&self, step: SetupStep) -> Option<&Going> {
        self.steps
            .iter()
            .find(|(one, _)| *one == step)
            .map(|(_, going)| going)
    }

    /// It came to its end, with everything as it should be.
    pub fn is_done(&self) -> bool {
        self.ended == Some(None) && !self.failed()
    }

    pub fn failed(&self) -> bool {
        self.steps
            .iter()
            .any(|(_, going)| matches!(going, Going::Failed(_)))
    }
}

/// What is told of it.
pub enum Told {
    Again,
    Event(SetupEvent),
    Ended(Option<Failure>),
}

impl Reducible for Run {
    type Action = Told;

    fn reduce(self: Rc<Self>, told: Told) -> Rc<Self> {
        let mut run = (*self).clone();
        let mut set = |step, going| {
            run.steps.retain(|(one, _)| *one != step);
            run.steps.push((step, going));
        };
        match told {
            Told::Again => return Rc::default(),
            Told::Event(SetupEvent::Begun { step }) => set(step, Going::Running),
            Told::Event(SetupEvent::Done {
                step,
                changed,
                seconds,
                result,
            }) => set(
                step,
                Going::Done {
                    changed,
                    seconds,
                    result,
                },
            ),
            Told::Event(SetupEvent::Failed { step, sentence }) => set(step, Going::Failed(sentence)),
            Told::Event(SetupEvent::Line { text, .. }) => {
                run.lines.push(ansi::plain(last_written(&text)));
                let surplus = run.lines.len().saturating_sub(LINES);
                run.lines.drain(..surplus);
            }
            Told::Event(SetupEvent::Report { .. } | SetupEvent::Ready) => {}
            Told::Ended(failure) => run.ended = Some(failure),
        }
        Rc::new(run)
    }
}
