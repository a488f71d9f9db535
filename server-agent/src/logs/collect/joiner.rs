//! From the engine's pieces of a task's output to lines: put together, cut, cleaned, and not taken twice.

use slipway_protocol::count;
use slipway_protocol::log_line::{LogStream, Missing};

use crate::logs::batch::{Batch, LONGEST_LINE, Line};
use crate::logs::level;
use crate::logs::places::Place;

/// A batch is handed on when it has grown to so many bytes.
const FULL: usize = 192 * 1024;

/// The output of one task.
pub struct Joiner {
    task: String,
    batch: Batch,
    /// A line whose end has not come yet, by stream.
    open: [Option<Open>; 2],
    place: Place,
    resume: Option<Resume>,
}

struct Open {
    at: i64,
    text: String,
    /// Bytes that came behind what a line may hold.
    cut: usize,
}

/// Leaves out what was stored before.
struct Resume {
    stored: Place,
    /// Lines of the very last stored time that have come again, by stream.
    again: [u32; 2],
    /// Something has come again: there is no gap.
    met: bool,
}

impl Joiner {
    /// Goes on behind a place.
    pub fn new(task: &str, place: Place) -> Self {
        Self {
            task: task.to_owned(),
            batch: Batch::default(),
            open: [None, None],
            place,
            resume: resume(place),
        }
    }

    /// Where to go on reading from.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Itself, to be worked on elsewhere and put back; what is left meanwhile is of no use.
    pub fn lend(&mut self) -> Self {
        let own = Self::new(&self.task, self.place);
        std::mem::replace(self, own)
    }

    /// The source begins anew, somewhere before the place. A half line comes again whole.
    pub fn begin_again(&mut self) {
        self.open = [None, None];
        self.resume = resume(self.place);
    }

    /// Takes a piece of a stream; `ends` if its line ends with it.
    pub fn piece(&mut self, at: i64, stream: LogStream, text: &str, ends: bool) {
        let slot = usize::from(stream == LogStream::Stderr);
        match self.open.get_mut(slot) {
            Some(None) | None if ends && text.len() <= LONGEST_LINE => self.line(at, stream, text),
            Some(open) => {
                let open = open.get_or_insert_with(|| Open {
                    at,
                    text: String::new(),
                    cut: 0,
                });
                open.add(text);
                if ends {
                    self.end(slot, stream);
                }
            }
            None => {}
        }
    }

    /// No more will come: what is half is a line.
    pub fn end_all(&mut self) {
        self.end(0, LogStream::Stdout);
        self.end(1, LogStream::Stderr);
    }

    fn end(&mut self, slot: usize, stream: LogStream) {
        if let Some(open) = self.open.get_mut(slot).and_then(Option::take) {
            let mut text = open.text;
            if open.cut > 0 {
                text.push_str(&format!(" … ({} bytes more are cut off)", open.cut));
            }
            self.line(open.at, stream, &text);
        }
    }

    fn line(&mut self, at: i64, stream: LogStream, text: &str) {
        if self.was_stored(at, stream) {
            return;
        }
        let text = text.strip_suffix('\r').unwrap_or(text);
        let clean;
        let text = if text.bytes().any(|byte| byte == 0 || byte == b'\n') {
            clean = text.replace('\0', "\u{2400}").replace('\n', " ");
            &clean
        } else {
            text
        };
        self.place.pass(stream, at);
        self.batch.push(Line {
            at,
            task: &self.task,
            stream,
            level: level::guess(text),
            text,
            missing: None,
        });
    }

    /// Whether the line came before. The first that did not ends the looking; if none did, lines are missing.
    fn was_stored(&mut self, at: i64, stream: LogStream) -> bool {
        let Some(resume) = &mut self.resume else {
            return false;
        };
        let (last, count) = resume.stored.last(stream);
        let again = &mut resume.again[usize::from(stream == LogStream::Stderr)];
        if at < last || at == last && *again < count {
            if at == last {
                *again += 1;
            }
            resume.met |= at == resume.stored.latest();
            return true;
        }
        if at > resume.stored.latest() {
            let met = resume.met;
            self.resume = None;
            if !met {
                self.missing(
                    at,
                    None,
                    "Lines are missing here: the engine no longer had them when the agent came back.",
                );
            }
        }
        false
    }

    /// Lines that are not there, as a line of its own.
    pub fn missing(&mut self, at: i64, lines: Option<u64>, text: &str) {
        self.batch.push(missing(&self.task, at, lines, text));
    }

    /// Whether it still leaves out what was stored before.
    pub fn is_resuming(&self) -> bool {
        self.resume.is_some()
    }

    /// The source went on without reading so many lines, the last of that time. A half line is among them.
    pub fn skipped(&mut self, at: i64, lines: u64) {
        self.open = [None, None];
        self.place.pass_all(at);
        let counted = count::in_words(lines as usize, "line was", "lines were");
        let text = format!("{counted} dropped here: the output came faster than it could be read.");
        self.missing(at, Some(lines), &text);
    }

    pub fn is_full(&self) -> bool {
        self.batch.size() >= FULL
    }

    pub fn take(&mut self) -> Batch {
        std::mem::take(&mut self.batch)
    }
}

pub fn missing<'a>(task: &'a str, at: i64, lines: Option<u64>, text: &'a str) -> Line<'a> {
    Line {
        at,
        task,
        stream: LogStream::System,
        level: None,
        text,
        missing: Some(Missing { lines }),
    }
}

fn resume(place: Place) -> Option<Resume> {
    (!place.is_start()).then_some(Resume {
        stored: place,
        again: [0; 2],
        met: false,
    })
}

impl Open {
    fn add(&mut self, piece: &str) {
        let room = LONGEST_LINE.saturating_sub(self.text.len());
        let mut end = piece.len().min(room);
        while !piece.is_char_boundary(end) {
            end -= 1;
        }
        if self.cut == 0 {
            self.text.push_str(&piece[..end]);
        } else {
            end = 0;
        }
        self.cut += piece.len() - end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUT: LogStream = LogStream::Stdout;
    const ERR: LogStream = LogStream::Stderr;

    fn texts(joiner: &mut Joiner) -> Vec<String> {
        joiner.take().lines().map(|line| line.text.to_owned()).collect()
    }

    /// FR-OBS-01: pieces of two streams become their lines; what is too long is cut, says by how much, and takes no memory.
    #[test]
    fn pieces_become_lines() {
        let mut joiner = Joiner::new("t", Place::default());
        joiner.piece(1, OUT, "one ", false);
        joiner.piece(2, ERR, "other\r", true);
        joiner.piece(1, OUT, "line", true);
        assert_eq!(texts(&mut joiner), ["other", "one line"]);

        let piece = "é".repeat(8 * 1024);
        for _ in 0..640 {
            joiner.piece(3, OUT, &piece, false);
        }
        assert!(joiner.open[0].as_ref().unwrap().text.capacity() < 4 * LONGEST_LINE);
        joiner.piece(3, OUT, "end", true);
        let cut = texts(&mut joiner).remove(0);
        assert!(
            cut.ends_with(&format!(" … ({} bytes more are cut off)", 639 * 16 * 1024 + 3)),
            "{}",
            cut.len()
        );
        assert!(cut.starts_with(&piece) && cut.len() < LONGEST_LINE + 60);
    }

    /// FR-OBS-01: a NUL is shown as a sign, a line end within a line as a space; colours stay.
    #[test]
    fn lines_are_cleaned() {
        let mut joiner = Joiner::new("t", Place::default());
        joiner.piece(1, OUT, "a\0b\nc\u{1b}[31m\u{fffd}", true);
        joiner.piece(2, OUT, "half", false);
        joiner.end_all();
        assert_eq!(texts(&mut joiner), ["a\u{2400}b c\u{1b}[31m\u{fffd}", "half"]);
    }

    /// FR-OBS-01: going on behind a place takes each line once, also those of the same instant and those whose streams overtook each other.
    #[test]
    fn nothing_twice_and_nothing_lost() {
        let all = [
            (1, OUT, "a"),
            (3, OUT, "b"),
            (2, ERR, "c"),
            (3, OUT, "d"),
            (4, ERR, "e"),
            (4, OUT, "f"),
        ];
        for stored in 0..=all.len() {
            let mut joiner = Joiner::new("t", Place::default());
            for (at, stream, text) in &all[..stored] {
                joiner.piece(*at, *stream, text, true);
            }
            let before = texts(&mut joiner);
            let mut again = Joiner::new("t", joiner.place());
            for (at, stream, text) in all {
                again.piece(at, stream, text, true);
            }
            let whole: Vec<String> = before.into_iter().chain(texts(&mut again)).collect();
            assert_eq!(whole, ["a", "b", "c", "d", "e", "f"], "{stored} were stored");
        }
    }

    /// FR-OBS-01: when the last stored line does not come again, the log says that lines are missing.
    #[test]
    fn a_gap_is_told() {
        let mut place = Place::default();
        place.pass(OUT, 5);
        let mut joiner = Joiner::new("t", place);
        joiner.piece(9, OUT, "later", true);
        let batch = joiner.take();
        let lines: Vec<_> = batch
            .lines()
            .map(|line| (line.missing.is_some(), line.text))
            .collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].0 && lines[0].1.contains("missing"), "{lines:?}");
        assert_eq!(lines[1], (false, "later"));
    }
}
