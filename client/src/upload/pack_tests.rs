use super::*;
use crate::upload::sink::{Digesting, Pieces};
use std::sync::Arc;
use tokio::sync::mpsc;

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn packer(path: &Path, built: &str) -> Packer {
    let folder = Folder {
        path: path.to_owned(),
        built: built.parse().unwrap(),
        dockerfile: "Dockerfile".parse().unwrap(),
    };
    Packer::new(&folder, &Wanted::by(&Arc::new(()))).unwrap()
}

fn names(bytes: &[u8]) -> Vec<String> {
    let mut archive = tar::Archive::new(bytes);
    let entries = archive.entries().unwrap();
    entries
        .map(|entry| entry.unwrap().path().unwrap().to_string_lossy().into_owned())
        .collect()
}

/// FR-SRC-04: what `.gitignore` and `.dockerignore` name stays behind, `.git` always; the rest arrives in a fixed order.
#[test]
fn what_is_ignored_stays_behind() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        (".gitignore", "*.log\n/dist/\n"),
        (".dockerignore", "docs\nDockerfile\n*.md\n!README.md\n"),
        (".git/config", "secret"),
        ("Dockerfile", "FROM scratch"),
        ("README.md", "kept"),
        ("NOTES.md", "ignored"),
        ("a/b/deep.txt", "deep"),
        ("a/.gitignore", "b/*.tmp\n"),
        ("a/b/x.tmp", "ignored"),
        ("a/.git/config", "a submodule's"),
        ("debug.log", "ignored"),
        ("dist/out", "ignored"),
        ("docs/page", "ignored"),
        (".env", "kept"),
    ] {
        write(folder.path(), name, text);
    }
    let mut bytes = Vec::new();
    packer(folder.path(), ".").pack(&mut bytes).unwrap();
    let expected = [
        ".dockerignore",
        ".env",
        ".gitignore",
        "Dockerfile",
        "README.md",
        "a/",
        "a/.gitignore",
        "a/b/",
        "a/b/deep.txt",
    ];
    assert_eq!(names(&bytes), expected);
    let mut again = Vec::new();
    packer(folder.path(), ".").pack(&mut again).unwrap();
    assert!(bytes == again, "the same folder gives the same bytes");
}

/// FR-SRC-04: `.dockerignore` counts in the folder that is built, and there only.
#[test]
fn the_built_folders_rules_count() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["web/Dockerfile", "web/secret", "secret"] {
        write(folder.path(), name, "x");
    }
    write(folder.path(), "web/.dockerignore", "secret");
    let mut bytes = Vec::new();
    packer(folder.path(), "web").pack(&mut bytes).unwrap();
    assert_eq!(
        names(&bytes),
        ["secret", "web/", "web/.dockerignore", "web/Dockerfile"]
    );
}

/// FR-SRC-04: from any offset on the same bytes are sent, in pieces of a bounded size.
#[test]
fn it_goes_on_from_any_offset() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "large", &"0123456789".repeat(10_000));
    let packer = packer(folder.path(), ".");
    let mut whole = Vec::new();
    packer.pack(&mut whole).unwrap();
    for from in [0, 1, 511, 4096, whole.len() / 2, whole.len() - 1, whole.len()] {
        let (sender, mut receiver) = mpsc::channel(1000);
        packer.pack(&mut Pieces::new(sender, from as u64, 4096)).unwrap();
        let mut rest = Vec::new();
        while let Some(piece) = receiver.blocking_recv() {
            let piece = piece.unwrap();
            assert!(piece.len() <= 4096);
            rest.extend_from_slice(&piece);
        }
        assert!(rest == whole[from..], "{from}");
    }
    let waiting = Arc::new(());
    let digesting = |most| Digesting::up_to(most, Wanted::by(&waiting));
    let mut all = digesting(1 << 30);
    packer.pack(&mut all).unwrap();
    assert_eq!(all.finish().unwrap().length, whole.len() as u64);
    let mut small = digesting(1000);
    assert!(packer.pack(&mut small).is_err() && small.is_over());
}

/// FR-SRC-04: who no longer waits ends the work: its digest, and what goes onto the line.
#[test]
fn what_nobody_waits_for_ends() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "file", "x");
    let packer = packer(folder.path(), ".");
    let mut digesting = Digesting::up_to(1 << 30, Wanted::by(&Arc::new(())));
    assert!(packer.pack(&mut digesting).is_err() && !digesting.is_over());
    let (sender, receiver) = mpsc::channel(1);
    drop(receiver);
    assert!(packer.pack(&mut Pieces::new(sender, 1 << 30, 4096)).is_err());
}

/// FR-SRC-04: a link that leads out is named before anything is sent; one inside arrives as a link.
#[cfg(unix)]
#[test]
fn links_out_are_named() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a/file", "x");
    std::os::unix::fs::symlink("a/file", folder.path().join("inside")).unwrap();
    std::os::unix::fs::symlink("../a", folder.path().join("a/up")).unwrap();
    packer(folder.path(), ".").pack(&mut io::sink()).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("out")).unwrap();
    let error = packer(folder.path(), ".").pack(&mut io::sink()).unwrap_err();
    assert!(error.to_string().starts_with("out is a link"), "{error}");
    assert!(!stays_inside("a", Path::new("../b")) && !stays_inside("a/b", Path::new("c/../../d")));
}
