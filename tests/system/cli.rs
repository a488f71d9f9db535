//! The `slipway` command from the first `cluster add` to a roll back, with a real sshd and a real keychain.

use acceptance::agent::Agent;
use acceptance::command::Cli;
use acceptance::docker_gate::DockerGate;
use acceptance::engine::Engine;
use acceptance::git_repo::GitRepo;
use acceptance::keyring::Keyring;
use acceptance::process::Finished;
use acceptance::sentence;
use acceptance::sshd::Sshd;
use acceptance::stage::{EMAIL, PASSWORD, host_of};
use acceptance::{load, wait};
use std::path::Path;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(180);

pub const FAILED: i32 = 1;
pub const USAGE: i32 = 2;
const NOT_CONNECTED: i32 = 3;
pub const SIGN_IN: i32 = 4;

/// Adds the cluster with the host key's fingerprint given.
pub async fn add_cluster(cli: &Cli<'_>, agent: &Agent, sshd: &Sshd) -> Finished {
    add_cluster_as(cli, agent, sshd, "home").await
}

/// The same under a name of its own.
pub async fn add_cluster_as(cli: &Cli<'_>, agent: &Agent, sshd: &Sshd, name: &str) -> Finished {
    let (port, key, socket) = (sshd.port().to_string(), sshd.client_key(), agent.socket());
    let (user, fingerprint) = (sshd.user(), sshd.fingerprint().await);
    let mut args = vec![
        "cluster",
        "add",
        name,
        "--host",
        "127.0.0.1",
        "--port",
        &port,
        "--user",
        &user,
    ];
    let (key, socket) = (key.to_string_lossy(), socket.to_string_lossy());
    args.extend([
        "--key",
        &key,
        "--agent-socket",
        &socket,
        "--accept-host-key",
        &fingerprint,
    ]);
    cli.run(&args).await
}

/// Adds the cluster, and becomes its owner.
pub async fn add_own_cluster(cli: &Cli<'_>, agent: &Agent, sshd: &Sshd) {
    let added = add_cluster(cli, agent, sshd).await;
    assert_eq!(added.code(), 0, "{}", added.stderr);
    let login = cli.become_owner(&agent.invite().await).await;
    assert_eq!(login.code(), 0, "{}", login.stderr);
}

/// Standard error as the one sentence that a failing command prints.
pub fn said(done: &Finished) -> &str {
    done.stderr
        .trim()
        .strip_prefix("error: ")
        .unwrap_or(done.stderr.trim())
}

/// The server gets another address, another name and another way to sign in, and all back.
async fn moves(cli: &Cli<'_>, key: &Path) {
    cli.ok(&[
        "cluster",
        "edit",
        "home",
        "--host",
        "127.0.0.2",
        "--rename",
        "away",
    ])
    .await;
    let saved = cli.json(&["cluster", "list"]).await.to_string();
    assert!(saved.contains("127.0.0.2") && saved.contains("away"), "{saved}");
    let nowhere = cli
        .run(&["cluster", "edit", "away", "--host", "-oProxyCommand=x"])
        .await;
    assert_ne!(nowhere.code(), 0, "{}", nowhere.stdout);
    cli.ok(&[
        "cluster",
        "edit",
        "away",
        "--host",
        "127.0.0.1",
        "--rename",
        "home",
    ])
    .await;
    cli.ok(&["cluster", "test"]).await;
    // Another key, a way around, and back.
    let other = [
        "cluster",
        "edit",
        "home",
        "--key",
        "/nowhere/key",
        "--jump",
        "gate.invalid",
    ];
    cli.ok(&other).await;
    let lost = cli.run(&["cluster", "test"]).await;
    assert_ne!(lost.code(), 0, "{}", lost.stdout);
    let key = key.to_string_lossy();
    cli.ok(&["cluster", "edit", "home", "--key", &key, "--direct"])
        .await;
    cli.ok(&["cluster", "test"]).await;
    let absent = cli
        .run(&["host-key", "remove", "nowhere.example.org", "--json"])
        .await;
    assert_eq!(absent.code(), FAILED, "{}", absent.stdout);
}

/// FR-API-03, FR-CON-02, FR-CON-03, FR-IAM-01, FR-OBS-03, FR-OBS-06: cluster, sign-in, application, variables, deployment, metrics, logs,
/// roll back, each in a process of its own: the session lives in the keychain and nowhere in a readable file.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_from_end_to_end() {
    let (keyring, agent, sshd) = (Keyring::start().await, Agent::start().await, Sshd::start().await);
    let cli = Cli::new(&keyring);
    let added = add_cluster(&cli, &agent, &sshd).await;
    assert_eq!(added.code(), 0, "{}", added.stderr);
    assert!(cli.ok(&["cluster", "list"]).await.contains("home"));
    cli.ok(&["cluster", "test"]).await;
    moves(&cli, &sshd.client_key()).await;

    let nobody = cli.run(&["app", "list"]).await;
    assert_eq!(nobody.code(), SIGN_IN);
    sentence::assert_clear(said(&nobody), &["sign"]);
    let login = cli.become_owner(&agent.invite().await).await;
    assert_eq!(login.code(), 0, "{}", login.stderr);

    let repo = GitRepo::echo("1").await;
    let domain = ["--domain", "web.example.org"];
    cli.make_web("Shop", &repo.url(), &domain).await;
    serves_with_a_variable(&cli, &agent).await;
    is_planned_and_rolled_back(&cli, &agent, &repo).await;
    is_shown(&cli).await;
    told_by_its_log(&cli).await;
    told_by_its_image(&cli).await;
    told_by_events_and_metrics(&cli).await;
    follow_logs(&cli, &agent).await;
    people_and_tasks(&cli).await;
    is_cancelled(&cli, &repo).await;
    no_secret_in_a_file(&cli, &keyring);

    cli.ok(&["logout"]).await;
    assert_eq!(cli.run(&["app", "list"]).await.code(), SIGN_IN);
    let again = cli
        .run_with(&["login", "--password-stdin"], "not the password at all\n")
        .await;
    assert_eq!(again.code(), SIGN_IN);
    sentence::assert_clear(said(&again), &["password"]);
    let again = cli
        .run_with(&["login", "--password-stdin"], &format!("{PASSWORD}\n"))
        .await;
    assert_eq!(again.code(), 0, "{}", again.stderr);
}

/// Values are not shown again, and reach the application as they were given.
async fn serves_with_a_variable(cli: &Cli<'_>, agent: &Agent) {
    cli.ok(&[
        "env",
        "set",
        "web",
        "GREETING=naïve \"quotes\" $HOME # =",
        "SECOND=2",
    ])
    .await;
    let listed = cli.ok(&["env", "list", "web"]).await;
    assert!(
        listed.contains("GREETING") && !listed.contains("naïve"),
        "values are write-only: {listed}"
    );

    let deployed = cli.ok(&["deploy", "web", "--follow"]).await;
    assert!(deployed.contains("✓ cut-over"), "{deployed}");
    let front = load::get(agent.edge_port(), &host_of("web"), "/").await.unwrap();
    assert_eq!(front, (200, b"version 1\n".to_vec()));
    let greeting = load::get(agent.edge_port(), &host_of("web"), "/variable/GREETING")
        .await
        .unwrap();
    assert_eq!(greeting, (200, "naïve \"quotes\" $HOME # =".as_bytes().to_vec()));
}

/// A failed deployment, a plan that no longer holds and one that does, and back to the first release.
async fn is_planned_and_rolled_back(cli: &Cli<'_>, agent: &Agent, repo: &GitRepo) {
    repo.break_dockerfile().await;
    let broken = cli.run(&["deploy", "web", "--follow"]).await;
    assert_eq!(broken.code(), FAILED, "{}", broken.stdout);
    assert!(broken.stdout.contains("no-such-file"), "{}", broken.stdout);
    sentence::assert_clear(said(&broken), &["deployment 2 failed"]);
    // FR-DEP-08: a plan names the commit; deployed by its revision it is that one, or none.
    let stale = cli.json(&["plan", "web"]).await;
    let stale = stale["revision"].as_str().expect("a revision");
    let third = repo.echo_version("3").await;
    let refused = cli.run(&["deploy", "web", "--revision", stale]).await;
    assert_eq!(refused.code(), FAILED, "{}", refused.stdout);
    sentence::assert_clear(said(&refused), &["main", &third[..7], "new plan"]);
    let plan = cli.ok(&["plan", "web"]).await;
    let takes = format!("takes commit {} of main; commit ", &third[..7]);
    assert!(plan.contains(&takes), "{plan}");
    let fresh = cli.json(&["plan", "web"]).await;
    assert_eq!(fresh["source"]["takes"]["hash"], third.as_str(), "{fresh}");
    let fresh = fresh["revision"].as_str().expect("a revision");
    cli.ok(&["deploy", "web", "--revision", fresh, "--follow"]).await;
    cli.ok(&["rollback", "web", "--to", "1", "--follow"]).await;
    let front = load::get(agent.edge_port(), &host_of("web"), "/").await.unwrap();
    assert_eq!(front, (200, b"version 1\n".to_vec()));
}

/// What runs after that is the fourth deployment.
async fn is_shown(cli: &Cli<'_>) {
    let shown = wait::until_some("it is seen to run", LIMIT, async || {
        let shown = cli.json(&["app", "show", "web"]).await;
        (shown["observed"] == "running").then_some(shown)
    })
    .await;
    assert_eq!(shown["last_deployment"]["number"], 4, "{shown}");
    assert!(cli.ok(&["history", "web"]).await.contains("failed"));
    // FR-DEP-13, FR-DEP-14: of one deployment, all that is kept.
    let failed = cli.ok(&["history", "web", "2"]).await;
    assert!(
        failed.contains(EMAIL) && failed.contains("[copy-source-not-found]"),
        "{failed}"
    );
    let first = cli.ok(&["history", "web", "1"]).await;
    assert!(first.contains("cut_over") && first.contains("sha256:"), "{first}");
    let back = cli.json(&["history", "web", "4"]).await;
    assert_eq!(back["trigger"]["kind"], "rollback", "{back}");
    assert_eq!(cli.run(&["history", "web", "9"]).await.code(), FAILED);
    let numbers = |listed: serde_json::Value| {
        let all = listed.as_array().cloned().unwrap_or_default();
        all.iter()
            .filter_map(|one| one["number"].as_u64())
            .collect::<Vec<_>>()
    };
    let before = cli.json(&["history", "web", "--before", "3"]).await;
    assert_eq!(numbers(before), [2, 1]);
    let all = cli.json(&["history", "web", "--all"]).await;
    assert_eq!(numbers(all), [4, 3, 2, 1]);
}

async fn told_by_its_log(cli: &Cli<'_>) {
    let told = cli
        .ok(&[
            "logs",
            "web",
            "--deployment",
            "1",
            "--step",
            "build",
            "--grep",
            "(?i)build",
        ])
        .await;
    assert!(
        told.lines().count() > 0 && told.lines().all(|line| line.starts_with("build |")),
        "{told}"
    );
    // FR-OBS-01: followed, it is the same to the deployment's end, and how that was is told.
    let followed = cli
        .ok(&[
            "logs",
            "web",
            "--deployment",
            "1",
            "--step",
            "build",
            "--grep",
            "(?i)build",
            "--follow",
        ])
        .await;
    assert_eq!(followed, told);
    let failed = cli
        .run(&[
            "logs",
            "web",
            "--deployment",
            "2",
            "--grep",
            "no-such-file",
            "--follow",
        ])
        .await;
    assert_eq!(failed.code(), FAILED, "{}", failed.stdout);
    assert!(failed.stdout.contains("no-such-file"), "{}", failed.stdout);
    sentence::assert_clear(said(&failed), &["deployment 2 failed"]);
}

/// FR-IAM-06, FR-IAM-09: who is in the team, who may come, who did what; and what runs.
async fn people_and_tasks(cli: &Cli<'_>) {
    let tasks = cli.json(&["tasks", "web"]).await;
    assert_eq!(tasks.as_array().map(Vec::len), Some(1), "{tasks}");
    let shown = cli.ok(&["tasks", "web"]).await;
    let id = tasks[0]["id"].as_str().expect("a task's id");
    assert!(shown.contains(&id[..12]), "{shown}");

    assert!(cli.ok(&["team", "members"]).await.contains(EMAIL));
    let code = cli.ok(&["team", "invite", "--role", "viewer"]).await;
    assert_eq!(code.lines().count(), 1, "{code}");
    let audit = cli.ok(&["team", "audit"]).await;
    assert!(
        audit.contains("CreateInvitation") && !audit.contains(code.trim()),
        "{audit}"
    );
    assert_eq!(cli.run(&["team", "invite", "--role", "root"]).await.code(), USAGE);
}

/// FR-DEP-02: a deployment is cancelled by its application alone, and what is over cannot be.
async fn is_cancelled(cli: &Cli<'_>, repo: &GitRepo) {
    let nothing = cli.run(&["cancel", "web"]).await;
    assert_eq!(nothing.code(), FAILED, "{}", nothing.stdout);
    sentence::assert_clear(said(&nothing), &["web"]);
    // Longer than anybody takes to cancel it.
    repo.echo_with_long_build("5", 6_000, 100).await;
    cli.ok(&["deploy", "web"]).await;
    let stopped = cli.ok(&["cancel", "web", "--follow"]).await;
    assert!(stopped.contains("Deployment 5 is cancelled."), "{stopped}");
    let late = cli.run(&["cancel", "web", "1"]).await;
    assert_eq!(late.code(), FAILED, "{}", late.stdout);
    sentence::assert_clear(said(&late), &["deployment 1", "ended"]);
    let none = cli.run(&["stuck", "retry", "web"]).await;
    assert_eq!(none.code(), FAILED, "{}", none.stdout);
    let none = cli.run(&["stuck", "leave", "web", "1"]).await;
    assert_eq!(none.code(), FAILED, "{}", none.stdout);
    sentence::assert_clear(said(&none), &["not stuck"]);
}

async fn told_by_its_image(cli: &Cli<'_>) {
    // FR-BLD-05: how the serving image was built is told, also where an earlier deployment built it; a failed build has made none.
    let image = cli.ok(&["image", "web"]).await;
    assert!(
        image.contains("sha256:") && image.contains("COPY app version mode /"),
        "{image}"
    );
    assert!(cli.ok(&["image", "web", "2"]).await.contains("built no image"));
    assert_eq!(cli.run(&["image", "web", "9"]).await.code(), FAILED);
}

async fn told_by_events_and_metrics(cli: &Cli<'_>) {
    // FR-OBS-06: what happened by itself, by its words and its gravity.
    wait::until("the failure is among the events", LIMIT, async || {
        let events = cli.ok(&["events", "web", "--search", "HAS FAILED"]).await;
        events.contains("bad") && events.contains("web: Deployment")
    })
    .await;
    assert!(!cli.ok(&["events", "--warnings"]).await.contains("has succeeded"));
    wait::until("metrics are shown", LIMIT, async || {
        let shown = cli.ok(&["metrics", "web", "--last", "15m"]).await;
        shown.contains(" cores") && shown.contains("memory") && shown.contains("requests")
    })
    .await;
    assert_eq!(cli.json(&["metrics", "web"]).await["step"], 10);
}

async fn follow_logs(cli: &Cli<'_>, agent: &Agent) {
    let following = cli.follow(&["logs", "web", "--follow"]);
    wait::until("the past is shown", LIMIT, async || {
        following.output().contains("version 1 listens")
    })
    .await;
    load::get(agent.edge_port(), &host_of("web"), "/say/hello-from-here")
        .await
        .unwrap();
    wait::until("a new line arrives", LIMIT, async || {
        following.output().contains("hello-from-here")
    })
    .await;
}

/// FR-CON-03, NFR-S4: neither password nor tokens are in a file of the client or of the keychain.
fn no_secret_in_a_file(cli: &Cli<'_>, keyring: &Keyring) {
    let (mut folders, mut searched) = (vec![cli.config_folder(), keyring.folder().to_owned()], 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            // The keychain writes anew what it changes: what was there a moment ago may be gone.
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                let content = std::fs::read(entry.path()).unwrap_or_default();
                let content = String::from_utf8_lossy(&content).into_owned();
                searched += usize::from(!content.is_empty());
                for secret in [PASSWORD, "refresh_token", "eyJ"] {
                    assert!(
                        !content.contains(secret),
                        "{} holds {secret}",
                        entry.path().display()
                    );
                }
            }
        }
    }
    assert!(searched > 1, "their files were searched");
}

/// NFR-U2, FR-API-03: each kind of trouble has its sentence and its exit code.
#[tokio::test(flavor = "multi_thread")]
async fn troubles_have_a_sentence_and_an_exit_code() {
    let gate = DockerGate::open_to(&Engine::from_environment());
    let keyring = Keyring::start().await;
    let mut agent = Agent::start_with(Some(gate.address()), None).await;
    let mut sshd = Sshd::start().await;
    let cli = Cli::new(&keyring);

    let nowhere = cli.run(&["app", "list"]).await;
    assert_eq!(nowhere.code(), USAGE);
    sentence::assert_clear(said(&nowhere), &["cluster"]);
    wrong_keys(&cli, &agent, &sshd).await;
    assert_eq!(add_cluster(&cli, &agent, &sshd).await.code(), 0);
    let code = agent.invite().await;
    assert_eq!(cli.become_owner(&code).await.code(), 0);
    let twice = cli.become_owner(&code).await;
    assert_eq!(twice.code(), SIGN_IN);
    sentence::assert_clear(said(&twice), &["invitation"]);

    cli.ok(&["project", "create", "Shop"]).await;
    let bad = [
        "app",
        "create",
        "web",
        "--git",
        "https://user:secret@example.org/a.git",
        "--port",
        "8080",
    ];
    let bad = cli.run(&bad).await;
    assert_eq!(bad.code(), USAGE);
    sentence::assert_clear(said(&bad), &["git address", "credential"]);
    cli.ok(&[
        "app",
        "create",
        "web",
        "--git",
        "/nowhere/at/all.git",
        "--port",
        "8080",
    ])
    .await;
    let bad = cli.run(&["deploy", "web", "--follow"]).await;
    assert_eq!(bad.code(), FAILED);
    sentence::assert_clear(said(&bad), &["/nowhere/at/all.git"]);

    gate.shut();
    let stopped = cli.run(&["deploy", "web", "--follow"]).await;
    assert_eq!(stopped.code(), FAILED);
    sentence::assert_clear(said(&stopped), &[]);
    let status = cli.run(&["status"]).await;
    assert!(
        status.stdout.to_lowercase().contains("docker"),
        "{}{}",
        status.stdout,
        status.stderr
    );
    gate.open();

    agent.stop();
    let absent = cli.run(&["app", "list"]).await;
    assert_eq!(absent.code(), NOT_CONNECTED);
    sentence::assert_clear(said(&absent), &["agent"]);
    sshd.change_host_key().await;
    let changed = cli.run(&["app", "list"]).await;
    assert_eq!(changed.code(), NOT_CONNECTED);
    sentence::assert_clear(
        said(&changed),
        &["host key", "changed", &sshd.fingerprint().await],
    );
    sshd.pause();
    let unreachable = cli.run(&["app", "list"]).await;
    assert_eq!(unreachable.code(), NOT_CONNECTED);
    sentence::assert_clear(said(&unreachable), &["127.0.0.1"]);
}

/// A host key that nobody accepted, a client key that the server does not know, a wrong SSH password.
async fn wrong_keys(cli: &Cli<'_>, agent: &Agent, sshd: &Sshd) {
    let (port, user, socket) = (sshd.port().to_string(), sshd.user(), agent.socket());
    let socket = socket.to_string_lossy();
    let base = [
        "cluster",
        "add",
        "home",
        "--host",
        "127.0.0.1",
        "--port",
        &port,
        "--user",
        &user,
        "--agent-socket",
        &socket,
    ];
    let key = sshd.client_key();
    let with = |more: &[&'static str]| {
        base.iter()
            .copied()
            .map(str::to_owned)
            .chain(more.iter().map(|&m| m.to_owned()))
            .collect::<Vec<_>>()
    };
    let mut args = with(&["--key"]);
    args.push(key.to_string_lossy().into_owned());
    let unknown = run(cli, &args, "").await;
    assert_eq!(unknown.code(), NOT_CONNECTED);
    sentence::assert_clear(said(&unknown), &["host key", &sshd.fingerprint().await]);

    let mut args = with(&["--accept-host-key"]);
    args.push(sshd.fingerprint().await);
    let mut stranger = args.clone();
    stranger.extend([
        "--key".to_owned(),
        sshd.stranger_key().await.to_string_lossy().into_owned(),
    ]);
    let refused = run(cli, &stranger, "").await;
    assert_eq!(refused.code(), SIGN_IN);
    sentence::assert_clear(said(&refused), &["refused"]);
    args.push("--password-stdin".to_owned());
    let refused = run(cli, &args, "not the password of this machine\n").await;
    assert_eq!(refused.code(), SIGN_IN);
    sentence::assert_clear(said(&refused), &["refused", "password"]);
    assert!(
        cli.ok(&["cluster", "list", "--json"]).await.trim() == "[]",
        "nothing that failed was saved"
    );
}

async fn run(cli: &Cli<'_>, args: &[String], input: &str) -> Finished {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    cli.run_with(&args, input).await
}

/// FR-DEP-12: any setting is shown and changed by its name; one that there is not is refused, and nothing is changed then.
async fn settings_by_their_names(cli: &Cli<'_>) {
    cli.ok(&[
        "app",
        "set",
        "web",
        "replicas=2",
        "container.resources.memory=256",
        "source.ref=release",
        "health={\"kind\":\"http\",\"path\":\"/up\"}",
    ])
    .await;
    let shown = cli.ok(&["app", "settings", "web"]).await;
    for line in [
        ["container.resources.memory", "256"],
        ["source.ref", "release"],
        ["health.path", "/up"],
    ] {
        let words = |shown: &str| shown.split_whitespace().eq(line);
        assert!(shown.lines().any(words), "{line:?} in {shown}");
    }
    for wrong in ["replica=3", "replicas=many", "container.resources.memory=1"] {
        let refused = cli.run(&["app", "set", "web", "source.ref=other", wrong]).await;
        assert_eq!(refused.code(), USAGE, "{wrong}: {}", refused.stdout);
        sentence::assert_clear(said(&refused), &[]);
    }
    let kept = cli.json(&["app", "settings", "web"]).await;
    assert_eq!(kept["replicas"], 2, "{kept}");
    assert_eq!(kept["source"]["ref"], "release", "{kept}");
}

/// FR-CFG-01, FR-CFG-02, FR-CFG-03, FR-CFG-04, FR-PRJ-01, FR-PRJ-02, FR-PRJ-03: variables of every scope, texts, files, copies and deletions from the
/// command line.
#[tokio::test(flavor = "multi_thread")]
async fn configuration_from_the_command_line() {
    let (keyring, agent, sshd) = (Keyring::start().await, Agent::start().await, Sshd::start().await);
    let cli = Cli::new(&keyring);
    add_own_cluster(&cli, &agent, &sshd).await;
    cli.make_web("Shop", "/nowhere.git", &[]).await;

    for scope in ["team", "project:Shop", "environment:Shop/production", "web"] {
        cli.ok(&["env", "set", scope, "WHERE=here", "--plain"]).await;
        assert!(cli.ok(&["env", "list", scope]).await.contains("here"), "{scope}");
    }
    cli.ok(&["env", "set", "web", "TOKEN=hidden $x", "--as-file"])
        .await;
    let listed = cli.ok(&["env", "list", "web"]).await;
    assert!(
        listed.contains("secret, 9 B") && !listed.contains("hidden"),
        "{listed}"
    );
    assert_eq!(cli.ok(&["env", "reveal", "web", "TOKEN"]).await, "hidden $x");
    assert_eq!(cli.ok(&["env", "export", "web"]).await, "TOKEN\nWHERE=here\n");
    assert_eq!(
        cli.ok(&["env", "export", "web", "--reveal"]).await,
        "TOKEN='hidden $x'\nWHERE=here\n"
    );
    let text = "TOKEN\nNEW=\"two\\nlines\"\n";
    let import = ["env", "import", "web", "--replace", "--plain"];
    let refused = cli.run_with(&import, text).await;
    assert_eq!(
        refused.code(),
        USAGE,
        "a removal is asked for: {}",
        refused.stdout
    );
    assert_eq!(refused.stdout, "+ NEW\n- WHERE\n");
    let done = cli.run_with(&[&import[..], &["--yes"]].concat(), text).await;
    assert_eq!(done.code(), 0, "{}", done.stderr);
    assert_eq!(
        cli.ok(&["env", "export", "web"]).await,
        "NEW=\"two\\nlines\"\nTOKEN\n"
    );
    let history = cli.ok(&["env", "history", "web"]).await;
    assert!(
        history.contains("+NEW -WHERE") && history.contains(EMAIL),
        "{history}"
    );

    settings_by_their_names(&cli).await;

    let set = cli
        .run_with(
            &["file", "set", "web", "/etc/app.toml", "--mode", "0440"],
            "a = 1\n",
        )
        .await;
    assert_eq!(set.code(), 0, "{}", set.stderr);
    assert!(cli.ok(&["file", "list", "web"]).await.contains("0440"));
    cli.ok(&["app", "duplicate", "web", "copy"]).await;
    assert_eq!(
        cli.ok(&["file", "reveal", "copy", "/etc/app.toml"]).await,
        "a = 1\n"
    );
    cli.ok(&["environment", "create", "Shop", "staging"]).await;
    cli.ok(&["app", "move", "copy", "Shop/staging"]).await;
    assert!(cli.ok(&["app", "list"]).await.contains("Shop/staging"));
    cli.ok(&[
        "project",
        "edit",
        "Shop",
        "--description",
        "What we sell",
        "--tag",
        "eu",
    ])
    .await;
    cli.ok(&["project", "edit", "Shop", "--name", "Store"]).await;
    let projects = cli.ok(&["project", "list"]).await;
    assert!(
        ["Store", "eu", "What we sell"]
            .iter()
            .all(|word| projects.contains(word)),
        "{projects}"
    );
    let unsure = cli.run(&["app", "delete", "web"]).await;
    assert_eq!(unsure.code(), USAGE);
    cli.ok(&["app", "delete", "web", "--yes"]).await;
    cli.ok(&["project", "delete", "Store", "--confirm", "Store"])
        .await;
    assert_eq!(cli.json(&["app", "list"]).await, serde_json::json!([]));
}
