//! Archives that are up to no good, and one that is not.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use tar::{Builder, Header};

use super::*;

const LIMITS: Limits = Limits {
    bytes: 1 << 20,
    entries: 100,
};

/// A header for a name that the library itself would refuse to write.
fn header(name: &[u8], kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

fn link(name: &str, target: &str, kind: EntryType) -> Header {
    let mut header = header(name.as_bytes(), kind, 0);
    header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
    header.set_cksum();
    header
}

fn pax(records: &[(&str, &str)]) -> (Header, Vec<u8>) {
    let mut bytes = Vec::new();
    for (key, value) in records {
        let rest = key.len() + value.len() + 3;
        let mut length = rest + 1;
        while format!("{length}").len() + rest != length {
            length += 1;
        }
        bytes.extend_from_slice(format!("{length} {key}={value}\n").as_bytes());
    }
    (header(b"pax", EntryType::XHeader, bytes.len() as u64), bytes)
}

/// An archive of headers with their content.
fn archive(entries: &[(Header, Vec<u8>)]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (header, content) in entries {
        builder.append(header, &content[..]).unwrap();
    }
    builder.into_inner().unwrap()
}

fn plain(header: Header) -> (Header, Vec<u8>) {
    (header, Vec::new())
}

/// Path, mode, length and time of everything below a folder.
fn manifest(folder: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let meta = std::fs::symlink_metadata(&path).unwrap();
        lines.push(format!(
            "{} {:o} {} {}",
            path.display(),
            meta.mode(),
            meta.len(),
            meta.mtime_nsec()
        ));
        if meta.is_dir() {
            lines.extend(manifest(&path));
        }
    }
    lines.sort();
    lines
}

/// The corpus: what each archive is, its bytes, and a word of the sentence that refuses it.
fn corpus(outside: &str) -> Vec<(&'static str, Vec<u8>, &'static str)> {
    use EntryType as T;
    let file = |name: &str| (header(name.as_bytes(), T::Regular, 1), b"x".to_vec());
    let folder = |name: &str| plain(header(name.as_bytes(), T::Directory, 0));
    let symlink = |name: &str, target: &str| plain(link(name, target, T::Symlink));
    let many: Vec<_> = (0..101).map(|n| file(&format!("f{n}"))).collect();
    let names: Vec<_> = (0..300)
        .map(|_| (header(b"n", T::GNULongName, 2), b"a\0".to_vec()))
        .collect();
    let deep = format!("{}x", "d/".repeat(40));
    let long = |name: String| {
        (
            header(b"long", T::GNULongName, name.len() as u64),
            name.into_bytes(),
        )
    };
    let absolute = format!("{outside}/x");
    let sized = |size: &str| {
        let (header, bytes) = pax(&[("size", size)]);
        archive(&[(header, bytes), file("a")])
    };
    let pax_path = |path: &str| archive(&[pax(&[("path", path)]), file("a")]);
    let mut broken = archive(&[file("a")]);
    broken[0] ^= 1;
    let mut cut = archive(&[(header(b"a", T::Regular, 4096), vec![7; 4096])]);
    cut.truncate(1024);
    vec![
        ("an absolute path", archive(&[file("/etc/slipway-x")]), "absolute"),
        (
            "an absolute path elsewhere",
            archive(&[long(absolute.clone()), file("a")]),
            "absolute",
        ),
        ("a path up", archive(&[file("../x")]), "“..”"),
        ("a path up in the middle", archive(&[file("a/../../x")]), "“..”"),
        ("a path up at the end", archive(&[folder("a/..")]), "“..”"),
        (
            "a long name up",
            archive(&[long("a/".repeat(20) + "../../x"), file("a")]),
            "“..”",
        ),
        ("a pax path up", pax_path("../../x"), "“..”"),
        ("a pax path that is absolute", pax_path("/tmp/x"), "absolute"),
        ("a pax size that differs", sized("100000"), "two different sizes"),
        ("a pax size that is none", sized("many"), "no number"),
        (
            "a sparse pax header",
            archive(&[pax(&[("GNU.sparse.major", "1")]), file("a")]),
            "sparse",
        ),
        (
            "a link to an absolute path",
            archive(&[symlink("l", outside)]),
            "leads out",
        ),
        ("a link up", archive(&[symlink("l", "../x")]), "leads out"),
        (
            "a link up behind a name",
            archive(&[folder("a"), symlink("l", "a/../../x")]),
            "leads out",
        ),
        (
            "a link through a link",
            archive(&[symlink("p/q/s", "../.."), symlink("t", "p/q/s/..")]),
            "leads out",
        ),
        (
            "a link without a target",
            archive(&[symlink("l", "")]),
            "leads out",
        ),
        (
            "a long link to elsewhere",
            archive(&[
                (
                    header(b"l", T::GNULongLink, absolute.len() as u64),
                    absolute.clone().into_bytes(),
                ),
                symlink("l", "a"),
            ]),
            "leads out",
        ),
        (
            "a pax link to elsewhere",
            archive(&[pax(&[("linkpath", &absolute)]), symlink("l", "a")]),
            "leads out",
        ),
        (
            "a link, then a file in its place",
            archive(&[symlink("l", "a"), file("l")]),
            "twice",
        ),
        (
            "a file, then a link in its place",
            archive(&[file("l"), symlink("l", "a")]),
            "twice",
        ),
        (
            "a file through a file",
            archive(&[file("a"), file("a/b")]),
            "could not be written",
        ),
        (
            "a folder over a file",
            archive(&[file("a"), folder("a")]),
            "could not be written",
        ),
        (
            "a hard link",
            archive(&[plain(link("h", "/etc/passwd", T::Link))]),
            "hard link",
        ),
        (
            "a hard link inside",
            archive(&[file("a"), plain(link("h", "a", T::Link))]),
            "hard link",
        ),
        (
            "a character device",
            archive(&[plain(header(b"d", T::Char, 0))]),
            "device",
        ),
        (
            "a block device",
            archive(&[plain(header(b"d", T::Block, 0))]),
            "device",
        ),
        (
            "a named pipe",
            archive(&[plain(header(b"p", T::Fifo, 0))]),
            "pipe",
        ),
        (
            "a sparse file",
            archive(&[plain(header(b"s", T::GNUSparse, 0))]),
            "sparse",
        ),
        (
            "an unknown kind",
            archive(&[plain(header(b"u", T::new(b'Z'), 0))]),
            "unknown kind",
        ),
        ("the same file twice", archive(&[file("a"), file("a")]), "twice"),
        (
            "the same file in two spellings",
            archive(&[file("a"), file("./a")]),
            "twice",
        ),
        ("too many entries", archive(&many), "more than 100"),
        ("nothing but long names", archive(&names), "more than 100"),
        (
            "too many bytes",
            archive(&[(header(b"a", T::Regular, 2 << 20), vec![0; 2 << 20])]),
            "larger than 1 MiB",
        ),
        (
            "10 GiB that are not there",
            {
                let mut head = header(b"a", T::Regular, 10 << 30).as_bytes().to_vec();
                head.extend([0; 1024]);
                head
            },
            "larger than 1 MiB",
        ),
        (
            "a huge long name",
            archive(&[(header(b"n", T::GNULongName, 100_000), vec![b'a'; 100_000])]),
            "larger than 64 KiB",
        ),
        (
            "a huge pax header",
            archive(&[(header(b"x", T::XHeader, 100_000), vec![b'a'; 100_000])]),
            "larger than 64 KiB",
        ),
        (
            "a long path",
            archive(&[long("x/".repeat(20) + &"y".repeat(300)), file("a")]),
            "255",
        ),
        (
            "a very long path",
            archive(&[
                long("xxxxxxx/".repeat(60) + &"yyyyyyyyyyyyyyy/".repeat(40)),
                file("a"),
            ]),
            "1024",
        ),
        (
            "a deep path",
            archive(&[long(format!("{deep}/{deep}")), file("a")]),
            "deep",
        ),
        ("a file without a name", archive(&[file("./")]), "no name"),
        ("a header that does not add up", broken, "damaged"),
        ("a file that is cut off", cut, "damaged"),
        ("no archive at all", vec![b'n'; 2000], "damaged"),
    ]
}

/// FR-SRC-04, NFR-S2: each of these archives is refused with a sentence, within its bounds, and nothing outside is touched.
#[test]
fn hostile_archives_are_refused() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("sentinel"), "untouched").unwrap();
    let before = manifest(outside.path());
    let corpus = corpus(outside.path().to_str().unwrap());
    assert!(corpus.len() >= 40, "{}", corpus.len());
    for (what, bytes, word) in corpus {
        let inside = tempfile::tempdir_in(outside.path().parent().unwrap()).unwrap();
        let ended = unpack(&bytes[..], inside.path(), LIMITS, || false);
        let error = ended.expect_err(what).to_string();
        assert!(error.contains(word), "{what}: {error}");
        assert_eq!(before, manifest(outside.path()), "{what}");
        assert!(manifest(inside.path()).len() <= 101, "{what}");
    }
}

/// FR-SRC-04: files, folders, long names and links inside arrive; `.git` does not, nor a set-user-id bit.
#[test]
fn a_good_archive_arrives() {
    use EntryType as T;
    let inside = tempfile::tempdir().unwrap();
    let mut run = header(b"bin/run", T::Regular, 3);
    run.set_mode(0o6777);
    run.set_mtime(1_700_000_000);
    run.set_cksum();
    let long = "long-folder/".repeat(20) + "file";
    let mut builder = Builder::new(Vec::new());
    builder.append(&header(b"./", T::Directory, 0), &[][..]).unwrap();
    builder.append(&run, &b"run"[..]).unwrap();
    builder
        .append_data(&mut header(b"", T::Regular, 4), &long, &b"deep"[..])
        .unwrap();
    builder
        .append(&link("current", "bin/run", T::Symlink), &[][..])
        .unwrap();
    builder
        .append(&link("a/b/up", "../../bin", T::Symlink), &[][..])
        .unwrap();
    builder
        .append(&header(b".git/config", T::Regular, 1), &b"x"[..])
        .unwrap();
    builder
        .append(&header(b".GIT/config", T::Regular, 1), &b"x"[..])
        .unwrap();
    let bytes = builder.into_inner().unwrap();
    let done = unpack(&bytes[..], inside.path(), LIMITS, || false).unwrap();
    assert_eq!(done, Unpacked { files: 4, bytes: 7 });
    let path = |name: &str| inside.path().join(name);
    let meta = std::fs::metadata(path("bin/run")).unwrap();
    assert_eq!(
        (meta.permissions().mode() & 0o7777, meta.mtime()),
        (0o755, 1_700_000_000)
    );
    assert_eq!(std::fs::read_to_string(path(&long)).unwrap(), "deep");
    assert_eq!(std::fs::read_to_string(path("current")).unwrap(), "run");
    assert_eq!(std::fs::read_to_string(path("a/b/up/run")).unwrap(), "run");
    assert!(!path(".git").exists() && !path(".GIT").exists());
}

/// FR-DEP-06: unpacking stops as soon as it is told to.
#[test]
fn it_can_be_stopped() {
    let inside = tempfile::tempdir().unwrap();
    let bytes = archive(&[(header(b"a", EntryType::Regular, 1), b"x".to_vec())]);
    assert!(matches!(
        unpack(&bytes[..], inside.path(), LIMITS, || true),
        Err(ArchiveError::Cancelled)
    ));
}
