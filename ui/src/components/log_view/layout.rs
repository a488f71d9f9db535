//! Where lines stand: one row each, or as many as their text takes where it is wrapped.

use super::ansi;
use super::buffer::{Line, LogBuffer};

/// A line takes no more rows than that; the rest is in its details.
pub const MOST_ROWS: u32 = 40;
/// Of a line that is not wrapped no more characters are put into the page.
pub const MOST_CHARS: usize = 4_000;

#[derive(Debug, Default, PartialEq)]
pub struct Layout {
    /// Characters of a row, where text is wrapped.
    pub columns: Option<u32>,
    lines: usize,
    /// Where text is wrapped: the row behind each line's last.
    ends: Vec<u32>,
}

impl Layout {
    pub fn of(buffer: &LogBuffer, columns: Option<u32>) -> Self {
        let lines = buffer.shown();
        let mut ends = Vec::new();
        if let Some(columns) = columns {
            ends.reserve(lines);
            let mut end = 0;
            for row in 0..lines {
                end += buffer.row(row).map_or(1, |line| rows_of(line, columns));
                ends.push(end);
            }
        }
        Self { columns, lines, ends }
    }

    pub fn lines(&self) -> usize {
        self.lines
    }

    pub fn rows(&self) -> usize {
        self.start(self.lines)
    }

    /// The row with which a line begins.
    pub fn start(&self, line: usize) -> usize {
        match (self.columns, line) {
            (None, line) => line,
            (Some(_), 0) => 0,
            (Some(_), line) => self.ends.get(line - 1).map_or(0, |end| *end as usize),
        }
    }

    /// The line that stands at a row; the last one for a row behind it.
    pub fn line_at(&self, row: usize) -> usize {
        let line = match self.columns {
            None => row,
            Some(_) => self.ends.partition_point(|end| *end as usize <= row),
        };
        line.min(self.lines.saturating_sub(1))
    }
}

fn rows_of(line: &Line, columns: u32) -> u32 {
    if !keeps_words(line.width, columns) {
        return line.width.div_ceil(columns.max(1)).clamp(1, MOST_ROWS);
    }
    if let Some((of, rows)) = line.wrapped.get()
        && of == columns
    {
        return rows;
    }
    let rows = row_ends(ansi::plain(&line.text).chars(), columns).len() as u32;
    line.wrapped.set(Some((columns, rows)));
    rows
}

/// Whether a text is wrapped between its words. A very long one is cut where a row is full, so that it fills the rows that it may take.
pub fn keeps_words(width: u32, columns: u32) -> bool {
    width > columns && width <= columns.saturating_mul(MOST_ROWS / 2)
}

/// Where each row of a wrapped text ends: behind the last space of its second half, and where there is none, where it is full.
pub fn row_ends(text: impl Iterator<Item = char>, columns: u32) -> Vec<usize> {
    let most = columns.max(1) as usize;
    let mut ends = Vec::new();
    let (mut from, mut space, mut at) = (0_usize, 0_usize, 0_usize);
    for c in text {
        if at - from == most {
            from = match c {
                // The row's words fit as they are, and nobody misses the space behind them.
                ' ' => at + 1,
                _ if space > from && (space - from) * 2 >= most => space,
                _ => at,
            };
            ends.push(from);
        }
        at += 1;
        if c == ' ' {
            space = at;
        }
    }
    if at > from {
        ends.push(at);
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use slipway_protocol::log_line::LogStream;

    /// FR-OBS-01: wrapped lines take the rows that their text needs, and each row is found again.
    #[test]
    fn wrapped_lines_take_their_rows() {
        let mut buffer = LogBuffer::default();
        for (id, width) in [5, 25, 0, 10, 100_000].into_iter().enumerate() {
            let at = DateTime::UNIX_EPOCH;
            buffer.push(Line::new(
                id as u64,
                at,
                String::new(),
                LogStream::Stdout,
                "x".repeat(width),
            ));
        }
        let plain = Layout::of(&buffer, None);
        assert_eq!(
            (plain.rows(), plain.start(3), plain.line_at(3), plain.line_at(90)),
            (5, 3, 3, 4)
        );
        let wrapped = Layout::of(&buffer, Some(10));
        assert_eq!(wrapped.rows(), 1 + 3 + 1 + 1 + MOST_ROWS as usize);
        let lines: Vec<usize> = (0..7).map(|row| wrapped.line_at(row)).collect();
        assert_eq!(lines, [0, 1, 1, 1, 2, 3, 4]);
        assert_eq!(
            (wrapped.start(0), wrapped.start(2), wrapped.line_at(1_000)),
            (0, 4, 4)
        );
        assert_eq!(Layout::of(&LogBuffer::default(), Some(10)).rows(), 0);
    }

    /// FR-OBS-01: words stay whole where a row has room for half of itself before them, and no text takes more rows than it may.
    #[test]
    fn words_stay_whole() {
        let wrapped = |text: &str, columns| -> Vec<String> {
            let chars: Vec<char> = text.chars().collect();
            let mut from = 0;
            let mut rows = Vec::new();
            for end in row_ends(chars.iter().copied(), columns) {
                rows.push(chars[from..end].iter().collect());
                from = end;
            }
            rows
        };
        assert_eq!(
            wrapped("Check its spelling, then", 10),
            ["Check its ", "spelling, ", "then"]
        );
        assert_eq!(
            wrapped("At 515f2b6e606b84", 10),
            ["At 515f2b6", "e606b84"],
            "a row is not left almost empty"
        );
        assert_eq!(wrapped("0123456789 ", 10), ["0123456789 "]);
        for columns in [1, 2, 3, 7, 20] {
            let longest = columns * MOST_ROWS / 2;
            let text = "ab ".repeat(longest as usize);
            let text = &text[..longest as usize];
            assert!(wrapped(text, columns).len() <= MOST_ROWS as usize, "{columns}");
            assert_eq!(wrapped(text, columns).concat(), text);
        }
        assert!(keeps_words(11, 10) && keeps_words(200, 10));
        assert!(!keeps_words(10, 10) && !keeps_words(201, 10));
    }
}
