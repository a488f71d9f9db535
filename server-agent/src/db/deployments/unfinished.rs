//! Which deployments of an application are not over, and how far they are.

use slipway_protocol::ApplicationId;
use sqlx::PgConnection;

/// A deployment that is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfinished {
    pub number: u32,
    pub stand: Stand,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    Waits,
    /// Who serves is about to change, or it is being taken back.
    TakesOver,
    /// Its release serves, whatever comes now: requests in flight end, a command runs after it.
    Tidies,
}

/// In the order of their numbers.
pub async fn unfinished(
    tx: &mut PgConnection,
    application: ApplicationId,
) -> Result<Vec<Unfinished>, sqlx::Error> {
    let query = "select number, status = 'queued',
                        exists (select from step_events e where e.deployment_id = d.id and e.step = 'cut_over' and e.kind = 'succeeded')
                   from deployments d where application_id = $1 and status in ('queued', 'running', 'unwinding') order by number";
    let rows: Vec<(i32, bool, bool)> = sqlx::query_as(query)
        .bind(application.uuid())
        .fetch_all(tx)
        .await?;
    let one = |(number, waits, serves): (i32, bool, bool)| Unfinished {
        number: u32::try_from(number).unwrap_or(0),
        stand: match (waits, serves) {
            (true, _) => Stand::Waits,
            (false, false) => Stand::TakesOver,
            (false, true) => Stand::Tidies,
        },
    };
    Ok(rows.into_iter().map(one).collect())
}

/// The number of the newest deployment, over or not.
pub async fn newest_number(
    tx: &mut PgConnection,
    application: ApplicationId,
) -> Result<Option<u32>, sqlx::Error> {
    let query = "select max(number) from deployments where application_id = $1";
    let newest: Option<i32> = sqlx::query_scalar(query)
        .bind(application.uuid())
        .fetch_one(tx)
        .await?;
    Ok(newest.and_then(|number| u32::try_from(number).ok()))
}

/// Whether one is at work that has still to change who serves.
pub async fn any_taking_over(tx: &mut PgConnection, application: ApplicationId) -> Result<bool, sqlx::Error> {
    let all = unfinished(tx, application).await?;
    Ok(all.iter().any(|one| one.stand == Stand::TakesOver))
}
