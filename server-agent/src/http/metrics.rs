//! Metrics of applications, and of the node.

use chrono::{DateTime, Utc};
use slipway_protocol::api::{GetApplicationMetrics, GetNodeMetrics};
use slipway_protocol::metric::{ApplicationMetrics, NodeMetrics, Series};

use super::applications::row;
use super::{ApiError, Call};
use crate::db::metrics;
use crate::domain::metrics::bucket::Point;
use crate::domain::metrics::series::{Of, OfNode, SERIES};
use crate::domain::metrics::window::{Window, series};
use crate::terminals::node;

/// The time that is answered where nobody says which, in seconds.
const LAST: u32 = 3_600;

pub async fn get_application_metrics(
    call: Call,
    request: GetApplicationMetrics,
) -> Result<ApplicationMetrics, ApiError> {
    let application = request.application;
    let mut tx = call.begin().await?;
    row(&mut tx, application).await?;
    let window = window(request.from, request.to, request.last)?;
    let mut points =
        metrics::of_application(&mut tx, application, window.base, window.from, window.to).await?;
    drop(tx);
    points.extend(call.app.metrics.points(application, window.base));
    let points = window.lay_out(points);
    let of = |place: Of| series(&points, place as usize);
    Ok(ApplicationMetrics {
        from: time(window.from),
        step: u32::try_from(window.step).unwrap_or(u32::MAX),
        cpu: of(Of::Cpu),
        memory: of(Of::Memory),
        memory_limit: of(Of::MemoryLimit),
        received: of(Of::Received),
        sent: of(Of::Sent),
        requests: of(Of::Requests),
        errors: of(Of::Errors),
        latency: latency(&points),
        restarts: restarts(&points),
        tasks: call.app.metrics.tasks(application),
    })
}

pub async fn get_node_metrics(call: Call, request: GetNodeMetrics) -> Result<NodeMetrics, ApiError> {
    let window = window(request.from, request.to, request.last)?;
    // The node is nobody's, as in its health.
    let mut connection = call.app.db.pool().acquire().await?;
    let mut points = metrics::of_node(&mut connection, window.base, window.from, window.to).await?;
    drop(connection);
    points.extend(call.app.metrics.node_points(window.base));
    let points = window.lay_out(points);
    let of = |place: OfNode| series(&points, place as usize);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(NodeMetrics {
        node: node::host_name(),
        cores: u32::try_from(cores).unwrap_or(u32::MAX),
        from: time(window.from),
        step: u32::try_from(window.step).unwrap_or(u32::MAX),
        cpu: of(OfNode::Cpu),
        memory: of(OfNode::Memory),
        memory_total: of(OfNode::MemoryTotal),
        load: of(OfNode::Load),
        received: of(OfNode::Received),
        sent: of(OfNode::Sent),
        docker_disk: of(OfNode::DockerDisk),
        docker_disk_total: of(OfNode::DockerDiskTotal),
        state_disk: of(OfNode::StateDisk),
        state_disk_total: of(OfNode::StateDiskTotal),
    })
}

fn window(
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    last: Option<u32>,
) -> Result<Window, ApiError> {
    let now = Utc::now().timestamp();
    let to = to.map_or(now, |to| to.timestamp());
    let last = i64::from(last.unwrap_or(LAST));
    let from = from.map_or(to.saturating_sub(last), |from| from.timestamp());
    Window::of(from, to, now).ok_or_else(|| {
        ApiError::invalid("The time that is asked for has to begin before it ends, and to lie in the last 30 days; choose another.")
    })
}

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

/// Over a longer time each request counts as much as another, not each ten seconds.
fn latency(points: &[Point<SERIES>]) -> Series {
    let mean = |point: &Point<SERIES>| {
        let requests = point.mean[Of::Requests as usize].filter(|requests| *requests > 0.0)?;
        Some(point.mean[Of::Waiting as usize]? * 1_000.0 / requests)
    };
    Series {
        mean: points.iter().map(mean).collect(),
        ..series(points, Of::Latency as usize)
    }
}

fn restarts(points: &[Point<SERIES>]) -> u32 {
    let of = |point: &Point<SERIES>| {
        let mean = f64::from(point.mean[Of::Restarts as usize]?);
        Some(mean * f64::from(point.samples))
    };
    points.iter().filter_map(of).sum::<f64>().round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-03: a busy time weighs more than a quiet one in the latency; restarts are counted, not averaged.
    #[test]
    fn requests_weigh_and_restarts_count() {
        let mut point = Point {
            at: 0,
            samples: 90,
            mean: [None; SERIES],
            most: [None; SERIES],
        };
        let none = point.clone();
        point.mean[Of::Requests as usize] = Some(10.0);
        point.mean[Of::Waiting as usize] = Some(0.5);
        point.mean[Of::Restarts as usize] = Some(2.0 / 90.0);
        point.most[Of::Latency as usize] = Some(400.0);
        let points = [point, none];
        let latency = latency(&points);
        assert_eq!(latency.mean, [Some(50.0), None]);
        assert_eq!(latency.most, [Some(400.0), None]);
        assert_eq!(restarts(&points), 2);
    }

    /// FR-OBS-03: an hour unless somebody says otherwise; a time that is none is refused.
    #[test]
    fn a_time_is_understood() {
        let hour = window(None, None, None).unwrap();
        assert!((3_600..=3_620).contains(&(hour.to - hour.from)));
        let ago = |hours| Some(Utc::now() - chrono::Duration::hours(hours));
        assert!(window(ago(5), ago(4), None).is_ok());
        assert!(window(None, ago(4), Some(60)).is_ok());
        assert!(window(ago(4), ago(5), None).is_err());
        assert!(window(None, None, Some(0)).is_err());
        let far = DateTime::<Utc>::MAX_UTC;
        assert!(window(Some(far), Some(far), None).is_err());
        assert!(window(Some(DateTime::<Utc>::MIN_UTC), Some(far), None).is_ok());
    }
}
