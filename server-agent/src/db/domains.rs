//! Domains of the transaction's team, and the whole list for the edge.

use slipway_protocol::{ApplicationId, DomainId, HostName, TeamId, UrlPath};
use sqlx::PgConnection;
use uuid::Uuid;

use super::damaged;

pub struct Domain {
    pub id: DomainId,
    pub application: ApplicationId,
    pub host: HostName,
    pub path: UrlPath,
}

/// All that the connection may see, or those of one application.
pub async fn list(tx: &mut PgConnection, of: Option<ApplicationId>) -> Result<Vec<Domain>, sqlx::Error> {
    let query = "select id, application_id, host, path from domains where $1::uuid is null or application_id = $1 order by created_at, id";
    let rows: Vec<(Uuid, Uuid, String, String)> = sqlx::query_as(query)
        .bind(of.map(ApplicationId::uuid))
        .fetch_all(tx)
        .await?;
    rows.into_iter()
        .map(|(id, application, host, path)| {
            let (host, path) = (
                HostName::parse(&host).map_err(damaged)?,
                UrlPath::parse(&path).map_err(damaged)?,
            );
            Ok(Domain {
                id: DomainId(id),
                application: ApplicationId(application),
                host,
                path,
            })
        })
        .collect()
}

/// Whether a host name leads to another team's applications. Nobody else takes the name until the end of the transaction.
pub async fn is_of_another_team(tx: &mut PgConnection, host: &HostName) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select host_of_another_team($1)")
        .bind(host.as_str())
        .fetch_one(tx)
        .await
}

pub async fn insert(
    tx: &mut PgConnection,
    team: TeamId,
    application: ApplicationId,
    host: &HostName,
    path: &UrlPath,
) -> Result<DomainId, sqlx::Error> {
    let id = DomainId(Uuid::now_v7());
    let query = "insert into domains (id, team_id, application_id, host, path) values ($1, $2, $3, $4, $5)";
    let query = sqlx::query(query)
        .bind(id.uuid())
        .bind(team.uuid())
        .bind(application.uuid());
    query.bind(host.as_str()).bind(path.as_str()).execute(tx).await?;
    Ok(id)
}

pub async fn delete(
    tx: &mut PgConnection,
    application: ApplicationId,
    id: DomainId,
) -> Result<bool, sqlx::Error> {
    let query = "delete from domains where id = $1 and application_id = $2";
    Ok(sqlx::query(query)
        .bind(id.uuid())
        .bind(application.uuid())
        .execute(tx)
        .await?
        .rows_affected()
        == 1)
}
