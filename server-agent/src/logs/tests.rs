//! The store from end to end: what is written is read, found, mended after a crash, and let go in time.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use proptest::prelude::*;
use slipway_protocol::count;
use slipway_protocol::log_line::{ContainerLogLine, LogStream};
use slipway_protocol::{ApplicationId, DeploymentId};

use super::LogError;
use super::app_log::AppLog;
use super::batch::tests::{Made, any_line};
use super::batch::{Batch, Line};
use super::block::Packer;
use super::filter::{Filter, Wanted};
use super::intake::Budget;
use super::log_of::LogOf;
use super::reading::{From, Reading};
use super::retention::{self, Limits};
use super::shelf::{Kind, Shelf};
use super::store::Logs;
use super::total::Total;
use super::writer::Bell;

const SMALL: u64 = 64 * 1024;

struct Desk {
    log: Arc<AppLog>,
    packer: Packer,
    total: Total,
}

impl Desk {
    fn at(folder: &Path) -> Self {
        Self::beside(folder, Total::default())
    }

    /// A log beside others.
    fn beside(folder: &Path, total: Total) -> Self {
        let mut packer = Packer::new().unwrap();
        let shelf = Shelf::open(folder, SMALL, &mut packer).unwrap();
        let id: ApplicationId = "018f0000-0000-7000-8000-000000000001".parse().unwrap();
        let log = AppLog::new(
            id.into(),
            folder.to_owned(),
            shelf,
            (Budget::default(), total.clone()),
            Arc::new(Bell::default()),
        );
        Self {
            log: Arc::new(log),
            packer,
            total,
        }
    }

    fn write(&mut self, lines: &[Made]) {
        let mut batch = Batch::default();
        for line in lines {
            line.push_to(&mut batch);
        }
        assert!(self.log.offer(batch).is_ok());
        self.log.write(&mut self.packer).unwrap();
    }

    /// Lines `from..to`, each a little different, so that they do not compress to nothing.
    fn count(&mut self, numbers: std::ops::Range<u64>) {
        for begin in numbers.clone().step_by(500) {
            let lines: Vec<Made> = (begin..numbers.end.min(begin + 500))
                .map(|number| Made {
                    at: i64::try_from(number).unwrap(),
                    ..Made::said(&text(number))
                })
                .collect();
            self.write(&lines);
        }
    }

    fn read(
        &self,
        wanted: Wanted,
        from: From,
        before: Option<u64>,
        limit: Option<u32>,
    ) -> Vec<ContainerLogLine> {
        let filter = Filter::new(wanted).unwrap();
        let mut reading = Reading::new(Arc::clone(&self.log), filter, from, before, limit);
        let mut lines = Vec::new();
        loop {
            let step = reading.step().unwrap();
            lines.extend(step.lines);
            if step.done || step.at_end {
                return lines;
            }
        }
    }

    fn all(&self) -> Vec<ContainerLogLine> {
        self.read(Wanted::default(), From::Oldest, None, None)
    }
}

fn text(number: u64) -> String {
    let noise = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!(
        "line {number} {noise:x} {:x}",
        noise.rotate_left(29).wrapping_mul(noise | 1)
    )
}

fn sequences(lines: &[ContainerLogLine]) -> Vec<u64> {
    lines.iter().map(|line| line.sequence).collect()
}

fn regex(regex: &str) -> Wanted {
    Wanted {
        regex: Some(regex.to_owned()),
        ..Wanted::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// FR-OBS-01: whatever is written is read with gap-free numbers, also after the store was closed or killed in between.
    #[test]
    fn what_is_written_is_read(parts in proptest::collection::vec((proptest::collection::vec(any_line(), 1..20), 0..3_u8), 1..8)) {
        let folder = tempfile::tempdir().unwrap();
        let mut desk = Desk::at(folder.path());
        let mut written = Vec::new();
        for (lines, ending) in parts {
            desk.write(&lines);
            written.extend(lines);
            match ending {
                0 => {}
                1 => desk = Desk::at(folder.path()),
                _ => {
                    desk.log.with_shelf(|shelf| shelf.close(&mut desk.packer)).unwrap().unwrap();
                    desk = Desk::at(folder.path());
                }
            }
        }
        let read = desk.all();
        prop_assert_eq!(sequences(&read), (1..=written.len() as u64).collect::<Vec<_>>());
        for (made, line) in written.iter().zip(&read) {
            prop_assert_eq!(&made.text, &line.text);
            prop_assert_eq!(made.at, line.at.timestamp_nanos_opt().unwrap_or(made.at));
        }
    }
}

/// FR-OBS-01, FR-DEP-13: when who writes has ended, a small log is compressed too, reads as before, and goes on later.
#[test]
fn a_log_that_rests_is_compressed() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::at(folder.path());
    desk.count(1..200);
    let before = desk.all();
    let size = |desk: &Desk| desk.log.index().bytes();
    let whole = size(&desk);
    desk.log.rest();
    desk.log.write(&mut desk.packer).unwrap();
    assert!(size(&desk) < whole, "{} of {whole}", size(&desk));
    assert_eq!(desk.all(), before);
    desk.log.flush().unwrap();
    desk.write(&[Made::said("more")]);
    assert_eq!(sequences(&desk.all()), (1..=200).collect::<Vec<_>>());
    desk = Desk::at(folder.path());
    assert_eq!(desk.all().len(), 200);
}

/// FR-OBS-01, NFR-P7: how large all logs are is known without a look at each, whatever was written, compressed, let go, opened again or deleted.
#[test]
fn the_size_of_all_logs_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    let mut desk = Desk::at(&one);
    let total = desk.total.clone();
    let mut beside = Desk::beside(&other, total.clone());
    let sum = |desk: &Desk, beside: &Desk| desk.log.index().bytes() + beside.log.index().bytes();
    desk.count(0..20_000);
    beside.count(0..300);
    assert_eq!(total.bytes(), sum(&desk, &beside));
    beside.log.rest();
    beside.log.write(&mut beside.packer).unwrap();
    let freed = desk.log.with_shelf(Shelf::drop_oldest).unwrap().unwrap();
    assert!(freed > 0);
    assert_eq!(total.bytes(), sum(&desk, &beside));
    desk.log.delete().unwrap();
    desk.log.delete().unwrap();
    assert_eq!(total.bytes(), beside.log.index().bytes());
    let again = Desk::at(&other);
    assert_eq!(again.total.bytes(), again.log.index().bytes());
    assert!(again.total.bytes() > 0);
    beside.log.delete().unwrap();
    assert_eq!(total.bytes(), 0);
}

/// FR-OBS-01, FR-DEP-13: a search that is followed meets what fits when it is written, in whatever file it stands by then, and nothing twice;
/// asked for again behind the last line that was seen, it goes on there.
#[test]
fn a_search_goes_on_with_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::at(folder.path());
    let reading = |desk: &Desk, from| {
        let filter = Filter::new(regex("^line [0-9]*77 ")).unwrap();
        Reading::new(Arc::clone(&desk.log), filter, from, None, None)
    };
    let read_on = |reading: &mut Reading, found: &mut Vec<u64>| {
        loop {
            let step = reading.step().unwrap();
            found.extend(sequences(&step.lines));
            if step.at_end {
                break;
            }
        }
    };
    // Nothing fits yet.
    desk.count(0..50);
    let (mut following, mut found) = (reading(&desk, From::Last(500)), Vec::new());
    read_on(&mut following, &mut found);
    assert!(found.is_empty());
    for begin in (50..20_000).step_by(150) {
        desk.count(begin..begin + 150);
        if begin == 8_000 {
            desk.log.rest();
        }
        read_on(&mut following, &mut found);
        if begin % 1_000 == 50 {
            // As after a lost link.
            let last = found.last().copied().unwrap_or(0);
            following = reading(&desk, From::After(last));
        }
    }
    let written = desk.log.index().end - 1;
    let wanted: Vec<u64> = (1..=written)
        .filter(|sequence| (sequence - 1) % 100 == 77)
        .collect();
    assert_eq!(found, wanted);
}

/// FR-DEP-09, FR-DEP-13: whoever wrote a log has ended: all that was handed over is in it, and of it nothing is left that is not compressed.
#[tokio::test]
async fn a_log_whose_writer_has_ended_rests() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits {
        days: 365_000,
        of_one: 8 << 20,
        of_all: u64::MAX,
    };
    let logs = Logs::open(folder.path(), limits).unwrap();
    let id: slipway_protocol::CommandId = "018f0000-0000-7000-8000-000000000001".parse().unwrap();
    let log = logs.of(id).unwrap();
    let mut batch = Batch::default();
    Made::said("a short command").push_to(&mut batch);
    assert!(log.offer(batch).is_ok());
    log.ended().await;
    assert_eq!(log.index().end, 2, "it is written");
    let is_compressed = || {
        let index = log.index();
        index.pieces.len() == 1 && index.pieces[0].kind == Kind::Segment
    };
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !is_compressed() && std::time::Instant::now() < end {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert!(is_compressed());
    logs.close();
}

/// FR-OBS-01, NFR-R3: wherever a power cut tears the newest file, the whole blocks before it stay, and what is written next goes on from there.
#[test]
fn a_torn_end_is_cut_off() {
    for ending in ["tail", "log"] {
        for cut in [1, 7, 47, 48, 49, 200] {
            let folder = tempfile::tempdir().unwrap();
            let mut desk = Desk::at(folder.path());
            desk.write(&[Made::said("one"), Made::said("two")]);
            if ending == "log" {
                desk.log
                    .with_shelf(|shelf| shelf.close(&mut desk.packer))
                    .unwrap()
                    .unwrap();
                std::fs::remove_file(folder.path().join("00000000000000000001.tail")).unwrap();
            }
            let path = folder.path().join(format!("00000000000000000001.{ending}"));
            let whole = std::fs::metadata(&path).unwrap().len();
            desk.write(&[Made::said("three")]);
            if ending == "log" {
                desk.log
                    .with_shelf(|shelf| shelf.close(&mut desk.packer))
                    .unwrap()
                    .unwrap();
                std::fs::remove_file(folder.path().join("00000000000000000003.tail")).unwrap();
            }
            let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
            let length = file.metadata().unwrap().len();
            file.set_len((length.saturating_sub(cut)).max(whole + 1)).unwrap();
            let mut desk = Desk::at(folder.path());
            let texts: Vec<String> = desk.all().into_iter().map(|line| line.text).collect();
            assert_eq!(texts, ["one", "two"], "{ending}, {cut}");
            desk.write(&[Made::said("again")]);
            assert_eq!(sequences(&desk.all()), [1, 2, 3]);
        }
    }
}

/// FR-OBS-01, NFR-R3: a tail that a full disk left without any line is in the way of none that comes.
#[test]
fn a_tail_without_lines_is_in_nobodys_way() {
    for remains in [&b""[..], &[7; 30]] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("00000000000000000001.tail"), remains).unwrap();
        let mut desk = Desk::at(folder.path());
        desk.write(&[Made::said("one")]);
        // As the writer does when what is new is on the disk.
        for path in desk.log.with_shelf(|shelf| shelf.take_unsynced()).unwrap().1 {
            let _ = std::fs::remove_file(path);
        }
        let texts: Vec<String> = desk.all().into_iter().map(|line| line.text).collect();
        assert_eq!(texts, ["one"]);
        desk.count(0..30_000);
        assert_eq!(desk.all().len(), 30_001);
    }
}

/// FR-OBS-01: bytes that turned into others are found; their lines are told to be missing, all others are read.
#[test]
fn a_damaged_block_is_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::at(folder.path());
    desk.count(0..30_000);
    let first = desk.log.index().pieces[0];
    let path = first.path(folder.path());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let lines = desk.all();
    let missing = lines[0].missing.unwrap().lines.unwrap();
    assert_eq!(missing + lines.len() as u64 - 1, 30_000);
    assert_eq!(lines.last().unwrap().sequence, 30_000);
}

/// FR-OBS-01: a search finds old lines over the borders of blocks and files; from the end, from the beginning, and page by page backwards.
#[test]
fn a_search_crosses_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::at(folder.path());
    desk.count(0..30_000);
    desk.write(&[Made::said("the newest line")]);
    assert!(desk.log.index().pieces.len() > 5);

    let found = desk.read(regex("^line [0-9]*777 "), From::Oldest, None, None);
    let wanted: Vec<u64> = (0..30).map(|thousand| thousand * 1000 + 778).collect();
    assert_eq!(sequences(&found), wanted);
    let found = desk.read(regex("^line [0-9]*777 "), From::Last(3), None, None);
    assert_eq!(sequences(&found), [27_778, 28_778, 29_778]);
    let found = desk.read(regex("^line [0-9]*777 "), From::Last(2), Some(27_778), None);
    assert_eq!(sequences(&found), [25_778, 26_778]);
    let found = desk.read(regex("^line [0-9]*777 "), From::Last(1000), None, None);
    assert_eq!(sequences(&found), wanted);
    let found = desk.read(regex("777 "), From::After(778), None, Some(1));
    assert_eq!(sequences(&found), [1778]);
    let of_a_time = Wanted {
        since: Some(500),
        until: Some(503),
        ..Wanted::default()
    };
    assert_eq!(
        sequences(&desk.read(of_a_time, From::Oldest, None, None)),
        [501, 502, 503]
    );
    assert_eq!(
        sequences(&desk.read(Wanted::default(), From::Last(2), None, None)),
        [30_000, 30_001]
    );
    assert_eq!(
        sequences(&desk.read(Wanted::default(), From::Last(2), Some(3), None)),
        [1, 2]
    );
}

/// FR-OBS-01: a reader that follows while lines move from the tail into segments misses none and gets none twice.
#[test]
fn a_reader_keeps_up_with_the_writer() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::at(folder.path());
    let mut reading = Reading::new(Arc::clone(&desk.log), Filter::default(), From::Oldest, None, None);
    let (mut read, mut written) = (Vec::new(), 0);
    while written < 20_000 {
        desk.count(written..written + 100);
        written += 100;
        loop {
            let step = reading.step().unwrap();
            read.extend(sequences(&step.lines));
            if step.at_end {
                break;
            }
        }
        assert_eq!(read.len() as u64, written);
    }
    assert_eq!(read, (1..=20_000).collect::<Vec<_>>());
}

/// FR-OBS-01: the oldest lines go by size and by age; the numbers go on, and a reader that was there is told what it misses, by a line that
/// counts as one.
#[test]
fn the_oldest_lines_go() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::at(folder.path());
    desk.count(0..60_000);
    let limits = Limits {
        days: 365_000,
        of_one: 300 * 1024,
        of_all: u64::MAX,
    };
    let before = desk.log.index().bytes();
    retention::keep(
        folder.path(),
        &[Arc::clone(&desk.log)],
        &limits,
        Utc::now(),
        &mut desk.packer,
    );
    let index = desk.log.index();
    assert!(
        before > limits.of_one && index.bytes() <= limits.of_one,
        "{before} {}",
        index.bytes()
    );
    let lines = desk.read(Wanted::default(), From::After(10), None, None);
    let gone = index.first() - 11;
    assert_eq!(lines[0].missing.unwrap().lines, Some(gone));
    let told = count::in_words(gone as usize, "line was", "lines were");
    assert_eq!(lines[0].text, format!("{told} let go meanwhile."));
    assert_eq!(lines[1].sequence, index.first());
    assert_eq!(lines.last().unwrap().sequence, 60_000);
    let lines = desk.read(Wanted::default(), From::After(0), None, Some(1));
    let told = count::in_words(index.first() as usize - 1, "older line is", "older lines are");
    assert_eq!(lines[0].text, format!("{told} no longer kept."));
    assert_eq!(lines.len(), 1);
    let lines = desk.read(Wanted::default(), From::After(0), None, Some(3));
    assert_eq!(
        sequences(&lines),
        [index.first() - 1, index.first(), index.first() + 1]
    );
    // A page that ends among them counts none behind its end.
    let lines = desk.read(Wanted::default(), From::After(10), Some(15), None);
    assert_eq!((lines.len(), lines[0].sequence), (1, 14));

    // All of them were written in 1970.
    let limits = Limits { days: 30, ..limits };
    retention::keep(
        folder.path(),
        &[Arc::clone(&desk.log)],
        &limits,
        Utc::now(),
        &mut desk.packer,
    );
    assert!(desk.all().is_empty());
    let mut desk = Desk::at(folder.path());
    desk.write(&[Made::said("next")]);
    assert_eq!(sequences(&desk.all()), [60_001]);
}

/// FR-OBS-01, NFR-R3: a log that the disk does not let go keeps no other from being let go: all together stay within their bound.
#[test]
fn a_log_that_stays_keeps_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (stuck, other) = (folder.path().join("stuck"), folder.path().join("other"));
    let (mut stuck_desk, mut other_desk) = (Desk::at(&stuck), Desk::at(&other));
    stuck_desk.count(0..10_000);
    other_desk.count(10_000..20_000);
    for desk in [&mut stuck_desk, &mut other_desk] {
        let closed = desk.log.with_shelf(|shelf| shelf.close(&mut desk.packer));
        closed.unwrap().unwrap();
    }
    // A file that cannot be removed.
    let oldest = stuck_desk.log.index().pieces[0].path(&stuck);
    std::fs::remove_file(&oldest).unwrap();
    std::fs::create_dir(&oldest).unwrap();
    let limits = Limits {
        days: 365_000,
        of_one: u64::MAX,
        of_all: 1,
    };
    let logs = [Arc::clone(&stuck_desk.log), Arc::clone(&other_desk.log)];
    retention::keep(folder.path(), &logs, &limits, Utc::now(), &mut other_desk.packer);
    assert_eq!(other_desk.log.index().bytes(), 0);
    assert!(stuck_desk.log.index().bytes() > 0);
}

/// FR-OBS-01, FR-DEP-13: a deployment's log goes by its age as well, however small it is, and its numbers go on.
#[test]
fn a_deployments_log_grows_old() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits {
        days: 30,
        of_one: 8 << 20,
        of_all: u64::MAX,
    };
    let mut packer = Packer::new().unwrap();
    let logs = Logs::open(folder.path(), limits.clone()).unwrap();
    let id: slipway_protocol::DeploymentId = "018f0000-0000-7000-8000-000000000001".parse().unwrap();
    let log = logs.of(id).unwrap();
    let mut batch = Batch::default();
    // It was written in 1970.
    Made::said("an old build").push_to(&mut batch);
    assert!(log.offer(batch).is_ok());
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while log.index().end < 2 && std::time::Instant::now() < end {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(log.index().bytes() > 0);
    retention::keep(
        folder.path(),
        &[Arc::clone(&log)],
        &limits,
        Utc::now(),
        &mut packer,
    );
    assert_eq!((log.index().bytes(), log.index().end), (0, 2));
    logs.close();
}

/// FR-OBS-01: how far each task was stored is known again after a crash, from the lines themselves.
#[test]
fn places_are_known_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::at(folder.path());
    let put = |desk: &mut Desk, task: &str, at: i64, stream: LogStream| {
        let mut batch = Batch::default();
        let (level, missing) = (None, None);
        assert!(batch.push(Line {
            at,
            task,
            stream,
            level,
            text: "x",
            missing
        }));
        assert!(desk.log.offer(batch).is_ok());
        desk.log.write(&mut desk.packer).unwrap();
    };
    put(&mut desk, "a", 5, LogStream::Stdout);
    put(&mut desk, "a", 5, LogStream::Stdout);
    put(&mut desk, "a", 3, LogStream::Stderr);
    desk.count(0..20_000);
    put(&mut desk, "b", 9, LogStream::Stderr);
    for _ in 0..3 {
        desk = Desk::at(folder.path());
        let place = desk.log.place("a");
        assert_eq!(
            (place.last(LogStream::Stdout), place.last(LogStream::Stderr)),
            ((5, 2), (3, 1))
        );
        assert_eq!(desk.log.place("b").latest(), 9);
        assert!(desk.log.place("c").is_start());
    }
}

/// FR-OBS-01, NFR-R3: a file that is taken away under a log is an error for whoever reads that far, and no end of the log; what stands before it
/// is read.
#[test]
fn a_file_that_is_taken_away_is_no_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::at(folder.path());
    desk.count(0..30_000);
    let pieces = desk.log.index().pieces.clone();
    let last = pieces.last().unwrap();
    assert!(pieces.len() > 1);
    std::fs::remove_file(last.path(folder.path())).unwrap();
    for wanted in [Wanted::default(), regex("line")] {
        let filter = Filter::new(wanted).unwrap();
        let mut reading = Reading::new(Arc::clone(&desk.log), filter, From::Oldest, None, None);
        let mut read = 0;
        let error = loop {
            match reading.step() {
                Ok(step) => {
                    assert!(!step.at_end && !step.done, "{read} lines look like all");
                    read += step.lines.len() as u64;
                }
                Err(error) => break error,
            }
        };
        assert!(matches!(error, LogError::Disk(_)), "{error}");
        assert_eq!(read, last.first - 1);
    }
}

/// FR-PRJ-03: a deleted application's log is gone, and what its containers still say goes nowhere.
#[test]
fn a_deleted_log_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own");
    let mut desk = Desk::at(&own);
    desk.count(0..100);
    desk.log.delete().unwrap();
    desk.write(&[Made::said("too late")]);
    assert!(!own.exists());
    // For whoever reads it just now that is no end.
    let mut reading = Reading::new(Arc::clone(&desk.log), Filter::default(), From::Oldest, None, None);
    assert!(matches!(reading.step(), Err(LogError::Removed)));
}

/// FR-DEP-09, FR-DEP-13, NFR-R3: the log of a command or a deployment that is no longer kept goes, and nothing is left of it in memory; an
/// application's stays.
#[test]
fn logs_of_commands_come_and_go() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits {
        days: 1,
        of_one: SMALL,
        of_all: SMALL,
    };
    let logs = Logs::open(folder.path(), limits).unwrap();
    let id = "018f0000-0000-7000-8000-000000000001";
    let application = LogOf::Application(id.parse().unwrap());
    let command = LogOf::Command(id.parse().unwrap());
    let deployment = LogOf::Deployment(id.parse().unwrap());
    for log in [application, command, deployment] {
        assert!(logs.of(log).unwrap().folder().exists());
    }
    logs.remove_left(&[command]);
    logs.remove(deployment).unwrap();
    assert_eq!(logs.known(), [application]);
    let names: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, [id]);
    logs.close();
}

const EARLIER: u16 = 3000;

/// FR-OBS-01, NFR-P7: nobody who writes waits at a start until the logs of all earlier deployments are open.
#[test]
fn writing_waits_for_no_other_log() {
    // Who is held up between two looks may find all of them open once; who has to wait for them finds them so each time.
    let seen: Vec<usize> = (0..5)
        .map(|_| open_before_a_line_is_written())
        .take_while(|open| *open >= usize::from(EARLIER))
        .collect();
    assert!(seen.len() < 5, "all were opened before: {seen:?}");
}

/// So many logs were open when a line of another one was not written yet, at a start with many earlier ones.
fn open_before_a_line_is_written() -> usize {
    let deployment = |number: u16| DeploymentId(uuid::Uuid::from_u128(u128::from(number)));
    let folder = tempfile::tempdir().unwrap();
    for number in 1..=EARLIER {
        let earlier = LogOf::Deployment(deployment(number));
        std::fs::create_dir(folder.path().join(earlier.to_string())).unwrap();
    }
    let limits = Limits {
        days: 365_000,
        of_one: SMALL,
        of_all: u64::MAX,
    };
    let logs = Logs::open(folder.path(), limits).unwrap();
    let (log, mut batch) = (logs.of(deployment(EARLIER + 1)).unwrap(), Batch::default());
    Made::said("a line").push_to(&mut batch);
    assert!(log.offer(batch).is_ok());
    let (begun, mut open) = (Instant::now(), 0);
    while log.index().end == 1 {
        assert!(begun.elapsed() < Duration::from_secs(60), "it is not written");
        open = logs.known().len();
        std::thread::sleep(Duration::from_micros(200));
    }
    logs.close();
    open
}
