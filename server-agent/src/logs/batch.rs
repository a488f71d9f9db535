//! Lines that belong together, packed: what is collected at once, what a block holds, what a reader is handed.
//!
//! Packed it is `meta length, time of the last line, count of tasks, tasks, meta, texts`. Meta says for each line, in the order of the lines: a
//! byte for stream, level and whether lines are missing; then as numbers of variable length its task, the time since the
//! line before, the length of its text, and how many are missing. The texts stand one after the other, each with a line
//! end behind it: a search runs over all of them at once.

use slipway_protocol::log_line::{LogLevel, LogStream, Missing};

use super::LogError;

/// A line holds at most so many bytes; what is longer is cut, and says so.
pub const LONGEST_LINE: usize = 16 * 1024;
/// A batch names at most so many tasks.
const MOST_TASKS: usize = 200;
const MISSING: u8 = 0b100;

/// One line. `at` is in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line<'a> {
    pub at: i64,
    pub task: &'a str,
    pub stream: LogStream,
    pub level: Option<LogLevel>,
    pub text: &'a str,
    pub missing: Option<Missing>,
}

/// What a batch is about, without a look inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    pub count: u32,
    pub min_at: i64,
    pub max_at: i64,
    /// A bit for each level, by its number plus one; bit 0 for lines without.
    pub levels: u8,
    /// A bit for each stream.
    pub streams: u8,
}

impl Default for Summary {
    fn default() -> Self {
        Self {
            count: 0,
            min_at: i64::MAX,
            max_at: i64::MIN,
            levels: 0,
            streams: 0,
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Batch {
    summary: Summary,
    tasks: Vec<String>,
    meta: Vec<u8>,
    texts: String,
    last_at: i64,
}

impl Batch {
    pub fn summary(&self) -> Summary {
        self.summary
    }

    pub fn is_empty(&self) -> bool {
        self.summary.count == 0
    }

    /// Bytes of memory, as near as it matters.
    pub fn size(&self) -> usize {
        self.meta.len() + self.texts.len()
    }

    /// Takes a line. Its text holds no line end and at most [`LONGEST_LINE`] bytes and a mark. False when too many tasks are named.
    pub fn push(&mut self, line: Line) -> bool {
        let Some(task) = self.task_number(line.task) else {
            return false;
        };
        let level = line.level.map_or(0, |level| level as u8 + 1);
        let stream = line.stream.number();
        let missing = if line.missing.is_some() { MISSING } else { 0 };
        self.meta.push(stream | missing | (level << 4));
        put_number(&mut self.meta, task);
        put_number(&mut self.meta, zigzag(line.at.wrapping_sub(self.last_at)));
        put_number(&mut self.meta, line.text.len() as u64);
        if let Some(missing) = line.missing {
            put_number(
                &mut self.meta,
                missing.lines.map_or(0, |lines| lines.saturating_add(1)),
            );
        }
        self.texts.push_str(line.text);
        self.texts.push('\n');
        self.last_at = line.at;
        let summary = &mut self.summary;
        summary.count += 1;
        summary.min_at = summary.min_at.min(line.at);
        summary.max_at = summary.max_at.max(line.at);
        summary.levels |= 1 << level;
        summary.streams |= 1 << stream;
        true
    }

    fn task_number(&mut self, task: &str) -> Option<u64> {
        // The last one named is nearly always the one that goes on.
        if let Some(at) = self.tasks.iter().rposition(|known| known == task) {
            return Some(at as u64);
        }
        if self.tasks.len() == MOST_TASKS {
            return None;
        }
        self.tasks.push(task.chars().take(64).collect());
        Some(self.tasks.len() as u64 - 1)
    }

    pub fn lines(&self) -> Lines<'_> {
        Lines {
            batch: self,
            meta: &self.meta,
            text_at: 0,
            last_at: 0,
            left: self.summary.count,
        }
    }

    /// All texts, each with a line end behind it.
    pub fn texts(&self) -> &str {
        &self.texts
    }

    pub fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&u32::try_from(self.meta.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(&self.last_at.to_le_bytes());
        out.push(u8::try_from(self.tasks.len()).unwrap_or(u8::MAX));
        for task in &self.tasks {
            out.push(u8::try_from(task.len()).unwrap_or(u8::MAX));
            out.extend_from_slice(task.as_bytes());
        }
        out.extend_from_slice(&self.meta);
        out.extend_from_slice(self.texts.as_bytes());
    }

    pub fn unpack(summary: Summary, bytes: &[u8]) -> Result<Self, LogError> {
        let mut rest = bytes;
        let meta = u32::from_le_bytes(array(take(&mut rest, 4)?)?);
        let last_at = i64::from_le_bytes(array(take(&mut rest, 8)?)?);
        let count = take(&mut rest, 1)?[0];
        let mut tasks = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let length = usize::from(take(&mut rest, 1)?[0]);
            let task = std::str::from_utf8(take(&mut rest, length)?);
            tasks.push(task.map_err(|_| LogError::Damaged("a task's name"))?.to_owned());
        }
        let meta = take(&mut rest, meta as usize)?.to_vec();
        let texts = std::str::from_utf8(rest).map_err(|_| LogError::Damaged("its texts"))?;
        Ok(Self {
            summary,
            tasks,
            meta,
            texts: texts.to_owned(),
            last_at,
        })
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], LogError> {
    let (head, tail) = rest
        .split_at_checked(length)
        .ok_or(LogError::Damaged("its length"))?;
    *rest = tail;
    Ok(head)
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], LogError> {
    bytes.try_into().map_err(|_| LogError::Damaged("its head"))
}

/// The lines of a batch in their order, with where each text begins. It ends early where the batch is damaged.
pub struct Lines<'a> {
    batch: &'a Batch,
    meta: &'a [u8],
    text_at: usize,
    last_at: i64,
    left: u32,
}

impl<'a> Lines<'a> {
    /// Where the next line's text begins in all texts.
    pub fn place(&self) -> usize {
        self.text_at
    }

    fn read(&mut self) -> Option<Line<'a>> {
        let (flags, rest) = self.meta.split_first()?;
        self.meta = rest;
        let task = usize::try_from(number(&mut self.meta)?).ok()?;
        let at = self.last_at.wrapping_add(unzigzag(number(&mut self.meta)?));
        let length = usize::try_from(number(&mut self.meta)?).ok()?;
        let missing = if flags & MISSING == 0 {
            None
        } else {
            let lines = number(&mut self.meta)?.checked_sub(1);
            Some(Missing { lines })
        };
        let end = self.text_at.checked_add(length)?;
        let text = self.batch.texts.get(self.text_at..end)?;
        self.text_at = end + 1;
        self.last_at = at;
        Some(Line {
            at,
            task: self.batch.tasks.get(task)?,
            stream: LogStream::numbered(flags & 0b11),
            level: (flags >> 4)
                .checked_sub(1)
                .and_then(|level| LogLevel::ALL.get(usize::from(level)).copied()),
            text,
            missing,
        })
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        self.left = self.left.checked_sub(1)?;
        self.read()
    }
}

/// Small numbers in few bytes: seven bits each, the eighth says that more follow.
#[allow(clippy::cast_possible_truncation, reason = "seven bits at a time")]
fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn number(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Numbers near zero, of either sign, as small ones.
#[allow(clippy::cast_sign_loss, reason = "the bits are moved, not the value")]
fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

#[allow(clippy::cast_possible_wrap, reason = "the bits are moved back")]
fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

#[cfg(test)]
pub mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A line that owns what it holds.
    #[derive(Clone, Debug)]
    pub struct Made {
        pub at: i64,
        pub task: u8,
        pub stream: u8,
        pub level: u8,
        pub text: String,
        pub missing: Option<Option<u64>>,
    }

    impl Made {
        pub fn said(text: &str) -> Self {
            Self {
                at: 1,
                task: 1,
                stream: 0,
                level: 0,
                text: text.to_owned(),
                missing: None,
            }
        }

        pub fn push_to(&self, batch: &mut Batch) {
            let task = format!("task{}", self.task);
            let line = Line {
                at: self.at,
                task: &task,
                stream: LogStream::numbered(self.stream),
                level: self
                    .level
                    .checked_sub(1)
                    .map(|level| LogLevel::ALL[usize::from(level)]),
                text: &self.text,
                missing: self.missing.map(|lines| Missing { lines }),
            };
            assert!(batch.push(line));
        }

        pub fn is(&self, line: &Line) -> bool {
            let mut batch = Batch::default();
            self.push_to(&mut batch);
            batch.lines().next().as_ref() == Some(line)
        }
    }

    pub fn any_line() -> impl Strategy<Value = Made> {
        let missing = prop_oneof![4 => Just(None), 1 => any::<Option<u32>>().prop_map(|lines| Some(lines.map(u64::from)))];
        (any::<i64>(), 0..4_u8, 0..3_u8, 0..7_u8, "[^\n]{0,40}", missing).prop_map(
            |(at, task, stream, level, text, missing)| Made {
                at,
                task,
                stream,
                level,
                text,
                missing,
            },
        )
    }

    proptest! {
        /// FR-OBS-01: lines come out of a batch as they went in, whatever they hold.
        #[test]
        fn lines_come_out_as_they_went_in(lines in proptest::collection::vec(any_line(), 0..60)) {
            let mut batch = Batch::default();
            for line in &lines {
                line.push_to(&mut batch);
            }
            let mut packed = Vec::new();
            batch.pack(&mut packed);
            let read = Batch::unpack(batch.summary(), &packed).unwrap();
            prop_assert_eq!(read.lines().count(), lines.len());
            for (made, line) in lines.iter().zip(read.lines()) {
                prop_assert!(made.is(&line), "{:?} {:?}", made, line);
            }
        }

        /// FR-OBS-01: damaged bytes are an error or other lines, never a crash.
        #[test]
        fn damaged_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200), count in 0..50_u32) {
            let summary = Summary { count, ..Summary::default() };
            if let Ok(batch) = Batch::unpack(summary, &bytes) {
                prop_assert!(batch.lines().count() <= count as usize);
            }
        }
    }
}
