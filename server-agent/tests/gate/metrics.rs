//! Metrics as they are written, rolled up, answered and taken away; by a clock of the test's own.

use chrono::{DateTime, Utc};
use slipway_agent::db::metrics;
use slipway_agent::domain::metrics::series::{NODE_SERIES, Of, OfNode, SERIES};
use slipway_agent::domain::metrics::track::Track;
use slipway_agent::metrics::rows;
use slipway_protocol::api::{DeleteApplication, GetApplicationMetrics, GetNodeMetrics};
use slipway_protocol::metric::Series;
use slipway_protocol::{ApplicationId, ErrorCode};

use crate::examples::Things;
use crate::stage::{As, Stage, with_stage};

fn in_the_last(application: ApplicationId, seconds: u32) -> GetApplicationMetrics {
    GetApplicationMetrics {
        application,
        from: None,
        to: None,
        last: Some(seconds),
    }
}

/// So many seconds of looks that end now, one each ten, written each minute: one core, a request in each, and two of them failed.
async fn recorded(stage: &Stage, application: ApplicationId, seconds: i64) -> i64 {
    let now = Utc::now().timestamp();
    let now = now - now.rem_euclid(10);
    let (mut track, mut node) = (Track::<SERIES>::default(), Track::<NODE_SERIES>::default());
    for at in (now - seconds..now).step_by(10) {
        let mut values = [None; SERIES];
        values[Of::Cpu as usize] = Some(if at == now - seconds { 7.0 } else { 1.0 });
        values[Of::Requests as usize] = Some(0.1);
        values[Of::Waiting as usize] = Some(0.02);
        values[Of::Latency as usize] = Some(200.0);
        values[Of::Restarts as usize] = Some(if at + 20 >= now { 1.0 } else { 0.0 });
        track.add(at, &values);
        let mut values = [None; NODE_SERIES];
        values[OfNode::Cpu as usize] = Some(50.0);
        node.add(at, &values);
        if at % 60 == 50 || at + 10 >= now {
            let (of_node, of_application) = (rows(None, &node), rows(Some(application), &track));
            let written = metrics::write(&stage.app.db, &of_node, &of_application);
            written.await.unwrap();
            track.written();
            node.written();
        }
    }
    now
}

fn only(series: &Series) -> (Option<f32>, Option<f32>) {
    (series.overall(), series.peak())
}

/// FR-OBS-03: what was recorded is answered finely for minutes and coarsely for days, with the same mean and the same largest value;
/// before it began there is a gap.
#[tokio::test]
async fn what_was_recorded_is_answered() {
    with_stage(async |stage| {
        let who = stage.owner.asks();
        let Things { application, .. } = stage.things(&who).await;
        recorded(stage, application, 5_400).await;

        let fine = stage.call(&who, in_the_last(application, 3_600)).await;
        assert_eq!(fine.step, 10);
        assert_eq!(only(&fine.cpu), (Some(1.0), Some(1.0)));
        assert_eq!(only(&fine.requests), (Some(0.1), Some(0.1)));
        assert!(
            fine.latency
                .overall()
                .is_some_and(|mean| (mean - 200.0).abs() < 0.1)
        );
        assert_eq!(fine.latency.peak(), Some(200.0));
        assert_eq!(only(&fine.memory), (None, None), "nothing was said of it");
        assert_eq!(fine.restarts, 2);
        assert!(fine.tasks.is_empty());

        for (last, step) in [
            (21_600, 60),
            (86_400, 300),
            (7 * 86_400, 1_800),
            (30 * 86_400, 7_200),
        ] {
            let coarse = stage.call(&who, in_the_last(application, last)).await;
            assert_eq!(coarse.step, step);
            let points = &coarse.cpu.mean;
            assert!(points.len() <= 402, "{} points", points.len());
            assert_eq!(points[0], None, "it had not begun");
            assert_eq!(coarse.cpu.peak(), Some(7.0), "the largest value is kept");
            assert!(coarse.cpu.now().is_some_and(|now| (1.0..1.2).contains(&now)));
            assert_eq!(coarse.restarts, 2);
        }
        let node = GetNodeMetrics {
            from: None,
            to: None,
            last: Some(900),
        };
        let node = stage.call(&stage.stranger.asks(), node).await;
        assert_eq!(only(&node.cpu), (Some(50.0), Some(50.0)));
        assert!(node.cores > 0 && !node.node.is_empty());
    })
    .await;
}

/// FR-OBS-03, FR-IAM-08: another team sees nothing of it, nor who is not signed in; a time that is none is refused with a sentence.
#[tokio::test]
async fn metrics_belong_to_their_team() {
    with_stage(async |stage| {
        let Things { application, .. } = stage.things(&stage.owner.asks()).await;
        recorded(stage, application, 600).await;
        let asked = in_the_last(application, 600);
        let viewer = stage.call(&stage.viewer.asks(), asked.clone()).await;
        assert!(viewer.cpu.overall().is_some());
        let stranger = stage.ask(&stage.stranger.asks(), asked.clone()).await;
        stranger.problem(ErrorCode::NotFound, "another team's application");
        let nobody = stage.ask(&As::nobody(), asked.clone()).await;
        nobody.problem(ErrorCode::Unauthenticated, "nobody");
        let turned = GetApplicationMetrics {
            from: Some(Utc::now()),
            to: Some(DateTime::UNIX_EPOCH),
            ..asked
        };
        let turned = stage.ask(&stage.owner.asks(), turned).await;
        turned.problem(ErrorCode::Invalid, "a time that is none");
    })
    .await;
}

/// FR-OBS-03: each step is kept as long as it should be, and nothing of an application that is gone.
#[tokio::test]
async fn what_is_too_old_is_taken_away() {
    with_stage(async |stage| {
        let who = stage.owner.asks();
        let Things {
            application, marker, ..
        } = stage.things(&who).await;
        let now = recorded(stage, application, 7_200).await;
        let hour = 3_600;
        let mut before = kept(stage).await;
        assert!(
            before[0] == 720 && before[1] >= 120 && before[2] >= 8,
            "{before:?}"
        );
        for (later, left) in [(hour, 3), (3 * hour, 2), (51 * hour, 1), (31 * 24 * hour, 0)] {
            let mut connection = stage.app.db.pool().acquire().await.unwrap();
            metrics::prune(&mut connection, now + later).await.unwrap();
            let now = kept(stage).await;
            for (step, count) in now.iter().enumerate() {
                assert_eq!(*count > 0, step + left >= 3, "after {later} s: {now:?}");
            }
            assert!(now[0] < before[0] || left < 3, "{now:?}");
            before = now;
        }
        recorded(stage, application, 60).await;
        let delete = DeleteApplication {
            application,
            confirm: Some(marker),
        };
        stage.call(&who, delete).await;
        recorded(stage, application, 60).await;
        assert_eq!(kept(stage).await, [0, 0, 0], "it is gone");
    })
    .await;
}

/// FR-OBS-03: after a restart of the agent the minute and the quarter of an hour go on where they were.
#[tokio::test]
async fn an_earlier_life_is_gone_on_with() {
    with_stage(async |stage| {
        let Things { application, .. } = stage.things(&stage.owner.asks()).await;
        let now = recorded(stage, application, 900).await;
        let mut connection = stage.app.db.pool().acquire().await.unwrap();
        let last = now - 10;
        let quarter = last - last.rem_euclid(900);
        let found = metrics::all_at(&mut connection, 900, quarter).await.unwrap();
        let [(id, point)] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(*id, application);
        assert_eq!(i64::from(point.samples), (now - quarter) / 10);
        assert_eq!(point.mean[Of::Memory as usize], None);
        let node = metrics::of_node(&mut connection, 900, quarter, quarter + 900)
            .await
            .unwrap();
        assert_eq!(node.len(), 1);
    })
    .await;
}

/// How many points there are of ten seconds, a minute and a quarter of an hour, of applications.
async fn kept(stage: &Stage) -> [i64; 3] {
    let mut all = [0; 3];
    for (place, step) in [10_i16, 60, 900].into_iter().enumerate() {
        all[place] = sqlx::query_scalar("select count(*) from application_metrics where step = $1")
            .bind(step)
            .fetch_one(stage.app.db.pool())
            .await
            .unwrap();
    }
    all
}
