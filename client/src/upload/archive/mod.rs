//! An archive in the place of a folder. It is never unpacked on this machine: its entries are read one after the other and packed
//! anew, with the rules of the ignore files that it holds. Nobody trusts it: names, kinds and sizes are judged, and all has a bound.

mod entry;
mod from_tar;
mod from_zip;
mod look;
mod meter;
mod rules;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use slipway_protocol::RelativePath;
use slipway_protocol::upload::LARGEST_UNPACKED;

use self::entry::{Entry, Kind, shown};
use self::look::Look;
use self::meter::Meter;
use self::rules::Rules;
use super::Folder;
use super::pack::{PackError, Tar, stays_inside, unread};
use super::sink::Wanted;

/// What an archive is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Tar,
    TarGzip,
    TarZstd,
    Zip,
}

/// By what stands in the file, not by its name; `None` for what is no archive that is read here.
pub(super) fn format_of(path: &Path) -> Option<Format> {
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    let mut head = Vec::new();
    File::open(path).ok()?.take(512).read_to_end(&mut head).ok()?;
    match head.as_slice() {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Format::Zip),
        [0x1f, 0x8b, ..] => Some(Format::TarGzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Format::TarZstd),
        head if head.get(257..262) == Some(b"ustar") => Some(Format::Tar),
        _ => None,
    }
}

/// Packs one archive, as often as it is asked to. Cheap to clone.
#[derive(Clone)]
pub(super) struct ArchivePacker {
    path: PathBuf,
    format: Format,
    /// The one folder that everything in it is in, with `/` behind it; empty where there is none.
    top: String,
    rules: Arc<Rules>,
}

impl ArchivePacker {
    /// Reads it once: which folder everything is in, and what its ignore files say.
    pub fn new(path: PathBuf, format: Format, folder: &Folder, wanted: &Wanted) -> Result<Self, PackError> {
        let mut look = Look::new(&folder.built);
        each(&path, format, wanted, &mut |entry| look.take(entry))?;
        if look.is_empty() {
            return Err(PackError::Empty(path.display().to_string()));
        }
        let top = look.top();
        let rules = Arc::new(look.rules(&top, &folder.built, &folder.dockerfile));
        Ok(Self {
            path,
            format,
            top,
            rules,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn put_all<W: Write>(&self, tar: &mut Tar<W>) -> Result<(), PackError> {
        // Whether it is wanted is seen by where it goes.
        let waiting = Arc::new(());
        let always = Wanted::by(&waiting);
        each(&self.path, self.format, &always, &mut |entry| {
            self.put(tar, entry)
        })
    }

    fn put<W: Write>(&self, tar: &mut Tar<W>, entry: Entry<'_>) -> Result<(), PackError> {
        let Some(name) = entry.name.strip_prefix(&self.top) else {
            return Ok(());
        };
        if name.is_empty() || self.rules.leave_out(&entry.name, name, entry.is_folder()) {
            return Ok(());
        }
        let done = match &entry.kind {
            Kind::Folder => tar.put_folder(name, entry.traits),
            Kind::Link(target) => {
                let target = Path::new(target);
                if !stays_inside(name, target) {
                    return Err(entry.refused("is a link that leads out of the archive"));
                }
                tar.put_link(name, target, entry.traits)
            }
            Kind::File { size } => match tar.put_file(name, entry.traits, *size, entry.content) {
                Ok(false) => {
                    return Err(PackError::Damaged {
                        path: self.path.display().to_string(),
                        reason: format!("{} is cut off", shown(name)),
                    });
                }
                other => other.map(|_| ()),
            },
            Kind::Refused(why) => return Err(entry.refused(why)),
        };
        done.map_err(|error| damaged(&self.path, &error))
    }
}

/// Gives each entry to `take`, in the archive's own order.
fn each(
    path: &Path,
    format: Format,
    wanted: &Wanted,
    take: &mut dyn FnMut(Entry<'_>) -> Result<(), PackError>,
) -> Result<(), PackError> {
    let file = File::open(path).map_err(|error| unread(path, &error))?;
    let length = file.metadata().map_err(|error| unread(path, &error))?.len();
    if length > LARGEST_UNPACKED {
        return Err(PackError::TooMuch);
    }
    let read = io::BufReader::with_capacity(1 << 16, file);
    let meter = Meter::new(wanted.clone());
    match format {
        Format::Zip => from_zip::each(path, read, &meter, take),
        Format::Tar => from_tar::each(path, read, &meter, take),
        Format::TarGzip => from_tar::each(path, flate2::bufread::MultiGzDecoder::new(read), &meter, take),
        Format::TarZstd => {
            let read = zstd::Decoder::with_buffer(read).map_err(|error| damaged(path, &error))?;
            from_tar::each(path, read, &meter, take)
        }
    }
}

/// Of a reading error: a bound that was met, or an archive that is not what it should be.
fn damaged(path: &Path, error: &io::Error) -> PackError {
    if error.kind() == io::ErrorKind::FileTooLarge {
        return PackError::TooMuch;
    }
    let plain = error.to_string();
    let plain = plain
        .chars()
        .filter(|letter| !slipway_protocol::names::is_hidden(*letter));
    PackError::Damaged {
        path: path.display().to_string(),
        reason: plain.take(200).collect(),
    }
}

/// The built folder of the settings, as the archive would name it.
fn below(top: &str, built: &RelativePath) -> String {
    format!("{top}{}", super::docker_rules::prefix(built))
}

#[cfg(test)]
mod tests;
