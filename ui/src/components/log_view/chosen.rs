//! What is chosen of a log: a line by a click, a part of it by another click with Shift, or by Shift and an arrow.

use super::buffer::LogBuffer;

/// Two ids, of the line that was chosen first and of the last one.
pub type Chosen = Option<(u64, u64)>;

/// After a click on a line; with `more` what was chosen before stays chosen (Shift).
pub fn clicked(chosen: Chosen, id: u64, more: bool) -> Chosen {
    match chosen {
        Some((from, _)) if more => Some((from, id)),
        // The same one again: what was a part is one line, and what was one line is none.
        Some((from, to)) if from == to && to == id => None,
        _ => Some((id, id)),
    }
}

/// After an arrow: the shown line beside the last one that was chosen. Nothing where there is none beside it.
pub fn beside(buffer: &LogBuffer, (from, to): (u64, u64), down: bool, more: bool) -> Chosen {
    let row = buffer.row_of(to);
    let row = if down { row + 1 } else { row.checked_sub(1)? };
    let next = buffer.row(row)?.id;
    Some((if more { from } else { next }, next))
}

/// The one line that is chosen.
pub fn single(chosen: Chosen) -> Option<u64> {
    chosen.and_then(|(from, to)| (from == to).then_some(from))
}

pub fn holds(chosen: Chosen, id: u64) -> bool {
    chosen.is_some_and(|(one, two)| (one.min(two)..=one.max(two)).contains(&id))
}

/// What is chosen where it is more than one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    from: u64,
    to: u64,
    /// So many shown lines.
    pub lines: usize,
}

impl Part {
    pub fn of(chosen: Chosen, buffer: &LogBuffer) -> Option<Self> {
        let (one, two) = chosen.filter(|(one, two)| one != two)?;
        let (from, to) = (one.min(two), one.max(two));
        let lines = buffer
            .row_of(to.saturating_add(1))
            .saturating_sub(buffer.row_of(from));
        Some(Self { from, to, lines })
    }

    pub fn text(&self, buffer: &LogBuffer) -> String {
        buffer.text(self.from, self.to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::components::log_view::buffer::Line;
    use chrono::DateTime;
    use slipway_protocol::log_line::LogStream;

    fn buffer() -> LogBuffer {
        let mut buffer = LogBuffer::default();
        let texts = ["one", "\u{1b}[31mtwo\u{1b}[0m", "<b>three</b>", "four", "five"];
        for (id, text) in (10..).zip(texts) {
            let at = DateTime::UNIX_EPOCH;
            buffer.push(Line::new(
                id,
                at,
                "web".to_owned(),
                LogStream::Stdout,
                text.to_owned(),
            ));
        }
        buffer
    }

    fn copied(chosen: Chosen, buffer: &LogBuffer) -> Vec<String> {
        let text = Part::of(chosen, buffer).map(|part| part.text(buffer));
        let text = text.unwrap_or_default();
        text.lines()
            .map(|line| {
                line.trim_start_matches("1970-01-01T00:00:00.000Z web ")
                    .to_owned()
            })
            .collect()
    }

    /// FR-OBS-01: a click chooses a line, Shift and a click a part, in both directions; a line that is clicked again is chosen no more, and a
    /// part becomes one line.
    #[test]
    fn a_part_is_chosen_by_clicks() {
        let one = clicked(None, 12, false);
        assert_eq!((one, single(one)), (Some((12, 12)), Some(12)));
        assert_eq!(clicked(one, 12, false), None);
        let down = clicked(one, 14, true);
        assert_eq!((down, single(down)), (Some((12, 14)), None));
        // It is measured from the line that was chosen first.
        let up = clicked(down, 10, true);
        assert_eq!(up, Some((12, 10)));
        assert!((10..=12).all(|id| holds(up, id)) && !holds(up, 13) && !holds(None, 12));
        assert_eq!(clicked(up, 10, false), Some((10, 10)));
        assert_eq!(clicked(None, 11, true), Some((11, 11)));
    }

    /// FR-OBS-01, FR-DSK-02: the arrows go to the next line, with Shift they choose a part, and at the log's ends they stay.
    #[test]
    fn a_part_is_chosen_by_arrows() {
        let buffer = buffer();
        assert_eq!(beside(&buffer, (12, 12), true, false), Some((13, 13)));
        assert_eq!(beside(&buffer, (12, 13), true, true), Some((12, 14)));
        assert_eq!(beside(&buffer, (12, 13), false, false), Some((12, 12)));
        assert_eq!(beside(&buffer, (10, 10), false, false), None);
        assert_eq!(beside(&buffer, (14, 14), true, true), None);
    }

    /// FR-OBS-01, NFR-S7: what is copied of a part are its shown lines, oldest first, as text without codes; one line is no part.
    #[test]
    fn a_part_is_copied() {
        let mut buffer = buffer();
        let lines = ["two", "<b>three</b>", "four"];
        assert_eq!(copied(Some((11, 13)), &buffer), lines);
        assert_eq!(copied(Some((13, 11)), &buffer), lines);
        let part = Part::of(Some((13, 11)), &buffer);
        assert_eq!(part.map(|part| part.lines), Some(3));
        assert_eq!(Part::of(Some((12, 12)), &buffer), None);
        assert_eq!(Part::of(None, &buffer), None);
        // Of lines that a search leaves out none is copied or counted.
        buffer.search("o");
        assert_eq!(copied(Some((10, 13)), &buffer), ["one", "two", "four"]);
        let part = Part::of(Some((10, 13)), &buffer);
        assert_eq!(part.map(|part| part.lines), Some(3));
    }
}
