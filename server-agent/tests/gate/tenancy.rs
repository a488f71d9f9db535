//! Row-level security, asked of the database itself.

use std::collections::BTreeSet;

use slipway_protocol::TeamId;

use crate::stage::{Stage, with_stage};

/// What PostgreSQL answers to somebody without the right, or whose row a policy refuses.
const REFUSED: &str = "42501";
/// What it answers to a change of a view that cannot be changed.
const READ_ONLY: &str = "55000";

/// Runs one statement as a request of the team would, and takes it back. How many rows, or the error's code.
async fn as_tenant(
    stage: &Stage,
    team: TeamId,
    statement: &str,
    row: Option<&serde_json::Value>,
) -> Result<u64, String> {
    let mut tx = stage.app.db.begin_for(team).await.unwrap();
    let query = sqlx::query(sqlx::AssertSqlSafe(statement.to_owned()));
    let query = match row {
        Some(row) => query.bind(row),
        None => query,
    };
    match query.execute(&mut *tx).await {
        Ok(done) => Ok(done.rows_affected()),
        Err(sqlx::Error::Database(error)) => Err(error.code().unwrap_or_default().into_owned()),
        Err(error) => panic!("{statement}: {error}"),
    }
}

/// Tables and views of tenants, with whether it is a view.
async fn tenant_tables(stage: &Stage) -> Vec<(String, bool)> {
    let query = "select t.table_name::text, t.table_type = 'VIEW' from information_schema.columns c
                   join information_schema.tables t using (table_schema, table_name)
                  where c.table_schema = 'public' and c.column_name = 'team_id' order by 1";
    sqlx::query_as(query)
        .fetch_all(stage.app.db.pool())
        .await
        .unwrap()
}

/// Both teams have rows in every table: by calls, and where only the engine writes, as the engine does.
async fn fill(stage: &Stage) {
    for person in [&stage.owner, &stage.stranger] {
        stage.things(&person.asks()).await;
        let body = slipway_protocol::identity::NewInvitation {
            role: slipway_protocol::Role::Viewer,
        };
        stage
            .call(&person.asks(), slipway_protocol::api::CreateInvitation { body })
            .await;
    }
    stage
        .execute(
            "insert into step_events (deployment_id, team_id, sequence, step, kind)
               select id, team_id, 1, 'source', 'started' from deployments on conflict do nothing;
             insert into deployment_log (deployment_id, team_id, sequence, step, stream, text)
               select id, team_id, 1, 'source', 'stdout', 'a line' from deployments;
             insert into serving (application_id, team_id, deployment_id)
               select application_id, team_id, id from deployments on conflict do nothing;
             insert into shares (application_id, team_id, deployment_id, percent)
               select distinct on (application_id) application_id, team_id, id, 10 from deployments;
             insert into events (team_id, at, severity, subject, text) select id, now(), 'info', 's', 't' from teams;
             insert into application_metrics (application_id, team_id, step, at, samples, mean, most)
               select id, team_id, 10, now(), 1, '{1}', '{1}' from applications;
             insert into deleted_applications (id, team_id) select gen_random_uuid(), id from teams;
             insert into terminals (id, team_id, user_id, session_id, application_id, name, task, actor, request_id, exec, screen, opened_at)
               select gen_random_uuid(), team_id, gen_random_uuid(), gen_random_uuid(), id, name, 't', 'a', 'r', 'e', true, now() from applications;",
        )
        .await;
}

/// FR-IAM-08, NFR-S3: under the role of requests, another team's rows are not seen, changed, deleted, forged or given away.
#[tokio::test]
async fn another_teams_rows_are_out_of_reach() {
    with_stage(async |stage| {
        fill(stage).await;
        let (ours, theirs) = (stage.owner.team, stage.stranger.team);
        let tables = tenant_tables(stage).await;
        assert!(tables.len() >= 16, "{tables:?}");
        for (table, view) in tables {
            let count = |team: TeamId| format!("select 1 from {table} where team_id = '{team}'");
            let all: i64 = {
                let query = format!("select count(*) from {table} where team_id = '{ours}'");
                let mut tx = if view {
                    stage.app.db.begin_for(ours).await.unwrap()
                } else {
                    stage.app.db.begin().await.unwrap()
                };
                sqlx::query_scalar(sqlx::AssertSqlSafe(query))
                    .fetch_one(&mut *tx)
                    .await
                    .unwrap()
            };
            assert!(all > 0, "no row of the team in {table}: the test would prove nothing");
            let own = as_tenant(stage, theirs, &count(theirs), None).await;
            assert!(matches!(own, Ok(rows) if rows > 0), "{table}: own rows are seen: {own:?}");
            let seen = as_tenant(stage, theirs, &count(ours), None).await;
            assert_eq!(seen, Ok(0), "{table} is seen");
            for statement in [
                format!("update {table} set team_id = team_id where team_id = '{ours}'"),
                format!("update {table} set team_id = '{theirs}' where team_id = '{ours}'"),
                format!("delete from {table} where team_id = '{ours}'"),
            ] {
                let done = as_tenant(stage, theirs, &statement, None).await;
                let refused = done == Ok(0) || done == Err(REFUSED.to_owned()) || (view && done == Err(READ_ONLY.to_owned()));
                assert!(refused, "{statement}: {done:?}");
            }
            if view {
                continue;
            }
            let given = format!("update {table} set team_id = '{ours}' where team_id = '{theirs}'");
            let done = as_tenant(stage, theirs, &given, None).await;
            assert_eq!(done, Err(REFUSED.to_owned()), "{given}");
            let query = format!("select to_jsonb(t) from {table} t where team_id = '{ours}' limit 1");
            let row: serde_json::Value = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
                .fetch_one(stage.app.db.pool())
                .await
                .unwrap();
            let forged = format!("insert into {table} overriding system value select * from jsonb_populate_record(null::{table}, $1)");
            let done = as_tenant(stage, theirs, &forged, Some(&row)).await;
            assert_eq!(done, Err(REFUSED.to_owned()), "{forged}");
        }
    })
    .await;
}

/// FR-IAM-08: without a team, the role of requests sees no row at all.
#[tokio::test]
async fn without_a_team_nothing_is_seen() {
    with_stage(async |stage| {
        fill(stage).await;
        stage.execute("insert into audit (team_id, actor, action, subject, request_id) values (null, 'a', 'b', 'c', 'd')").await;
        for (table, _) in tenant_tables(stage).await {
            let mut tx = stage.app.db.begin().await.unwrap();
            sqlx::query("set local role slipway_tenant")
                .execute(&mut *tx)
                .await
                .unwrap();
            let query = format!("select count(*) from {table}");
            let seen: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
                .fetch_one(&mut *tx)
                .await
                .unwrap();
            assert_eq!(seen, 0, "{table}");
        }
        let seen = as_tenant(stage, stage.owner.team, "select 1 from audit where team_id is null", None).await;
        assert_eq!(seen, Ok(0), "nobody's rows are nobody's to see");
        // The role and the team end with the transaction: the next user of the connection has neither.
        drop(stage.app.db.begin_for(stage.owner.team).await.unwrap());
        let mut tx = stage.app.db.begin_for(stage.owner.team).await.unwrap();
        sqlx::query("select 1").execute(&mut *tx).await.unwrap();
        tx.commit().await.unwrap();
        for _ in 0..12 {
            let query = "select current_user::text, coalesce(current_setting('slipway.team', true), '')";
            let (user, team): (String, String) = sqlx::query_as(query)
                .fetch_one(stage.app.db.pool())
                .await
                .unwrap();
            assert_eq!((user.as_str(), team.as_str()), ("slipway", ""));
        }
    })
    .await;
}

/// FR-IAM-08: every table is either a tenant's, with row-level security and a policy about the team, or out of requests' reach.
#[tokio::test]
async fn every_table_is_guarded() {
    with_stage(async |stage| {
        let tenant: BTreeSet<String> = tenant_tables(stage)
            .await
            .into_iter()
            .filter_map(|(table, view)| (!view).then_some(table))
            .collect();
        let pool = stage.app.db.pool();
        for table in stage.tables().await {
            if tenant.contains(&table) {
                let enabled: bool =
                    sqlx::query_scalar("select relrowsecurity from pg_class where oid = $1::text::regclass")
                        .bind(&table)
                        .fetch_one(pool)
                        .await
                        .unwrap();
                assert!(enabled, "{table} has no row-level security");
                let query = "select cmd, coalesce(qual, ''), coalesce(with_check, qual, '') from pg_policies
                              where schemaname = 'public' and tablename = $1 and permissive = 'PERMISSIVE'";
                let policies: Vec<(String, String, String)> =
                    sqlx::query_as(query).bind(&table).fetch_all(pool).await.unwrap();
                assert!(!policies.is_empty(), "{table} has no policy");
                for (command, using, check) in policies {
                    for rule in [using, check] {
                        assert_eq!(rule, "(team_id = slipway_team())", "{table} {command}");
                    }
                }
            } else {
                let query = "select has_table_privilege('slipway_tenant', $1, 'select, insert, update, delete, truncate, references, trigger')
                              or has_any_column_privilege('slipway_tenant', $1, 'select, insert, update, references')";
                let reachable: bool = sqlx::query_scalar(query)
                    .bind(&table)
                    .fetch_one(pool)
                    .await
                    .unwrap();
                assert!(!reachable, "{table} has no team, and requests reach it");
            }
        }
        let changeable: bool = sqlx::query_scalar(
            "select has_table_privilege('slipway_tenant', 'audit', 'update, delete, truncate')",
        )
        .fetch_one(pool)
        .await
        .unwrap();
        assert!(!changeable, "requests could rewrite the audit log");
    })
    .await;
}

/// FR-IAM-08: the role of requests can neither pass row-level security by, nor sign in, nor own, nor become another.
#[tokio::test]
async fn the_role_of_requests_has_no_powers() {
    with_stage(async |stage| {
        let query = "select rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolcreatedb, rolreplication,
                            exists (select from pg_auth_members where member = r.oid),
                            exists (select from pg_class where relowner = r.oid),
                            has_schema_privilege(r.oid, 'public', 'create')
                       from pg_roles r where rolname = 'slipway_tenant'";
        type Powers = (bool, bool, bool, bool, bool, bool, bool, bool, bool);
        let powers: Powers = sqlx::query_as(query)
            .fetch_one(stage.app.db.pool())
            .await
            .unwrap();
        assert_eq!(
            powers,
            (false, false, false, false, false, false, false, false, false)
        );
    })
    .await;
}
