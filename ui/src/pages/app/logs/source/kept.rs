//! What is kept of a log from one render to the next.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use slipway_protocol::log_line::ContainerLogLine;

use crate::components::log_view::buffer::{Line, LogBuffer};

/// More tasks than that are not offered.
const MOST_TASKS: usize = 30;

#[derive(Default)]
pub struct Kept {
    pub buffer: Rc<RefCell<LogBuffer>>,
    /// The number of the newest line that came.
    last: Cell<Option<u64>>,
    round: Cell<u32>,
    tasks: RefCell<Vec<String>>,
}

impl Kept {
    /// Another question: what came for the one before goes.
    pub fn begin(&self) {
        self.round.set(self.round.get().wrapping_add(1));
        self.last.set(None);
        self.buffer.borrow_mut().clear();
    }

    /// Which question it is. Answers to an earlier one are none.
    pub fn round(&self) -> u32 {
        self.round.get()
    }

    pub fn last(&self) -> Option<u64> {
        self.last.get()
    }

    /// Lines that follow. One that came already does not come twice.
    pub fn take(&self, lines: Vec<ContainerLogLine>) {
        let mut buffer = self.buffer.borrow_mut();
        for line in lines {
            if self.last.get().is_none_or(|last| line.sequence > last) {
                self.last.set(Some(line.sequence));
                self.meet(&line.task);
                buffer.push(line.into());
            }
        }
    }

    /// Lines before those that are here.
    pub fn take_older(&self, lines: Vec<ContainerLogLine>) {
        lines.iter().for_each(|line| self.meet(&line.task));
        let lines = lines.into_iter().map(Line::from).collect();
        self.buffer.borrow_mut().prepend(lines);
    }

    fn meet(&self, task: &str) {
        let mut tasks = self.tasks.borrow_mut();
        if tasks.len() < MOST_TASKS && !task.is_empty() && !tasks.iter().any(|known| known == task) {
            tasks.push(task.to_owned());
        }
    }

    /// The tasks whose lines were seen.
    pub fn tasks(&self) -> Vec<String> {
        self.tasks.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use slipway_protocol::log_line::LogStream;

    use super::*;

    fn lines(numbers: std::ops::RangeInclusive<u64>) -> Vec<ContainerLogLine> {
        let line = |sequence| ContainerLogLine {
            sequence,
            at: DateTime::UNIX_EPOCH,
            task: "build".to_owned(),
            stream: LogStream::Stdout,
            level: None,
            text: format!("line {sequence}"),
            missing: None,
        };
        numbers.map(line).collect()
    }

    /// FR-CON-08, FR-OBS-01: what comes again after a lost link is not shown twice; older lines stand before; another question begins with nothing.
    #[test]
    fn no_line_comes_twice() {
        let kept = Kept::default();
        kept.begin();
        kept.take(lines(5..=8));
        kept.take(lines(7..=9));
        kept.take_older(lines(1..=4));
        assert_eq!((kept.buffer.borrow().len(), kept.last()), (9, Some(9)));
        assert_eq!(kept.tasks(), ["build"]);
        let round = kept.round();
        kept.begin();
        assert_eq!((kept.buffer.borrow().len(), kept.last()), (0, None));
        assert_ne!(kept.round(), round);
    }
}
