//! Tar, as it comes out of whatever it was compressed with.

use std::io::{self, Read};
use std::path::Path;

use tar::{Archive, EntryType};

use super::damaged;
use super::entry::{Entry, Kind, parse, refused};
use super::meter::{Meter, Metered};
use crate::upload::pack::{PackError, Traits};

/// What stands in front of an entry, in bytes: the library reads it whole.
const LARGEST_HEADER: u64 = 256 * 1024;

pub fn each(
    path: &Path,
    from: impl Read,
    meter: &Meter,
    take: &mut dyn FnMut(Entry<'_>) -> Result<(), PackError>,
) -> Result<(), PackError> {
    let damaged = |error: io::Error| damaged(path, &error);
    let mut archive = Archive::new(Metered::new(from, meter.clone()));
    let mut entries = archive.entries().map_err(damaged)?;
    loop {
        meter.begin_header(LARGEST_HEADER);
        let entry = entries.next();
        meter.end_header();
        let Some(entry) = entry else {
            return Ok(());
        };
        let mut entry = entry.map_err(damaged)?;
        // Of all the entries that follow: it is no thing itself.
        if entry.header().entry_type() != EntryType::XGlobalHeader {
            let (name, kind, traits) = describe(&mut entry).map_err(damaged)??;
            take(Entry {
                name,
                kind,
                traits,
                content: &mut entry,
            })?;
        }
        // Here, so that the library reads nothing but headers when it is asked for the next one.
        io::copy(&mut entry, &mut io::sink()).map_err(damaged)?;
    }
}

type Described = Result<(String, Kind, Traits), PackError>;

fn describe<R: Read>(entry: &mut tar::Entry<'_, R>) -> io::Result<Described> {
    let raw = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
    if is_sparse(entry)? {
        // Whatever the rules leave out: its content may be as long as it likes.
        return Ok(Err(refused(&raw, "is a sparse file; pack it as a plain one")));
    }
    let name = match parse(&raw) {
        Ok(name) => name,
        Err(refused) => return Ok(Err(refused)),
    };
    let header = entry.header();
    let traits = Traits {
        modified: header.mtime().unwrap_or(0),
        executable: header.mode().is_ok_and(|mode| mode & 0o111 != 0),
    };
    let kind = match header.entry_type() {
        // The oldest archives write a folder as a file whose name ends like one.
        EntryType::Regular | EntryType::Continuous if raw.ends_with('/') => Kind::Folder,
        EntryType::Regular | EntryType::Continuous => Kind::File { size: entry.size() },
        EntryType::Directory => Kind::Folder,
        EntryType::Symlink => {
            let target = entry.link_name_bytes().unwrap_or_default();
            Kind::Link(String::from_utf8_lossy(&target).into_owned())
        }
        EntryType::Link => Kind::Refused("is a hard link; pack the file itself"),
        EntryType::Char | EntryType::Block => Kind::Refused("is a device"),
        EntryType::Fifo => Kind::Refused("is a named pipe"),
        _ => Kind::Refused("is of an unknown kind"),
    };
    Ok(Ok((name, kind, traits)))
}

fn is_sparse<R: Read>(entry: &mut tar::Entry<'_, R>) -> io::Result<bool> {
    if entry.header().entry_type() == EntryType::GNUSparse {
        return Ok(true);
    }
    for record in entry.pax_extensions()?.into_iter().flatten() {
        if record?.key_bytes().starts_with(b"GNU.sparse.") {
            return Ok(true);
        }
    }
    Ok(false)
}
