use std::io::Cursor;

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::upload::Sendable;
use crate::upload::pack::Packer;

const EXECUTABLE: u32 = 0o755;

/// What a test puts into an archive.
#[derive(Clone)]
enum Thing {
    File(&'static str, Vec<u8>, u32),
    Folder(&'static str),
    Link(&'static str, &'static str),
    /// Of one of tar's kinds.
    Special(&'static str, ::tar::EntryType),
}

fn file(name: &'static str, text: &str) -> Thing {
    Thing::File(name, text.as_bytes().to_vec(), 0o644)
}

/// As tar, with names as they are, which the library would not write by itself.
fn as_tar(things: &[Thing]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(Vec::new());
    for thing in things {
        let (name, kind, content, mode) = match thing {
            Thing::File(name, content, mode) => (name, ::tar::EntryType::Regular, content.as_slice(), *mode),
            Thing::Folder(name) => (name, ::tar::EntryType::Directory, &[][..], EXECUTABLE),
            Thing::Link(name, _) => (name, ::tar::EntryType::Symlink, &[][..], 0o777),
            Thing::Special(name, kind) => (name, *kind, &[][..], 0o644),
        };
        let mut header = ::tar::Header::new_gnu();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        if let Thing::Link(_, target) = thing {
            header.as_mut_bytes()[157..157 + target.len()].copy_from_slice(target.as_bytes());
        }
        header.set_entry_type(kind);
        if let (::tar::EntryType::GNUSparse, Some(header)) = (kind, header.as_gnu_mut()) {
            header.realsize = *b"00000000000\0";
        }
        header.set_mode(mode);
        header.set_mtime(1_000_000_000);
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn as_zip(things: &[Thing]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    for thing in things {
        match thing {
            Thing::File(name, content, mode) => {
                writer.start_file(*name, options.unix_permissions(*mode)).unwrap();
                writer.write_all(content).unwrap();
            }
            Thing::Folder(name) => writer.add_directory(*name, options).unwrap(),
            Thing::Link(name, target) => writer.add_symlink(*name, *target, options).unwrap(),
            Thing::Special(..) => panic!("tar only"),
        }
    }
    writer.finish().unwrap().into_inner()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The same things in every format.
fn every_format(things: &[Thing]) -> Vec<(Format, Vec<u8>)> {
    let tar = as_tar(things);
    vec![
        (Format::TarGzip, gzipped(&tar)),
        (Format::TarZstd, zstd::encode_all(tar.as_slice(), 1).unwrap()),
        (Format::Tar, tar),
        (Format::Zip, as_zip(things)),
    ]
}

/// What arrives of an archive: name, what it holds or where it leads to, whether it may be run.
type Arrived = Vec<(String, String, bool)>;

fn packed(bytes: &[u8], built: &str) -> Result<Arrived, PackError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("source");
    std::fs::write(&path, bytes).unwrap();
    let folder = Folder {
        path,
        built: built.parse().unwrap(),
        dockerfile: "Dockerfile".parse().unwrap(),
    };
    let waiting = Arc::new(());
    let packer = Packer::new(&folder, &Wanted::by(&waiting))?;
    let mut out = Vec::new();
    packer.pack(&mut out)?;
    let mut again = Vec::new();
    packer.pack(&mut again)?;
    assert!(out == again, "the same archive gives the same bytes");
    Ok(arrived(&out))
}

fn arrived(bytes: &[u8]) -> Arrived {
    let mut archive = ::tar::Archive::new(bytes);
    let entries = archive.entries().unwrap();
    let read = entries.map(|entry| {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let executable = entry.header().mode().unwrap() & 0o111 != 0;
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        if let Some(target) = entry.link_name().unwrap() {
            text = format!("→ {}", target.display());
        }
        (name, text, executable)
    });
    read.collect()
}

fn names(bytes: &[u8], built: &str) -> Vec<String> {
    let arrived = packed(bytes, built).unwrap();
    arrived.into_iter().map(|(name, ..)| name).collect()
}

/// FR-SRC-04: files, folders and links of an archive arrive as they are, whatever it is written in; a single folder that everything
/// is in is taken for the root; what it is written in is seen by its beginning.
#[test]
fn every_format_arrives() {
    let things = [
        Thing::Folder("web-main/"),
        file("web-main/Dockerfile", "FROM scratch"),
        Thing::Folder("web-main/bin/"),
        Thing::File("web-main/bin/run", b"#!".to_vec(), EXECUTABLE),
        Thing::Link("web-main/start", "bin/run"),
    ];
    let expected = [
        ("Dockerfile", "FROM scratch", false),
        ("bin/", "", true),
        ("bin/run", "#!", true),
        ("start", "→ bin/run", true),
    ];
    let expected = expected.map(|(name, text, executable)| (name.to_owned(), text.to_owned(), executable));
    for (format, bytes) in every_format(&things) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("any name");
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(format_of(&path), Some(format));
        assert_eq!(Sendable::at(&path), Some(Sendable::Archive));
        assert_eq!(packed(&bytes, ".").unwrap(), expected, "{format:?}");
    }
}

/// FR-SRC-04: the ignore files of an archive count as those of a folder do, and `.git` stays behind.
#[test]
fn ignore_files_of_an_archive_count() {
    let things = [
        file("top/.dockerignore", "docs\n*.md\n!README.md\nDockerfile\n"),
        file("top/.gitignore", "*.log\n/dist/\n"),
        file("top/.git/config", "x"),
        file("top/a/.git/config", "x"),
        // Behind what it speaks of, as it may come.
        file("top/a/b/x.tmp", "x"),
        file("top/a/b/keep.tmp", "x"),
        file("top/a/b/deep.txt", "x"),
        file("top/a/.gitignore", "b/*.tmp\n!b/keep.tmp\n"),
        file("top/debug.log", "x"),
        file("top/dist/.gitignore", "!out\n"),
        file("top/dist/out", "x"),
        file("top/docs/page", "x"),
        file("top/NOTES.md", "x"),
        file("top/README.md", "x"),
        file("top/Dockerfile", "x"),
    ];
    let expected = [
        ".dockerignore",
        ".gitignore",
        "a/b/keep.tmp",
        "a/b/deep.txt",
        "a/.gitignore",
        "README.md",
        "Dockerfile",
    ];
    for (format, bytes) in every_format(&things) {
        assert_eq!(names(&bytes, "."), expected, "{format:?}");
    }
    let of_built = [
        file("web/.dockerignore", "secret"),
        file("web/secret", "x"),
        file("secret", "x"),
    ];
    assert_eq!(names(&as_zip(&of_built), "web"), ["web/.dockerignore", "secret"]);
}

/// FR-SRC-04: what is the root is a folder that everything is in, and not the one that the settings want to be built.
#[test]
fn one_folder_is_the_root() {
    let two = [file("a/x", ""), file("b/y", "")];
    assert_eq!(names(&as_tar(&two), "."), ["a/x", "b/y"]);
    let beside = [file("a/x", ""), file("a/z", ""), file("y", "")];
    assert_eq!(names(&as_tar(&beside), "."), ["a/x", "a/z", "y"]);
    let dotted = [Thing::Folder("./"), Thing::Folder("./a/"), file("./a/x", "")];
    assert_eq!(names(&as_tar(&dotted), "."), ["x"]);
    let alone = [file("x", "")];
    assert_eq!(names(&as_tar(&alone), "."), ["x"]);
    let built = [file("web/Dockerfile", ""), file("web/x", "")];
    assert_eq!(names(&as_tar(&built), "web"), ["web/Dockerfile", "web/x"]);
    let deeper = [file("web/web/Dockerfile", ""), file("web/x", "")];
    assert_eq!(names(&as_tar(&deeper), "web"), ["web/Dockerfile", "x"]);
    let of_a_mac = [file("a/x", ""), file("__MACOSX/a/._x", "")];
    assert_eq!(names(&as_zip(&of_a_mac), "."), ["x"]);
    let of_windows = [file("a\\b\\x", "")];
    assert_eq!(names(&as_zip(&of_windows), "."), ["b/x"]);
}

/// FR-SRC-04: as `git archive` and GitHub make them: a header for all of it in front, and long names.
#[test]
fn headers_of_tar_are_understood() {
    let long = format!("top/{}/x", "a".repeat(150));
    let mut builder = ::tar::Builder::new(Vec::new());
    let mut all = ::tar::Header::new_ustar();
    all.set_entry_type(::tar::EntryType::XGlobalHeader);
    let text = b"52 comment=0123456789012345678901234567890123456789\n";
    all.set_size(text.len() as u64);
    builder
        .append_data(&mut all, "pax_global_header", &text[..])
        .unwrap();
    let mut header = ::tar::Header::new_gnu();
    header.set_size(1);
    header.set_mode(0o644);
    builder.append_data(&mut header, &long, &b"x"[..]).unwrap();
    let bytes = builder.into_inner().unwrap();
    assert_eq!(names(&bytes, "."), [long.trim_start_matches("top/")]);
}

fn refusal(bytes: &[u8]) -> String {
    packed(bytes, ".").expect_err("it is refused").to_string()
}

/// FR-SRC-04, NFR-S2: what would write elsewhere, or is no file, is refused by name, before anything is sent.
#[test]
fn hostile_archives_are_refused() {
    for (name, word) in [
        ("../x", "“..”"),
        ("a/../../x", "“..”"),
        ("/etc/passwd", "absolute"),
    ] {
        let things = [file("a/y", ""), file(name, "x")];
        for (format, bytes) in every_format(&things) {
            let sentence = refusal(&bytes);
            assert!(
                sentence.contains(name) && sentence.contains(word),
                "{format:?}: {sentence}"
            );
        }
    }
    let drive = refusal(&as_zip(&[file("C:\\Windows\\x", "")]));
    assert!(drive.contains("absolute"), "{drive}");
    for (link, target) in [("x", "/etc/passwd"), ("a/x", "../../y"), ("x", "b/../../y")] {
        let things = [file("b/y", ""), file("z", ""), Thing::Link(link, target)];
        for (format, bytes) in every_format(&things) {
            let sentence = refusal(&bytes);
            assert!(sentence.contains("leads out"), "{format:?}: {sentence}");
        }
    }
    use ::tar::EntryType as T;
    for (kind, word) in [
        (T::Char, "device"),
        (T::Block, "device"),
        (T::Fifo, "named pipe"),
        (T::Link, "hard link"),
        (T::GNUSparse, "sparse"),
        (T::new(b'?'), "unknown kind"),
    ] {
        let sentence = refusal(&as_tar(&[file("y", ""), Thing::Special("dev/x", kind)]));
        assert!(
            sentence.contains(word) && sentence.contains("dev/x"),
            "{sentence}"
        );
    }
    let twice = refusal(&as_tar(&[file("a/x", "1"), file("a/./x", "2")]));
    assert!(twice.contains("twice"), "{twice}");
}

/// FR-SRC-04: what is left out does no harm, and is not asked about.
#[test]
fn what_is_left_out_may_be_anything() {
    let things = [
        file(".gitignore", "/dev\n"),
        Thing::Special("dev/x", ::tar::EntryType::Char),
        file("y", ""),
    ];
    assert_eq!(names(&as_tar(&things), "."), [".gitignore", "y"]);
}

/// FR-SRC-04, NFR-S2: how much an archive unpacks to, how many things it holds and how long its headers are have bounds, which are
/// met before it is all read.
#[test]
fn what_is_too_much_is_refused() {
    let mut header = ::tar::Header::new_gnu();
    header.set_size(1 << 40);
    header.set_path("zeros").unwrap();
    header.set_cksum();
    let huge = gzipped(header.as_bytes());
    assert!(refusal(&huge).contains("8 GiB"), "{}", refusal(&huge));

    let mut name = ::tar::Header::new_gnu();
    name.set_entry_type(::tar::EntryType::GNULongName);
    name.set_size(1 << 30);
    name.set_path("././@LongLink").unwrap();
    name.set_cksum();
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(name.as_bytes()).unwrap();
    io::copy(&mut io::repeat(b'a').take(16 << 20), &mut out).unwrap();
    let sentence = refusal(&out.finish().unwrap());
    assert!(sentence.contains("more about its files"), "{sentence}");

    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    let mut header = ::tar::Header::new_gnu();
    header.set_size(0);
    for number in 0..=slipway_protocol::upload::MOST_ENTRIES {
        header.set_path(number.to_string()).unwrap();
        header.set_cksum();
        out.write_all(header.as_bytes()).unwrap();
    }
    let sentence = refusal(&out.finish().unwrap());
    assert!(sentence.contains("200000"), "{sentence}");
}

/// The place of a file's sizes in a zip's directory.
fn directory_of(zip: &[u8]) -> usize {
    zip.windows(4)
        .position(|four| four == [b'P', b'K', 1, 2])
        .expect("a directory")
}

/// FR-SRC-04, NFR-S2: a zip that unpacks to more than it says is noticed when what it says was read; so is what was changed in it.
#[test]
fn a_zip_holds_what_it_says() {
    let whole = as_zip(&[file("x", &"0".repeat(100_000))]);
    assert!(packed(&whole, ".").is_ok());
    let mut bomb = whole.clone();
    let size = directory_of(&bomb) + 24;
    bomb[size..size + 4].copy_from_slice(&10_u32.to_le_bytes());
    let sentence = refusal(&bomb);
    assert!(sentence.contains("damaged"), "{sentence}");
    let mut huge = whole.clone();
    huge[size..size + 4].copy_from_slice(&0xffff_fffe_u32.to_le_bytes());
    let sentence = refusal(&huge);
    assert!(sentence.contains("damaged"), "{sentence}");
    let mut other_sum = whole;
    let sum = directory_of(&other_sum) + 16;
    other_sum[sum] ^= 1;
    let sentence = refusal(&other_sum);
    assert!(sentence.contains("damaged"), "{sentence}");
}

/// FR-SRC-04: what is no archive, what is half of one, and one with nothing in it are told apart.
#[test]
fn what_is_no_archive_is_told() {
    assert!(refusal(b"<html>").contains("neither a folder nor an archive"));
    assert!(refusal(&gzipped(b"<html>")).contains("damaged"));
    assert!(refusal(&as_zip(&[])).contains("no file"));
    for (format, bytes) in every_format(&[file("x", &"0123456789".repeat(1000))]) {
        let sentence = refusal(&bytes[..bytes.len() / 2]);
        assert!(sentence.contains("damaged"), "{format:?}: {sentence}");
    }
}
