//! The database from one version to the next and from one year to the next.

use slipway_agent::db::deployments::{self, Routed};
use slipway_agent::db::{applications, sealed, tidy};
use slipway_agent::deploy::old_logs;
use slipway_agent::secrets::{KeyFile, Sealer};
use slipway_protocol::ApplicationId;
use slipway_protocol::api::{GetApplication, GetMe, ListDeployments};
use slipway_protocol::history::older_than;

use crate::stage::{Stage, with_stage};

impl Stage {
    async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query)
            .fetch_one(self.app.db.pool())
            .await
            .unwrap()
    }
}

/// FR-HST-05, NFR-R6: an agent that an upgrade went back to works with tables of the newer one, unless those say that it cannot.
#[tokio::test]
async fn an_older_agent_works_with_newer_tables() {
    with_stage(async |stage| {
        stage
            .execute(
                "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 values (9999, 'of a newer agent', true, '\\x00', 0)",
            )
            .await;
        stage.app.db.migrate().await.expect("it is no hindrance");
        stage.execute("update oldest_agent set migration = 9999").await;
        let refused = stage.app.db.migrate().await.unwrap_err().to_string();
        assert!(
            refused.contains("newer agent") && refused.contains("backup"),
            "{refused}"
        );
    })
    .await;
}

/// NFR-R3, FR-HST-05: a release whose plan this agent cannot read goes on serving, is left alone, and keeps its service and image; so do all others.
#[tokio::test]
async fn an_unreadable_release_goes_on_serving() {
    with_stage(async |stage| {
        let things = stage.things(&stage.owner.asks()).await;
        let other = stage.things(&stage.owner.asks()).await;
        let mut connection = stage.app.db.pool().acquire().await.unwrap();
        let before = deployments::all_serving(&mut connection).await.unwrap();
        let wanted = deployments::wanted_releases(&mut connection).await.unwrap();
        let statement = format!(
            "update deployments set plan = jsonb_set(plan, '{{settings,source}}', '{{\"kind\": \"teleport\"}}') where id = '{}'",
            things.serving
        );
        stage.execute(&statement).await;
        let after = deployments::all_serving(&mut connection).await.unwrap();
        let routed = |all: &[(ApplicationId, Routed)]| -> Vec<_> {
            all.iter().map(|(id, one)| (*id, one.deployment, one.tasks_of, one.port)).collect()
        };
        assert_eq!(routed(&after), routed(&before));
        let unread: Vec<_> = after.iter().filter(|(_, one)| one.plan.is_none()).collect();
        assert!(unread.len() == 1 && unread[0].0 == things.running);
        let service = &wanted[&things.serving.to_string()].service;
        let upkeep = deployments::upkeep(&mut connection).await.unwrap();
        assert_eq!(&upkeep.left_alone, std::slice::from_ref(service));
        assert!(upkeep.serving.iter().any(|one| one.application == other.running));
        let still = deployments::wanted_releases(&mut connection).await.unwrap();
        assert!(still.len() == wanted.len() && still[&things.serving.to_string()].service == *service);
    })
    .await;
}

/// NFR-R6, FR-DEP-13: a deployment of a kind that only a newer agent knows stands in the history, and takes no list along.
#[tokio::test]
async fn an_unknown_kind_of_deployment_is_listed() {
    with_stage(async |stage| {
        let things = stage.things(&stage.owner.asks()).await;
        let (application, serving) = (things.running, things.serving);
        let statement =
            format!("update deployments set trigger = '{{\"kind\": \"teleport\"}}' where id = '{serving}'");
        stage.execute(&statement).await;
        let listed = stage
            .call(&stage.owner.asks(), ListDeployments::of(application))
            .await;
        assert!(listed.iter().any(|one| one.id == serving));
        let view = stage
            .call(&stage.owner.asks(), GetApplication { application })
            .await;
        assert!(view.serving.is_some_and(|one| one.id == serving));
    })
    .await;
}

/// FR-DEP-11: what an earlier release still runs is nobody's once the application is stopped, also while its last deployment tidies up; until
/// that serves, and while nobody has stopped anything, it is left to the deployment.
#[tokio::test]
async fn what_is_stopped_has_no_other_release() {
    with_stage(async |stage| {
        let things = stage.things(&stage.owner.asks()).await;
        let (application, serving) = (things.running, things.serving);
        let own = format!("select plan ->> 'service' from deployments where id = '{serving}'");
        let own: String = sqlx::query_scalar(sqlx::AssertSqlSafe(own))
            .fetch_one(stage.app.db.pool())
            .await
            .unwrap();
        let is_idle = async |service: &str| {
            let mut connection = stage.app.db.pool().acquire().await.unwrap();
            deployments::is_idle(&mut connection, application, service)
                .await
                .unwrap()
        };
        assert!(is_idle("an-earlier-release").await && !is_idle(&own).await);
        let statement = format!("update deployments set status = 'running' where id = '{serving}'");
        stage.execute(&statement).await;
        let stop = format!("update applications set stopped_at = now() where id = '{application}'");
        stage.execute(&stop).await;
        assert!(!is_idle("an-earlier-release").await, "it does not serve yet");
        let statement = format!(
            "insert into step_events (deployment_id, team_id, sequence, step, kind)
               select id, team_id, 1000, 'cut_over', 'succeeded' from deployments where id = '{serving}'"
        );
        stage.execute(&statement).await;
        assert!(is_idle("an-earlier-release").await && !is_idle(&own).await);
        let start = format!("update applications set stopped_at = null where id = '{application}'");
        stage.execute(&start).await;
        assert!(!is_idle("an-earlier-release").await, "nobody has stopped it");
    })
    .await;
}

/// FR-DEP-11, NFR-R1: a deployment that ends in the moment when somebody stops its application waits for that; neither fails because of the other.
#[tokio::test]
async fn an_end_and_a_stop_meet() {
    with_stage(async |stage| {
        let things = stage.things(&stage.owner.asks()).await;
        let (application, deployment) = (things.running, things.serving);
        let worker = uuid::Uuid::now_v7();
        let statement = format!(
            "update deployments set status = 'running', leased_by = '{worker}', warm_until = now() + interval '1 hour' where id = '{deployment}'"
        );
        stage.execute(&statement).await;
        let mut stop = stage.app.db.begin().await.unwrap();
        assert!(applications::lock(&mut stop, application).await.unwrap());
        deployments::unsettle(&mut stop, application).await.unwrap();
        let db = stage.app.db.clone();
        let ending = tokio::spawn(async move {
            let mut end = db.begin().await?;
            assert!(deployments::hold_with_application(&mut end, application, deployment, worker).await?);
            deployments::keep_releases(&mut end, application, 5).await?;
            deployments::settle_succeeded(&mut end, deployment).await?;
            end.commit().await
        });
        let begun = std::time::Instant::now();
        while stage.count("select count(*) from pg_locks where not granted").await == 0 {
            assert!(begun.elapsed() < std::time::Duration::from_secs(60), "nobody waits");
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        deployments::end_warmth(&mut stop, application).await.expect("it waits for nobody");
        stop.commit().await.unwrap();
        ending.await.unwrap().expect("it has waited");
    })
    .await;
}

/// NFR-S4: whether a key belongs to the database is known before anything is sealed under another one.
#[tokio::test]
async fn a_key_of_another_database_is_known() {
    with_stage(async |stage| {
        let mut connection = stage.app.db.pool().acquire().await.unwrap();
        assert!(!sealed::any(&mut connection).await.unwrap());
        stage.things(&stage.owner.asks()).await;
        assert!(sealed::any(&mut connection).await.unwrap());
        let other = tempfile::tempdir().unwrap();
        let other = Sealer::new(&KeyFile::open_or_create(&other.path().join("key")).unwrap());
        assert!(
            sealed::opens_all(&mut connection, &stage.app.sealer)
                .await
                .unwrap()
        );
        assert!(!sealed::opens_all(&mut connection, &other).await.unwrap());
    })
    .await;
}

/// What is not old enough to go is found behind the newest, by its number too.
async fn older_ones_are_found(stage: &Stage, application: ApplicationId) {
    let numbers = async |request: ListDeployments| {
        let page = stage.call(&stage.owner.asks(), request).await;
        page.iter().map(|one| one.number).collect::<Vec<u32>>()
    };
    let newest = stage
        .call(&stage.owner.asks(), ListDeployments::of(application))
        .await;
    assert_eq!(older_than(&newest), Some(31));
    let some = ListDeployments {
        limit: Some(4),
        ..ListDeployments::before(application, 31)
    };
    assert_eq!(numbers(some).await, [30, 29, 28, 27]);
    // What serves was given a number below all others.
    let last = ListDeployments::before(application, 22);
    assert_eq!(numbers(last).await, [21, 6, 5, 0]);
    assert_eq!(numbers(ListDeployments::only(application, 25)).await, [25]);
    // Of what is gone the one before it is answered, which is another.
    assert_eq!(numbers(ListDeployments::only(application, 7)).await, [6]);
    assert_eq!(
        numbers(ListDeployments::before(application, u32::MAX))
            .await
            .len(),
        100
    );
}

/// FR-DEP-13: what is long past goes in time, and until then older ones than those of the first list are found; what serves, is kept, or runs in an old deployment's service stays, however old.
#[tokio::test]
async fn old_history_goes() {
    with_stage(async |stage| {
        let things = stage.things(&stage.owner.asks()).await;
        let copies = format!(
            "create temporary table newer as select * from deployments where id = '{serving}';
             update newer set status = 'failed', release_kept = false, warm_until = null, ended_at = now();
             update deployments set number = number - 1000, ended_at = now() - interval '1 year', release_kept = false
              where application_id = '{application}';
             insert into deployments select (jsonb_populate_record(newer, jsonb_build_object('id', gen_random_uuid(), 'number', n))).*
               from newer, generate_series(1, 130) n;
             update deployments set ended_at = now() - interval '1 year' where application_id = '{application}' and number <= 20;
             update deployments set release_kept = true where application_id = '{application}' and number = 5;
             update deployments set plan = jsonb_set(plan, '{{tasks_of}}', to_jsonb((select id from deployments where application_id = '{application}' and number = 6)))
              where application_id = '{application}' and number = 130;
             insert into sessions (id, user_id, created_at) values (gen_random_uuid(), '{user}', now() - interval '1 year');",
            serving = things.serving,
            application = things.running,
            user = stage.owner.id,
        );
        stage.execute(&copies).await;
        let sessions = stage.count("select count(*) from sessions").await;
        let mut connection = stage.app.db.pool().acquire().await.unwrap();
        tidy::prune(&mut connection).await.unwrap();
        tidy::prune(&mut connection).await.unwrap();
        let query = "select array_agg(number order by number) from deployments where application_id = $1 and number < 32";
        let application = things.running;
        let listed = stage.call(&stage.owner.asks(), ListDeployments::of(application)).await;
        // The newest hundred, what serves, and what can be gone back to.
        assert_eq!(listed.len(), 102);
        assert!(listed[100].number == 5 && listed[101].id == things.serving);
        older_ones_are_found(stage, application).await;
        let left: Vec<i32> = sqlx::query_scalar(query)
            .bind(things.running.uuid())
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        let serving = left[0];
        assert!(serving < 0, "what serves stays: {left:?}");
        // 21 to 30 are beyond what is listed, and not a month old.
        let wanted: Vec<i32> = [serving, 5, 6].into_iter().chain(21..=31).collect();
        assert_eq!(left, wanted);
        assert_eq!(stage.count("select count(*) from sessions").await, sessions - 1);
        stage.call(&stage.owner.asks(), GetMe {}).await;
    })
    .await;
}

/// FR-DEP-13, NFR-R6: the log that an earlier agent kept in the database is moved, its lines keep their numbers, one that was moved by half goes on,
/// and nothing is left of it in the table.
#[tokio::test]
async fn an_old_log_is_moved() {
    with_stage(async |stage| {
        let deployment = stage.things(&stage.owner.asks()).await.deployment;
        let rows = |from: u32, to: u32| {
            format!(
                "insert into deployment_log (deployment_id, team_id, sequence, step, stream, text)
                   select id, team_id, n, 'build', 'stdout', 'line ' || n from deployments, generate_series({from}, {to}) n
                    where id = '{deployment}'"
            )
        };
        let left = "select count(*) from deployment_log";
        stage.execute(&rows(1, 1200)).await;
        let log = old_logs::open(&stage.app, deployment).await.expect("it is moved");
        assert_eq!((log.index().end, stage.count(left).await), (1201, 0));
        // As after an end between what was stored and what was removed.
        stage.execute(&rows(1, 1300)).await;
        let log = old_logs::open(&stage.app, deployment).await.expect("it is moved");
        assert_eq!((log.index().end, stage.count(left).await), (1301, 0));
        let again = old_logs::open(&stage.app, deployment).await.expect("there is nothing to move");
        assert_eq!(again.index().end, 1301);
    })
    .await;
}
