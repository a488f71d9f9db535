//! Repositories that are up to no good: each fails its deployment with a sentence, or does no harm.

use std::path::Path;
use std::time::Duration;

use acceptance::git_repo::GitRepo;
use acceptance::process::Start;
use acceptance::stage::Stage;
use acceptance::{invariants, sentence};
use slipway_protocol::api;
use slipway_protocol::deployment::DeploymentStatus;

/// What a repository does, and a word of the sentence that refuses it.
struct Case {
    what: &'static str,
    repo: GitRepo,
    word: &'static str,
}

/// A commit whose tree is written as it is, with names that git itself would not take into its index.
async fn raw_tree(repo: &GitRepo, entries: &[(&str, &str, &str)]) {
    let mut lines = String::new();
    for (mode, name, content) in entries {
        let blob = object(repo, &["hash-object", "-w", "--stdin"], content).await;
        let (kind, id) = match *mode {
            "040000" => {
                let inner = format!("100644 blob {blob}\tconfig\n");
                ("tree", object(repo, &["mktree"], &inner).await)
            }
            _ => ("blob", blob),
        };
        lines.push_str(&format!("{mode} {kind} {id}\t{name}\n"));
    }
    let tree = object(repo, &["mktree"], &lines).await;
    let commit = repo.git(&["commit-tree", "-m", "As it is", &tree]).await;
    repo.git(&["update-ref", "refs/heads/main", &commit]).await;
}

async fn object(repo: &GitRepo, args: &[&str], input: &str) -> String {
    Start::new("git")
        .args(args.iter().copied())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .dir(repo.path())
        .input(input)
        .ok(Duration::from_secs(120))
        .await
}

/// A repository with a submodule at this address.
async fn with_submodule(url: &str) -> GitRepo {
    let repo = GitRepo::echo("1").await;
    let commit = repo.git(&["rev-parse", "HEAD"]).await;
    repo.add_submodule("lib", "lib", url, &commit).await;
    repo.git(&["commit", "--quiet", "--message", "A submodule"]).await;
    repo
}

async fn linked(name: &str, target: &str) -> GitRepo {
    let repo = GitRepo::echo("1").await;
    std::fs::remove_file(repo.path().join(name)).unwrap();
    std::os::unix::fs::symlink(target, repo.path().join(name)).unwrap();
    repo.commit("A link").await;
    repo
}

async fn cases(canary: &Path) -> Vec<Case> {
    let touch = canary.display();
    let mut cases = Vec::new();
    for (what, url) in [
        ("a submodule that runs a program", format!("ext::touch {touch}")),
        (
            "a submodule that is an option",
            format!("--upload-pack=touch {touch}"),
        ),
        ("a submodule by file:", "file:///etc".to_owned()),
        ("a submodule over git:", "git://127.0.0.1/a".to_owned()),
        (
            "a submodule with a password",
            "https://user:pass@example.org/a".to_owned(),
        ),
        (
            "a submodule on a port of this server",
            "http://127.0.0.1:2375/a".to_owned(),
        ),
        (
            "a submodule whose host is an option",
            format!("ssh://-oProxyCommand=touch%20{touch}/a"),
        ),
    ] {
        cases.push(Case {
            what,
            repo: with_submodule(&url).await,
            // git's own check of what it fetches refuses an address that begins with a dash; it does not say whose it is.
            word: if url.starts_with('-') {
                "submodule the address “--upload-pack"
            } else {
                "submodule lib"
            },
        });
    }
    for (what, name) in [
        ("a folder .GIT", ".GIT"),
        ("a folder .git in disguise", ".g\u{200c}it"),
        ("a folder git~1", "git~1"),
    ] {
        let repo = GitRepo::echo("1").await;
        let hook = format!("[core]\n\tsshCommand = touch {touch}\n\tfsmonitor = touch {touch}\n");
        raw_tree(
            &repo,
            &[
                ("040000", name, &hook),
                ("100644", "Dockerfile", "FROM scratch\n"),
            ],
        )
        .await;
        cases.push(Case {
            what,
            repo,
            word: "git",
        });
    }
    let repo = GitRepo::echo("1").await;
    raw_tree(
        &repo,
        &[
            ("120000", ".gitmodules", "/etc/passwd"),
            ("100644", "Dockerfile", "FROM scratch\n"),
        ],
    )
    .await;
    cases.push(Case {
        what: "a .gitmodules that is a link",
        repo,
        word: "git",
    });
    let huge = "n".repeat(300);
    let repo = GitRepo::echo("1").await;
    raw_tree(
        &repo,
        &[
            ("100644", huge.as_str(), "x"),
            ("100644", "Dockerfile", "FROM scratch\n"),
        ],
    )
    .await;
    cases.push(Case {
        what: "a name that no disk takes",
        repo,
        word: "git",
    });
    cases.push(Case {
        what: "a Dockerfile that is a link out",
        repo: linked("Dockerfile", "/etc/passwd").await,
        word: "Dockerfile",
    });
    cases
}

/// FR-SRC-01, FR-SRC-07, NFR-S2: whatever a repository holds, no program of its choice runs, nothing outside of its folder is
/// read or written, and the deployment fails with a sentence.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_repositories_do_no_harm() {
    let stage = Stage::set().await;
    let outside = tempfile::tempdir().unwrap();
    let canary = outside.path().join("canary");
    let environment = stage.environment("Shop").await;
    let application = stage.application(environment, "web", "/nowhere").await;
    for Case { what, repo, word } in cases(&canary).await {
        let mut body = application.settings.clone();
        let git = body.source.git_mut().unwrap();
        git.url = repo.url().parse().unwrap();
        git.submodules = true;
        let application = application.id;
        stage
            .connection
            .send(api::UpdateApplication { application, body })
            .await
            .unwrap();
        let ended = stage.deploy(application).await;
        assert_eq!(ended.status, DeploymentStatus::Failed, "{what}");
        let failure = ended.failure.unwrap_or_default();
        sentence::assert_clear(&failure, &[word]);
        assert!(!canary.exists(), "{what} ran a program");
        assert!(!failure.contains("root:"), "{what}: {failure}");
    }
    invariants::hold(&stage).await;
}

/// FR-SRC-01, NFR-S2: hooks, filters and settings that a repository on the server brings along do not run.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_repository_brings_along_does_not_run() {
    let stage = Stage::set().await;
    let outside = tempfile::tempdir().unwrap();
    let canary = outside.path().join("canary");
    let repo = GitRepo::echo("1").await;
    let program = outside.path().join("program");
    std::fs::write(
        &program,
        format!("#!/usr/bin/perl\nopen(F, '>', '{}');\n", canary.display()),
    )
    .unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    for hook in [
        "post-checkout",
        "post-merge",
        "reference-transaction",
        "pre-auto-gc",
        "post-index-change",
    ] {
        std::os::unix::fs::symlink(&program, repo.path().join(".git/hooks").join(hook)).unwrap();
    }
    for key in [
        "filter.evil.smudge",
        "filter.evil.process",
        "core.fsmonitor",
        "core.sshCommand",
        "uploadpack.packObjectsHook",
    ] {
        repo.git(&["config", key, &program.display().to_string()]).await;
    }
    repo.write(".gitattributes", "* filter=evil\n");
    // The test's own git would run the filter too.
    for args in [
        &["add", "--all"][..],
        &["commit", "--quiet", "--message", "Filters"][..],
    ] {
        Start::new("git")
            .args([
                "-c",
                "filter.evil.process=",
                "-c",
                "filter.evil.smudge=",
                "-c",
                "core.fsmonitor=false",
            ])
            .args([
                "-c",
                "core.hooksPath=/dev/null",
                "-c",
                "user.name=Ada",
                "-c",
                "user.email=ada@example.org",
            ])
            .args(args.iter().copied())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .dir(repo.path())
            .ok(Duration::from_secs(120))
            .await;
    }
    let _ = std::fs::remove_file(&canary);
    let environment = stage.environment("Shop").await;
    let application = stage.application(environment, "web", &repo.url()).await.id;
    stage.deploy_well(application).await;
    stage.assert_serves("web", "1").await;
    assert!(!canary.exists(), "a program of the repository ran");
}
