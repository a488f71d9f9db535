//! An application's files: appending to them, mending them after a crash, letting the oldest go.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::batch::{Batch, Summary};
use super::block::{self, Packer};
use super::places::Places;

/// So much makes a good block, in bytes before compression.
const GOOD_BLOCK: usize = 256 * 1024;
/// Places are saved after so much has been written, so that little has to be read again at a start.
const SAVE_AFTER: u64 = 1 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Segment,
    Tail,
}

/// One file and what is in it.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    pub kind: Kind,
    /// The number of its first line, and the one behind its last.
    pub first: u64,
    pub end: u64,
    pub bytes: u64,
    pub max_at: i64,
}

impl Piece {
    fn new(kind: Kind, first: u64) -> Self {
        Self {
            kind,
            first,
            end: first,
            bytes: 0,
            max_at: i64::MIN,
        }
    }

    pub fn path(&self, folder: &Path) -> PathBuf {
        let ending = match self.kind {
            Kind::Segment => "log",
            Kind::Tail => "tail",
        };
        folder.join(format!("{:020}.{ending}", self.first))
    }

    fn add(&mut self, summary: Summary, bytes: u64) {
        self.end += u64::from(summary.count);
        self.bytes += bytes;
        self.max_at = self.max_at.max(summary.max_at);
    }
}

/// The files in their order, and the number of the line to come. What readers go by.
#[derive(Clone, Debug, Default)]
pub struct Index {
    pub pieces: Vec<Piece>,
    pub end: u64,
    /// Nothing is left of the log, and nothing will be.
    pub removed: bool,
}

impl Index {
    /// That of a log which was removed.
    pub fn of_none() -> Self {
        Self {
            removed: true,
            ..Self::default()
        }
    }

    /// The number of the oldest line.
    pub fn first(&self) -> u64 {
        self.pieces.first().map_or(self.end, |piece| piece.first)
    }

    pub fn bytes(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.bytes).sum()
    }
}

pub struct Shelf {
    folder: PathBuf,
    segments: Vec<Piece>,
    tail: Option<Piece>,
    /// The number of the next line.
    next: u64,
    /// A segment that has grown to that is followed by a new one.
    segment_bytes: u64,
    unsaved: u64,
    pub places: Places,
    /// Written since the last flush.
    unsynced: Vec<PathBuf>,
    /// Tails whose lines stand in a segment, to be removed when that is on the disk.
    retired: Vec<PathBuf>,
}

impl Shelf {
    /// Opens a folder, makes it where there is none, and cuts off what a crash tore.
    pub fn open(folder: &Path, segment_bytes: u64, packer: &mut Packer) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let (mut segments, tails) = list(folder)?;
        let count = segments.len();
        for (index, segment) in segments.iter_mut().enumerate() {
            // Only the last ones may have been written when the power went.
            measure(folder, segment, index + 2 >= count)?;
        }
        let next = segments.last().map_or(1, |segment| segment.end);
        let mut shelf = Self {
            folder: folder.to_owned(),
            segments,
            tail: None,
            next,
            segment_bytes,
            unsaved: 0,
            places: Places::load(folder),
            unsynced: Vec::new(),
            retired: Vec::new(),
        };
        shelf.learn_places()?;
        shelf.take_in(tails, packer)?;
        Ok(shelf)
    }

    pub fn index(&self) -> Index {
        Index {
            pieces: self.segments.iter().copied().chain(self.tail).collect(),
            end: self.next,
            removed: false,
        }
    }

    /// Reads what was written since the places were saved.
    fn learn_places(&mut self) -> io::Result<()> {
        if self.places.end > self.next || self.places.end == 0 {
            self.places = Places::default();
            self.places.end = self.segments.first().map_or(self.next, |segment| segment.first);
        }
        for segment in self.segments.clone() {
            if segment.end <= self.places.end {
                continue;
            }
            let file = File::open(segment.path(&self.folder))?;
            let mut offset = 0;
            while let Some(head) = block::head_at(&file, offset)? {
                if head.end() > self.places.end
                    && let Ok(batch) = block::batch_at(&file, offset, &head)
                {
                    let known = self.places.end.saturating_sub(head.first);
                    self.places.end = self.places.end.max(head.first);
                    self.places
                        .note(batch.lines().skip(usize::try_from(known).unwrap_or(0)));
                }
                offset += head.length();
            }
        }
        self.places.end = self.next;
        Ok(())
    }

    /// Puts the whole blocks of tails that a crash left behind into a segment.
    fn take_in(&mut self, tails: Vec<Piece>, packer: &mut Packer) -> io::Result<()> {
        for tail in tails {
            let path = tail.path(&self.folder);
            let (first, batches) = read_tail(&path, self.next)?;
            if batches.is_empty() {
                // At once, and not when what is new has been synced: the next tail has its name.
                std::fs::remove_file(&path)?;
                continue;
            }
            if first > self.next {
                // What stood between was lost with the power; the numbers go on where they were.
                self.next = first;
                self.places.end = first;
                self.segments.push(Piece::new(Kind::Segment, first));
            }
            for batch in merge(batches) {
                self.write_segment(&batch, packer, true)?;
            }
            self.retired.push(path);
        }
        Ok(())
    }

    /// Appends lines. What could not be written is given back with the error.
    pub fn append(
        &mut self,
        batches: Vec<Batch>,
        packer: &mut Packer,
    ) -> Result<(), (Vec<Batch>, io::Error)> {
        let incoming: usize = batches.iter().map(Batch::size).sum();
        let waiting = self.tail.map_or(0, |tail| tail.bytes);
        let whole = waiting + incoming as u64;
        if whole < GOOD_BLOCK as u64 {
            return each(batches, |batch| self.write_tail(batch, packer));
        }
        if let Err(error) = self.seal(packer) {
            return Err((batches, error));
        }
        each(batches, |batch| self.write_segment(batch, packer, true))
    }

    /// Turns the tail into a block of a segment.
    fn seal(&mut self, packer: &mut Packer) -> io::Result<()> {
        let Some(tail) = self.tail else { return Ok(()) };
        let path = tail.path(&self.folder);
        let (_, batches) = read_tail(&path, tail.first)?;
        // The tail's lines are written again under the numbers that they have, and are counted in the places already.
        let end = std::mem::replace(&mut self.next, tail.first);
        let sealed = merge(batches)
            .iter()
            .try_for_each(|batch| self.write_segment(batch, packer, false));
        let nothing_written = self.next == tail.first;
        self.next = end;
        if sealed.is_err() && nothing_written {
            return sealed;
        }
        self.tail = None;
        self.retired.push(path);
        sealed
    }

    fn write_tail(&mut self, batch: &Batch, packer: &mut Packer) -> io::Result<()> {
        let block = packer.block(self.next, batch, false)?;
        let mut tail = self.tail.unwrap_or_else(|| Piece::new(Kind::Tail, self.next));
        self.put(&mut tail, batch, &block)?;
        self.note(batch);
        self.tail = Some(tail);
        Ok(())
    }

    fn write_segment(&mut self, batch: &Batch, packer: &mut Packer, is_news: bool) -> io::Result<()> {
        let block = packer.block(self.next, batch, true)?;
        let current = self
            .segments
            .last()
            .filter(|segment| segment.bytes < self.segment_bytes && segment.end == self.next)
            .copied();
        let is_new = current.is_none();
        let mut segment = current.unwrap_or_else(|| Piece::new(Kind::Segment, self.next));
        self.put(&mut segment, batch, &block)?;
        if !is_new {
            self.segments.pop();
        }
        self.segments.push(segment);
        if is_news {
            self.note(batch);
        }
        self.unsaved += block.len() as u64;
        if self.unsaved >= SAVE_AFTER {
            self.save_places();
        }
        Ok(())
    }

    fn put(&mut self, piece: &mut Piece, batch: &Batch, block: &[u8]) -> io::Result<()> {
        let path = piece.path(&self.folder);
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)?;
        if let Err(error) = file.write_all(block) {
            // Half a block must not stand before the next one.
            file.set_len(piece.bytes)?;
            return Err(error);
        }
        piece.add(batch.summary(), block.len() as u64);
        self.next += u64::from(batch.summary().count);
        if self.unsynced.last() != Some(&path) {
            self.unsynced.push(path);
        }
        Ok(())
    }

    fn note(&mut self, batch: &Batch) {
        self.places.note(batch.lines());
        self.places.end = self.next;
    }

    /// Ends with everything in segments, so that the next start has nothing to learn.
    pub fn close(&mut self, packer: &mut Packer) -> io::Result<()> {
        self.seal(packer)?;
        self.save_places();
        Ok(())
    }

    fn save_places(&mut self) {
        self.unsaved = 0;
        // They are a help only: without them more is read at the next start.
        let _ = self.places.save(&self.folder);
    }

    /// What has to reach the disk, and what may be removed when it has.
    pub fn take_unsynced(&mut self) -> (Vec<PathBuf>, Vec<PathBuf>) {
        self.unsynced.sort();
        self.unsynced.dedup();
        (
            std::mem::take(&mut self.unsynced),
            std::mem::take(&mut self.retired),
        )
    }

    /// Lets the oldest segment go, if a newer file keeps the count. The bytes that it freed.
    pub fn drop_oldest(&mut self) -> io::Result<u64> {
        if self.segments.len() == 1 && self.tail.is_none() {
            if self.segments[0].bytes == 0 {
                return Ok(0);
            }
            let empty = Piece::new(Kind::Segment, self.next);
            File::create(empty.path(&self.folder))?;
            self.segments.push(empty);
        }
        let Some(oldest) = self.segments.first().copied() else {
            return Ok(0);
        };
        remove(&oldest.path(&self.folder))?;
        self.segments.remove(0);
        Ok(oldest.bytes)
    }

    /// Lets go what was written before a time.
    pub fn drop_before(&mut self, time: i64, packer: &mut Packer) -> io::Result<()> {
        if self.tail.is_some_and(|tail| tail.max_at < time) {
            self.seal(packer)?;
        }
        while self
            .segments
            .first()
            .is_some_and(|oldest| oldest.bytes > 0 && oldest.max_at < time)
        {
            if self.drop_oldest()? == 0 {
                break;
            }
        }
        Ok(())
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The folder's segments and tails, each in the order of their lines.
fn list(folder: &Path) -> io::Result<(Vec<Piece>, Vec<Piece>)> {
    let (mut segments, mut tails) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let Some((number, ending)) = name.to_str().and_then(|name| name.split_once('.')) else {
            continue;
        };
        let Ok(first) = number.parse() else { continue };
        match ending {
            "log" => segments.push(Piece::new(Kind::Segment, first)),
            "tail" => tails.push(Piece::new(Kind::Tail, first)),
            _ => {}
        }
    }
    segments.sort_by_key(|piece| piece.first);
    tails.sort_by_key(|piece| piece.first);
    Ok((segments, tails))
}

/// Goes along the heads of a segment; where asked for, checks each block and cuts off what is torn.
fn measure(folder: &Path, segment: &mut Piece, check: bool) -> io::Result<()> {
    let path = segment.path(folder);
    let file = OpenOptions::new().read(true).write(check).open(&path)?;
    while let Some(head) = block::head_at(&file, segment.bytes)? {
        if head.first != segment.end || check && !block::is_whole(&file, segment.bytes, &head)? {
            break;
        }
        segment.add(head.summary, head.length());
    }
    let length = file.metadata()?.len();
    if check && length > segment.bytes {
        tracing::warn!(file = %path.display(), lost = length - segment.bytes, "the torn end of a log is cut off");
        file.set_len(segment.bytes)?;
    }
    Ok(())
}

/// The whole blocks of a tail from a number on, and the number of the first line of them.
fn read_tail(path: &Path, from: u64) -> io::Result<(u64, Vec<Batch>)> {
    let file = File::open(path)?;
    let (mut offset, mut first, mut batches) = (0, None, Vec::new());
    while let Some(head) = block::head_at(&file, offset)? {
        let Ok(batch) = block::batch_at(&file, offset, &head) else {
            break;
        };
        if head.end() > from {
            first.get_or_insert(head.first.max(from));
            batches.push(behind(batch, from.saturating_sub(head.first)));
        }
        offset += head.length();
    }
    Ok((first.unwrap_or(from), batches))
}

/// A batch without its first lines.
fn behind(batch: Batch, count: u64) -> Batch {
    if count == 0 {
        return batch;
    }
    let mut rest = Batch::default();
    for line in batch.lines().skip(usize::try_from(count).unwrap_or(usize::MAX)) {
        rest.push(line);
    }
    rest
}

/// Writes good batches one after the other; from the first that cannot be written all are given back.
fn each(
    batches: Vec<Batch>,
    mut write: impl FnMut(&Batch) -> io::Result<()>,
) -> Result<(), (Vec<Batch>, io::Error)> {
    let mut left = merge(batches).into_iter();
    while let Some(batch) = left.next() {
        if let Err(error) = write(&batch) {
            return Err((std::iter::once(batch).chain(left).collect(), error));
        }
    }
    Ok(())
}

/// Small batches become good ones; a large one is left as it is.
fn merge(batches: Vec<Batch>) -> Vec<Batch> {
    let (mut merged, mut open) = (Vec::new(), Batch::default());
    for batch in batches {
        if open.is_empty() && (batch.size() >= GOOD_BLOCK / 2 || merged.is_empty()) {
            open = batch;
        } else {
            for line in batch.lines() {
                if !open.push(line) {
                    merged.push(std::mem::take(&mut open));
                    open.push(line);
                }
            }
        }
        if open.size() >= GOOD_BLOCK {
            merged.push(std::mem::take(&mut open));
        }
    }
    if !open.is_empty() {
        merged.push(open);
    }
    merged
}
