//! Known hosts against lines as OpenSSH writes them.

use super::*;

const ONE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
const TWO: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILIG2T/B0l0gaqj3puu510tu9N1OkQ4znY3LYuEm5zCF";

fn key(text: &str) -> PublicKey {
    PublicKey::from_openssh(text).unwrap()
}

fn with(own: &str, user: &str) -> (tempfile::TempDir, KnownHosts) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("own"), own).unwrap();
    fs::write(folder.path().join("user"), user).unwrap();
    let known = KnownHosts::with_files(
        folder.path().join("own"),
        vec![folder.path().join("user"), folder.path().join("absent")],
    );
    (folder, known)
}

fn hashed(name: &str) -> String {
    let salt = [7_u8; 20];
    let mut mac = Hmac::<Sha1>::new_from_slice(&salt).unwrap();
    mac.update(name.as_bytes());
    format!(
        "|1|{}|{}",
        STANDARD.encode(salt),
        STANDARD.encode(mac.finalize().into_bytes())
    )
}

/// FR-CON-04: plain, hashed, ported and wildcard names are honoured; the port is part of the name.
#[test]
fn names_are_matched_as_openssh_does() {
    let user = format!(
        "# a comment\n\nplain.example,other.example {ONE}\n{} {ONE}\n[ported.example]:2222 {ONE}\n*.wild.example,!bad.wild.example {ONE}\n",
        hashed("hashed.example")
    );
    let (_folder, known) = with("", &user);
    let verdict = |host: &str, port| known.check(host, port, &key(ONE)).unwrap();
    for (host, port) in [
        ("plain.example", 22),
        ("PLAIN.example", 22),
        ("other.example", 22),
        ("hashed.example", 22),
        ("ported.example", 2222),
        ("a.wild.example", 22),
    ] {
        assert_eq!(verdict(host, port), Verdict::Known, "{host}:{port}");
    }
    for (host, port) in [
        ("plain.example", 2222),
        ("hashed.example", 2222),
        ("ported.example", 22),
        ("bad.wild.example", 22),
        ("example", 22),
    ] {
        assert_eq!(verdict(host, port), Verdict::Unknown, "{host}:{port}");
    }
}

/// FR-CON-04: another key, also of another type, is a change and names what was expected.
#[test]
fn another_key_is_a_change() {
    let (folder, known) = with(&format!("a.example {ONE}\n"), "");
    let expected = Verdict::Changed {
        expected: fingerprint(&key(ONE)),
        file: folder.path().join("own"),
    };
    assert_eq!(known.check("a.example", 22, &key(TWO)).unwrap(), expected);
    let ecdsa = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMxBTpMIGvo7CnordO7wP0QQRqpBwUjOLl4eMhfucfE1sjTYyK5wmTl1UqoSDS1PtRVTBdl+0+9pquFb46U7fwg=";
    assert_eq!(known.check("a.example", 22, &key(ecdsa)).unwrap(), expected);
    assert_eq!(known.algorithms("a.example", 22).unwrap(), [Algorithm::Ed25519]);
}

/// FR-CON-04: a revoked key is refused even where it is also listed as good.
#[test]
fn revoked_wins() {
    let (folder, known) = with(
        &format!("a.example {ONE}\n"),
        &format!("@revoked * {ONE}\n@cert-authority * {TWO}\n"),
    );
    assert_eq!(
        known.check("a.example", 22, &key(ONE)).unwrap(),
        Verdict::Revoked {
            file: folder.path().join("user")
        }
    );
    assert_eq!(
        known.check("b.example", 22, &key(TWO)).unwrap(),
        Verdict::Unknown,
        "an authority is not a host key"
    );
}

/// FR-CON-04: accepted keys can be added, listed and removed; the user's own file is never written.
#[test]
fn add_list_remove() {
    let (folder, known) = with("", &format!("u.example {TWO}\n"));
    known.add("a.example", 2222, &key(ONE)).unwrap();
    assert_eq!(known.check("a.example", 2222, &key(ONE)).unwrap(), Verdict::Known);
    let listed = known.list().unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(
        (listed[0].host.as_str(), listed[0].removable),
        ("[a.example]:2222", true)
    );
    assert!(listed[0].fingerprint.starts_with("SHA256:"));
    assert!(!listed[1].removable);
    assert_eq!(known.remove("u.example", 22).unwrap(), 0);
    let shown = listed[1].fingerprint.clone();
    assert!(
        !known.remove_key("u.example", &shown).unwrap(),
        "the user's own file"
    );
    assert!(
        !known.remove_key("[a.example]:2222", &shown).unwrap(),
        "another key"
    );
    assert!(
        known
            .remove_key("[a.example]:2222", &listed[0].fingerprint)
            .unwrap()
    );
    known.add("a.example", 2222, &key(ONE)).unwrap();
    assert_eq!(known.remove("a.example", 2222).unwrap(), 1);
    assert_eq!(
        known.check("a.example", 2222, &key(ONE)).unwrap(),
        Verdict::Unknown
    );
    assert_eq!(
        fs::read_to_string(folder.path().join("user")).unwrap(),
        format!("u.example {TWO}\n")
    );
}

/// FR-CON-04: unreadable or damaged records are errors, never a silent “unknown”.
#[test]
fn damage_is_an_error() {
    let (_folder, known) = with("a.example ssh-ed25519 not-base64!\n", "");
    assert!(known.check("a.example", 22, &key(ONE)).is_err());
    let (_folder, known) = with("", "@revoked * ssh-ed25519 damaged\n");
    assert!(known.check("a.example", 22, &key(ONE)).is_err());
    let (_folder, known) = with("", "some damaged line of the user's\n");
    assert_eq!(known.check("a.example", 22, &key(ONE)).unwrap(), Verdict::Unknown);
    let (folder, known) = with("", "");
    fs::remove_file(folder.path().join("user")).unwrap();
    fs::create_dir(folder.path().join("user")).unwrap();
    assert!(known.check("a.example", 22, &key(ONE)).is_err());
}
