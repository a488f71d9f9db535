//! Where code comes from: a path on the server, git over SSH; and addresses that lead nowhere.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use acceptance::git_repo::GitRepo;
use acceptance::sentence;
use acceptance::stage::Stage;
use slipway_client::ClientError;
use slipway_protocol::api;
use slipway_protocol::deployment::{DeploymentStatus, Trigger};
use slipway_protocol::patch::NewPatch;
use slipway_protocol::settings::ApplicationSettings;

/// FR-SRC-01: git over SSH with the server's own key, a branch and a commit. FR-SRC-07: no credential in the clone.
#[tokio::test(flavor = "multi_thread")]
async fn git_over_ssh_by_branch_and_by_commit() {
    let stage = Stage::set().await;
    let repo = GitRepo::echo("1").await;
    let old = repo.git(&["rev-parse", "HEAD"]).await;
    repo.git(&["switch", "--quiet", "--create", "feature/next"]).await;
    repo.echo_version("2").await;
    let key = stage.agent.data().join("ssh/id_ed25519");
    fs::create_dir_all(key.parent().unwrap()).unwrap();
    fs::copy(stage.sshd.client_key(), &key).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();

    let url = format!(
        "ssh://{}@127.0.0.1:{}{}",
        stage.sshd.user(),
        stage.sshd.port(),
        repo.url()
    );
    let environment = stage.environment("Shop").await;
    let application = stage.application(environment, "web", &url).await;
    let mut settings = application.settings;
    for (reference, version) in [("main", "1"), ("feature/next", "2"), (old.as_str(), "1")] {
        change(&stage, application.id, &mut settings, &url, reference).await;
        stage.deploy_well(application.id).await;
        stage.assert_serves("web", version).await;
    }
}

/// FR-SRC-01, NFR-U2: a bad address, an unknown branch and an unreachable server each fail with one clear sentence.
#[tokio::test(flavor = "multi_thread")]
async fn bad_addresses_fail_with_a_sentence() {
    let stage = Stage::set().await;
    let repo = GitRepo::echo("1").await;
    let environment = stage.environment("Shop").await;
    let application = stage.application(environment, "web", "/nowhere/at/all.git").await;
    let mut settings = application.settings;
    let unreachable = format!("http://127.0.0.1:{}/a.git", acceptance::wait::free_port());
    let local = repo.url();
    let cases = [
        ("/nowhere/at/all.git", "main", "/nowhere/at/all.git"),
        (local.as_str(), "no-such-branch", "no-such-branch"),
        (unreachable.as_str(), "main", "127.0.0.1"),
    ];
    for (url, reference, word) in cases {
        change(&stage, application.id, &mut settings, url, reference).await;
        let ended = stage.deploy(application.id).await;
        assert_eq!(ended.status, DeploymentStatus::Failed, "{url}");
        sentence::assert_clear(ended.failure.as_deref().unwrap_or_default(), &[word]);
    }
    acceptance::invariants::hold(&stage).await;
}

async fn change(
    stage: &Stage,
    application: slipway_protocol::ApplicationId,
    settings: &mut ApplicationSettings,
    url: &str,
    reference: &str,
) {
    let git = settings.source.git_mut().unwrap();
    git.url = url.parse().unwrap();
    git.reference = reference.parse().unwrap();
    let body = settings.clone();
    let changed: Result<_, ClientError> = stage
        .connection
        .send(api::UpdateApplication { application, body })
        .await;
    changed.expect("the settings are changed");
}

/// FR-BLD-01: what `.dockerignore` names does not get into the image, and what it excepts does.
#[tokio::test(flavor = "multi_thread")]
async fn ignored_files_stay_out_of_the_image() {
    let stage = Stage::set().await;
    let repo = GitRepo::echo("1").await;
    repo.write(".dockerignore", "**/*.env\n!kept.env\nDockerfile\n");
    repo.write("local.env", "PASSWORD=secret");
    repo.write("kept.env", "COLOUR=blue");
    repo.dockerfile(
        "FROM debian:bookworm-slim\nCOPY app version mode /\nCOPY . /all\nRUN test -e /all/kept.env && test ! -e /all/local.env\nENTRYPOINT [\"/app\"]\n",
    )
    .await;
    let environment = stage.environment("Ignored").await;
    let application = stage.application(environment, "web", &repo.url()).await;
    stage.deploy_well(application.id).await;
    stage.assert_serves("web", "1").await;
}

/// FR-SRC-06: small files are laid over the source, from one deployment on until they are taken away; never through a link.
#[tokio::test(flavor = "multi_thread")]
async fn patches_are_laid_over_the_source() {
    let (stage, repo, application) = Stage::with_web().await;
    let set = async |path: &str, content: &str| {
        let request = api::SetPatch {
            application,
            path: path.parse().unwrap(),
            body: NewPatch {
                content: content.to_owned(),
            },
        };
        stage.connection.send(request).await
    };
    let remove = async |path: &str| {
        let path = path.parse().unwrap();
        stage
            .connection
            .send(api::DeletePatch { application, path })
            .await
            .unwrap();
    };
    set("version", "9").await.unwrap();
    set("config/deep/file", "new").await.unwrap();
    assert!(
        stage
            .connection
            .send(api::ListPatches { application })
            .await
            .unwrap()
            .len()
            == 2
    );
    let patched = stage.deploy_well(application).await;
    stage.assert_serves("web", "9").await;
    let lines = stage.lines(patched.id, None).await;
    assert!(
        lines
            .iter()
            .any(|line| line.text.contains("patch config/deep/file"))
    );
    // What would change is told before, and what did afterwards: names, and never a content.
    set("version", "8").await.unwrap();
    let body = Trigger::Deploy;
    let plan = stage
        .connection
        .send(api::PlanDeployment { application, body })
        .await;
    let plan = plan.expect("a plan");
    assert_eq!(plan.patches, ["config/deep/file", "version"]);
    let told: Vec<_> = plan
        .changes
        .iter()
        .map(|one| (one.what.as_str(), one.to.as_deref()))
        .collect();
    assert_eq!(told, [("patch version", Some("another value"))]);
    remove("config/deep/file").await;
    let (deployment, with) = (patched.id, stage.deploy_well(application).await.id);
    let restarted = stage.run_well(application, Trigger::Restart).await.id;
    for with in [with, restarted] {
        let compared = stage
            .connection
            .send(api::CompareDeployments { deployment, with })
            .await;
        let compared = compared.expect("a comparison");
        let told: Vec<_> = compared
            .iter()
            .map(|one| (one.what.as_str(), one.to.as_deref()))
            .collect();
        let wanted = [
            ("patch config/deep/file", None),
            ("patch version", Some("another value")),
        ];
        assert!(wanted.iter().all(|one| told.contains(one)), "{told:?}");
    }
    set("version", "9").await.unwrap();
    set("config/deep/file", "new").await.unwrap();
    let large = set("large", &"x".repeat(300 * 1024)).await.unwrap_err();
    sentence::assert_clear(&large.to_string(), &["large", "KiB"]);

    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), repo.path().join("way-out")).unwrap();
    repo.commit("A link out").await;
    set("way-out/file", "x").await.unwrap();
    let ended = stage.deploy(application).await;
    assert_eq!(ended.status, DeploymentStatus::Failed);
    sentence::assert_clear(ended.failure.as_deref().unwrap_or_default(), &["way-out/file"]);
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
    for path in ["way-out/file", "version", "config/deep/file"] {
        remove(path).await;
    }
    stage.deploy_well(application).await;
    stage.assert_serves("web", "1").await;
}
