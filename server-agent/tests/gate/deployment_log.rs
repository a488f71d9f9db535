//! What is looked for in a deployment's log, and followed.

use std::sync::Arc;
use std::time::Duration;

use axum::body::BodyDataStream;
use futures_util::StreamExt;
use slipway_agent::logs::{AppLog, Batch, Line};
use slipway_protocol::Role;
use slipway_protocol::api::{FollowDeployment, FollowLogs, ReadDeploymentLog, SignOut};
use slipway_protocol::deployment::DeploymentStatus;
use slipway_protocol::log_line::{ContainerLogEvent, DeploymentEvent, LogStream};

use crate::stage::with_stage;

/// So long an event may take.
const LIMIT: Duration = Duration::from_secs(60);

/// The events of a stream.
struct Events {
    body: BodyDataStream,
    rest: Vec<u8>,
}

impl Events {
    fn of(body: BodyDataStream) -> Self {
        let rest = Vec::new();
        Self { body, rest }
    }

    /// The next one that says more than that the link is alive; nothing at the end.
    async fn next(&mut self) -> Option<ContainerLogEvent> {
        loop {
            match serde_json::from_slice(&self.line().await?).expect("an event") {
                ContainerLogEvent::Ping => {}
                event => return Some(event),
            }
        }
    }

    /// The next one as it comes.
    async fn line(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                return Some(self.rest.drain(..=end).collect());
            }
            let more = tokio::time::timeout(LIMIT, self.body.next()).await;
            let more = more.expect("an event in time")?;
            self.rest.extend_from_slice(&more.expect("a piece of the stream"));
        }
    }

    /// The numbers of the lines that come, so many of them.
    async fn lines(&mut self, count: usize) -> Vec<u64> {
        let mut numbers = Vec::new();
        while numbers.len() < count {
            match self.next().await {
                Some(ContainerLogEvent::Lines(lines)) => {
                    numbers.extend(lines.iter().map(|line| line.sequence));
                }
                other => panic!("{other:?} behind {numbers:?}"),
            }
        }
        numbers
    }

    /// What comes yet is not all, and does not look like it.
    async fn assert_breaks_off(&mut self) {
        loop {
            let more = tokio::time::timeout(LIMIT, self.body.next()).await;
            match more.expect("it breaks off in time") {
                Some(Ok(_)) => {}
                Some(Err(_)) => return,
                None => panic!("it ends as if it were whole"),
            }
        }
    }

    async fn assert_ends(&mut self) {
        assert_eq!(self.next().await, Some(ContainerLogEvent::Ended));
        assert_eq!(self.next().await, None);
    }
}

/// Lines of the build, as the deployment would say them.
async fn say(log: &Arc<AppLog>, texts: &[&str]) {
    let mut batch = Batch::default();
    for text in texts {
        let line = Line {
            at: 1_767_323_045_000_000_000,
            task: "build",
            stream: LogStream::Stdout,
            level: None,
            text,
            missing: None,
        };
        assert!(batch.push(line));
    }
    assert!(log.offer(batch).is_ok());
    assert!(log.written(LIMIT).await);
}

/// FR-OBS-01, FR-DEP-13: what is looked for in the log of a deployment that goes on arrives as it is written, with its number; asked for again
/// behind a line it goes on there; the end is told when the deployment has ended, or when all that was asked for has come.
#[tokio::test]
async fn a_followed_search_ends_with_its_deployment() {
    with_stage(async |stage| {
        let owner = stage.owner.asks();
        let deployment = stage.things(&owner).await.deployment;
        let log = stage.app.logs.of(deployment).unwrap();
        let search = ReadDeploymentLog {
            after: Some(0),
            follow: Some(true),
            contains: Some("ERROR".to_owned()),
            ..ReadDeploymentLog::of(deployment)
        };
        let mut events = Events::of(stage.stream(&owner, search.clone()).await);
        say(&log, &["begins", "an error", "goes on"]).await;
        assert_eq!(events.lines(1).await, [2]);
        say(&log, &["goes on", "another error", "one more error"]).await;
        assert_eq!(events.lines(2).await, [5, 6]);

        let first = ReadDeploymentLog {
            limit: Some(1),
            ..search.clone()
        };
        let mut first = Events::of(stage.stream(&owner, first).await);
        assert_eq!(first.lines(1).await, [2]);
        first.assert_ends().await;
        let resumed = ReadDeploymentLog {
            after: Some(2),
            ..search.clone()
        };
        let mut resumed = Events::of(stage.stream(&owner, resumed).await);
        assert_eq!(resumed.lines(2).await, [5, 6]);

        say(&log, &["the last error", "it ends"]).await;
        let end = format!("update deployments set status = 'failed' where id = '{deployment}'");
        stage.execute(&end).await;
        for events in [&mut events, &mut resumed] {
            assert_eq!(events.lines(1).await, [7]);
            events.assert_ends().await;
        }
        let mut late = Events::of(stage.stream(&owner, search).await);
        assert_eq!(late.lines(4).await, [2, 5, 6, 7]);
        late.assert_ends().await;
    })
    .await;
}

/// FR-DEP-13, NFR-R3: where its log cannot be opened a deployment is followed all the same: one line says so, which takes no number of the
/// log's own lines, and its end is told.
#[tokio::test]
async fn a_deployment_is_followed_without_its_log() {
    with_stage(async |stage| {
        let owner = stage.owner.asks();
        let deployment = stage.things(&owner).await.deployment;
        let folder = stage
            .app
            .config
            .logs_dir()
            .join(format!("deployment-{deployment}"));
        std::fs::write(&folder, "it is in the way").unwrap();
        let after = Some(7);
        let follow = FollowDeployment { deployment, after };
        let mut events = Events::of(stage.stream(&owner, follow).await);
        let (mut lines, mut states, mut asked) = (Vec::new(), Vec::new(), false);
        while let Some(event) = events.line().await {
            match serde_json::from_slice(&event).expect("an event") {
                DeploymentEvent::Line(line) => lines.push((line.is_instead(), line.text)),
                DeploymentEvent::Changed(view) => states.push(view.status),
                DeploymentEvent::Ping => {}
            }
            if !states.is_empty() && !std::mem::replace(&mut asked, true) {
                let end = format!("update deployments set status = 'failed' where id = '{deployment}'");
                stage.execute(&end).await;
            }
        }
        states.dedup();
        assert_eq!(states, [DeploymentStatus::Queued, DeploymentStatus::Failed]);
        let [(instead, text)] = &lines[..] else {
            panic!("one line: {lines:?}");
        };
        assert!(*instead && text.contains("log cannot be opened"), "{text}");
    })
    .await;
}

/// FR-DEP-13, FR-OBS-01: whoever follows a deployment whose log cannot be opened is told its lines in the same stream as soon as it can be: all
/// behind the one that was asked for, those that come and each once.
#[tokio::test]
async fn a_log_that_can_be_read_again_is_followed_on() {
    with_stage(async |stage| {
        let owner = stage.owner.asks();
        let deployment = stage.things(&owner).await.deployment;
        let folder = stage
            .app
            .config
            .logs_dir()
            .join(format!("deployment-{deployment}"));
        std::fs::write(&folder, "it is in the way").unwrap();
        let after = Some(1);
        let follow = FollowDeployment { deployment, after };
        let mut events = Events::of(stage.stream(&owner, follow).await);
        let (mut numbers, mut instead) = (Vec::new(), 0);
        let (mut written, mut ended) = (None, false);
        while let Some(event) = events.line().await {
            match serde_json::from_slice(&event).expect("an event") {
                DeploymentEvent::Line(line) if line.is_instead() => instead += 1,
                DeploymentEvent::Line(line) => numbers.push(line.sequence),
                DeploymentEvent::Changed(_) if written.is_none() => {
                    std::fs::remove_file(&folder).unwrap();
                    let log = stage.app.logs.of(deployment).unwrap();
                    say(&log, &["one", "two", "three"]).await;
                    written = Some(log);
                }
                DeploymentEvent::Changed(_) | DeploymentEvent::Ping => {}
            }
            if let Some(log) = &written
                && numbers.last() == Some(&3)
                && !std::mem::replace(&mut ended, true)
            {
                say(log, &["four"]).await;
                let end = format!("update deployments set status = 'failed' where id = '{deployment}'");
                stage.execute(&end).await;
            }
        }
        assert_eq!((instead, numbers), (1, vec![2, 3, 4]));
    })
    .await;
}

/// FR-OBS-01, FR-DEP-13: a log that cannot be read on breaks off, followed or not: the part that was read does not look like all of it.
#[tokio::test]
async fn what_cannot_be_read_on_breaks_off() {
    with_stage(async |stage| {
        let owner = stage.owner.asks();
        let deployment = stage.things(&owner).await.deployment;
        let log = stage.app.logs.of(deployment).unwrap();
        say(&log, &["one", "two"]).await;
        log.rest();
        let newest = || {
            let index = log.index();
            let piece = index.pieces.last().expect("a file");
            piece.path(log.folder())
        };
        let is_compressed = async {
            while newest().extension().is_none_or(|ending| ending != "log") {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(LIMIT, is_compressed)
            .await
            .expect("it rests in time");
        // These stand in a file of their own.
        say(&log, &["three"]).await;
        std::fs::remove_file(newest()).unwrap();
        for follow in [None, Some(true)] {
            let request = ReadDeploymentLog {
                after: Some(0),
                follow,
                ..ReadDeploymentLog::of(deployment)
            };
            let mut events = Events::of(stage.stream(&owner, request).await);
            assert_eq!(events.lines(2).await, [1, 2]);
            events.assert_breaks_off().await;
        }
    })
    .await;
}

/// FR-OBS-01, FR-IAM-01: whoever may not read a log any more is cut off, and told so: for them it has not ended.
#[tokio::test]
async fn a_right_that_ends_is_no_end_of_a_log() {
    with_stage(async |stage| {
        let owner = stage.owner.asks();
        let application = stage.things(&owner).await.application;
        let person = stage.newcomer(Role::Developer).await.asks();
        let request = FollowLogs {
            follow: Some(true),
            ..FollowLogs::of(application)
        };
        let mut events = Events::of(stage.stream(&person, request).await);
        stage.call(&person, SignOut {}).await;
        events.assert_breaks_off().await;
    })
    .await;
}
