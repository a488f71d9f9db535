//! From one version of the agent to the next, and back where the next one does not come to life.

use acceptance::bare_server::BareServer;
use acceptance::command::Cli;
use acceptance::keyring::Keyring;
use acceptance::load::{Load, Plan};
use acceptance::other_agent::{OtherAgent, VERSION, earlier_version};

const HOST: &str = "web.example.org";
/// What the migration 66 makes: indexes, so that an agent works without them, and nothing else is lost with them.
const INDEXES: &str =
    "'deployments_warm', 'deployments_kept', 'refresh_tokens_by_session', 'sessions_by_user'";
/// Its first words, and the same with a table that is not there.
const MIGRATION: (&str, &str) = (
    "create index deployments_warm on deployments",
    "create index deployments_warm on deployment_",
);

/// FR-HST-05, FR-HST-02, FR-HST-03: an agent of an earlier version, with tables of before, is upgraded from the command line while its application is asked
/// five times a second. A new agent whose migration fails does not come to life, so the earlier one comes back; the real one brings the tables up to
/// date. All the while no request fails, the application's and Traefik's processes stay the same ones, and what the agent knows is kept, the session
/// of who asks too. The earlier version is not put over the newer one.
#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_loses_nothing_and_goes_back_where_it_must() {
    let earlier = earlier_version();
    let (old, failing) = (OtherAgent::of_version(&earlier), OtherAgent::with(&[MIGRATION]));
    let server = BareServer::boot().await;
    let keyring = Keyring::start().await;
    let cli = Cli::new(&keyring);
    let (host, key) = (server.address().to_string(), server.key());
    let (key, fingerprint) = (key.to_string_lossy().into_owned(), server.fingerprint().await);
    let mut install = vec!["server", "install", "bare", "--host", &host, "--user", "root"];
    install.extend(["--key", &key, "--accept-host-key", &fingerprint, "--yes"]);

    let done = cli.run_with_agents(old.folder(), &install).await;
    assert_eq!(done.code(), 0, "{}{}", done.stdout, done.stderr);
    server
        .make_web(&cli, &done.stdout, "before-and-after", HOST)
        .await;
    cli.ok(&["env", "set", "web", "GREETING=hello"]).await;
    cli.ok(&["deploy", "web", "--follow"]).await;
    assert_eq!(running(&cli).await, earlier);
    let known = knowledge(&cli).await;
    let processes = processes(&server).await;
    assert!(processes.lines().count() >= 2, "{processes}");

    let edge = server.edge().await;
    let traffic = Load::start(Plan::requests(edge.port, HOST.to_owned(), 5));
    take_indexes_away(&server).await;
    let failed = cli.run_with_agents(failing.folder(), &install).await;
    assert_eq!(failed.code(), 1, "{}{}", failed.stdout, failed.stderr);
    assert!(
        failed.stderr.contains("the one before it runs again"),
        "{}",
        failed.stderr
    );
    assert_eq!(running(&cli).await, earlier);
    assert_eq!(knowledge(&cli).await, known);

    // The program that came back is of the same source, and has made them at its start.
    take_indexes_away(&server).await;
    let done = cli.run(&install).await;
    assert_eq!(done.code(), 0, "{}{}", done.stdout, done.stderr);
    assert_eq!(running(&cli).await, VERSION);
    assert_eq!(indexes(&server).await, "4");
    assert_eq!(knowledge(&cli).await, known);
    assert_eq!(self::processes(&server).await, processes);
    let programs = server.exec(&["ls", "/usr/local/bin"]).await;
    assert!(!programs.contains("previous"), "{programs}");

    let refused = cli.run_with_agents(old.folder(), &install).await;
    assert_eq!(refused.code(), 1, "{}{}", refused.stdout, refused.stderr);
    assert!(refused.stderr.contains("which is newer"), "{}", refused.stderr);
    assert_eq!(running(&cli).await, VERSION);
    let report = traffic.end_well().await;
    assert!(report.sent > 100, "{} requests", report.sent);

    cli.ok(&["deploy", "web", "--follow"]).await;
    let answer = server.get(HOST).await;
    assert!(matches!(answer, Ok((200, _))), "{answer:?}");
    server.remove().await;
}

/// The version of the agent that answers.
async fn running(cli: &Cli<'_>) -> String {
    let report = cli.json(&["cluster", "test"]).await;
    let steps = report["steps"].as_array().expect("its steps");
    let asked = steps.iter().find(|step| step["step"] == "agent_version");
    let found = asked.and_then(|step| step["found"].as_str());
    found.expect("the agent's version").to_owned()
}

/// What must be the same before and after: among it a value that only the agent's key opens.
async fn knowledge(cli: &Cli<'_>) -> String {
    let history = cli.json(&["history", "web"]).await;
    let projects = cli.json(&["project", "list"]).await;
    let secret = cli.ok(&["env", "reveal", "web", "GREETING"]).await;
    assert!(secret.contains("hello"), "{secret}");
    format!("{history:#}\n{projects:#}\n{secret}")
}

/// The numbers of what serves: the application's process and the edge's.
async fn processes(server: &BareServer) -> String {
    server.exec(&["pgrep", "-x", "app|traefik"]).await
}

/// The tables as they were before the migration 66.
async fn take_indexes_away(server: &BareServer) {
    let names = INDEXES.replace('\'', "");
    let drop = format!("drop index {names}");
    let forget = "delete from _sqlx_migrations where version = 66";
    psql(server, &drop).await;
    psql(server, forget).await;
    assert_eq!(indexes(server).await, "0");
}

async fn indexes(server: &BareServer) -> String {
    let count = format!("select count(*) from pg_indexes where indexname in ({INDEXES})");
    psql(server, &count).await
}

/// Asks the database that the agent runs, past the agent.
async fn psql(server: &BareServer, query: &str) -> String {
    let place = [
        "psql",
        "-h",
        "/var/lib/slipway/postgres/run",
        "-U",
        "slipway",
        "-d",
        "postgres",
    ];
    let words = [
        &place[..],
        &["-X", "-q", "-A", "-t", "-P", "pager=off", "-c", query],
    ]
    .concat();
    server.exec(&words).await.trim().to_owned()
}
