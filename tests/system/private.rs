//! Private repositories, submodules and Git LFS; and where their secrets are not.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use acceptance::engine::base64_url;
use acceptance::git_repo::GitRepo;
use acceptance::git_server::GitServer;
use acceptance::process::{Start, descendants};
use acceptance::stage::Stage;
use acceptance::{invariants, sentence};
use serde_json::json;
use slipway_protocol::deployment::{DeploymentStatus, Trigger};
use slipway_protocol::git_access::GitToken;
use slipway_protocol::{ApplicationId, Secret, api};

const TOKEN: &str = "canary-of-the-token";

/// Looks at command lines and environments of everything that the agent starts, for as long as it lives.
struct Watch {
    over: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<(usize, Vec<String>)>>,
}

impl Watch {
    fn begin(agent: u32, secrets: Vec<String>) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let stop = over.clone();
        let thread = std::thread::spawn(move || {
            let (mut looked, mut found) = (0, Vec::new());
            while !stop.load(Ordering::Relaxed) {
                for (pid, name) in descendants(agent) {
                    looked += usize::from(name.contains("git"));
                    for file in ["cmdline", "environ"] {
                        let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
                        let text = String::from_utf8_lossy(&bytes);
                        if secrets.iter().any(|secret| text.contains(secret)) {
                            found.push(format!("{file} of {name}: {text}"));
                        }
                    }
                }
                std::thread::sleep(Duration::from_millis(2));
            }
            (looked, found)
        });
        Self {
            over,
            thread: Some(thread),
        }
    }

    /// How often a git was looked at, and where a secret was found.
    fn end(mut self) -> (usize, Vec<String>) {
        self.over.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap()
    }
}

/// Files below a folder that hold one of these texts.
fn holding(folder: &Path, secrets: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(holding(&path, secrets));
        } else if entry.file_type().is_ok_and(|kind| kind.is_symlink()) {
            // The agent's own program, which git starts under other names; its code knows these words.
        } else if let Ok(bytes) = std::fs::read(&path) {
            let holds = |secret: &&str| {
                bytes
                    .windows(secret.len())
                    .any(|window| window == secret.as_bytes())
            };
            if secrets.iter().any(holds) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

/// FR-SRC-01, FR-SRC-07, FR-DEP-08: a private repository over HTTP with the application's token, also where a deployment is only planned; the
/// token is in no process list, no environment, no file and no log, and goes to its own server only.
#[tokio::test(flavor = "multi_thread")]
async fn a_private_repository_by_token() {
    let stage = Stage::set().await;
    let repo = GitRepo::echo("1").await;
    let login = base64_url(format!("ada:{TOKEN}").as_bytes());
    let server = GitServer::start(repo.path().to_owned(), Some(&login)).await;
    let environment = stage.environment("Shop").await;
    let application = stage.application(environment, "web", &server.url()).await.id;
    let refused = stage.deploy(application).await;
    assert_eq!(refused.status, DeploymentStatus::Failed);
    sentence::assert_clear(refused.failure.as_deref().unwrap_or_default(), &["127.0.0.1"]);
    let explanation = refused.explanation().map(|cause| cause.code.as_str());
    assert_eq!(explanation, Some("git-sign-in-needed"));

    let planned = async || {
        let plan = stage.plan(application, Trigger::Deploy).await;
        plan.source.and_then(|source| source.takes)
    };
    assert_eq!(planned().await, None);
    let body = GitToken {
        user: "ada".parse().unwrap(),
        token: Secret::new(TOKEN.to_owned()),
    };
    stage
        .connection
        .send(api::SetGitToken { application, body })
        .await
        .unwrap();
    let watch = Watch::begin(stage.agent.pid(), vec![TOKEN.to_owned(), login.clone()]);
    assert!(planned().await.is_some(), "the commit is not known");
    let deployed = stage.deploy_well(application).await;
    let (looked, found) = watch.end();
    assert!(looked > 0, "no git was seen at work");
    assert!(found.is_empty(), "{found:?}");
    stage.assert_serves("web", "1").await;
    let log: Vec<String> = stage
        .lines(deployed.id, None)
        .await
        .into_iter()
        .map(|line| line.text)
        .collect();
    assert!(!log.join("\n").contains(TOKEN) && !stage.agent.log().contains(TOKEN));
    let files = holding(stage.agent.home(), &[TOKEN, &login]);
    assert!(files.is_empty(), "{files:?}");
    assert!(server.seen().iter().any(|(_, _, given)| given.is_some()));

    let other = GitServer::start(repo.path().to_owned(), Some("somebody-else")).await;
    stays_with_its_server(&stage, application, &repo, &other).await;
    is_not_led_elsewhere(&stage, application, &other).await;
    stage
        .connection
        .send(api::DeleteGitToken { application })
        .await
        .unwrap();
    invariants::hold(&stage).await;
}

/// A submodule of another server is asked for without the token.
async fn stays_with_its_server(stage: &Stage, application: ApplicationId, repo: &GitRepo, other: &GitServer) {
    let commit = repo.git(&["rev-parse", "HEAD"]).await;
    repo.add_submodule("lib", "lib", &other.url(), &commit).await;
    repo.git(&["commit", "--quiet", "--message", "A submodule elsewhere"])
        .await;
    stage
        .settings(application, |settings| {
            settings.source.git_mut().unwrap().submodules = true;
        })
        .await;
    let refused = stage.deploy(application).await;
    assert_eq!(refused.status, DeploymentStatus::Failed, "{:?}", refused.failure);
    let seen = other.seen();
    assert!(
        !seen.is_empty(),
        "the submodule was looked for: {:?}",
        refused.failure
    );
    assert!(seen.iter().all(|(_, _, given)| given.is_none()), "{seen:?}");
}

/// Nor does whoever leads the application to another server lead the token there.
async fn is_not_led_elsewhere(stage: &Stage, application: ApplicationId, other: &GitServer) {
    stage
        .settings(application, |settings| {
            let git = settings.source.git_mut().unwrap();
            git.url = other.url().parse().unwrap();
            git.submodules = false;
        })
        .await;
    // A plan says as well why the repository cannot be read.
    let plan = stage.plan(application, Trigger::Deploy).await;
    let why = plan.source.and_then(|source| source.unknown).unwrap_or_default();
    assert!(why.contains("another server's"), "{why}");
    let refused = stage.deploy(application).await;
    assert_eq!(refused.status, DeploymentStatus::Failed, "{:?}", refused.failure);
    let seen = other.seen();
    assert!(seen.iter().all(|(_, _, given)| given.is_none()), "{seen:?}");
    let lines = stage.lines(refused.id, None).await;
    assert!(
        lines.iter().any(|line| line.text.contains("another server's")),
        "{lines:?}"
    );
}

/// FR-SRC-01, FR-SRC-07: a private repository over SSH with a deploy key that Slipway makes; its private half is in no file
/// after the deployment.
#[tokio::test(flavor = "multi_thread")]
async fn a_private_repository_by_deploy_key() {
    let stage = Stage::set().await;
    let repo = GitRepo::echo("1").await;
    let url = format!(
        "ssh://{}@127.0.0.1:{}{}",
        stage.sshd.user(),
        stage.sshd.port(),
        repo.url()
    );
    let environment = stage.environment("Shop").await;
    let application = stage.application(environment, "web", &url).await.id;
    let refused = stage.deploy(application).await;
    assert_eq!(refused.status, DeploymentStatus::Failed);
    let explanation = refused.explanation().map(|cause| cause.code.as_str());
    assert_eq!(explanation, Some("git-sign-in-needed"));

    let key = stage
        .connection
        .send(api::MakeDeployKey { application })
        .await
        .unwrap();
    assert!(key.public_key.starts_with("ssh-ed25519 ") && key.public_key.ends_with(" slipway-web"));
    let shown = stage
        .connection
        .send(api::GetGitAccess { application })
        .await
        .unwrap();
    assert_eq!(shown.deploy_key.unwrap().public_key, key.public_key);
    stage.sshd.authorize(&key.public_key);
    stage.deploy_well(application).await;
    stage.assert_serves("web", "1").await;
    let files = holding(stage.agent.home(), &["BEGIN OPENSSH PRIVATE KEY"]);
    assert!(files.is_empty(), "{files:?}");

    let another = stage
        .connection
        .send(api::MakeDeployKey { application })
        .await
        .unwrap();
    assert_ne!(another.public_key, key.public_key);
    assert_eq!(
        stage.deploy(application).await.status,
        DeploymentStatus::Failed,
        "the old key is gone"
    );
    stage
        .connection
        .send(api::DeleteDeployKey { application })
        .await
        .unwrap();
    invariants::hold(&stage).await;
}

/// FR-SRC-01: submodules are checked out by their commit, from relative addresses too, and only if that is wished.
#[tokio::test(flavor = "multi_thread")]
async fn submodules_are_checked_out() {
    let stage = Stage::set().await;
    let (inner, library, repo) = (
        GitRepo::empty().await,
        GitRepo::empty().await,
        GitRepo::echo("1").await,
    );
    inner.write("deep", "deep");
    let deep = inner.commit("Deep").await;
    library.write("file", "of the library");
    let name = inner.path().file_name().unwrap().to_str().unwrap();
    library.git(&["add", "--all"]).await;
    let beside = format!("../{name}");
    library
        .add_submodule("a name", "vendor/inner", &beside, &deep)
        .await;
    library
        .git(&["commit", "--quiet", "--message", "The library"])
        .await;
    let old = library.git(&["rev-parse", "HEAD"]).await;
    library.write("file", "newer");
    library
        .git(&["commit", "--quiet", "--all", "--message", "A newer one"])
        .await;
    repo.write(
        "Dockerfile",
        "FROM debian:bookworm-slim\nCOPY app version mode /\nCOPY . /all\n\
         RUN grep -q library /all/lib/file && grep -q deep /all/lib/vendor/inner/deep && test ! -e /all/lib/.git\n\
         ENTRYPOINT [\"/app\"]\n",
    );
    repo.git(&["add", "--all"]).await;
    repo.add_submodule("a name", "lib", &library.url(), &old).await;
    repo.git(&["commit", "--quiet", "--message", "With a library"])
        .await;
    let environment = stage.environment("Shop").await;
    let source = |submodules: bool| json!({ "kind": "git", "url": repo.url(), "ref": "main", "submodules": submodules });
    let application = stage.application_from(environment, "web", source(true)).await.id;
    stage.deploy_well(application).await;
    stage.assert_serves("web", "1").await;
    let without = stage
        .application_from(environment, "without", source(false))
        .await
        .id;
    assert_eq!(stage.deploy(without).await.status, DeploymentStatus::Failed);
}

/// FR-SRC-01: files in Git LFS come from the repository's own server, whatever its `.lfsconfig` says.
#[tokio::test(flavor = "multi_thread")]
async fn files_of_git_lfs_arrive() {
    let stage = Stage::set().await;
    let repo = GitRepo::echo("1").await;
    let content = "kept in git lfs".repeat(100);
    let digest = Start::new("sha256sum")
        .input(content.clone())
        .ok(Duration::from_secs(120))
        .await;
    let oid = &digest[..64];
    repo.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    repo.write(
        "large.bin",
        &format!(
            "version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {}\n",
            content.len()
        ),
    );
    repo.write(".lfsconfig", "[lfs]\n\turl = http://127.0.0.1:9/elsewhere\n");
    repo.dockerfile(
        "FROM debian:bookworm-slim\nCOPY app version mode large.bin /\nRUN grep -q 'kept in git lfs' /large.bin\nENTRYPOINT [\"/app\"]\n",
    )
    .await;
    let server = GitServer::start(repo.path().to_owned(), None).await;
    server.add_lfs(oid, content.as_bytes());
    let environment = stage.environment("Shop").await;
    let source = json!({ "kind": "git", "url": server.url(), "ref": "main", "lfs": true });
    let application = stage.application_from(environment, "web", source).await.id;
    stage.deploy_well(application).await;
    stage.assert_serves("web", "1").await;
    assert!(
        server
            .seen()
            .iter()
            .any(|(_, path, _)| path.contains("/info/lfs/"))
    );
}
