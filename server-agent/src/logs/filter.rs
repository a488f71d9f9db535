//! Which lines a reader wants.

use regex::{Regex, RegexBuilder};
use slipway_protocol::log_line::{LogLevel, LogStream};

use super::batch::{Batch, Line, Summary};

/// An expression has at most so many characters, and takes at most so much memory, in bytes.
const LONGEST: usize = 1000;
const LARGEST: usize = 1 << 20;
/// So many bytes are looked through together: to say what it has found at their beginning, an expression may have to read all of them.
const WINDOW: usize = 4 * 1024;
/// So many times the bytes of a batch are read in this way at most, whatever the expression.
const MOST_READ: usize = 8;

/// What a reader asks for, as it was asked. Times are in nanoseconds since 1970; `until` is not among them.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub contains: Option<String>,
    pub regex: Option<String>,
    pub level: Option<LogLevel>,
    pub stream: Option<LogStream>,
    pub task: Option<String>,
    pub since: Option<i64>,
    pub until: Option<i64>,
}

#[derive(Debug, Default)]
pub struct Filter {
    wanted: Wanted,
    texts: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    regex: Regex,
    /// It finds in many lines at once what it finds in one.
    crosses: bool,
}

impl Filter {
    /// Understands what is wanted; the error is a sentence.
    pub fn new(wanted: Wanted) -> Result<Self, String> {
        let mut texts = Vec::new();
        if let Some(text) = wanted.contains.as_deref().filter(|text| !text.is_empty()) {
            texts.push(Pattern::new(&regex::escape(text), true)?);
        }
        if let Some(regex) = wanted.regex.as_deref().filter(|text| !text.is_empty()) {
            texts.push(Pattern::new(regex, false)?);
        }
        Ok(Self { wanted, texts })
    }

    /// Every line is wanted.
    pub fn is_empty(&self) -> bool {
        let wanted = &self.wanted;
        self.texts.is_empty()
            && wanted.level.is_none()
            && wanted.stream.is_none()
            && wanted.task.is_none()
            && wanted.since.is_none()
            && wanted.until.is_none()
    }

    /// Whether a batch may hold a wanted line.
    pub fn may_be_in(&self, summary: &Summary) -> bool {
        let wanted = &self.wanted;
        let level = wanted
            .level
            .is_none_or(|level| summary.levels >> (level as u8 + 1) != 0);
        let stream = wanted
            .stream
            .is_none_or(|stream| summary.streams & (1 << stream.number()) != 0);
        let time = wanted.since.is_none_or(|since| summary.max_at >= since)
            && wanted.until.is_none_or(|until| summary.min_at < until);
        level && stream && time
    }

    /// Calls for each wanted line, in their order, with its place among the batch's lines.
    pub fn each<'a>(&self, batch: &'a Batch, mut found: impl FnMut(u64, Line<'a>)) {
        let mut lines = batch.lines();
        let mut number = 0;
        let crossing = self.texts.iter().find(|pattern| pattern.crosses);
        let mut quick = crossing.map(|pattern| Quick::new(&pattern.regex, batch.texts()));
        loop {
            if let Some(quick) = &mut quick {
                let begin = quick.next(lines.place());
                if begin >= batch.texts().len() {
                    return;
                }
                while lines.place() < begin {
                    if lines.next().is_none() {
                        return;
                    }
                    number += 1;
                }
            }
            let Some(line) = lines.next() else { return };
            if self.wants(&line) {
                found(number, line);
            }
            number += 1;
        }
    }

    fn wants(&self, line: &Line) -> bool {
        let wanted = &self.wanted;
        wanted.since.is_none_or(|since| line.at >= since)
            && wanted.until.is_none_or(|until| line.at < until)
            && wanted.stream.is_none_or(|stream| line.stream == stream)
            && wanted
                .task
                .as_deref()
                .is_none_or(|task| line.task.starts_with(task))
            && wanted
                .level
                .is_none_or(|level| line.level.is_some_and(|own| own >= level))
            && self.texts.iter().all(|pattern| pattern.regex.is_match(line.text))
    }
}

/// Passes over lines that are not wanted, many at once: where the expression is found in none of them, none alone is wanted.
struct Quick<'a> {
    regex: &'a Regex,
    texts: &'a str,
    /// Up to here line by line: what is found over the ends of lines may be found again from each of them.
    behind: usize,
    /// So many bytes may still be read this way; then it is line by line to the end.
    left: usize,
}

impl<'a> Quick<'a> {
    fn new(regex: &'a Regex, texts: &'a str) -> Self {
        Self {
            regex,
            texts,
            behind: 0,
            left: texts.len().saturating_mul(MOST_READ),
        }
    }

    /// Where the first line begins, from this line's beginning on, that may be wanted; the end of all where none may be.
    fn next(&mut self, from: usize) -> usize {
        let mut place = from;
        while place >= self.behind && place < self.texts.len() {
            let end = self.window(place);
            let Some(left) = self.left.checked_sub(end - place) else {
                self.behind = usize::MAX;
                return place;
            };
            self.left = left;
            let window = self.texts.get(..end).unwrap_or(self.texts);
            if let Some(found) = self.regex.find_at(window, place) {
                self.behind = found.end();
                return line_begin(self.texts, place, found.start());
            }
            place = end;
        }
        place
    }

    /// The end of the whole lines that are looked at together.
    fn window(&self, from: usize) -> usize {
        let middle = from.saturating_add(WINDOW).min(self.texts.len());
        let rest = self.texts.as_bytes().get(middle..).unwrap_or_default();
        let line_end = rest.iter().position(|byte| *byte == b'\n');
        line_end.map_or(self.texts.len(), |more| middle + more + 1)
    }
}

/// Where the line begins that holds a place; `from` is a line's beginning before it.
fn line_begin(texts: &str, from: usize, place: usize) -> usize {
    let between = texts.as_bytes().get(from..place).unwrap_or_default();
    between
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(from, |end| from + end + 1)
}

impl Pattern {
    fn new(text: &str, any_case: bool) -> Result<Self, String> {
        if text.chars().count() > LONGEST {
            return Err(format!(
                "The search text is too long; use at most {LONGEST} characters."
            ));
        }
        let regex = RegexBuilder::new(text)
            .case_insensitive(any_case)
            .multi_line(true)
            .size_limit(LARGEST)
            .dfa_size_limit(2 * LARGEST)
            .build()
            .map_err(|error| refusal(&error))?;
        // What is bound to the beginning or the end of all text has to see each line alone.
        let alone = text.contains("\\A") || text.contains("\\z") || text.contains("(?") && text.contains('-');
        Ok(Self {
            regex,
            crosses: !alone,
        })
    }
}

fn refusal(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "The regular expression is too large; make it simpler.".to_owned(),
        other => {
            let text = other.to_string();
            let reason = text.lines().last().unwrap_or_default().trim();
            let reason = reason.strip_prefix("error: ").unwrap_or(reason);
            format!("The regular expression is not valid: {reason}.")
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::logs::batch::tests::Made;

    fn batch(texts: &[String]) -> Batch {
        let mut batch = Batch::default();
        for text in texts {
            Made::said(text).push_to(&mut batch);
        }
        batch
    }

    fn found(filter: &Filter, batch: &Batch) -> Vec<u64> {
        let mut found = Vec::new();
        filter.each(batch, |number, _| found.push(number));
        found
    }

    fn with_regex(regex: &str) -> Filter {
        Filter::new(Wanted {
            regex: Some(regex.to_owned()),
            ..Wanted::default()
        })
        .unwrap()
    }

    proptest! {
        /// FR-OBS-01: searching many lines at once finds what searching each alone finds, also where expressions could reach over a line's end.
        #[test]
        fn many_at_once_is_as_one_by_one(
            texts in proptest::collection::vec(prop_oneof![20 => "[ab x]{0,6}", 1 => "[ab x]{3000}"], 0..30),
            regex in prop_oneof![
                Just("a"), Just("^a"), Just("b$"), Just("a.*b"), Just("a\\s+b"), Just("[^x]*x"), Just("x*"), Just("\\Aa"), Just("b\\z"),
                Just("^$"), Just("a|b\\s"), Just("\\bab\\b"), Just("(?s)a.b"), Just("(?s).*x"), Just("(?s)^.*b$"), Just("(?-m)^b"), Just("\\n"),
            ],
        ) {
            let alone = RegexBuilder::new(regex).multi_line(true).build().unwrap();
            let wanted: Vec<u64> = (0..).zip(&texts).filter(|(_, text)| alone.is_match(text)).map(|(number, _)| number).collect();
            prop_assert_eq!(found(&with_regex(regex), &batch(&texts)), wanted);
        }
    }

    /// FR-OBS-01, NFR-R3: an expression that runs over the ends of lines is no way to keep a core busy for hours.
    #[test]
    fn an_expression_over_all_lines_takes_a_moment() {
        let mut texts = vec!["no such word".to_owned(); 20_000];
        texts.push("zzz".to_owned());
        let (filter, batch) = (with_regex("(?s).*zzz"), batch(&texts));
        let (sent, done) = std::sync::mpsc::channel();
        std::thread::spawn(move || sent.send(found(&filter, &batch)));
        // A look from each line to the end would take minutes here.
        let found = done.recv_timeout(std::time::Duration::from_secs(60));
        assert_eq!(found.expect("it takes a moment"), [20_000]);
    }

    /// FR-OBS-01, NFR-R3: nor is one that is found in every line, and reads on to the end of all before it says so.
    #[test]
    fn an_expression_that_reads_on_takes_a_moment() {
        let texts = vec!["no such word".to_owned(); 60_000];
        let (filter, batch) = (with_regex("(?s).*zzz|n"), batch(&texts));
        let (sent, done) = std::sync::mpsc::channel();
        std::thread::spawn(move || sent.send(found(&filter, &batch).len()));
        let count = done.recv_timeout(std::time::Duration::from_secs(60));
        assert_eq!(count.expect("it takes a moment"), 60_000);
    }

    /// FR-OBS-01: a text is found whatever its case, and is no expression; both together must fit.
    #[test]
    fn texts_and_expressions() {
        let texts = ["Out of Memory (1)", "out of luck", "memory (12)"].map(str::to_owned);
        let filter = Filter::new(Wanted {
            contains: Some("MEMORY (".to_owned()),
            regex: Some("[0-9]{2}".to_owned()),
            ..Wanted::default()
        });
        assert_eq!(found(&filter.unwrap(), &batch(&texts)), [2]);
    }

    /// FR-OBS-01, NFR-U2: what is no expression, or too large a one, is refused with a sentence.
    #[test]
    fn bad_expressions_are_refused() {
        for (regex, said) in [
            ("a(", "not valid"),
            ("(a{1000}){1000}", "too large"),
            ("x".repeat(2000).as_str(), "too long"),
        ] {
            let wanted = Wanted {
                regex: Some(regex.to_owned()),
                ..Wanted::default()
            };
            let refusal = Filter::new(wanted).unwrap_err();
            assert!(
                refusal.contains(said) && refusal.ends_with('.') && !refusal.contains('\n'),
                "{refusal}"
            );
        }
    }

    /// FR-OBS-01: a batch without a line of that level, stream or time is not even unpacked.
    #[test]
    fn batches_are_passed_over() {
        let mut batch = Batch::default();
        Made {
            level: 5,
            at: 100,
            ..Made::said("an error")
        }
        .push_to(&mut batch);
        let summary = batch.summary();
        let may = |wanted: Wanted| Filter::new(wanted).unwrap().may_be_in(&summary);
        assert!(may(Wanted {
            level: Some(LogLevel::Warn),
            ..Wanted::default()
        }));
        assert!(!may(Wanted {
            level: Some(LogLevel::Fatal),
            ..Wanted::default()
        }));
        assert!(!may(Wanted {
            stream: Some(LogStream::Stderr),
            ..Wanted::default()
        }));
        assert!(!may(Wanted {
            until: Some(100),
            ..Wanted::default()
        }));
        assert!(may(Wanted {
            since: Some(100),
            ..Wanted::default()
        }));
    }
}
