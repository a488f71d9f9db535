//! The format of a backup, and what of it is refused.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chrono::Utc;
use slipway_protocol::Secret;
use tar::{EntryType, Header as TarHeader};

use super::cipher::CipherError;
use super::entry::Entry;
use super::header::{FORMAT, Header, HeaderError, Manifest, VERSION};
use super::reader::{self, ReadError, Unpacked};
use super::writer::Writer;
use super::{cipher, header};
use crate::db::copy::{Applied, Shape, Table};

/// scrypt is meant to be slow; here it is not what is tried.
const LITTLE_WORK: u8 = 1;
const MOST: u64 = 1 << 20;

fn passphrase() -> Secret<String> {
    Secret::new("correct horse battery".to_owned())
}

fn table() -> Table {
    Table {
        name: "teams".to_owned(),
        columns: vec!["id".to_owned(), "name".to_owned()],
    }
}

fn header() -> Header {
    Header {
        format: FORMAT,
        agent: VERSION.to_owned(),
        made_at: Utc::now(),
        instance: "slipway".to_owned(),
        database: Shape {
            tables: vec![table()],
            ..Shape::default()
        },
    }
}

fn rows(part: u32) -> Entry {
    Entry::Rows {
        table: "teams".to_owned(),
        part,
    }
}

/// A backup of entries.
fn written(entries: &[(Entry, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &passphrase(), LITTLE_WORK).unwrap();
    for (entry, content) in entries {
        writer.add(entry, content).unwrap();
    }
    writer.finish().unwrap()
}

fn good() -> Vec<u8> {
    let header = serde_json::to_vec(&header()).unwrap();
    written(&[
        (Entry::Header, &header),
        (Entry::Key, &[7; 32]),
        (
            Entry::Ssh("known_hosts".to_owned()),
            b"git.example.org ssh-ed25519 AAAA\n",
        ),
        (rows(0), b"1\tone\n2\tt"),
        (rows(1), b"wo\n"),
    ])
}

/// Any archive at all, compressed and encrypted like a backup.
fn wrapped(archive: &[u8]) -> Vec<u8> {
    let encrypted = cipher::encrypt(Vec::new(), &passphrase(), LITTLE_WORK).unwrap();
    let mut zipped = zstd::Encoder::new(encrypted, 3).unwrap();
    zipped.write_all(archive).unwrap();
    zipped.finish().unwrap().finish().unwrap()
}

fn read_with(bytes: &[u8], passphrase: &Secret<String>) -> (tempfile::TempDir, Result<Unpacked, ReadError>) {
    let folder = tempfile::tempdir().unwrap();
    let read = reader::read(bytes, passphrase, folder.path(), MOST, || false);
    (folder, read)
}

fn refusal(bytes: &[u8]) -> ReadError {
    read_with(bytes, &passphrase()).1.unwrap_err()
}

/// FR-HST-03: what was written is read: the key, the files, and rows in their order, with their number.
#[test]
fn a_backup_is_read_again() {
    let (_folder, read) = read_with(&good(), &passphrase());
    let read = read.unwrap();
    assert_eq!(read.header.instance, "slipway");
    assert_eq!(read.file(&Entry::Key).unwrap().expose(), &[7; 32]);
    assert_eq!(read.ssh_files(), [Entry::Ssh("known_hosts".to_owned())]);
    let parts = read.parts(&table());
    let all: Vec<u8> = parts
        .iter()
        .flat_map(|part| std::fs::read(part).unwrap())
        .collect();
    assert_eq!(all, b"1\tone\n2\ttwo\n");
    assert_eq!(read.manifest.rows["teams"], 2);
}

/// FR-HST-03, NFR-S4: nothing of what is in it can be seen in the file, and another passphrase does not open it.
#[test]
fn only_the_passphrase_opens_it() {
    let bytes = good();
    assert!(bytes.starts_with(b"age-encryption.org/v1\n"));
    assert!(!bytes.windows(5).any(|window| window == b"teams"));
    assert!(!bytes.windows(8).any(|window| window == [7; 8]));
    let (_folder, read) = read_with(&bytes, &Secret::new("correct horse batterz".to_owned()));
    let error = read.unwrap_err();
    assert!(
        matches!(error, ReadError::Cipher(CipherError::WrongPassphrase)),
        "{error}"
    );
}

/// FR-HST-03: cut off anywhere, or with one byte changed or added anywhere, it is refused and never taken for a shorter one.
#[test]
fn a_changed_backup_is_refused() {
    let bytes = good();
    for length in 0..bytes.len() {
        assert!(read_with(&bytes[..length], &passphrase()).1.is_err(), "{length}");
    }
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        assert!(read_with(&changed, &passphrase()).1.is_err(), "{at}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(matches!(refusal(&longer), ReadError::Damaged));
    assert!(matches!(
        refusal(b"hello, I am no backup\n"),
        ReadError::Cipher(CipherError::NoBackup)
    ));
    assert!(matches!(refusal(b""), ReadError::Cipher(CipherError::NoBackup)));
}

/// FR-HST-03: a header without an end is not kept in memory, and a passphrase that would cost gigabytes is not tried.
#[test]
fn a_hostile_beginning_costs_little() {
    let mut endless = b"age-encryption.org/v1\n-> X25519 ".to_vec();
    endless.resize(1 << 20, b'A');
    assert!(matches!(
        refusal(&endless),
        ReadError::Cipher(CipherError::NoBackup)
    ));
    let text = String::from_utf8_lossy(&good()).into_owned();
    let salt = text.split(' ').nth(2).unwrap().to_owned();
    let body = "A".repeat(43);
    let costly = format!("age-encryption.org/v1\n-> scrypt {salt} 30\n{body}\n--- {body}\n0123456789abcdef");
    assert!(
        matches!(
            refusal(costly.as_bytes()),
            ReadError::Cipher(CipherError::TooMuchWork)
        ),
        "{}",
        refusal(costly.as_bytes())
    );
}

/// FR-HST-03: a backup of a newer agent, of a newer format or with tables that are not known here is refused, and says what to do.
#[test]
fn a_newer_backup_is_refused() {
    let with = |change: &dyn Fn(&mut Header)| {
        let mut header = header();
        change(&mut header);
        let header = serde_json::to_vec(&header).unwrap();
        refusal(&written(&[(Entry::Header, &header), (Entry::Key, &[7; 32])]))
    };
    let newer = with(&|header| header.agent = "99.0.0".to_owned());
    assert!(matches!(&newer, ReadError::Header(HeaderError::Newer(version)) if version == "99.0.0"));
    assert!(newer.to_string().contains("install that version"), "{newer}");
    let format = with(&|header| header.format = FORMAT + 1);
    assert!(matches!(format, ReadError::Header(HeaderError::Newer(_))));
    let tables = with(&|header| {
        header.database.migrations.push(Applied {
            version: 9_999,
            checksum: "00".to_owned(),
        });
    });
    assert!(matches!(tables, ReadError::Header(HeaderError::Tables(9_999))));
    // Whatever else a newer format has.
    let strange = br#"{"format": 7, "agent": "1.0.0", "anything": []}"#;
    let strange = refusal(&written(&[(Entry::Header, strange), (Entry::Key, &[7; 32])]));
    assert!(matches!(strange, ReadError::Header(HeaderError::Newer(_))));
}

/// FR-HST-03: a backup without a key, without rows that it names, or with something that no backup has is refused.
#[test]
fn what_is_missing_or_strange_is_refused() {
    let header = serde_json::to_vec(&header()).unwrap();
    let first = || (Entry::Header, &header[..]);
    let key = || (Entry::Key, &[7; 32][..]);
    for bad in [
        written(&[first()]),
        written(&[key()]),
        written(&[first(), key(), key()]),
        written(&[
            first(),
            key(),
            (
                Entry::Rows {
                    table: "unnamed".to_owned(),
                    part: 0,
                },
                b"1\n",
            ),
        ]),
    ] {
        assert!(read_with(&bad, &passphrase()).1.is_err());
    }
}

/// A tar entry with a name and a kind that the library would refuse to write.
fn hostile(name: &str, kind: EntryType, target: &str) -> TarHeader {
    let mut header = TarHeader::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
    header.set_entry_type(kind);
    header.set_size(if kind == EntryType::Regular { 1 } else { 0 });
    header.set_mode(0o644);
    header.set_cksum();
    header
}

/// FR-HST-03, NFR-S2: an archive that leads out of its folder, or holds what the manifest does not name, is refused, and nothing is
/// written outside.
#[test]
fn a_hostile_archive_is_refused() {
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret");
    std::fs::write(&secret, "untouched").unwrap();
    let target = secret.to_string_lossy().into_owned();
    let header = serde_json::to_vec(&header()).unwrap();
    let manifest = serde_json::to_vec(&Manifest::default()).unwrap();
    for (name, kind, target) in [
        ("../secret", EntryType::Regular, ""),
        ("files/../../secret", EntryType::Regular, ""),
        (target.as_str(), EntryType::Regular, ""),
        ("files/key", EntryType::Symlink, target.as_str()),
        ("files/key", EntryType::Symlink, "../backup.json"),
        ("files/key", EntryType::Link, target.as_str()),
        ("files/key", EntryType::Fifo, ""),
        ("files/link/authorized_keys", EntryType::Regular, ""),
    ] {
        let mut tar = tar::Builder::new(Vec::new());
        let plain = |path: &str, content: &[u8]| {
            let mut header = TarHeader::new_ustar();
            header.set_path(path).unwrap();
            header.set_size(content.len() as u64);
            header.set_mode(0o600);
            header.set_cksum();
            header
        };
        tar.append(&plain("backup.json", &header), &header[..]).unwrap();
        let content: &[u8] = if kind == EntryType::Regular { b"x" } else { b"" };
        tar.append(&hostile(name, kind, target), content).unwrap();
        tar.append(&plain("manifest.json", &manifest), &manifest[..])
            .unwrap();
        let error = refusal(&wrapped(&tar.into_inner().unwrap()));
        assert!(matches!(error, ReadError::Refused(_)), "{name}: {error}");
    }
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), "untouched");
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
}

/// FR-HST-03: an archive that unpacks to more than there is room for is given up in time.
#[test]
fn a_bomb_is_given_up() {
    let zeros = vec![0; 4 << 20];
    let entries: Vec<(Entry, &[u8])> = (0..4).map(|part| (rows(part), &zeros[..])).collect();
    let bomb = written(&entries);
    assert!(bomb.len() < 64 * 1024);
    let (folder, read) = read_with(&bomb, &passphrase());
    assert!(matches!(read.unwrap_err(), ReadError::TooLarge(MOST)));
    assert!(size(folder.path()) <= MOST);
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    entries
        .map(|entry| match entry.metadata().unwrap() {
            facts if facts.is_dir() => size(&entry.path()),
            facts => facts.len(),
        })
        .sum()
}

/// FR-HST-03: a backup's file is its owner's alone, appears only when it is whole, and never in the place of another.
#[test]
fn a_file_appears_when_it_is_whole() {
    use super::output::Output;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.age");
    let names = || std::fs::read_dir(folder.path()).unwrap().count();
    let output = Output::from(path.clone());
    output.is_free().unwrap();
    let mut half = output.open().unwrap();
    half.write_all(b"half").unwrap();
    assert!(!path.exists());
    drop(half);
    assert_eq!(names(), 0);
    let mut whole = output.open().unwrap();
    whole.write_all(b"whole").unwrap();
    whole.keep().unwrap();
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(
        output
            .is_free()
            .unwrap_err()
            .to_string()
            .contains("is there already")
    );
    let mut second = output.open().unwrap();
    second.write_all(b"second").unwrap();
    assert!(second.keep().is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"whole");
    assert_eq!(names(), 1);
}

/// FR-HST-03: what a header says of its version is compared with this agent's own.
#[test]
fn this_agents_own_backups_are_taken() {
    let bytes = serde_json::to_vec(&header()).unwrap();
    assert_eq!(Header::parse(&bytes).unwrap().agent, header::VERSION);
    for bad in [&b"{}"[..], b"[]", b"\xff", br#"{"format":0,"agent":"0.1.0"}"#] {
        assert!(matches!(Header::parse(bad), Err(HeaderError::Damaged)));
    }
}
