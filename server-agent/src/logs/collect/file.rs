//! A container's output straight from the file in which the engine keeps it (driver `json-file`), over its rotations.
//!
//! Why not through the engine's API: that reads the same file, more slowly than a container can write it. On a machine
//! with two cores Docker 20.10 writes 130,000 lines a second and, while somebody follows them, reads back 37,000; what is
//! rotated away meanwhile it leaves out without a word. Read here, nothing is left out, and a quiet container costs nothing.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use memchr::{memchr, memchr2, memmem};
use serde::Deserialize;
use slipway_protocol::log_line::LogStream;

use super::joiner::Joiner;
use super::time::nanoseconds;
use crate::logs::places::Place;

/// So much is read at once, in bytes.
const READ: usize = 128 * 1024;
/// A line of the file is a piece of at most 16 KiB with its escapes; what is longer is not a line.
const LONGEST: usize = 512 * 1024;
/// Streams may overtake each other by so much, in nanoseconds.
const OVERLAP: i64 = 1_000_000_000;
/// What waits to be read is no trouble up to so many bytes; beyond, so many are passed over at once.
const SOON_ENOUGH: u64 = 8 << 20;
const SKIPPED: usize = 4 << 20;
/// What stands in the file where a line ends, and nowhere else.
const LINE_END: &[u8] = br#"\n","stream":"std"#;
/// More rotated files than that are not looked for.
const MOST_FILES: usize = 100;

/// What a turn of reading came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    More,
    AtEnd,
}

pub struct FileSource {
    path: PathBuf,
    file: File,
    inode: u64,
    offset: u64,
    /// Half a line.
    rest: Vec<u8>,
    /// There is a newer file; the last of this one is read first.
    rotated: bool,
}

impl FileSource {
    /// Opens the file in which the output behind a place begins.
    pub fn open(path: &Path, place: Place) -> io::Result<Self> {
        let mut chosen = File::open(path)?;
        for older in 1..MOST_FILES {
            if !place.is_start() && begins_before(&chosen, place.latest() - OVERLAP)? {
                break;
            }
            match File::open(numbered(path, older)) {
                Ok(file) => chosen = file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(error) => return Err(error),
            }
        }
        Ok(Self {
            path: path.to_owned(),
            inode: chosen.metadata()?.ino(),
            file: chosen,
            offset: 0,
            rest: Vec::new(),
            rotated: false,
        })
    }

    /// Reads on. When too much waits to be read, lines are counted and passed over before the engine throws them away.
    pub fn read(&mut self, joiner: &mut Joiner) -> io::Result<Turn> {
        if !joiner.is_resuming() && self.is_too_late() {
            self.skip(joiner)?;
        }
        let kept = self.rest.len();
        self.rest.resize(kept + READ, 0);
        let count = self.file.read_at(&mut self.rest[kept..], self.offset);
        self.rest.truncate(kept + count.as_ref().copied().unwrap_or(0));
        let count = count?;
        if count == 0 {
            return self.at_end(joiner);
        }
        self.offset += count as u64;
        let used = take_lines(&self.rest, joiner);
        self.rest.drain(..used);
        if self.rest.len() > LONGEST {
            self.rest.clear();
        }
        Ok(Turn::More)
    }

    /// Half of what the engine keeps waits to be read.
    pub fn is_too_late(&self) -> bool {
        let (waiting, kept) = self.lag();
        waiting > SOON_ENOUGH && waiting > kept / 2
    }

    /// Counts the lines of this file's next part, and goes on behind them.
    fn skip(&mut self, joiner: &mut Joiner) -> io::Result<()> {
        let ended = memmem::Finder::new(LINE_END);
        let (mut lines, mut at, mut left) = (0, 0, SKIPPED);
        let mut part = vec![0; READ];
        loop {
            let count = self.file.read_at(&mut part, self.offset)?;
            self.offset += count as u64;
            self.rest.extend_from_slice(&part[..count]);
            let whole = memchr::memrchr(b'\n', &self.rest).map_or(0, |end| end + 1);
            lines += ended.find_iter(&self.rest[..whole]).count() as u64;
            let last = &self.rest[..whole.saturating_sub(1)];
            let begin = memchr::memrchr(b'\n', last).map_or(0, |end| end + 1);
            if let Some(piece) = piece(&last[begin..]) {
                at = piece.at;
            }
            self.rest.drain(..whole);
            left = left.saturating_sub(count);
            if count == 0 || left == 0 {
                break;
            }
        }
        if lines > 0 {
            joiner.skipped(at, lines);
        }
        Ok(())
    }

    fn at_end(&mut self, joiner: &mut Joiner) -> io::Result<Turn> {
        if self.rest.is_empty() {
            self.rest = Vec::new();
        }
        let newest = match std::fs::metadata(&self.path) {
            Ok(facts) => facts,
            // Between two names while it is rotated; or the container is gone.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Turn::AtEnd),
            Err(error) => return Err(error),
        };
        if newest.ino() == self.inode {
            if newest.len() < self.offset {
                // With a single file the engine begins it anew.
                self.offset = 0;
                self.rest.clear();
                return Ok(Turn::More);
            }
            return Ok(Turn::AtEnd);
        }
        if !std::mem::replace(&mut self.rotated, true) {
            // Something may have been written between the last look and the rotation.
            return Ok(Turn::More);
        }
        self.go_on(joiner)
    }

    /// Opens the file that follows this one.
    fn go_on(&mut self, joiner: &mut Joiner) -> io::Result<Turn> {
        let (mut next, mut found) = self.newer()?;
        if !found {
            // In the middle of a rotation a name may be missing for an instant.
            std::thread::sleep(Duration::from_millis(10));
            (next, found) = self.newer()?;
        }
        let file = match File::open(&next) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Turn::AtEnd),
            Err(error) => return Err(error),
        };
        if !found {
            let at = joiner.place().latest();
            joiner.missing(
                at,
                None,
                "Lines are missing here: more was printed than the engine keeps, before it could be read.",
            );
        }
        self.inode = file.metadata()?.ino();
        (self.file, self.offset, self.rotated) = (file, 0, false);
        self.rest.clear();
        Ok(Turn::More)
    }

    /// The file that follows this one, and true; or the oldest that there is.
    fn newer(&self) -> io::Result<(PathBuf, bool)> {
        let mut next = self.path.clone();
        for number in 0..MOST_FILES {
            let path = numbered(&self.path, number);
            match std::fs::metadata(&path) {
                Ok(facts) if facts.ino() == self.inode => return Ok((next, true)),
                Ok(_) => next = path,
                Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                Err(error) => return Err(error),
            }
        }
        Ok((next, false))
    }

    /// Bytes that wait to be read in this file and the newer ones, of all that the engine keeps.
    pub fn lag(&self) -> (u64, u64) {
        let (mut waiting, mut all, mut is_newer) = (0, 0, true);
        for number in 0..MOST_FILES {
            let Ok(facts) = std::fs::metadata(numbered(&self.path, number)) else {
                break;
            };
            all += facts.len();
            if is_newer {
                waiting += facts.len();
            }
            is_newer &= facts.ino() != self.inode;
        }
        (waiting.saturating_sub(self.offset), all)
    }
}

/// `path`, `path.1`, `path.2`: older with each number.
fn numbered(path: &Path, number: usize) -> PathBuf {
    if number == 0 {
        return path.to_owned();
    }
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

/// Whether a file's first line was written before a time. An empty file says nothing.
fn begins_before(file: &File, time: i64) -> io::Result<bool> {
    let mut head = vec![0; READ];
    let count = file.read_at(&mut head, 0)?;
    let first = memchr(b'\n', &head[..count]).and_then(|end| piece(&head[..end]));
    Ok(first.is_some_and(|piece| piece.at < time))
}

/// Hands whole lines on; how many bytes they were.
fn take_lines(bytes: &[u8], joiner: &mut Joiner) -> usize {
    let mut used = 0;
    while let Some(length) = memchr(b'\n', &bytes[used..]) {
        let line = &bytes[used..used + length];
        used += length + 1;
        // What is no line was torn by a crash of the machine.
        if let Some(piece) = piece(line) {
            joiner.piece(piece.at, piece.stream, &piece.text, piece.ends);
        }
    }
    used
}

struct Piece<'a> {
    at: i64,
    stream: LogStream,
    text: std::borrow::Cow<'a, str>,
    ends: bool,
}

/// `{"log":"TEXT\n","stream":"stdout","time":"…"}`. Nearly all lines have just this form, and no escape but the last.
fn piece(line: &[u8]) -> Option<Piece<'_>> {
    quick_piece(line).or_else(|| any_piece(line))
}

fn quick_piece(line: &[u8]) -> Option<Piece<'_>> {
    let begin = line.strip_prefix(b"{\"log\":\"")?;
    let end = memchr2(b'"', b'\\', begin)?;
    let (text, rest) = begin.split_at(end);
    let (rest, ends) = match rest.strip_prefix(b"\\n\"") {
        Some(rest) => (rest, true),
        None => (rest.strip_prefix(b"\"")?, false),
    };
    let rest = rest.strip_prefix(b",\"stream\":\"std")?;
    let stream = match rest.get(..4)? {
        b"out\"" => LogStream::Stdout,
        b"err\"" => LogStream::Stderr,
        _ => return None,
    };
    let time = rest.strip_suffix(b"\"}")?;
    let time = &time[memmem::rfind(time, b"\"time\":\"")? + 8..];
    Some(Piece {
        at: nanoseconds(time)?,
        stream,
        text: String::from_utf8_lossy(text),
        ends,
    })
}

fn any_piece(line: &[u8]) -> Option<Piece<'_>> {
    #[derive(Deserialize)]
    struct Any {
        #[serde(default)]
        log: String,
        #[serde(default)]
        stream: String,
        time: String,
    }
    let any: Any = serde_json::from_slice(line)
        .or_else(|_| serde_json::from_str(&String::from_utf8_lossy(line)))
        .ok()?;
    let at = nanoseconds(any.time.as_bytes())?;
    let mut text = any.log;
    let ends = text.ends_with('\n');
    if ends {
        text.pop();
    }
    let stream = if any.stream == "stderr" {
        LogStream::Stderr
    } else {
        LogStream::Stdout
    };
    Some(Piece {
        at,
        stream,
        text: text.into(),
        ends,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn write(path: &Path, numbers: std::ops::Range<u64>) {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        for number in numbers {
            let (minute, second) = (number / 60, number % 60);
            writeln!(file, r#"{{"log":"line {number}\n","stream":"stdout","time":"2026-01-01T00:{minute:02}:{second:02}Z"}}"#).unwrap();
        }
    }

    fn rotate(path: &Path, files: usize) {
        for number in (1..files).rev() {
            let _ = std::fs::rename(numbered(path, number - 1), numbered(path, number));
        }
        File::create(path).unwrap();
    }

    fn read_all(source: &mut FileSource, joiner: &mut Joiner) -> Vec<String> {
        while source.read(joiner).unwrap() == Turn::More {}
        joiner.take().lines().map(|line| line.text.to_owned()).collect()
    }

    fn wanted(numbers: std::ops::Range<u64>) -> Vec<String> {
        numbers.map(|number| format!("line {number}")).collect()
    }

    /// FR-OBS-01: lines are read over rotations, each once; a reader that comes back goes on in the right file.
    #[test]
    fn rotations_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c-json.log");
        write(&path, 0..10);
        let mut joiner = Joiner::new("t", Place::default());
        let mut source = FileSource::open(&path, Place::default()).unwrap();
        assert_eq!(read_all(&mut source, &mut joiner), wanted(0..10));
        write(&path, 10..12);
        rotate(&path, 3);
        write(&path, 12..14);
        rotate(&path, 3);
        write(&path, 14..16);
        assert_eq!(read_all(&mut source, &mut joiner), wanted(10..16));
        assert_eq!(source.lag().0, 0);

        write(&path, 16..20);
        assert!(source.lag().0 > 0);
        let mut joiner = Joiner::new("t", joiner.place());
        let mut source = FileSource::open(&path, joiner.place()).unwrap();
        assert_eq!(read_all(&mut source, &mut joiner), wanted(16..20));
    }

    /// FR-OBS-01: what was rotated away unread is told of.
    #[test]
    fn what_was_rotated_away_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c-json.log");
        write(&path, 0..3);
        let mut joiner = Joiner::new("t", Place::default());
        let mut source = FileSource::open(&path, Place::default()).unwrap();
        read_all(&mut source, &mut joiner);
        for number in 1..4 {
            rotate(&path, 2);
            write(&path, number * 10..number * 10 + 1);
        }
        let lines = read_all(&mut source, &mut joiner);
        assert!(lines[0].contains("missing"), "{lines:?}");
        assert_eq!(lines[1..], ["line 20", "line 30"]);
        let mut late = Joiner::new("t", Joiner::new("t", Place::default()).place());
        let mut place = Place::default();
        place.pass(LogStream::Stdout, 1);
        assert_eq!(
            read_all(&mut FileSource::open(&path, place).unwrap(), &mut late),
            ["line 20", "line 30"]
        );
    }

    /// NFR-P7, NFR-R3: when too much waits, lines are passed over and counted; each is either read or counted.
    #[test]
    fn too_much_is_passed_over_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c-json.log");
        let line = format!(
            "{{\"log\":\"{}\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-01T00:00:00Z\"}}\n",
            "x".repeat(1000)
        );
        std::fs::write(&path, line.repeat(20_000)).unwrap();
        let mut joiner = Joiner::new("t", Place::default());
        let mut source = FileSource::open(&path, Place::default()).unwrap();
        let (mut read, mut counted) = (0, 0);
        loop {
            let turn = source.read(&mut joiner).unwrap();
            for line in joiner.take().lines() {
                match line.missing {
                    Some(missing) => counted += missing.lines.unwrap(),
                    None => read += 1,
                }
            }
            if turn == Turn::AtEnd {
                break;
            }
        }
        assert!(counted > 5000 && read > 5000, "{counted} {read}");
        assert_eq!(read + counted, 20_000);
    }

    /// FR-OBS-01: whatever a line holds is read as it was written; what is no line is passed over.
    #[test]
    fn odd_lines_are_read() {
        let at = r#""stream":"stderr","time":"2026-01-02T03:04:05.000000007Z"}"#;
        for (log, wanted) in [
            (r"plain", ("plain", false)),
            (r"plain\n", ("plain", true)),
            (r#"say \"hi\" \\n"#, ("say \"hi\" \\n", false)),
            (r"\u001b[31mred\u0000\r\n", ("\u{1b}[31mred\0\r", true)),
            (r"\u003cb\u003e ü 😀\n", ("<b> ü 😀", true)),
            (r"\n", ("", true)),
        ] {
            let line = format!(r#"{{"log":"{log}",{at}"#);
            let piece = piece(line.as_bytes()).unwrap();
            assert_eq!((piece.text.as_ref(), piece.ends), wanted);
            assert_eq!((piece.stream, piece.at % 1_000_000_000), (LogStream::Stderr, 7));
        }
        let with_details =
            r#"{"log":"x\n","stream":"stdout","attrs":{"a":"b"},"time":"2026-01-02T03:04:05Z"}"#;
        assert!(piece(with_details.as_bytes()).is_some_and(|piece| piece.text == "x"));
        for torn in [
            "",
            "\0\0\0",
            "{\"log\":\"x",
            "{}",
            "{\"log\":\"x\\n\",\"stream\":\"stdout\"}",
        ] {
            assert!(piece(torn.as_bytes()).is_none(), "{torn}");
        }
    }
}
