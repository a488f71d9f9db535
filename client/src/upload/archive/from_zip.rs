//! Zip. Its directory, which stands at its end, is held in memory; the files are read one by one.

use std::io::{self, Read, Seek};
use std::path::Path;

use chrono::NaiveDate;
use slipway_protocol::upload::{LONGEST_PATH, MOST_ENTRIES};
use zip::read::{ArchiveOffset, Config};
use zip::result::ZipError;
use zip::{System, ZipArchive};

use super::damaged;
use super::entry::{Entry, Kind, parse, refused, shown};
use super::meter::{Meter, Metered};
use crate::upload::pack::{Exact, PackError, Traits};

/// The directory, in bytes.
const LARGEST_DIRECTORY: u64 = 128 << 20;

// The kinds of things in a mode, as Unix numbers them.
const KIND: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

pub fn each(
    path: &Path,
    from: impl Read + Seek,
    meter: &Meter,
    take: &mut dyn FnMut(Entry<'_>) -> Result<(), PackError>,
) -> Result<(), PackError> {
    let config = Config {
        archive_offset: ArchiveOffset::Known(0),
    };
    meter.begin_header(LARGEST_DIRECTORY);
    let opened = ZipArchive::with_config(config, Metered::new(from, meter.clone()));
    let mut archive = opened.map_err(|error| unzipped(path, None, error))?;
    meter.end_header();
    if archive.len() as u64 > MOST_ENTRIES {
        return Err(PackError::TooMany);
    }
    if archive.has_duplicate_names() {
        return Err(damaged(path, &io::Error::other("a name is in it twice")));
    }
    for index in 0..archive.len() {
        let name = archive.name_for_index(index).and_then(Result::ok);
        let name = name.map(std::borrow::Cow::into_owned);
        let mut file = archive
            .by_index(index)
            .map_err(|error| unzipped(path, name.as_deref(), error))?;
        let (name, kind, traits) = describe(path, &mut file)?;
        let Kind::File { size } = kind else {
            let content = &mut io::empty();
            take(Entry {
                name,
                kind,
                traits,
                content,
            })?;
            continue;
        };
        let label = shown(&name);
        let mut content = Exact::new(&mut file, size);
        take(Entry {
            name,
            kind,
            traits,
            content: &mut content,
        })?;
        if content.left == 0 {
            // Its end is where the library compares the sum over it.
            match file.read(&mut [0]).map_err(|error| damaged(path, &error))? {
                0 => {}
                _ => {
                    return Err(damaged(
                        path,
                        &io::Error::other(format!("{label} is longer than it says")),
                    ));
                }
            }
        }
    }
    Ok(())
}

fn describe<R: Read>(
    path: &Path,
    file: &mut zip::read::ZipFile<'_, R>,
) -> Result<(String, Kind, Traits), PackError> {
    let raw = file.name().map_err(|error| unzipped(path, None, error))?;
    // Some programs on Windows write its own separator.
    let raw = raw.replace('\\', "/");
    let name = parse(&raw)?;
    if name.split('/').next().is_some_and(|first| first.ends_with(':')) {
        return Err(refused(&name, "is an absolute path"));
    }
    let mode = file.unix_mode().filter(|_| file.system() == System::Unix);
    let traits = Traits {
        modified: file.last_modified().map_or(0, seconds),
        // What was packed where there is no such bit may be run, as in a folder that is sent from there.
        executable: mode.is_none_or(|mode| mode & 0o111 != 0),
    };
    let kind = match mode.map_or(0, |mode| mode & KIND) {
        LINK => Kind::Link(target(path, file)?),
        FOLDER => Kind::Folder,
        0 | FILE if raw.ends_with('/') => Kind::Folder,
        0 | FILE => Kind::File { size: file.size() },
        _ => Kind::Refused("is a device or a named pipe"),
    };
    Ok((name, kind, traits))
}

/// A link's file holds where it leads to.
fn target(path: &Path, file: &mut impl Read) -> Result<String, PackError> {
    let mut target = Vec::new();
    let read = file.take(LONGEST_PATH as u64 + 1).read_to_end(&mut target);
    read.map_err(|error| damaged(path, &error))?;
    Ok(String::from_utf8_lossy(&target).into_owned())
}

/// As if it were Greenwich's: a zip does not say whose time it holds.
fn seconds(time: zip::DateTime) -> u64 {
    let date = NaiveDate::from_ymd_opt(
        i32::from(time.year()),
        u32::from(time.month()),
        u32::from(time.day()),
    );
    let time = date.and_then(|date| {
        date.and_hms_opt(
            u32::from(time.hour()),
            u32::from(time.minute()),
            u32::from(time.second()),
        )
    });
    time.and_then(|time| u64::try_from(time.and_utc().timestamp()).ok())
        .unwrap_or(0)
}

fn unzipped(path: &Path, name: Option<&str>, error: ZipError) -> PackError {
    let entry = |why| refused(name.unwrap_or("a file of it"), why);
    match error {
        ZipError::Io(error) => damaged(path, &error),
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
            entry("is locked with a password; pack it without one")
        }
        ZipError::CompressionMethodNotSupported(_) => {
            entry("is compressed in a way that is not read here; pack it with “deflate”, the usual way")
        }
        other => damaged(path, &io::Error::other(other.to_string())),
    }
}
