//! Logs are streams that go on where the reader stopped.

use std::time::Duration;

use acceptance::git_repo::GitRepo;
use acceptance::stage::Stage;
use futures_util::StreamExt;
use slipway_protocol::log_line::{ContainerLogEvent, DeploymentEvent};
use slipway_protocol::{ApplicationId, DeploymentId};

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
    let seen = tokio::time::timeout(Duration::from_secs(120), reader)
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
            if let ContainerLogEvent::Line(line) = event.expect("a line") {
                let end = line.text == last;
                seen.push((line.sequence, line.text));
                if end {
                    break;
                }
            }
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(30), reading)
        .await
        .is_ok();
    assert!(in_time, "“{last}” did not arrive; seen: {seen:?}");
    seen
}
