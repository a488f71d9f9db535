use super::*;

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
    let path = folder.path();
    git(path, &["init", "--quiet"]).await;
    std::fs::write(path.join("Dockerfile"), "FROM scratch\n").unwrap();
    git(path, &["add", "."]).await;
    git(path, &["commit", "--quiet", "-m", "The first"]).await;
    let first = git(path, &["rev-parse", "HEAD"]).await;
    git(path, &["commit", "--quiet", "--allow-empty", "-m", "The second"]).await;
    (folder, first)
}

async fn check_out(url: &str, reference: &str, into: &Path) -> Result<Commit, GitError> {
    let data = tempfile::tempdir().unwrap();
    let (url, reference) = (GitUrl::parse(url).unwrap(), GitRef::parse(reference).unwrap());
    let cancel = CancellationToken::new();
    let access = Access::write(&data.path().join("access"), None, None).unwrap();
    let checkout = Checkout {
        url: &url,
        reference: &reference,
        into,
        data_dir: data.path(),
        access: &access,
        submodules: true,
        lfs: false,
        limit: Duration::from_secs(30),
        cancel: &cancel,
    };
    checkout.run(|_| {}).await
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
