//! Folders that are sent through the tunnel: over a link that breaks, through the command line, and archives up to no good.

use std::path::Path;
use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::command::Cli;
use acceptance::git_repo::GitRepo;
use acceptance::keyring::Keyring;
use acceptance::process::Start;
use acceptance::sshd::Sshd;
use acceptance::stage::Stage;
use acceptance::{invariants, sentence, wait};
use bytes::Bytes;
use serde_json::json;
use slipway_client::upload::Folder;
use slipway_protocol::deployment::DeploymentStatus;
use slipway_protocol::upload::NewUpload;
use slipway_protocol::{ApplicationId, api};

use crate::cli::add_own_cluster;

/// What the build checks: what was ignored is not there, what was not is.
const CHECKS: &str = "FROM debian:bookworm-slim\nCOPY app version mode /\nCOPY . /all\n\
    RUN test -e /all/large && test ! -e /all/node_modules && test ! -e /all/.git && test ! -e /all/notes.md\n\
    ENTRYPOINT [\"/app\"]\n";

/// The same for an archive.
const ARCHIVE_CHECKS: &str = "FROM debian:bookworm-slim\nCOPY app version mode /\nCOPY . /all\n\
    RUN test ! -e /all/notes.md && test ! -e /all/web-main\nENTRYPOINT [\"/app\"]\n";

/// Bytes that do not compress, the same for the same seed.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(&mut next).flatten().take(length).collect()
}

fn folder(path: &Path) -> Folder {
    Folder {
        path: path.to_owned(),
        built: ".".parse().unwrap(),
        dockerfile: "Dockerfile".parse().unwrap(),
    }
}

/// FR-SRC-04: a folder arrives over a link that is cut in the middle and resumed, without what is ignored, and is deployed; the
/// same folder is not sent again; neither side holds it in memory.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_arrives_over_a_link_that_breaks() {
    let mut stage = Stage::set().await;
    let source = GitRepo::echo("1").await;
    source.write("Dockerfile", CHECKS);
    source.write(".gitignore", "node_modules/\n");
    source.write(".dockerignore", "*.md\n");
    source.write("notes.md", "not sent");
    std::fs::create_dir(source.path().join("node_modules")).unwrap();
    source.write("node_modules/x", "not sent");
    std::fs::write(source.path().join("large"), noise(96 << 20, 7)).unwrap();
    let environment = stage.environment("Shop").await;
    let application = stage
        .application_from(environment, "web", json!({ "kind": "upload" }))
        .await
        .id;
    let early = stage
        .connection
        .send(api::RequestDeployment {
            application,
            revision: None,
            body: slipway_protocol::deployment::Trigger::Deploy,
        })
        .await
        .unwrap_err();
    sentence::assert_clear(&early.to_string(), &["slipway deploy"]);

    let (before, connection) = (stage.agent.resident(), stage.connection.clone());
    stage.agent.forget_peak();
    let (sender, mut seen) = tokio::sync::watch::channel((0, u64::MAX));
    let packed = folder(source.path());
    let sent = connection.upload(application, &packed, |done, all| {
        sender.send_replace((done, all));
    });
    let cut = async {
        for tenth in [2, 6] {
            let reached = seen.wait_for(|(done, all)| *done > *all / 10 * tenth);
            reached.await.expect("it is sent");
            stage.sshd.pause();
            stage.sshd.resume().await;
        }
    };
    let (sent, ()) = tokio::join!(sent, cut);
    let sent = sent.expect("it arrives");
    assert!(sent.finished && sent.length > 96 << 20);
    assert!(stage.sshd.connections() >= 3, "the link was cut");
    let grown = stage.agent.peak().saturating_sub(before);
    assert!(grown < 64 << 20, "the agent grew by {} MiB", grown >> 20);

    let first = stage.deploy_well(application).await;
    stage.assert_serves("web", "1").await;
    let pinned = format!("sha256:{}", sent.sha256);
    assert_eq!(
        (first.pinned.as_deref(), first.commit),
        (Some(pinned.as_str()), None)
    );

    let mut steps = 0;
    let again = stage
        .connection
        .upload(application, &folder(source.path()), |_, _| steps += 1)
        .await
        .expect("it is there");
    assert_eq!((again.id, steps), (sent.id, 1), "nothing is sent twice");

    source.write("version", "2");
    let second = stage
        .connection
        .upload(application, &folder(source.path()), |_, _| {})
        .await
        .expect("it arrives");
    assert_ne!(second.id, sent.id);
    stage.deploy_well(application).await;
    stage.assert_serves("web", "2").await;
    let back = stage.roll_back(application, first.id).await;
    assert_eq!(back.pinned.as_deref(), Some(pinned.as_str()));
    stage.assert_serves("web", "1").await;
    invariants::hold(&stage).await;
    stage.delete(application).await;
    let uploads = stage.agent.data().join("uploads");
    wait::until(
        "the uploads go with the application",
        Duration::from_secs(180),
        async || std::fs::read_dir(&uploads).is_ok_and(|mut files| files.next().is_none()),
    )
    .await;
}

/// FR-SRC-04, FR-API-03: `slipway deploy APP FOLDER` sends the folder and deploys it; keys, tokens, registries and patches are set
/// from the command line.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_sends_a_folder() {
    let (keyring, agent, sshd) = (Keyring::start().await, Agent::start().await, Sshd::start().await);
    let cli = Cli::new(&keyring);
    add_own_cluster(&cli, &agent, &sshd).await;
    cli.ok(&["project", "create", "Shop"]).await;
    let create = [
        "app",
        "create",
        "web",
        "--upload",
        "--port",
        "8080",
        "--domain",
        "web.example.org",
    ];
    cli.ok(&create).await;
    let source = GitRepo::echo("1").await;
    let path = source.url();
    let deployed = cli.ok(&["deploy", "web", &path, "--follow"]).await;
    assert!(deployed.contains("Unpacking the upload"), "{deployed}");
    let (status, body) = acceptance::load::get(agent.edge_port(), "web.example.org", "/")
        .await
        .unwrap();
    assert_eq!((status, &body[..]), (200, &b"version 1\n"[..]));
    let history = cli.ok(&["history", "web"]).await;
    assert!(history.contains("sha256:"), "{history}");
    let missing = cli.run(&["deploy", "web", "/no/such/folder"]).await;
    assert_eq!(missing.code(), 1, "{}", missing.stderr);
    sentence::assert_clear(
        missing.stderr.trim().trim_start_matches("error: "),
        &["/no/such/folder"],
    );
    cli.ok(&["app", "create", "other", "--git", &path, "--port", "8080"])
        .await;
    let wrong = cli.run(&["deploy", "other", &path]).await;
    assert_eq!(wrong.code(), 2, "{}", wrong.stderr);

    let key = cli.ok(&["app", "key", "other"]).await;
    assert!(
        key.starts_with("ssh-ed25519 ") && cli.ok(&["app", "key", "other"]).await == key,
        "{key}"
    );
    assert_ne!(cli.ok(&["app", "key", "other", "--renew"]).await, key);
    cli.ok(&["app", "key", "other", "--remove"]).await;
    let token = cli
        .run_with(&["app", "token", "other", "--user", "ada"], "canary\n")
        .await;
    assert_eq!(
        (token.code(), token.stdout.contains("canary")),
        (0, false),
        "{}",
        token.stderr
    );
    let registry = ["registry", "set", "registry.example.org:5000", "--user", "ada"];
    let stored = cli.run_with(&registry, "canary\n").await;
    assert_eq!(stored.code(), 0, "{}", stored.stderr);
    let listed = cli.ok(&["registry", "list"]).await;
    assert!(
        listed.contains("registry.example.org:5000") && !listed.contains("canary"),
        "{listed}"
    );
    cli.ok(&["registry", "remove", "registry.example.org:5000"]).await;
    let patched = cli.run_with(&["patch", "set", "other", "version"], "7").await;
    assert_eq!(patched.code(), 0, "{}", patched.stderr);
    assert!(cli.ok(&["patch", "list", "other"]).await.contains("version"));
    cli.ok(&["patch", "remove", "other", "version"]).await;
}

/// FR-SRC-04: `slipway deploy APP FILE` takes an archive in the place of a folder: zip and tar.gz as git hosts give them, with everything
/// in one folder, and a plain tar; what its ignore files name is not sent. One that would write elsewhere is refused before anything is.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_sends_an_archive() {
    let (keyring, agent, sshd) = (Keyring::start().await, Agent::start().await, Sshd::start().await);
    let cli = Cli::new(&keyring);
    add_own_cluster(&cli, &agent, &sshd).await;
    cli.ok(&["project", "create", "Shop"]).await;
    let domain = "web.example.org";
    cli.ok(&[
        "app", "create", "web", "--upload", "--port", "8080", "--domain", domain,
    ])
    .await;
    let source = GitRepo::echo("1").await;
    source.write("Dockerfile", ARCHIVE_CHECKS);
    source.write(".dockerignore", "*.md\n");
    source.write("notes.md", "not sent");
    let folder = tempfile::tempdir().unwrap();
    for (version, format) in [("1", "zip"), ("2", "tar.gz"), ("3", "tar")] {
        source.write("version", version);
        source.commit(version).await;
        let archive = folder.path().join(format!("web-main.{format}"));
        let archive = archive.to_str().unwrap();
        let (format, output) = (format!("--format={format}"), format!("--output={archive}"));
        source
            .git(&["archive", &format, "--prefix=web-main/", &output, "HEAD"])
            .await;
        let deployed = cli.ok(&["deploy", "web", archive, "--follow"]).await;
        assert!(deployed.contains("Unpacking the upload"), "{deployed}");
        let (status, body) = acceptance::load::get(agent.edge_port(), domain, "/")
            .await
            .unwrap();
        let body = String::from_utf8_lossy(&body).into_owned();
        assert_eq!((status, body), (200, format!("version {version}\n")));
    }
    let hostile = folder.path().join("hostile.tar");
    Start::new("tar")
        .args([
            "--create",
            "--absolute-names",
            "--transform",
            "s,.*,../escaped,",
            "--file",
        ])
        .arg(&hostile)
        .arg(folder.path().join("web-main.zip"))
        .ok(Duration::from_secs(120))
        .await;
    let page = folder.path().join("page.html");
    std::fs::write(&page, "<html>").unwrap();
    for (path, words) in [(&hostile, "“../escaped”"), (&page, "page.html")] {
        let refused = cli.run(&["deploy", "web", path.to_str().unwrap()]).await;
        assert_eq!(refused.code(), 1, "{}", refused.stderr);
        sentence::assert_clear(refused.stderr.trim().trim_start_matches("error: "), &[words]);
    }
}

/// FR-SRC-04, NFR-S2: an archive that would write outside of its folder fails its deployment with a sentence, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_archive_fails_its_deployment() {
    let stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let application = stage
        .application_from(environment, "web", json!({ "kind": "upload" }))
        .await
        .id;
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("x");
    std::fs::write(&file, "x").unwrap();
    let archive = outside.path().join("archive.tar");
    for (option, word) in [
        ("s,.*,../../../escaped,", "“..”"),
        ("s,.*,/tmp/slipway-escaped,", "absolute"),
    ] {
        Start::new("tar")
            .args(["--create", "--absolute-names", "--transform", option, "--file"])
            .arg(&archive)
            .arg(&file)
            .ok(Duration::from_secs(120))
            .await;
        send(&stage, application, std::fs::read(&archive).unwrap()).await;
        let ended = stage.deploy(application).await;
        assert_eq!(ended.status, DeploymentStatus::Failed);
        sentence::assert_clear(ended.failure.as_deref().unwrap_or_default(), &[word]);
    }
    assert!(!Path::new("/tmp/slipway-escaped").exists());
    assert!(!stage.agent.home().join("escaped").exists() && !stage.agent.data().join("escaped").exists());
    invariants::hold(&stage).await;
}

/// Sends bytes as they are.
async fn send(stage: &Stage, application: ApplicationId, bytes: Vec<u8>) {
    let digest = Start::new("sha256sum")
        .input(bytes.clone())
        .ok(Duration::from_secs(120))
        .await;
    let body = NewUpload {
        length: bytes.len() as u64,
        sha256: digest[..64].parse().unwrap(),
    };
    let connection = &stage.connection;
    let upload = connection
        .send(api::BeginUpload { application, body })
        .await
        .unwrap()
        .id;
    let piece = api::SendUploadPiece { upload, offset: 0 };
    connection.send_bytes(piece, Bytes::from(bytes)).await.unwrap();
    connection.send(api::FinishUpload { upload }).await.unwrap();
}
