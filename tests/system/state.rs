//! The agent's state, backed up while it runs and brought back elsewhere.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use acceptance::agent::Agent;
use acceptance::engine::Engine;
use acceptance::git_repo::GitRepo;
use acceptance::postgres::Postgres;
use acceptance::process::{Finished, Start};
use acceptance::sentence;
use acceptance::sshd::Sshd;
use acceptance::stage::{EMAIL, PASSWORD, Stage};
use acceptance::wait;
use slipway_client::ClientError;
use slipway_protocol::identity::SignIn;
use slipway_protocol::{ApplicationId, Scope, Secret, api};

const LIMIT: Duration = Duration::from_secs(120);
const PASSPHRASE: &str = "four words of a passphrase\n";
const CANARY: &str = "a-canary-in-a-backup";
const HOSTS: &str = "git.example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\n";

/// FR-HST-03, NFR-S4: a backup made while the agent runs holds nothing that can be read without its passphrase. It comes back into an empty
/// folder only with that passphrase, never over another state unless somebody says so, and never beside a running agent. Then
/// everything is as it was at that moment: the release that runs is known and goes on serving, secrets open, and everybody signs in
/// again; deploy URLs are void. Killed at any moment, a further restore ends well.
#[tokio::test(flavor = "multi_thread")]
async fn a_state_comes_back() {
    // The edge's folder stays where it is while the data moves: Traefik has it mounted.
    let routes = tempfile::Builder::new()
        .prefix("sw-routes-")
        .tempdir()
        .expect("a folder");
    let folder = routes.path().to_string_lossy().into_owned();
    let agent = Agent::start_set(&[("SLIPWAY_TRAEFIK_DIR", &folder)]).await;
    let mut stage = Stage::around(agent, Sshd::start().await).await;
    let repo = GitRepo::echo("1").await;
    let environment = stage.environment("Shop").await;
    let application = stage.application(environment, "web", &repo.url()).await;
    stage.set_variable(application.id, "GREETING", CANARY).await;
    stage.deploy_well(application.id).await;
    let make = api::MakeDeployUrl {
        application: application.id,
    };
    stage.connection.send(make).await.expect("a deploy URL");
    std::fs::write(stage.agent.data().join("ssh/known_hosts"), HOSTS).expect("known hosts");

    let file = stage.agent.home().join("state.age");
    is_backed_up(&stage, &file).await;
    // What comes later is not in it.
    stage.environment("Later").await;
    let (old, fresh) = moves_to_an_empty_folder(&mut stage, &file).await;
    let took = is_restored(&stage, &file, &old, &fresh).await;
    stage.agent.resume().await;
    is_as_it_was(&stage, application.id).await;

    // The same state once more, over this one, and killed again and again on the way.
    stage.environment("Later too").await;
    is_restored_over_another(&mut stage, &file, &fresh, took).await;
    sign_in(&stage).await;
    assert_eq!(projects(&stage).await, ["Shop"]);
    stage.deploy_well(application.id).await;
    stage.assert_serves("web", "1").await;
}

/// While the agent runs, into a file that nobody can read; never over another file, nor with a short passphrase.
async fn is_backed_up(stage: &Stage, file: &Path) {
    let backed_up = run(backup(&stage.agent, file)).await;
    assert_eq!(backed_up.code(), 0, "{}{}", backed_up.stdout, backed_up.stderr);
    assert!(backed_up.stderr.contains("known_hosts"), "{}", backed_up.stderr);
    holds_nothing_to_read(&stage.agent, file);
    let again = refused(backup(&stage.agent, file), "is there already").await;
    assert!(
        !again.contains("passphrase"),
        "it is said before anything is asked: {again}"
    );
    let other = stage.agent.home().join("other.age");
    let short = backup(&stage.agent, &other).input("short\n");
    refused(short, "12 characters").await;
    refused(restore(&stage.agent, &other), "no such file").await;
    assert!(!other.exists());
}

/// A restore is refused beside a running agent and over another state; into an empty folder, without the passphrase or all of the backup. Then
/// nothing of it is there. The folder of before, and the empty one.
async fn moves_to_an_empty_folder(stage: &mut Stage, file: &Path) -> (PathBuf, PathBuf) {
    refused(restore(&stage.agent, file), "an agent runs here").await;
    assert!(stage.agent.stop());
    let idle = run(backup(&stage.agent, &stage.agent.home().join("idle.age"))).await;
    assert_eq!(idle.code(), 0, "{}{}", idle.stdout, idle.stderr);
    refused(restore(&stage.agent, file), "--replace").await;
    let old = stage.agent.data().to_owned();
    let fresh = stage.agent.home().join("fresh");
    stage.agent.move_to(&fresh);
    let wrong = restore(&stage.agent, file).input("four words of another one\n");
    refused(wrong, "passphrase").await;
    let bytes = std::fs::read(file).expect("the backup");
    let cut = stage.agent.home().join("cut.age");
    std::fs::write(&cut, &bytes[..bytes.len() - 100]).expect("a shorter one");
    refused(restore(&stage.agent, &cut), "cut off").await;
    assert!(
        !fresh.join("key").exists() && !fresh.join("postgres").exists() && !fresh.join("restore").exists()
    );
    (old, fresh)
}

/// Says what it has brought, and brings it as it was; how long that took.
async fn is_restored(stage: &Stage, file: &Path, old: &Path, fresh: &Path) -> Duration {
    let begun = Instant::now();
    let restored = run(restore(&stage.agent, file)).await;
    let took = begun.elapsed();
    assert_eq!(restored.code(), 0, "{}{}", restored.stdout, restored.stderr);
    for words in [
        "1 project,",
        "1 application;",
        "1 person",
        "deploy URLs are void",
        "slipway-agent doctor",
    ] {
        assert!(restored.stdout.contains(words), "{words}: {}", restored.stdout);
    }
    assert_eq!(mode(&fresh.join("key")), 0o600);
    assert_eq!(
        std::fs::read(fresh.join("key")).ok(),
        std::fs::read(old.join("key")).ok()
    );
    let brought = std::fs::read_to_string(fresh.join("ssh/known_hosts"));
    assert_eq!(brought.expect("known hosts"), HOSTS);
    took
}

/// Sessions and deploy URLs are void; everything else goes on from where it was.
async fn is_as_it_was(stage: &Stage, application: ApplicationId) {
    let asked = stage.connection.send(api::ListProjects {}).await;
    assert!(asked.is_err(), "a session of before goes on");
    sign_in(stage).await;
    assert_eq!(projects(stage).await, ["Shop"]);
    let deploy_url = api::GetDeployUrl { application };
    let deploy_url = stage.connection.send(deploy_url).await;
    assert_eq!(
        deploy_url.expect("whether there is one"),
        None,
        "it may have been revoked"
    );
    stage.assert_serves("web", "1").await;
    let (status, body) = stage.get("web", "/variable/GREETING").await;
    assert_eq!(
        (status, body.as_str()),
        (200, CANARY),
        "the release of before runs on"
    );
    let key = "GREETING".parse().expect("a key");
    let scope = Scope::Application(application);
    let revealed = stage.connection.send(api::RevealVariable { scope, key }).await;
    assert_eq!(revealed.expect("its value").value.expose(), CANARY);
    let second = stage.deploy_well(application).await;
    assert_eq!(second.number, 2, "the numbers go on");
    let (_, body) = stage.get("web", "/variable/GREETING").await;
    assert_eq!(body, CANARY);
}

/// Killed at any moment, a further restore ends well; and one that is cut off at its end is finished by the agent.
async fn is_restored_over_another(stage: &mut Stage, file: &Path, fresh: &Path, took: Duration) {
    assert!(stage.agent.stop());
    for part in [1, 3, 5, 7, 8, 9] {
        let log = stage.agent.home().join("killed.log");
        let mut killed = restore(&stage.agent, file).arg("--replace").daemon(&log);
        tokio::time::sleep(took * part / 10).await;
        killed.kill9();
    }
    let replaced = run(restore(&stage.agent, file).arg("--replace")).await;
    assert_eq!(replaced.code(), 0, "{}{}", replaced.stdout, replaced.stderr);
    let aside = std::fs::read_dir(fresh).expect("the folder").flatten();
    let aside: Vec<_> = aside
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("before-restore-"))
        .collect();
    assert!(!aside.is_empty() && !fresh.join("restore").exists());
    assert!(
        aside
            .iter()
            .all(|one| mode(&one.path()) == 0o700 && one.path().join("key").exists()),
        "{aside:?}"
    );
    cut_off_at_the_end(fresh);
    stage.agent.resume().await;
    let brought = std::fs::read_to_string(fresh.join("ssh/known_hosts"));
    assert_eq!(brought.expect("known hosts"), "brought by the agent\n");
    assert!(!fresh.join("restore").exists() && fresh.join("before-restore-x/ssh/known_hosts").exists());
    assert!(
        stage
            .agent
            .log()
            .contains("a restore that was cut off has been finished")
    );
}

/// FR-HST-03: in a database of one's own the backup takes the place of what was there in one act, and that stays in a schema beside it.
/// Both directions work through standard streams.
#[tokio::test(flavor = "multi_thread")]
async fn a_state_comes_back_into_a_database_of_ones_own() {
    let postgres = Postgres::start(&Engine::from_environment()).await;
    let agent = Agent::start_set(&[("DATABASE_URL", &postgres.url())]).await;
    let mut stage = Stage::around(agent, Sshd::start().await).await;
    let team = stage.environment("Before").await;
    stage.set_in(Scope::Environment(team), "GREETING", CANARY).await;
    let passphrase = stage.agent.home().join("passphrase");
    std::fs::write(&passphrase, PASSPHRASE).expect("the passphrase");
    std::fs::set_permissions(&passphrase, std::fs::Permissions::from_mode(0o600)).expect("its mode");
    let with_file = |name: &str| {
        let start = stage.agent.subcommand(name).arg("-");
        start.arg("--passphrase-file").arg(&passphrase)
    };
    let backup = with_file("backup-state").bytes(LIMIT).await;
    let restore = |backup: &[u8]| with_file("restore-state").input(backup);
    let (plain, replacing) = (restore(&backup), restore(&backup).arg("--replace"));
    let damaged = restore(&backup[..backup.len() / 2]).arg("--replace");

    stage.environment("After").await;
    assert!(stage.agent.stop());
    refused(plain, "--replace").await;
    refused(damaged, "cut off").await;
    let restored = run(replacing).await;
    assert_eq!(restored.code(), 0, "{}{}", restored.stdout, restored.stderr);
    assert!(
        restored.stdout.contains("schema slipway_before_"),
        "{}",
        restored.stdout
    );
    assert!(!restored.stdout.contains(&postgres.url()) && !restored.stderr.contains(&postgres.url()));

    stage.agent.resume().await;
    sign_in(&stage).await;
    assert_eq!(projects(&stage).await, ["Before"]);
    let key = "GREETING".parse().expect("a key");
    let scope = Scope::Environment(team);
    let revealed = stage.connection.send(api::RevealVariable { scope, key }).await;
    assert_eq!(revealed.expect("its value").value.expose(), CANARY);
}

fn backup(agent: &Agent, file: &Path) -> Start {
    let start = agent.subcommand("backup-state").arg(file);
    start.arg("--passphrase-stdin").input(PASSPHRASE)
}

fn restore(agent: &Agent, file: &Path) -> Start {
    let start = agent.subcommand("restore-state").arg(file);
    start.arg("--passphrase-stdin").input(PASSPHRASE)
}

/// As a restore leaves it that was killed between its last renames: it is written down, and one thing is still to be put in its place.
fn cut_off_at_the_end(data: &Path) {
    let brought = data.join("restore/new/ssh");
    std::fs::create_dir_all(&brought).expect("a folder");
    std::fs::write(brought.join("known_hosts"), "brought by the agent\n").expect("known hosts");
    let plan = r#"{"backup": "x", "aside": "before-restore-x", "schema": null}"#;
    std::fs::write(data.join("restore/plan.json"), plan).expect("the plan");
}

async fn run(start: Start) -> Finished {
    start.run(LIMIT).await
}

/// It fails with one clear sentence that speaks of this; gives the sentence.
async fn refused(start: Start, words: &str) -> String {
    let done = run(start).await;
    assert_eq!(done.code(), 1, "{}{}", done.stdout, done.stderr);
    let said = done
        .stderr
        .trim()
        .trim_start_matches("slipway-agent: ")
        .to_owned();
    sentence::assert_clear(&said, &[words]);
    said
}

fn holds_nothing_to_read(agent: &Agent, file: &Path) {
    assert_eq!(mode(file), 0o600);
    let bytes = std::fs::read(file).expect("the backup");
    let key = std::fs::read(agent.data().join("key")).expect("the key");
    for secret in [
        CANARY.as_bytes(),
        &key,
        EMAIL.as_bytes(),
        b"create table",
        b"known_hosts",
    ] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret));
    }
}

fn mode(path: &Path) -> u32 {
    let facts = std::fs::metadata(path).expect("it is there");
    facts.permissions().mode() & 0o777
}

async fn sign_in(stage: &Stage) {
    // The link is opened again by whoever needs it; nobody has since the agent was started.
    wait::until("signed in", LIMIT, async || {
        let credentials = SignIn {
            email: EMAIL.parse().expect("an address"),
            password: Secret::new(PASSWORD.to_owned()),
        };
        match stage.connection.sign_in(credentials).await {
            Ok(()) => true,
            Err(ClientError::Problem(problem)) => panic!("{problem}"),
            Err(_) => false,
        }
    })
    .await;
}

async fn projects(stage: &Stage) -> Vec<String> {
    let projects = stage.connection.send(api::ListProjects {}).await;
    let projects = projects.expect("the projects");
    projects
        .iter()
        .map(|project| project.name.as_str().to_owned())
        .collect()
}
