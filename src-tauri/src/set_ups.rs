//! What setting a server up has told so far. The run is the shell's: a page that looks at it later is told it from the beginning.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use slipway_protocol::desktop::{Failure, SetupProgress, Streamed};
use slipway_protocol::setup::SetupEvent;
use tauri::ipc::Channel;
use tokio::sync::watch;

use crate::streams::send;

/// So many lines of a run are kept; all of them are in the server's own journal.
const LINES: usize = 500;
/// Of a line so many letters.
const LONGEST: usize = 2_000;
/// More than what all steps tell. Who tells more is a server that does not do what was asked.
const OTHERS: usize = 100;

/// One run, from its beginning to what came of it.
#[derive(Default)]
pub struct Run {
    past: Mutex<Past>,
    more: watch::Sender<()>,
}

#[derive(Default)]
struct Past {
    /// The number of what was told last.
    last: u64,
    told: VecDeque<(u64, SetupProgress)>,
    lines: usize,
    ended: Option<Option<Failure>>,
}

/// What is behind a number.
struct Behind {
    values: Vec<SetupProgress>,
    last: u64,
    ended: Option<Option<Failure>>,
}

impl Run {
    fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn tell(&self, progress: SetupProgress) {
        let mut past = self.past();
        past.last += 1;
        let number = past.last;
        past.lines += usize::from(is_line(&progress));
        past.told.push_back((number, shortened(progress)));
        if past.lines > LINES
            && let Some(oldest) = past.told.iter().position(|(_, one)| is_line(one))
        {
            past.told.remove(oldest);
            past.lines -= 1;
        }
        if past.told.len() - past.lines > OTHERS
            && let Some(oldest) = past.told.iter().position(|(_, one)| !is_line(one))
        {
            past.told.remove(oldest);
        }
        drop(past);
        self.more.send_replace(());
    }

    pub fn end(&self, failure: Option<Failure>) {
        self.past().ended = Some(failure);
        self.more.send_replace(());
    }

    fn behind(&self, number: u64) -> Behind {
        let past = self.past();
        let new = past.told.iter().filter(|(one, _)| *one > number);
        Behind {
            values: new.map(|(_, one)| one.clone()).collect(),
            last: past.last,
            ended: past.ended.clone(),
        }
    }

    /// Tells a page all of it and what comes, to its end.
    pub async fn follow(&self, channel: &Channel<String>) {
        let mut more = self.more.subscribe();
        let mut number = 0;
        loop {
            let Behind { values, last, ended } = self.behind(number);
            number = last;
            if !values.is_empty() && !send(channel, &Streamed::Values { values }) {
                return;
            }
            if let Some(failure) = ended {
                send(channel, &Streamed::<SetupProgress>::Ended { failure });
                return;
            }
            if more.changed().await.is_err() {
                return;
            }
        }
    }
}

/// A line of the server's programs may be as long as they like.
fn shortened(mut progress: SetupProgress) -> SetupProgress {
    if let SetupProgress::Event {
        event: SetupEvent::Line { text, .. },
    } = &mut progress
        && let Some((end, _)) = text.char_indices().nth(LONGEST)
    {
        text.truncate(end);
        text.push('…');
    }
    progress
}

fn is_line(progress: &SetupProgress) -> bool {
    matches!(
        progress,
        SetupProgress::Event {
            event: SetupEvent::Line { .. }
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::setup::SetupStep;

    fn begun() -> SetupProgress {
        let step = SetupStep::Docker;
        SetupProgress::Event {
            event: SetupEvent::Begun { step },
        }
    }

    fn line(number: usize) -> SetupProgress {
        SetupProgress::Event {
            event: SetupEvent::Line {
                step: SetupStep::Docker,
                text: number.to_string(),
            },
        }
    }

    /// FR-HST-01: who comes to a run later is told its steps and its newest lines, and then only what is new.
    #[test]
    fn a_run_is_told_from_its_beginning() {
        let run = Run::default();
        run.tell(begun());
        (0..LINES + 20).for_each(|number| run.tell(line(number)));
        let all = run.behind(0);
        assert_eq!(all.values.len(), LINES + 1, "a step, and the newest lines");
        assert!(!is_line(&all.values[0]) && all.ended.is_none());
        assert!(run.behind(all.last).values.is_empty());
        run.tell(line(0));
        run.end(None);
        let rest = run.behind(all.last);
        assert_eq!((rest.values.len(), rest.ended), (1, Some(None)));
    }

    /// FR-HST-01, NFR-S7: whatever a server tells, and however much of it, no more than so much is kept.
    #[test]
    fn a_run_does_not_grow_without_end() {
        let run = Run::default();
        let long = || SetupProgress::Event {
            event: SetupEvent::Line {
                step: SetupStep::Docker,
                text: "é".repeat(LONGEST * 3),
            },
        };
        for _ in 0..LINES {
            run.tell(begun());
            run.tell(begun());
            run.tell(long());
        }
        let all = run.behind(0).values;
        assert_eq!(all.len(), LINES + OTHERS);
        let longest = all.iter().filter_map(|one| match one {
            SetupProgress::Event {
                event: SetupEvent::Line { text, .. },
            } => Some(text.chars().count()),
            _ => None,
        });
        assert_eq!(longest.max(), Some(LONGEST + 1));
    }
}
