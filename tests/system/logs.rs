//! Logs are streams that go on where the reader stopped.

use std::path::Path;
use std::time::Duration;

use acceptance::git_repo::GitRepo;
use acceptance::stage::Stage;
use acceptance::wait;
use futures_util::StreamExt;
use slipway_protocol::api::{FollowLogs, ReadDeploymentLog};
use slipway_protocol::deployment::Step;
use slipway_protocol::log_line::{ContainerLogEvent, ContainerLogLine, DeploymentEvent, LogLevel};
use slipway_protocol::{ApplicationId, DeploymentId, Endpoint};

/// FR-CON-08, FR-OBS-01: a build's log is followed across a lost SSH connection, without a gap and without a repeat.
#[tokio::test(flavor = "multi_thread")]
async fn a_build_log_survives_a_lost_connection() {
    let mut stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    repo.echo_with_long_build("1", 80, 100).await;
    let application = stage.application(environment, "web", &repo.url()).await;
    let deployment = stage.request(application.id).await;
    let reader = tokio::spawn(follow(stage.connection.clone(), deployment.id));
    tokio::time::sleep(Duration::from_secs(4)).await;
    stage.sshd.pause();
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.sshd.resume().await;
    let seen = tokio::time::timeout(Duration::from_secs(300), reader)
        .await
        .expect("the log ends")
        .unwrap();

    let sequences: Vec<u64> = seen.iter().map(|(sequence, _)| *sequence).collect();
    let whole: Vec<u64> = (1..=sequences.len() as u64).collect();
    assert_eq!(sequences, whole);
    for line in 1..=80 {
        let wanted = format!("line {line} of 80");
        assert_eq!(
            seen.iter().filter(|(_, text)| text.ends_with(&wanted)).count(),
            1,
            "{wanted}"
        );
    }
    let rest = stage.lines(deployment.id, Some(40)).await;
    assert_eq!(rest.first().map(|line| line.sequence), Some(41));
    assert_eq!(rest.len(), seen.len() - 40);
}

async fn follow(connection: slipway_client::Connection, deployment: DeploymentId) -> Vec<(u64, String)> {
    let mut events = connection.follow_deployment(deployment, None);
    let mut seen = Vec::new();
    while let Some(event) = events.next().await {
        if let DeploymentEvent::Line(line) = event.expect("an event") {
            seen.push((line.sequence, line.text));
        }
    }
    seen
}

/// FR-OBS-01: what a container writes arrives live, and a reader goes on after the last line that it saw.
#[tokio::test(flavor = "multi_thread")]
async fn container_logs_are_followed_and_resumed() {
    let stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, "web", &repo.url()).await;
    stage.deploy_well(application.id).await;

    let mut live = stage.connection.follow_logs(application.id, Some(100), None);
    for word in ["one", "two", "three"] {
        stage.get("web", &format!("/say/{word}")).await;
    }
    let until_three = read_until(&mut live, "three").await;
    let texts: Vec<&str> = until_three.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["version 1 listens on 8080", "one", "two", "three"]);

    let (two, _) = until_three[2];
    stage.get("web", "/say/four").await;
    let again = read_until(&mut resumed(&stage, application.id, two), "four").await;
    let texts: Vec<&str> = again.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["three", "four"]);
}

type Lines = futures_util::stream::BoxStream<'static, Result<ContainerLogEvent, slipway_client::ClientError>>;

fn resumed(stage: &Stage, application: ApplicationId, after: u64) -> Lines {
    stage.connection.follow_logs(application, None, Some(after))
}

async fn read_until(lines: &mut Lines, last: &str) -> Vec<(u64, String)> {
    let mut seen = Vec::new();
    let reading = async {
        while let Some(event) = lines.next().await {
            if let ContainerLogEvent::Lines(lines) = event.expect("lines") {
                seen.extend(lines.into_iter().map(|line| (line.sequence, line.text)));
                if seen.iter().any(|(_, text)| text == last) {
                    break;
                }
            }
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(180), reading)
        .await
        .is_ok();
    assert!(in_time, "“{last}” did not arrive; seen: {seen:?}");
    seen
}

/// The next lines; nothing at the end.
async fn more(lines: &mut Lines) -> Option<Vec<ContainerLogLine>> {
    let next = async {
        loop {
            if let ContainerLogEvent::Lines(lines) = lines.next().await?.expect("lines") {
                return Some(lines);
            }
        }
    };
    let next = tokio::time::timeout(Duration::from_secs(180), next).await;
    next.expect("more lines, or the end")
}

/// What the log holds now of what a request asks for.
async fn ask<E: Endpoint<Response = ContainerLogEvent>>(stage: &Stage, request: E) -> Vec<ContainerLogLine> {
    let events = stage.connection.stream(request);
    let lines = events.filter_map(|event| async move {
        match event.expect("an event") {
            ContainerLogEvent::Lines(lines) => Some(lines),
            ContainerLogEvent::Ping | ContainerLogEvent::Ended => None,
        }
    });
    let lines: Vec<Vec<ContainerLogLine>> = tokio::time::timeout(Duration::from_secs(180), lines.collect())
        .await
        .expect("the log is read");
    lines.concat()
}

fn everything(application: ApplicationId) -> FollowLogs {
    FollowLogs {
        after: Some(0),
        ..FollowLogs::of(application)
    }
}

/// Waits until a line is in the log.
async fn until_stored(stage: &Stage, application: ApplicationId, text: &str) {
    let mut lines = stage.connection.follow_logs(application, None, Some(0));
    read_until(&mut lines, text).await;
}

fn is_gap_free(lines: &[ContainerLogLine]) -> bool {
    lines.iter().map(|line| line.sequence).eq(1..=lines.len() as u64)
}

/// FR-OBS-01: the log goes on over redeployments and over deaths of the agent, without a gap and without a repeat; what was
/// written while the agent was away is there too.
#[tokio::test(flavor = "multi_thread")]
async fn history_survives_redeployments_and_restarts() {
    let (mut stage, repo, application) = Stage::with_web().await;
    stage.deploy_well(application).await;
    let say =
        async |stage: &Stage, word: &str| assert_eq!(stage.get("web", &format!("/say/{word}")).await.0, 200);
    say(&stage, "one").await;
    until_stored(&stage, application, "one").await;

    stage.agent.kill9();
    for word in ["two", "three"] {
        say(&stage, word).await;
    }
    stage.agent.resume().await;
    until_stored(&stage, application, "three").await;
    assert!(stage.agent.stop());
    say(&stage, "four").await;
    stage.agent.resume().await;
    until_stored(&stage, application, "four").await;

    repo.echo_version("2").await;
    stage.deploy_well(application).await;
    say(&stage, "five").await;
    until_stored(&stage, application, "five").await;
    let lines = ask(&stage, everything(application)).await;
    let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    let wanted = [
        "version 1 listens on 8080",
        "one",
        "two",
        "three",
        "four",
        "version 2 listens on 8080",
        "five",
    ];
    assert_eq!(texts, wanted);
    assert!(is_gap_free(&lines), "{lines:?}");
}

/// FR-OBS-01: a search finds what a service wrote that is long gone, by text, expression, level, stream, task and time; the
/// log goes with its application.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_what_a_removed_service_wrote() {
    let (stage, _repo, application) = Stage::with_web().await;
    stage.deploy_well(application).await;
    for word in ["ERROR:the-moon-is-gone", "all-is-well"] {
        stage.get("web", &format!("/say/{word}")).await;
        until_stored(&stage, application, word).await;
    }
    let middle = ask(&stage, everything(application)).await[1].clone();
    let service = stage.agent.engine().services(stage.agent.instance()).await;
    let old: Vec<&str> = service
        .iter()
        .filter_map(|service| service["ID"].as_str())
        .collect();
    for _ in 0..4 {
        stage.deploy_well(application).await;
    }
    let gone = async || {
        let now = stage.agent.engine().services(stage.agent.instance()).await;
        let now: Vec<String> = now
            .iter()
            .filter_map(|service| service["ID"].as_str().map(str::to_owned))
            .collect();
        old.iter()
            .filter(|id| !now.iter().any(|other| other == *id))
            .count()
            == 1
    };
    wait::until("the first service is gone", Duration::from_secs(180), gone).await;

    for request in [
        FollowLogs {
            contains: Some("MOON-IS".to_owned()),
            ..everything(application)
        },
        FollowLogs {
            regex: Some("^ERR.*gone$".to_owned()),
            ..everything(application)
        },
        FollowLogs {
            level: Some(LogLevel::Error),
            tail: Some(5),
            ..FollowLogs::of(application)
        },
        FollowLogs {
            since: Some(middle.at),
            limit: Some(1),
            ..FollowLogs::of(application)
        },
        // As a view of a line reads on, in pages.
        FollowLogs {
            after: Some(1),
            limit: Some(1),
            ..FollowLogs::of(application)
        },
        FollowLogs {
            task: Some(middle.task.clone()),
            before: Some(3),
            tail: Some(1),
            ..FollowLogs::of(application)
        },
    ] {
        assert_eq!(ask(&stage, request).await, std::slice::from_ref(&middle));
    }
    assert!(
        ask(
            &stage,
            FollowLogs {
                until: Some(middle.at),
                contains: Some("moon".to_owned()),
                ..everything(application)
            }
        )
        .await
        .is_empty()
    );
    let refused = stage
        .connection
        .stream(FollowLogs {
            regex: Some("a(".to_owned()),
            ..everything(application)
        })
        .next()
        .await;
    let refused = refused
        .expect("an answer")
        .expect_err("no expression")
        .to_string();
    assert!(refused.contains("regular expression"), "{refused}");

    let folder = stage.agent.data().join("logs").join(application.to_string());
    goes_with(&stage, application, &folder).await;
}

/// A log goes with its application: who is just writing a last line ends a moment later.
async fn goes_with(stage: &Stage, application: ApplicationId, folder: &Path) {
    assert!(folder.exists());
    stage.delete(application).await;
    let gone = async || !folder.exists();
    wait::until("the log is gone", Duration::from_secs(60), gone).await;
}

/// FR-OBS-01, FR-DEP-13, FR-BLD-05: a build's log is searched in the agent, also after its death in the middle of the build and a restart; no line is
/// there twice; a search that is followed meanwhile finds the same and ends with the deployment; the log goes with its application.
#[tokio::test(flavor = "multi_thread")]
async fn a_builds_log_is_searched_and_outlives_the_agent() {
    let mut stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    repo.echo_with_long_build("1", 60, 100).await;
    let application = stage.application(environment, "web", &repo.url()).await.id;
    let deployment = stage.request(application).await.id;
    let search = ReadDeploymentLog {
        regex: Some("line [0-9]+ of 60$".to_owned()),
        ..all_of(deployment)
    };
    let mut events = stage.connection.follow_deployment_log(search.clone());
    let mut found = Vec::new();
    while !found
        .iter()
        .any(|line: &ContainerLogLine| line.text.ends_with("line 5 of 60"))
    {
        found.extend(more(&mut events).await.expect("it goes on"));
    }
    let before = ask(&stage, all_of(deployment)).await;
    stage.agent.kill9();
    stage.agent.resume().await;
    let ended = stage.end_of(deployment).await;
    assert_eq!(ended.failure, None);
    while let Some(lines) = more(&mut events).await {
        found.extend(lines);
    }
    assert_eq!(
        found,
        ask(&stage, search).await,
        "what was found live, over the agent's death"
    );
    let whole = ask(&stage, all_of(deployment)).await;
    assert!(is_gap_free(&whole), "{whole:?}");
    assert_eq!(
        whole[..before.len()],
        before,
        "what was read is still what it was"
    );
    let followed = stage.lines(deployment, None).await;
    let texts = |lines: &[ContainerLogLine]| lines.iter().map(|line| line.text.clone()).collect::<Vec<_>>();
    assert_eq!(
        texts(&whole),
        followed.into_iter().map(|line| line.text).collect::<Vec<_>>()
    );

    assert!(stage.agent.stop());
    stage.agent.resume().await;
    // By asking until it answers again.
    stage.end_of(deployment).await;
    is_searched(&stage, deployment, &whole).await;
    let logs = stage.agent.data().join("logs");
    let folder = logs.join(format!("deployment-{deployment}"));
    goes_with(&stage, application, &folder).await;
}

/// By an expression, by text, time, step and level; `whole` is the log.
async fn is_searched(stage: &Stage, deployment: DeploymentId, whole: &[ContainerLogLine]) {
    let regex = ReadDeploymentLog {
        regex: Some("line (59|60) of 60$".to_owned()),
        ..all_of(deployment)
    };
    let found = ask(stage, regex).await;
    assert!(found.len() >= 2, "{found:?}");
    assert!(
        found
            .iter()
            .all(|line| line.task == "build" && whole.contains(line))
    );
    let last = found.last().expect("a line").clone();
    for (request, wanted) in [
        (
            ReadDeploymentLog {
                contains: Some("LINE 60 OF".to_owned()),
                tail: Some(1),
                ..ReadDeploymentLog::of(deployment)
            },
            true,
        ),
        (
            ReadDeploymentLog {
                since: Some(last.at),
                step: Some(Step::Build),
                limit: Some(1),
                ..ReadDeploymentLog::of(deployment)
            },
            true,
        ),
        (
            ReadDeploymentLog {
                contains: Some("of 60".to_owned()),
                step: Some(Step::Gate),
                ..all_of(deployment)
            },
            false,
        ),
        (
            ReadDeploymentLog {
                contains: Some("of 60".to_owned()),
                level: Some(LogLevel::Fatal),
                ..all_of(deployment)
            },
            false,
        ),
    ] {
        let found = ask(stage, request).await;
        assert_eq!(found.first(), wanted.then_some(&last), "{found:?}");
    }
}

/// The whole log of a deployment, as far as it is kept.
fn all_of(deployment: DeploymentId) -> ReadDeploymentLog {
    ReadDeploymentLog {
        after: Some(0),
        ..ReadDeploymentLog::of(deployment)
    }
}

/// NFR-P7, NFR-R3, FR-OBS-01: a container that prints as fast as it can does not make the agent grow; each line is stored
/// or counted, and another application's log is not disturbed.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_lines_is_bounded_and_counted() {
    /// More than the engine keeps: what it has thrown away before the agent could read it, nobody can count.
    const MEBIBYTES: u64 = 120;
    /// As much as the engine keeps.
    const COUNTED: u64 = 20;
    /// What the agent may grow by, in bytes.
    const GROWTH: u64 = 48 << 20;
    let stage = Stage::set().await;
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let loud = stage.application(environment, "loud", &repo.url()).await.id;
    let quiet = stage.application(environment, "quiet", &repo.url()).await.id;
    stage.deploy_well(loud).await;
    stage.deploy_well(quiet).await;
    until_stored(&stage, quiet, "version 1 listens on 8080").await;
    let before = stage.agent.resident();
    stage.agent.forget_peak();

    stage.get("loud", &format!("/flood/{MEBIBYTES}/128")).await;
    stage.get("quiet", "/say/hello").await;
    until_stored(&stage, quiet, "hello").await;
    let all = read_flood(&stage, loud, 0).await;
    let printed = MEBIBYTES * (1 << 20) / 128;
    let sum = all.stored + all.counted;
    assert!(
        sum == printed || all.uncounted && sum < printed,
        "{all:?} of {printed}"
    );
    let peak = stage.agent.peak();
    assert!(
        peak < before + GROWTH,
        "{} MiB, before {} MiB",
        peak >> 20,
        before >> 20
    );
    stage.get("loud", &format!("/flood/{COUNTED}/128")).await;
    let more = read_flood(&stage, loud, all.last).await;
    assert_eq!(
        (more.stored + more.counted, more.uncounted),
        (COUNTED * (1 << 20) / 128, false),
        "{more:?}"
    );
    let lines = ask(&stage, everything(quiet)).await;
    assert!(is_gap_free(&lines) && lines.iter().any(|line| line.text == "hello"));
}

/// What came of a flood: lines that are there, lines that are said to be missing, and whether some are missing without a number.
#[derive(Debug, Default)]
struct Flood {
    stored: u64,
    counted: u64,
    uncounted: bool,
    last: u64,
}

/// Reads to the end of a flood, from behind a line on.
async fn read_flood(stage: &Stage, application: ApplicationId, after: u64) -> Flood {
    let mut events = stage.connection.follow_logs(application, None, Some(after));
    let mut flood = Flood {
        last: after,
        ..Flood::default()
    };
    let reading = async {
        while let Some(event) = events.next().await {
            let ContainerLogEvent::Lines(lines) = event.expect("lines") else {
                continue;
            };
            for line in lines {
                match line.missing {
                    Some(missing) => {
                        flood.counted += missing.lines.unwrap_or(0);
                        flood.uncounted |= missing.lines.is_none();
                    }
                    None => {
                        assert_eq!(line.sequence, flood.last + 1);
                        flood.stored += u64::from(line.text.len() > 100);
                    }
                }
                flood.last = line.sequence;
                if line.text == "flood ends" {
                    return;
                }
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(900), reading)
        .await
        .expect("the flood ends");
    flood
}
