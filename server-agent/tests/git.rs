//! Checking out repositories of this server with the built agent as git's ssh.

use std::path::Path;
use std::time::Duration;

use slipway_agent::git::{Access, Checkout, GitError, Look, prepare_helpers};
use slipway_agent::process::{Invocation, Program};
use slipway_protocol::deployment::Commit;
use slipway_protocol::git::{GitRef, GitUrl};
use slipway_protocol::head::CommitHash;
use tokio_util::sync::CancellationToken;

async fn git(dir: &Path, args: &[&str]) -> String {
    let ended = Invocation::new(Program::Git)
        .args([
            "-c",
            "user.name=Ada",
            "-c",
            "user.email=ada@example.org",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(args)
        .dir(dir)
        .run()
        .await
        .unwrap();
    assert!(ended.success(), "{args:?}: {}", ended.stderr);
    ended.stdout.trim().to_owned()
}

async fn repository() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let first = repository_in(folder.path()).await;
    (folder, first)
}

/// Its first commit; there is a second.
async fn repository_in(path: &Path) -> String {
    std::fs::create_dir_all(path).unwrap();
    git(path, &["init", "--quiet"]).await;
    std::fs::write(path.join("Dockerfile"), "FROM scratch\n").unwrap();
    git(path, &["add", "."]).await;
    git(path, &["commit", "--quiet", "-m", "The first"]).await;
    let first = git(path, &["rev-parse", "HEAD"]).await;
    git(path, &["commit", "--quiet", "--allow-empty", "-m", "The second"]).await;
    first
}

/// Commits that a folder of a repository is another, at this commit and address.
async fn lead_to(path: &Path, folder: &str, commit: &str, url: &str) {
    let list = format!("[submodule \"{folder}\"]\n\tpath = {folder}\n\turl = {url}\n");
    std::fs::write(path.join(".gitmodules"), list).unwrap();
    git(path, &["add", ".gitmodules"]).await;
    let link = format!("160000,{commit},{folder}");
    git(path, &["update-index", "--add", "--cacheinfo", &link]).await;
    git(path, &["commit", "--quiet", "-m", "A submodule"]).await;
}

async fn check_out(url: &str, reference: &str, into: &Path) -> Result<Commit, GitError> {
    check_out_at(url, reference, None, into).await
}

async fn check_out_at(
    url: &str,
    reference: &str,
    commit: Option<&CommitHash>,
    into: &Path,
) -> Result<Commit, GitError> {
    let data = tempfile::tempdir().unwrap();
    prepare_helpers(data.path(), Path::new(env!("CARGO_BIN_EXE_slipway-agent"))).unwrap();
    let (url, reference) = (GitUrl::parse(url).unwrap(), GitRef::parse(reference).unwrap());
    let cancel = CancellationToken::new();
    let access = Access::write(&data.path().join("access"), None, None).unwrap();
    let checkout = Checkout {
        url: &url,
        reference: &reference,
        commit,
        into,
        data_dir: data.path(),
        access: &access,
        submodules: true,
        lfs: false,
        limit: Duration::from_secs(120),
        cancel: &cancel,
    };
    checkout.run(|_| {}).await
}

/// What the reference stands for, without fetching it.
async fn look(url: &str, reference: &str) -> Result<CommitHash, GitError> {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    prepare_helpers(data.path(), Path::new(env!("CARGO_BIN_EXE_slipway-agent"))).unwrap();
    let (url, reference) = (GitUrl::parse(url).unwrap(), GitRef::parse(reference).unwrap());
    let access = Access::write(&data.path().join("access"), None, None).unwrap();
    let look = Look {
        url: &url,
        reference: &reference,
        folder: folder.path(),
        data_dir: data.path(),
        access: &access,
        limit: Duration::from_secs(120),
    };
    look.run().await
}

/// FR-SRC-01: a branch and an older commit of a repository can be checked out, and are named by author and message.
#[tokio::test]
async fn branches_and_commits() {
    let (repository, first) = repository().await;
    let url = repository.path().to_str().unwrap();
    let work = tempfile::tempdir().unwrap();
    let commit = check_out(url, "main", &work.path().join("a")).await.unwrap();
    assert_eq!(
        (commit.author.as_str(), commit.message.as_str()),
        ("Ada", "The second")
    );
    let commit = check_out(url, &first, &work.path().join("b")).await.unwrap();
    assert_eq!(commit.hash, first);
    assert!(work.path().join("b/Dockerfile").exists());
}

/// FR-SRC-01, NFR-S2: a branch whose name is a word or a sign of git's own is a branch as any other, by itself and with all that stands before it.
#[tokio::test]
async fn a_name_is_no_word_of_gits() {
    let (repository, first) = repository().await;
    let (path, url) = (repository.path(), repository.path().to_str().unwrap());
    let work = tempfile::tempdir().unwrap();
    for (number, branch) in ["tag", "+main", "+tag", "+x/y"].into_iter().enumerate() {
        git(path, &["branch", branch, &first]).await;
        for (kind, reference) in [branch.to_owned(), format!("refs/heads/{branch}")]
            .iter()
            .enumerate()
        {
            let seen = look(url, reference).await.unwrap();
            assert_eq!(seen.as_str(), first, "{reference}");
            let into = |name: &str| work.path().join(format!("{name}-{number}-{kind}"));
            let commit = check_out(url, reference, &into("a")).await.unwrap();
            assert_eq!(commit.hash, first, "{reference}");
            let commit = check_out_at(url, reference, Some(&seen), &into("b")).await;
            assert_eq!(commit.unwrap().hash, first, "{reference}");
        }
    }
    let absent = check_out(url, "+absent", &work.path().join("c"))
        .await
        .unwrap_err();
    assert!(matches!(absent, GitError::NoSuchRef { .. }), "{absent}");
}

/// FR-DEP-08: a branch and a tag with a message are looked up without fetching them; that very commit is checked out though the branch has
/// moved since, and is missed with a sentence of its own once it is gone.
#[tokio::test]
async fn a_commit_that_was_looked_up_is_checked_out() {
    let (repository, first) = repository().await;
    let (path, url) = (repository.path(), repository.path().to_str().unwrap());
    let seen = look(url, "main").await.unwrap();
    assert_eq!(seen.as_str(), git(path, &["rev-parse", "HEAD"]).await);
    git(path, &["tag", "--annotate", "--message", "One", "v1", &first]).await;
    assert_eq!(look(url, "v1").await.unwrap().as_str(), first);
    for (url, reference) in [(url, "absent"), ("/nowhere/at/all.git", "main")] {
        let missing = look(url, reference).await.unwrap_err();
        assert!(
            matches!(missing, GitError::NoSuchRef { .. } | GitError::NotFound { .. }),
            "{missing}"
        );
    }
    // The beginning of a commit can be deployed, and no repository tells what it is: that is not told as a mistake.
    let short = look(url, &first[..8]).await.unwrap_err();
    assert!(matches!(short, GitError::OnlyWhenFetched { .. }), "{short}");
    git(path, &["commit", "--quiet", "--allow-empty", "-m", "The third"]).await;
    let work = tempfile::tempdir().unwrap();
    let commit = check_out_at(url, "main", Some(&seen), &work.path().join("a")).await;
    assert_eq!(commit.unwrap().message, "The second");
    let gone = CommitHash::parse(&"1".repeat(40)).unwrap();
    let refused = check_out_at(url, "main", Some(&gone), &work.path().join("b")).await;
    let refused = refused.unwrap_err();
    assert!(matches!(refused, GitError::Vanished { .. }), "{refused}");
}

/// FR-SRC-01: a submodule and its own are checked out at the commits of the tree, without their histories.
#[tokio::test]
async fn submodules_are_checked_out() {
    let team = tempfile::tempdir().unwrap();
    let of = |name: &str| team.path().join(name);
    let deep = repository_in(&of("libs/deep")).await;
    repository_in(&of("lib")).await;
    lead_to(&of("lib"), "deep", &deep, "../libs/deep").await;
    let lib = git(&of("lib"), &["rev-parse", "HEAD"]).await;
    repository_in(&of("app")).await;
    lead_to(&of("app"), "vendor/lib", &lib, "../lib").await;
    let work = tempfile::tempdir().unwrap();
    let into = work.path().join("a");
    check_out(of("app").to_str().unwrap(), "main", &into)
        .await
        .unwrap();
    assert!(into.join("vendor/lib/deep/Dockerfile").exists());
    assert!(!into.join("vendor/lib/.git").exists() && !into.join("vendor/lib/deep/.git").exists());
}

/// FR-SRC-01, NFR-S2: who may push to a repository on the server gets no other of its paths by a submodule, however deep.
#[tokio::test]
async fn a_submodule_leads_to_no_other_path() {
    let (team, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let secret = repository_in(&other.path().join("secret")).await;
    let address = other.path().join("secret");
    let of = |name: &str| team.path().join(name);
    repository_in(&of("lib")).await;
    lead_to(&of("lib"), "stolen", &secret, address.to_str().unwrap()).await;
    let lib = git(&of("lib"), &["rev-parse", "HEAD"]).await;
    repository_in(&of("app")).await;
    lead_to(&of("app"), "lib", &lib, "../lib").await;
    for (number, name) in ["lib", "app"].into_iter().enumerate() {
        let work = tempfile::tempdir().unwrap();
        let into = work.path().join(number.to_string());
        let refused = check_out(of(name).to_str().unwrap(), "main", &into).await;
        let refused = refused.unwrap_err();
        assert!(
            matches!(&refused, GitError::Submodule { path, .. } if path == "stolen"),
            "{refused}"
        );
    }
}

/// NFR-U2: a wrong address, an absent branch and an unreachable host are each told apart in one sentence.
#[tokio::test]
async fn failures_are_told_apart() {
    let (repository, _) = repository().await;
    let work = tempfile::tempdir().unwrap();
    let missing = check_out("/nowhere/at/all.git", "main", &work.path().join("a"))
        .await
        .unwrap_err();
    assert!(matches!(missing, GitError::NotFound { .. }), "{missing}");
    let absent = check_out(
        repository.path().to_str().unwrap(),
        "absent",
        &work.path().join("b"),
    )
    .await
    .unwrap_err();
    assert!(matches!(absent, GitError::NoSuchRef { .. }), "{absent}");
    let refused = check_out("http://127.0.0.1:1/a.git", "main", &work.path().join("c"))
        .await
        .unwrap_err();
    assert!(matches!(refused, GitError::Unreachable { .. }), "{refused}");
}

/// NFR-S2: whatever letters a path on the server has, its repository is read, and no shell sees the path.
#[tokio::test]
async fn a_path_is_no_text_for_a_shell() {
    let (repository, first) = repository().await;
    let work = tempfile::tempdir().unwrap();
    for (number, name) in ["$(touch${IFS}x)", "a'b\"c`id`;id", "%20--upload-pack=id|id"]
        .into_iter()
        .enumerate()
    {
        let odd = work.path().join(name);
        std::fs::create_dir_all(&odd).unwrap();
        std::fs::rename(repository.path().join(".git"), odd.join(".git")).unwrap();
        let commit = check_out(
            odd.to_str().unwrap(),
            "main",
            &work.path().join(number.to_string()),
        )
        .await;
        assert_eq!(commit.unwrap().message, "The second", "{name}");
        let commit = check_out(
            odd.to_str().unwrap(),
            &first,
            &work.path().join(format!("first-{number}")),
        )
        .await;
        assert_eq!(commit.unwrap().hash, first, "{name}");
        std::fs::rename(odd.join(".git"), repository.path().join(".git")).unwrap();
    }
}
