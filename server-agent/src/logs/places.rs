//! How far each task's output has been stored: where collecting goes on.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use slipway_protocol::log_line::LogStream;

use super::batch::Line;

/// So many tasks are remembered; those that wrote last stay.
const MOST: usize = 256;

/// The last stored line of a task, by stream: its time in nanoseconds since 1970, and how many lines of that very time
/// are stored. Each stream's lines come in the order of their times; the two together need not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    stdout: (i64, u32),
    stderr: (i64, u32),
}

impl Place {
    pub fn latest(&self) -> i64 {
        self.stdout.0.max(self.stderr.0)
    }

    pub fn is_start(&self) -> bool {
        *self == Self::default()
    }

    fn of(&mut self, stream: LogStream) -> Option<&mut (i64, u32)> {
        match stream {
            LogStream::Stdout => Some(&mut self.stdout),
            LogStream::Stderr => Some(&mut self.stderr),
            LogStream::System => None,
        }
    }

    /// The stream's last stored time, and how many lines had it.
    pub fn last(mut self, stream: LogStream) -> (i64, u32) {
        self.of(stream).copied().unwrap_or_default()
    }

    /// Counts a line as stored.
    pub fn pass(&mut self, stream: LogStream, at: i64) {
        if let Some(last) = self.of(stream) {
            *last = if last.0 == at {
                (at, last.1.saturating_add(1))
            } else {
                (at, 1)
            };
        }
    }

    /// Counts everything up to a time as dealt with.
    pub fn pass_all(&mut self, at: i64) {
        for last in [&mut self.stdout, &mut self.stderr] {
            if last.0 <= at {
                *last = (at, u32::MAX);
            }
        }
    }
}

/// The places of an application's tasks, up to a line's number.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Places {
    /// The number behind the last line that is counted.
    pub end: u64,
    tasks: HashMap<String, Place>,
}

impl Places {
    pub fn of(&self, task: &str) -> Place {
        self.tasks.get(task).copied().unwrap_or_default()
    }

    pub fn note<'a>(&mut self, lines: impl Iterator<Item = Line<'a>>) {
        for line in lines {
            self.end += 1;
            if line.task.is_empty() {
                continue;
            }
            let place = match self.tasks.get_mut(line.task) {
                Some(place) => place,
                None => {
                    self.make_room();
                    self.tasks.entry(line.task.to_owned()).or_default()
                }
            };
            match line.missing {
                // Lines that were counted are dealt with; of those that nobody counted, the ones that follow tell.
                Some(missing) if missing.lines.is_some() => place.pass_all(line.at),
                Some(_) => {}
                None => place.pass(line.stream, line.at),
            }
        }
    }

    fn make_room(&mut self) {
        if self.tasks.len() < MOST {
            return;
        }
        let oldest = self.tasks.iter().min_by_key(|(_, place)| place.latest());
        if let Some(oldest) = oldest.map(|(task, _)| task.clone()) {
            self.tasks.remove(&oldest);
        }
    }

    /// What was saved; nothing where there is none, or where it cannot be read.
    pub fn load(folder: &Path) -> Self {
        let text = std::fs::read(folder.join("places")).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    pub fn save(&self, folder: &Path) -> io::Result<()> {
        let fresh = folder.join("places.new");
        std::fs::write(&fresh, serde_json::to_vec(self)?)?;
        std::fs::rename(fresh, folder.join("places"))
    }
}
