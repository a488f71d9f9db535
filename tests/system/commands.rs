//! Commands that somebody runs once beside an application, in a release of it.

use std::time::{Duration, Instant};

use acceptance::agent::Agent;
use acceptance::command::Cli;
use acceptance::engine::text;
use acceptance::git_repo::GitRepo;
use acceptance::keyring::Keyring;
use acceptance::sshd::Sshd;
use acceptance::stage::Stage;
use acceptance::{invariants, wait};
use futures_util::StreamExt;
use slipway_client::{ClientError, Connection};
use slipway_protocol::access::Role;
use slipway_protocol::command::{CommandEvent, CommandStatus, CommandView, MOST_COMMANDS, NewCommand};
use slipway_protocol::deployment::{DeploymentStatus, Step};
use slipway_protocol::log_line::{ContainerLogEvent, ContainerLogLine, LogStream};
use slipway_protocol::settings::{CommandLimit, CommandLine, VolumeMount};
use slipway_protocol::{ApplicationId, CommandId, DeploymentId, ErrorCode, api};

use crate::cli::add_own_cluster;
use crate::terminals::{SHORT, WITH_SHELL, refused};

/// What a shell gives for a program that it does not find, and `slipway` for a command that was cancelled.
const NOT_FOUND: i64 = 127;

fn asked(line: &str) -> NewCommand {
    NewCommand {
        command: CommandLine::split(line).expect("a command"),
        deployment: None,
        deadline_seconds: CommandLimit::default(),
    }
}

async fn run(stage: &Stage, application: ApplicationId, body: NewCommand) -> CommandView {
    let request = api::RunCommand { application, body };
    stage.connection.send(request).await.expect("a command")
}

/// Waits for its end by asking, so that it also works across a restart of the agent.
async fn end_of(connection: &Connection, command: CommandId) -> CommandView {
    let end = Instant::now() + SHORT;
    loop {
        match connection.send(api::GetCommand { command }).await {
            Ok(view) if view.status.is_final() => return view,
            Err(ClientError::Problem(problem)) => panic!("the command cannot be seen: {problem}"),
            other => assert!(Instant::now() < end, "the command hangs: {other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What it wrote after a line, to its end.
async fn lines(connection: &Connection, command: CommandId, after: Option<u64>) -> Vec<ContainerLogLine> {
    let mut events = connection.follow_command(command, after);
    let mut all = Vec::new();
    let reading = async {
        while let Some(event) = events.next().await {
            if let CommandEvent::Lines(lines) = event.expect("an event") {
                all.extend(lines);
            }
        }
    };
    tokio::time::timeout(SHORT, reading).await.expect("it ends");
    all
}

fn texts(lines: &[ContainerLogLine]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).collect()
}

/// Waits until it has written this.
async fn until_it_says(connection: &Connection, command: CommandId, words: &str) {
    let mut events = connection.follow_command(command, None);
    let reading = async {
        while let Some(event) = events.next().await {
            if let CommandEvent::Lines(lines) = event.expect("an event")
                && lines.iter().any(|line| line.text.contains(words))
            {
                return true;
            }
        }
        false
    };
    let said = tokio::time::timeout(SHORT, reading).await;
    assert_eq!(said, Ok(true), "it says “{words}”");
}

/// The services of commands that Docker has.
async fn services(stage: &Stage) -> Vec<String> {
    let all = stage.agent.engine().services(stage.agent.instance()).await;
    let of_commands = all
        .iter()
        .filter(|service| service["Spec"]["Labels"]["slipway.command"].is_string());
    of_commands
        .map(|service| text(&service["Spec"]["Name"]).to_owned())
        .collect()
}

async fn until_no_service(stage: &Stage, limit: Duration) {
    wait::until("the command's service is gone", limit, async || {
        services(stage).await.is_empty()
    })
    .await;
}

/// FR-DEP-09, FR-IAM-05: a command runs in a new container of the release that serves, with the variables that the release has; what it writes
/// and how it ended is kept, compressed, read from any line on, and is for those who may run commands; its service is gone afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_runs_in_the_release() {
    let (stage, _repo, application) = Stage::with_web().await;
    let before = stage
        .connection
        .send(api::RunCommand {
            application,
            body: asked("/app exit 0"),
        })
        .await;
    refused(before, ErrorCode::Conflict, "deploy it first");
    stage.set_variable(application, "COLOUR", "green").await;
    stage.deploy_well(application).await;
    // It is not the release's yet.
    stage.set_variable(application, "COLOUR", "blue").await;

    let well = run(&stage, application, asked("/app has 677265656e COLOUR")).await;
    let well = end_of(&stage.connection, well.id).await;
    assert_eq!(
        (well.status, well.exit_code),
        (CommandStatus::Succeeded, Some(0)),
        "{well:?}"
    );
    let said = lines(&stage.connection, well.id, None).await;
    assert_eq!(texts(&said), ["all 1 are as they should be"]);

    let failed = run(&stage, application, asked("/app exit 7")).await;
    let failed = end_of(&stage.connection, failed.id).await;
    assert_eq!(
        (failed.status, failed.exit_code),
        (CommandStatus::Failed, Some(7)),
        "{failed:?}"
    );
    let said = lines(&stage.connection, failed.id, None).await;
    assert_eq!(
        (texts(&said), said[0].stream),
        (vec!["this command ends with 7"], LogStream::Stderr)
    );
    let absent = run(&stage, application, asked("/nope")).await;
    let absent = end_of(&stage.connection, absent.id).await;
    assert_eq!(
        (absent.status, absent.exit_code),
        (CommandStatus::Failed, Some(NOT_FOUND)),
        "{absent:?}"
    );

    let counted = run(&stage, application, asked("/app count 50 1")).await;
    let all = lines(&stage.connection, counted.id, None).await;
    let numbers: Vec<u64> = all.iter().map(|line| line.sequence).collect();
    assert_eq!(numbers, (1..=50).collect::<Vec<u64>>());
    let rest = lines(&stage.connection, counted.id, Some(47)).await;
    assert_eq!(texts(&rest), ["line 48 of 50", "line 49 of 50", "line 50 of 50"]);

    let listed = stage
        .connection
        .send(api::ListCommands { application })
        .await
        .expect("the commands");
    let ids: Vec<CommandId> = listed.iter().map(|view| view.id).collect();
    assert_eq!(ids, [counted.id, absent.id, failed.id, well.id]);
    not_in_the_log(&stage, application).await;
    let viewer = stage.join(Role::Viewer).await;
    let seen = viewer.connection.send(api::GetCommand { command: well.id }).await;
    refused(seen, ErrorCode::Forbidden, "role");
    until_no_service(&stage, SHORT).await;
    until_its_log_rests(&stage, well.id).await;
    stage.assert_serves("web", "1").await;
    invariants::hold(&stage).await;
}

/// Until what a command that has ended wrote is compressed, and nothing waits for more.
async fn until_its_log_rests(stage: &Stage, command: CommandId) {
    let folder = stage.agent.data().join("logs").join(format!("command-{command}"));
    wait::until("the command's log rests", SHORT, async || {
        let files = std::fs::read_dir(&folder).expect("its log");
        let names: Vec<_> = files.map(|file| file.expect("a file").file_name()).collect();
        let with = |ending: &str| names.iter().any(|name| name.to_string_lossy().ends_with(ending));
        with(".log") && !with(".tail")
    })
    .await;
}

/// Whoever may read the application's log may not read there what commands wrote.
async fn not_in_the_log(stage: &Stage, application: ApplicationId) {
    let request = api::FollowLogs {
        after: Some(0),
        ..api::FollowLogs::of(application)
    };
    let mut events = stage.connection.stream(request).boxed();
    let mut seen = Vec::new();
    let reading = async {
        while let Some(event) = events.next().await {
            if let ContainerLogEvent::Lines(lines) = event.expect("lines") {
                seen.extend(lines.into_iter().map(|line| line.text));
            }
        }
    };
    tokio::time::timeout(SHORT, reading).await.expect("it ends");
    assert!(seen.iter().any(|line| line.contains("listens on")), "{seen:?}");
    assert!(
        !seen.iter().any(|line| line.contains("this command ends")),
        "{seen:?}"
    );
}

/// FR-DEP-09: a command that is cancelled, or takes longer than it was given, is ended, and its service is gone; of one application only so many
/// go on at once; a deletion ends them.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_ended() {
    let (stage, _repo, application) = Stage::with_web().await;
    stage.deploy_well(application).await;
    let long = asked("/app count 10000 100");

    let command = run(&stage, application, long.clone()).await.id;
    until_it_says(&stage.connection, command, "line 5 of").await;
    let cancelling = stage
        .connection
        .send(api::CancelCommand { command })
        .await
        .expect("it is cancelled");
    assert!(
        cancelling.ending && cancelling.outcome() == "ending",
        "{cancelling:?}"
    );
    until_no_service(&stage, SHORT).await;
    let ended = end_of(&stage.connection, command).await;
    assert_eq!(
        (ended.status, ended.exit_code),
        (CommandStatus::Cancelled, None),
        "{ended:?}"
    );
    let said = lines(&stage.connection, command, None).await;
    assert!(said.len() >= 5, "what it wrote before is kept: {said:?}");

    let short = NewCommand {
        deadline_seconds: CommandLimit::try_from(2).expect("a limit"),
        ..long.clone()
    };
    let command = run(&stage, application, short).await.id;
    let ended = end_of(&stage.connection, command).await;
    assert_eq!(ended.status, CommandStatus::TimedOut, "{ended:?}");
    assert!(ended.failure.is_some_and(|said| said.contains("longer than 2 s")));

    for _ in 0..MOST_COMMANDS {
        let command = run(&stage, application, long.clone()).await.id;
        until_it_says(&stage.connection, command, "line 1 of").await;
    }
    let one_more = api::RunCommand {
        application,
        body: long,
    };
    refused(
        stage.connection.send(one_more).await,
        ErrorCode::Conflict,
        "cancel one",
    );
    // Those that go on, and no longer that of the one that was too late.
    wait::until("no other command has a service", SHORT, async || {
        services(&stage).await.len() == MOST_COMMANDS as usize
    })
    .await;
    let delete = api::DeleteApplication {
        application,
        confirm: Some("web".to_owned()),
    };
    stage.connection.send(delete).await.expect("it is deleted");
    until_no_service(&stage, SHORT).await;
    wait::until("no command's log is left", SHORT, async || {
        let logs = std::fs::read_dir(stage.agent.data().join("logs")).expect("the logs");
        let mut names = logs.flatten().map(|entry| entry.file_name());
        !names.any(|name| name.to_string_lossy().starts_with("command-"))
    })
    .await;
}

/// FR-DEP-09, NFR-R1, NFR-R2: a killed agent finds a command that goes on, starts it no second time, misses nothing of what it writes, and records
/// how it ended, also where that was in the agent's absence.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_outlives_the_agent() {
    let (mut stage, _repo, application) = Stage::with_web().await;
    stage.deploy_well(application).await;

    // It ends while nobody looks.
    let short = run(&stage, application, asked("/app count 40 50")).await.id;
    // It ends later.
    let long = run(&stage, application, asked("/app count 120 100")).await.id;
    until_it_says(&stage.connection, short, "line 5 of").await;
    until_it_says(&stage.connection, long, "line 5 of").await;
    stage.agent.kill9();
    tokio::time::sleep(Duration::from_secs(4)).await;
    stage.agent.resume().await;
    // Asked for, and killed before anybody can know how far it has come.
    wait::until("the link is back", SHORT, async || {
        stage.connection.send(api::GetMe {}).await.is_ok()
    })
    .await;
    let fresh = run(&stage, application, asked("/app count 3 1")).await.id;
    stage.agent.kill9();
    stage.agent.resume().await;
    for (command, count) in [(short, 40), (long, 120), (fresh, 3)] {
        let ended = end_of(&stage.connection, command).await;
        assert_eq!(
            (ended.status, ended.exit_code),
            (CommandStatus::Succeeded, Some(0)),
            "{ended:?}"
        );
        let said = lines(&stage.connection, command, None).await;
        let wanted: Vec<String> = (1..=count)
            .map(|line| format!("line {line} of {count}"))
            .collect();
        assert_eq!(texts(&said), wanted, "each line once, and no second start");
    }
    // Its service was taken away behind the agent's back: what it did is not known, and it is not done again.
    let lost = run(&stage, application, asked("/app count 10000 100")).await.id;
    until_it_says(&stage.connection, lost, "line 5 of").await;
    stage.agent.kill9();
    for service in services(&stage).await {
        let removed = stage
            .agent
            .engine()
            .call("DELETE", &format!("/services/{service}"), None)
            .await;
        assert_eq!(removed.0, 200, "{}", String::from_utf8_lossy(&removed.1));
    }
    stage.agent.resume().await;
    let ended = end_of(&stage.connection, lost).await;
    assert_eq!(ended.status, CommandStatus::Failed, "{ended:?}");
    assert!(
        ended
            .failure
            .is_some_and(|said| said.contains("removed outside Slipway"))
    );
    until_no_service(&stage, SHORT).await;
    invariants::hold(&stage).await;
}

/// FR-DEP-09, FR-DEP-07: a command runs in an earlier release that is kept, with what that one has; what is not kept is said.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_runs_in_an_earlier_release() {
    let stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    repo.dockerfile(WITH_SHELL).await;
    let application = stage.application(environment, "web", &repo.url()).await.id;
    stage.set_variable(application, "COLOUR", "green").await;
    let first = stage.deploy_well(application).await.id;
    stage.set_variable(application, "COLOUR", "blue").await;
    repo.write("version", "2");
    repo.commit("another version").await;
    stage.deploy_well(application).await;

    let line = "sh -c \"cat /version; echo; echo $COLOUR\"";
    let of = async |deployment: Option<DeploymentId>| {
        let body = NewCommand {
            deployment,
            ..asked(line)
        };
        let command = run(&stage, application, body).await;
        let ended = end_of(&stage.connection, command.id).await;
        assert_eq!(ended.status, CommandStatus::Succeeded, "{ended:?}");
        let said = lines(&stage.connection, command.id, None).await;
        let said: Vec<String> = texts(&said)
            .into_iter()
            .map(|text| text.trim().to_owned())
            .collect();
        said.into_iter()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
    };
    assert_eq!(of(None).await, ["2", "blue"]);
    assert_eq!(of(Some(first)).await, ["1", "green"]);
    stage.assert_serves("web", "2").await;
    until_no_service(&stage, SHORT).await;
    invariants::hold(&stage).await;
}

/// FR-DEP-09, FR-DEP-05: a command opens its release's volumes beside the tasks that serve; a deployment that recreates the application waits for it
/// before it stops anything, and while it is at work no further command begins.
#[tokio::test(flavor = "multi_thread")]
async fn a_volume_is_not_taken_from_a_command() {
    let stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    repo.dockerfile(WITH_SHELL).await;
    let application = stage.application(environment, "web", &repo.url()).await.id;
    stage
        .settings(application, |settings| {
            settings.container.volumes = vec![VolumeMount {
                name: "data".parse().expect("a name"),
                path: "/data".parse().expect("a path"),
                read_only: false,
            }];
        })
        .await;
    stage.deploy_well(application).await;
    assert_eq!(stage.get("web", "/append/visits").await, (200, "1".to_owned()));
    let count = run(&stage, application, asked("sh -c \"wc -l < /data/visits\""))
        .await
        .id;
    assert_eq!(
        end_of(&stage.connection, count).await.status,
        CommandStatus::Succeeded
    );
    assert_eq!(texts(&lines(&stage.connection, count, None).await), ["1"]);

    let line = "sh -c \"echo begun; until [ -e /data/go ]; do sleep 0.1; done; echo done > /data/mark\"";
    let long = run(&stage, application, asked(line)).await.id;
    until_it_says(&stage.connection, long, "begun").await;
    let deployment = stage.request(application).await.id;
    wait::until("the deployment waits", SHORT, async || {
        let view = stage
            .connection
            .send(api::GetDeployment { deployment })
            .await
            .expect("the deployment");
        let step = view.steps.iter().find(|one| one.step == Step::Stop);
        step.is_some_and(|one| one.started_at.is_some())
    })
    .await;
    let later = run(&stage, application, asked("cat /data/mark")).await;
    assert_eq!(later.status, CommandStatus::Waiting);
    // Nothing is stopped before the command has ended, and it ends by this.
    assert_eq!(stage.get("web", "/append/go").await, (200, "1".to_owned()));
    let ended = stage.end_of(deployment).await;
    assert_eq!(ended.status, DeploymentStatus::Succeeded, "{:?}", ended.failure);
    let said = stage.lines(deployment, None).await;
    let waited = said
        .iter()
        .any(|line| line.text.starts_with("Waiting for the command"));
    assert!(waited, "{said:?}");
    assert_eq!(
        end_of(&stage.connection, long).await.status,
        CommandStatus::Succeeded
    );
    let later = end_of(&stage.connection, later.id).await;
    assert_eq!(later.status, CommandStatus::Succeeded, "{later:?}");
    assert!(
        later.started_at >= ended.ended_at,
        "it has begun behind the deployment"
    );
    assert_eq!(texts(&lines(&stage.connection, later.id, None).await), ["done"]);
    until_no_service(&stage, SHORT).await;
    invariants::hold(&stage).await;
}

/// FR-DEP-09, FR-API-03, FR-API-04: from the command line a command's output is shown as it comes, each stream to its own, its exit code is the
/// program's, an interrupt ends it, and those that were run are listed.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_from_the_command_line() {
    let (keyring, agent, sshd) = (Keyring::start().await, Agent::start().await, Sshd::start().await);
    let cli = Cli::new(&keyring);
    add_own_cluster(&cli, &agent, &sshd).await;
    let repo = GitRepo::echo("1").await;
    cli.make_web("Shop", &repo.url(), &[]).await;
    cli.ok(&["deploy", "web", "--follow"]).await;

    let counted = cli.ok(&["run", "web", "--", "/app", "count", "3", "1"]).await;
    assert_eq!(counted, "line 1 of 3\nline 2 of 3\nline 3 of 3\n");
    let failed = cli
        .run(&["run", "web", "--deployment", "1", "--", "/app", "exit", "7"])
        .await;
    assert_eq!(
        (failed.code(), failed.stdout.as_str()),
        (7, ""),
        "{}",
        failed.stderr
    );
    assert!(
        failed.stderr.contains("this command ends with 7"),
        "{}",
        failed.stderr
    );
    let late = cli
        .run(&[
            "run", "web", "--limit", "1s", "--", "/app", "count", "10000", "100",
        ])
        .await;
    assert_eq!(late.code(), 124, "{}", late.stderr);
    assert!(late.stderr.contains("longer than 1 s"), "{}", late.stderr);

    let long = [
        "--json", "run", "web", "--detach", "--", "/app", "count", "10000", "100",
    ];
    let detached: serde_json::Value = serde_json::from_str(&cli.ok(&long).await).expect("JSON");
    let id = text(&detached["id"]).to_owned();
    let mut followed = cli.follow(&["runs", "web", "--follow", &id]);
    wait::until("it is shown", SHORT, async || {
        followed.output().contains("line 5 of")
    })
    .await;
    cli.ok(&["runs", "web", "--cancel", &id]).await;
    wait::until("whoever follows hears the end", SHORT, async || {
        !followed.is_running()
    })
    .await;

    let mut watched = cli.follow(&["run", "web", "--", "/app", "count", "10000", "100"]);
    wait::until("it is shown", SHORT, async || {
        watched.output().contains("line 5 of")
    })
    .await;
    watched.stop(Duration::from_secs(60));
    wait::until("all of them are listed as they ended", SHORT, async || {
        let listed = cli.json(&["runs", "web"]).await;
        let listed = listed.as_array().expect("a list");
        let statuses: Vec<&str> = listed.iter().map(|one| text(&one["status"])).collect();
        statuses == ["cancelled", "cancelled", "timed_out", "failed", "succeeded"]
    })
    .await;
    assert!(cli.ok(&["runs", "web"]).await.contains("/app exit 7"));
}
