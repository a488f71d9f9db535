//! Points of metrics; written by the agent, read by teams.

use serde::Serialize;
use slipway_protocol::ApplicationId;
use sqlx::PgConnection;
use sqlx::types::Json;
use uuid::Uuid;

use super::Db;
use crate::domain::metrics::bucket::Point;
use crate::domain::metrics::series::{NODE_SERIES, SERIES, Values};
use crate::domain::metrics::window::KEPT;

/// A point as it is written.
#[derive(Serialize)]
pub struct Row {
    /// Absent for the node.
    application: Option<Uuid>,
    step: i64,
    at: i64,
    samples: i16,
    mean: Vec<Option<f32>>,
    most: Vec<Option<f32>>,
}

impl Row {
    pub fn new<const N: usize>(application: Option<ApplicationId>, step: i64, point: &Point<N>) -> Self {
        Self {
            application: application.map(ApplicationId::uuid),
            step,
            at: point.at,
            samples: i16::try_from(point.samples).unwrap_or(i16::MAX),
            mean: point.mean.to_vec(),
            most: point.most.to_vec(),
        }
    }
}

/// Writes points of the node and of applications, in one transaction; a point that is there is replaced. Those of an application that
/// is gone are left out.
pub async fn write(db: &Db, node: &[Row], applications: &[Row]) -> Result<(), sqlx::Error> {
    let mut tx = db.begin().await?;
    if !node.is_empty() {
        let query = "insert into node_metrics (step, at, samples, mean, most)
             select step, to_timestamp(at), samples, mean, most
               from jsonb_to_recordset($1) as x(step smallint, at bigint, samples smallint, mean real[], most real[])
             on conflict (step, at) do update set samples = excluded.samples, mean = excluded.mean, most = excluded.most";
        sqlx::query(query).bind(Json(node)).execute(&mut *tx).await?;
    }
    if !applications.is_empty() {
        let query = "insert into application_metrics (application_id, team_id, step, at, samples, mean, most)
             select a.id, a.team_id, x.step, to_timestamp(x.at), x.samples, x.mean, x.most
               from jsonb_to_recordset($1)
                    as x(application uuid, step smallint, at bigint, samples smallint, mean real[], most real[])
               join applications a on a.id = x.application
             on conflict (application_id, step, at)
             do update set samples = excluded.samples, mean = excluded.mean, most = excluded.most";
        sqlx::query(query)
            .bind(Json(applications))
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await
}

type Stored = (i64, i16, Vec<Option<f32>>, Vec<Option<f32>>);

/// The points of an application that begin in a time, of one step. In a team's transaction.
pub async fn of_application(
    tx: &mut PgConnection,
    application: ApplicationId,
    step: i64,
    from: i64,
    to: i64,
) -> Result<Vec<Point<SERIES>>, sqlx::Error> {
    let query = "select extract(epoch from at)::bigint, samples, mean, most from application_metrics
                  where application_id = $1 and step = $2 and at >= to_timestamp($3) and at < to_timestamp($4)";
    let rows: Vec<Stored> = sqlx::query_as(query)
        .bind(application.uuid())
        .bind(step)
        .bind(from)
        .bind(to)
        .fetch_all(tx)
        .await?;
    Ok(rows.into_iter().map(point).collect())
}

/// The same of the node.
pub async fn of_node(
    tx: &mut PgConnection,
    step: i64,
    from: i64,
    to: i64,
) -> Result<Vec<Point<NODE_SERIES>>, sqlx::Error> {
    let query = "select extract(epoch from at)::bigint, samples, mean, most from node_metrics
                  where step = $1 and at >= to_timestamp($2) and at < to_timestamp($3)";
    let rows: Vec<Stored> = sqlx::query_as(query)
        .bind(step)
        .bind(from)
        .bind(to)
        .fetch_all(tx)
        .await?;
    Ok(rows.into_iter().map(point).collect())
}

/// The point of every application that begins just then.
pub async fn all_at(
    tx: &mut PgConnection,
    step: i64,
    at: i64,
) -> Result<Vec<(ApplicationId, Point<SERIES>)>, sqlx::Error> {
    let query = "select a.id, extract(epoch from m.at)::bigint, m.samples, m.mean, m.most
                   from applications a join application_metrics m on m.application_id = a.id
                  where m.step = $1 and m.at = to_timestamp($2)";
    type Row = (Uuid, i64, i16, Vec<Option<f32>>, Vec<Option<f32>>);
    let rows: Vec<Row> = sqlx::query_as(query).bind(step).bind(at).fetch_all(tx).await?;
    let of_application =
        |(id, at, samples, mean, most)| (ApplicationId(id), point((at, samples, mean, most)));
    Ok(rows.into_iter().map(of_application).collect())
}

/// Takes away what is too old for its step. Each application's points are found by its own index.
pub async fn prune(tx: &mut PgConnection, now: i64) -> Result<(), sqlx::Error> {
    for (step, kept) in KEPT {
        for query in [
            "delete from application_metrics m using applications a
              where m.application_id = a.id and m.step = $1 and m.at < to_timestamp($2)",
            "delete from node_metrics where step = $1 and at < to_timestamp($2)",
        ] {
            sqlx::query(query)
                .bind(step)
                .bind(now - kept)
                .execute(&mut *tx)
                .await?;
        }
    }
    Ok(())
}

fn point<const N: usize>((at, samples, mean, most): Stored) -> Point<N> {
    // One of an older agent has fewer series.
    let values = |stored: Vec<Option<f32>>| -> Values<N> {
        std::array::from_fn(|series| stored.get(series).copied().flatten())
    };
    Point {
        at,
        samples: u32::from(samples.unsigned_abs()),
        mean: values(mean),
        most: values(most),
    }
}
