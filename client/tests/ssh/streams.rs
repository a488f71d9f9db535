//! Streams over links that are lost under them: what is followed goes on without a gap or a repeat, and a part never looks like all.

use std::sync::atomic::Ordering;

use futures_util::StreamExt;
use slipway_client::Connection;
use slipway_protocol::api::{FollowLogs, ReadDeploymentLog};
use slipway_protocol::log_line::{ContainerLogEvent, DeploymentEvent};

use crate::stage::{Stage, behind_a_proxy};
use crate::support::fake_agent::LINES;
use crate::support::proxy::Proxy;
use crate::support::{LONG, is_up, state};

/// Cuts the link, and lets it come back once it is known to be lost. Streams say their lines up to one from then on: what is behind that comes
/// over another link, however far the lines are ahead of who reads them.
async fn lose(stage: &Stage, connection: &Connection, proxy: &Proxy, up_to: u64) {
    proxy.cut();
    state(connection, LONG, |now| !is_up(now)).await;
    stage.agent.seen.up_to.store(up_to, Ordering::SeqCst);
    proxy.restore();
}

/// FR-CON-08: a cut link comes back by itself, and a followed deployment goes on without gap or repeat.
#[tokio::test(flavor = "multi_thread")]
async fn a_followed_deployment_survives_lost_links() {
    let stage = Stage::known("");
    let (proxy, profile) = behind_a_proxy(&stage).await;
    let connection = stage.signed_in(&profile).await;
    stage.agent.seen.up_to.store(45, Ordering::SeqCst);
    let mut events =
        connection.follow_deployment("018f0000-0000-7000-8000-000000000002".parse().unwrap(), None);
    let mut lines = Vec::new();
    let mut ended = false;
    while let Some(event) = events.next().await {
        match event.unwrap() {
            DeploymentEvent::Line(line) => {
                lines.push(line.sequence);
                if line.sequence % 40 == 0 {
                    lose(&stage, &connection, &proxy, line.sequence + 45).await;
                }
            }
            DeploymentEvent::Changed(view) => ended = view.status.is_final(),
            DeploymentEvent::Ping => {}
        }
    }
    assert!(ended);
    assert_eq!(lines, (1..=LINES).collect::<Vec<_>>());
    assert!(
        stage.agent.seen.asked_after.lock().unwrap().len() >= 3,
        "the link was really lost"
    );
}

/// FR-CON-08: the same for what containers write, with replicas that write at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn followed_logs_survive_lost_links() {
    let stage = Stage::known("");
    let (proxy, profile) = behind_a_proxy(&stage).await;
    let connection = stage.signed_in(&profile).await;
    stage.agent.seen.up_to.store(55, Ordering::SeqCst);
    let mut events = connection.follow_logs(
        "018f0000-0000-7000-8000-000000000003".parse().unwrap(),
        Some(1000),
        None,
    );
    let mut texts = Vec::new();
    while texts.len() < usize::try_from(LINES).unwrap() {
        match events.next().await.unwrap().unwrap() {
            ContainerLogEvent::Lines(lines) => texts.extend(lines.into_iter().map(|line| line.text)),
            ContainerLogEvent::Ping | ContainerLogEvent::Ended => {}
        }
        if texts.len() == 50 {
            lose(&stage, &connection, &proxy, LINES).await;
        }
    }
    assert_eq!(
        texts,
        (1..=LINES).map(|n| format!("line {n}")).collect::<Vec<_>>()
    );
    assert!(
        stage.agent.seen.asked_after.lock().unwrap().len() >= 2,
        "the link was really lost"
    );
}

/// FR-CON-08, FR-OBS-01: the same for what is looked for in a deployment's log, until the deployment has ended.
#[tokio::test(flavor = "multi_thread")]
async fn a_followed_search_survives_lost_links_and_ends() {
    let stage = Stage::known("");
    let (proxy, profile) = behind_a_proxy(&stage).await;
    let connection = stage.signed_in(&profile).await;
    let deployment = "018f0000-0000-7000-8000-000000000002".parse().unwrap();
    let search = ReadDeploymentLog {
        contains: Some("line".to_owned()),
        tail: Some(1000),
        ..ReadDeploymentLog::of(deployment)
    };
    stage.agent.seen.up_to.store(55, Ordering::SeqCst);
    let mut events = connection.follow_deployment_log(search);
    let (mut sequences, mut ended) = (Vec::new(), false);
    while let Some(event) = events.next().await {
        match event.unwrap() {
            ContainerLogEvent::Lines(lines) => sequences.extend(lines.iter().map(|line| line.sequence)),
            ContainerLogEvent::Ping => {}
            ContainerLogEvent::Ended => ended = true,
        }
        if sequences.len() == 50 && !ended {
            lose(&stage, &connection, &proxy, LINES).await;
        }
    }
    assert!(ended);
    assert_eq!(sequences, (1..=LINES).collect::<Vec<_>>());
    assert!(
        stage.agent.seen.asked_after.lock().unwrap().len() >= 2,
        "the link was really lost"
    );
}

/// FR-CON-08, FR-OBS-01: a log that is read whole, as for a file, has neither a gap nor a repeat where the link is lost under it, and ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_log_is_read_across_lost_links() {
    let stage = Stage::known("");
    let (proxy, profile) = behind_a_proxy(&stage).await;
    let connection = stage.signed_in(&profile).await;
    let of_application = FollowLogs {
        after: Some(0),
        ..FollowLogs::of("018f0000-0000-7000-8000-000000000003".parse().unwrap())
    };
    let of_deployment = ReadDeploymentLog {
        after: Some(0),
        ..ReadDeploymentLog::of("018f0000-0000-7000-8000-000000000002".parse().unwrap())
    };
    // Each is asked for when it is read.
    for mut events in [
        connection.read_logs(of_application),
        connection.read_deployment_log(of_deployment),
    ] {
        stage.agent.seen.up_to.store(45, Ordering::SeqCst);
        stage.agent.seen.asked_after.lock().unwrap().clear();
        let mut numbers = Vec::new();
        while let Some(event) = events.next().await {
            let ContainerLogEvent::Lines(lines) = event.unwrap() else {
                continue;
            };
            numbers.extend(lines.iter().map(|line| line.sequence));
            if numbers.len().is_multiple_of(40) {
                let up_to = u64::try_from(numbers.len()).unwrap() + 45;
                lose(&stage, &connection, &proxy, up_to).await;
            }
        }
        assert_eq!(numbers, (1..=LINES).collect::<Vec<_>>());
        let asked = stage.agent.seen.asked_after.lock().unwrap().clone();
        assert!(
            asked.len() >= 3 && asked[0] == Some(0) && asked[1..].iter().all(|after| *after >= Some(40)),
            "the link was really lost: {asked:?}"
        );
    }
}

/// FR-CON-08, FR-OBS-01: a log that the agent breaks off is read on behind its last line; where it breaks off there again and again that is said:
/// a part of a log never looks like all of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_breaks_off_does_not_look_whole() {
    let stage = Stage::known("");
    let connection = stage.signed_in(&stage.by_key()).await;
    let seen = &stage.agent.seen;
    let of_application = FollowLogs {
        after: Some(0),
        ..FollowLogs::of("018f0000-0000-7000-8000-000000000003".parse().unwrap())
    };
    let of_deployment = ReadDeploymentLog {
        after: Some(0),
        ..ReadDeploymentLog::of("018f0000-0000-7000-8000-000000000002".parse().unwrap())
    };
    for times in [2, u32::MAX] {
        for mut events in [
            connection.read_logs(of_application.clone()),
            connection.read_deployment_log(of_deployment.clone()),
            connection.follow_deployment_log(of_deployment.clone()),
        ] {
            *seen.breaks_before.lock().unwrap() = (41, times);
            seen.asked_after.lock().unwrap().clear();
            let (mut numbers, mut error) = (Vec::new(), None);
            while let Some(event) = events.next().await {
                match event {
                    Ok(ContainerLogEvent::Lines(lines)) => {
                        numbers.extend(lines.iter().map(|line| line.sequence));
                    }
                    Ok(ContainerLogEvent::Ping | ContainerLogEvent::Ended) => {}
                    Err(broken) => error = Some(broken.to_string()),
                }
            }
            let asked = seen.asked_after.lock().unwrap().clone();
            assert!(asked.len() >= 3, "{asked:?}");
            if times == 2 {
                assert_eq!((numbers, error), ((1..=LINES).collect::<Vec<_>>(), None));
            } else {
                assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
                let error = error.expect("what came is not all");
                assert!(error.contains("broke off"), "{error}");
            }
        }
    }
}
