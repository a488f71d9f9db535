use std::fs;
use std::path::Path;

use slipway_protocol::desktop::{ImportItem, ImportPreview, SshAuth};

use super::preview_file;
use crate::form;
use crate::profiles::Profile;

/// A home folder with these files below `.ssh`.
fn read_with(files: &[(&str, &str)], saved: &[Profile]) -> (tempfile::TempDir, ImportPreview) {
    let home = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = home.path().join(".ssh").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let preview = preview_file(&home.path().join(".ssh/config"), home.path(), "me", true, saved);
    (home, preview)
}

fn read(text: &str) -> ImportPreview {
    read_with(&[("config", text)], &[]).1
}

fn item<'a>(preview: &'a ImportPreview, name: &str) -> &'a ImportItem {
    preview
        .items
        .iter()
        .find(|item| item.cluster.name == name)
        .unwrap_or_else(|| panic!("{name} in {preview:?}"))
}

/// FR-CON-02: name, user, port and key file are taken, the first value counts, and what stands for all hosts fills the rest.
#[test]
fn hosts_are_taken_as_openssh_would() {
    let text = "\
# my servers
Host prod *.shop
    HostName=203.0.113.7
    User deploy
    Port 2222
    IdentityFile \"~/.ssh/my key\"
    IdentityFile ~/.ssh/other
host STAGING
    hostname %h.example.org
Host *
    User everyone
    Port 22
    IdentityFile %d/.ssh/id_%r
    ServerAliveInterval 30
";
    let (home, preview) = read_with(&[("config", text)], &[]);
    let names: Vec<&str> = preview
        .items
        .iter()
        .map(|item| item.cluster.name.as_str())
        .collect();
    assert_eq!(names, ["prod", "STAGING"], "wildcards name no host");
    assert_eq!(preview.notes, Vec::<String>::new());
    let prod = item(&preview, "prod");
    let way = &prod.cluster.way;
    assert_eq!(
        (way.host.as_str(), way.port, way.user.as_str()),
        ("203.0.113.7", 2222, "deploy")
    );
    let below = |path: &str| home.path().join(path).display().to_string();
    let keys = |path: &str, more: &[&str]| SshAuth::KeyFile {
        path: below(path),
        more: more.iter().map(|path| below(path)).collect(),
    };
    // Each is tried, in this order; whether it is there is asked when connecting.
    let all = keys(".ssh/my key", &[".ssh/other", ".ssh/id_deploy"]);
    assert_eq!(way.auth, all);
    assert_eq!(prod.notes, Vec::<String>::new());
    assert_eq!(prod.refused, None);
    let staging = &item(&preview, "STAGING").cluster.way;
    assert_eq!(
        (staging.host.as_str(), staging.user.as_str()),
        ("STAGING.example.org", "everyone")
    );
    assert_eq!(staging.auth, keys(".ssh/id_everyone", &[]));
}

/// FR-CON-02: where no key file is named the agent's keys are taken, and without an agent the first of the usual files that is there.
#[test]
fn the_usual_keys_are_taken_without_an_agent() {
    let text = "Host prod\nHost bare\n IdentityFile none\n";
    let files = [("config", text), ("id_rsa", "x"), ("id_ecdsa", "x")];
    let (home, with_agent) = read_with(&files, &[]);
    assert_eq!(item(&with_agent, "prod").cluster.way.auth, SshAuth::Agent);
    let preview = preview_file(&home.path().join(".ssh/config"), home.path(), "me", false, &[]);
    let path = home.path().join(".ssh/id_ecdsa").display().to_string();
    let first = SshAuth::KeyFile {
        path,
        more: Vec::new(),
    };
    assert_eq!(item(&preview, "prod").cluster.way.auth, first);
    assert_eq!(item(&preview, "bare").cluster.way.auth, SshAuth::Agent);
}

/// FR-CON-02: several key files are taken, each once; one whose name cannot be known is said and left out.
#[test]
fn several_key_files_are_taken() {
    let text = "Host prod\n IdentityFile ~/.ssh/a\n IdentityFile %k\n IdentityFile ~/.ssh/b\nHost bare\n IdentityFile %i\n\
                Host prod\n IdentityFile ~/.ssh/a\n";
    let (home, preview) = read_with(&[("config", text)], &[]);
    let below = |path: &str| home.path().join(path).display().to_string();
    let prod = item(&preview, "prod");
    let all = SshAuth::KeyFile {
        path: below(".ssh/a"),
        more: vec![below(".ssh/b")],
    };
    assert_eq!(prod.cluster.way.auth, all);
    assert_eq!(prod.notes.len(), 1);
    assert!(prod.notes[0].contains("%k"), "{:?}", prod.notes);
    let bare = item(&preview, "bare");
    assert_eq!(bare.cluster.way.auth, SshAuth::Agent);
    assert!(
        bare.notes[0].contains("%i") && bare.notes[0].contains("agent"),
        "{:?}",
        bare.notes
    );
}

/// FR-CON-02, FR-CON-05: jump hosts are taken with what the file says about them, those of the first one before it.
#[test]
fn jump_hosts_are_taken_in_their_order() {
    let preview = read(
        "Host db\n ProxyJump bastion,inner@10.0.0.9:2200\nHost bastion\n HostName gate.example.org\n User jump\n ProxyJump outer\n\
         Host outer\n HostName outer.example.org\nHost bare\n ProxyJump none\nHost *\n ProxyJump outer\n",
    );
    let hops = |name: &str| -> Vec<String> {
        let jump = &item(&preview, name).cluster.way.jump;
        jump.iter()
            .map(|hop| format!("{}@{}:{}", hop.user, hop.host, hop.port))
            .collect()
    };
    assert_eq!(
        hops("db"),
        [
            "me@outer.example.org:22",
            "jump@gate.example.org:22",
            "inner@10.0.0.9:2200"
        ]
        .map(str::to_owned)
        .to_vec()
    );
    assert_eq!(hops("bare"), Vec::<String>::new());
}

/// FR-CON-02: what cannot be taken says why: a command, a circle, a Match, a token, a port, a name that is no host.
#[test]
fn what_cannot_be_taken_says_why() {
    let preview = read(
        "Host tunnel\n ProxyCommand nc -X 5 %h %p\nHost a\n ProxyJump b\nHost b\n ProxyJump a\nHost port\n Port 99999\n\
         Host token\n HostName %k\nHost evil\n HostName -oProxyCommand=x\nHost cert\n CertificateFile ~/.ssh/x-cert.pub\n\
         Match exec \"touch /tmp/x\"\n User other\nHost after\n",
    );
    let refused = |name: &str| item(&preview, name).refused.clone().unwrap_or_default();
    assert!(
        refused("tunnel").contains("nc -X 5 %h %p"),
        "{}",
        refused("tunnel")
    );
    assert!(refused("a").contains("circle"), "{}", refused("a"));
    assert!(refused("port").contains("99999"), "{}", refused("port"));
    assert!(refused("token").contains("%k"), "{}", refused("token"));
    assert!(refused("evil").contains("host"), "{}", refused("evil"));
    assert_eq!(refused("after"), "");
    assert!(item(&preview, "cert").notes[0].contains("certificates"));
    assert_eq!(preview.notes.len(), 1);
    assert!(
        preview.notes[0].contains("Match is not supported"),
        "{:?}",
        preview.notes
    );
    assert!(preview.items.iter().all(|item| item.cluster.way.user != "other"));
}

/// FR-CON-02: included files are read in the order of their names, under the condition around them; circles end.
#[test]
fn included_files_are_read() {
    let (_home, preview) = read_with(
        &[
            (
                "config",
                "Include conf.d/*.conf absent\nHost work\n Include only-work\nHost *\n User last\n",
            ),
            ("conf.d/20.conf", "Host two\n User second\n"),
            (
                "conf.d/10.conf",
                "Host one\n User first\nInclude ~/.ssh/conf.d/10.conf\n",
            ),
            ("conf.d/notes.txt", "Host not-read\n"),
            ("only-work", "User worker\nHost one\n User never\n"),
        ],
        &[],
    );
    let user = |name: &str| item(&preview, name).cluster.way.user.clone();
    assert_eq!(
        (user("one"), user("two"), user("work")),
        ("first".into(), "second".into(), "worker".into())
    );
    assert!(preview.items.iter().all(|item| item.cluster.name != "not-read"));
    assert!(
        preview.notes.iter().any(|note| note.contains("too deeply")),
        "{:?}",
        preview.notes
    );
}

/// FR-CON-02: no file is an empty list with the reason, and one that is saved already is not offered again.
#[test]
fn nothing_is_offered_twice() {
    let (_home, empty) = read_with(&[], &[]);
    assert!(
        empty.items.is_empty() && empty.notes[0].contains("There is no file"),
        "{empty:?}"
    );
    let text =
        "Host prod\n HostName 203.0.113.7\n User deploy\nHost same\n HostName 203.0.113.7\n User deploy\n";
    let first = item(&read(text), "prod").cluster.clone();
    let saved = [form::profile_of(first).unwrap()];
    let (_home, preview) = read_with(&[("config", text)], &saved);
    assert!(item(&preview, "prod").refused.clone().unwrap().contains("prod"));
    assert!(item(&preview, "same").refused.clone().unwrap().contains("prod"));
}

proptest::proptest! {
    /// FR-CON-02: no text of a file ends the reader, and what it offers is a valid profile or says why it is not.
    #[test]
    fn no_text_ends_the_reader(text in "(?s)((Host|Match|Include|ProxyJump|Port|HostName|User|#)[ =\"]?[ -~\n%]{0,20}\n){0,12}") {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config");
        fs::write(&path, text).unwrap();
        for item in preview_file(Path::new(&path), home.path(), "me", true, &[]).items {
            if item.refused.is_none() {
                form::profile_of(item.cluster).unwrap();
            }
        }
    }
}
