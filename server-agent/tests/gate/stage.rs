//! What every test starts from: a PostgreSQL of its own, the router, team A with one person of each role, and team B.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, BodyDataStream, to_bytes};
use futures_util::FutureExt;
use http::{HeaderMap, Request, header};
use slipway_agent::app::App;
use slipway_agent::build_place::BuildPlace;
use slipway_agent::config::Config;
use slipway_agent::db::{Db, identity};
use slipway_agent::docker::Docker;
use slipway_agent::http::{PeerUid, router, tokens};
use slipway_agent::logs::Logs;
use slipway_agent::postgres::Embedded;
use slipway_agent::secrets::KeyFile;
use slipway_protocol::api::{
    AcceptInvitation, CreateInvitation, GetMe, JoinTeam, REQUEST_ID_HEADER, STREAM_TYPE, SignIn, TEAM_HEADER,
};
use slipway_protocol::identity::{self as body, InvitationView, NewInvitation, Tokens};
use slipway_protocol::{
    DisplayName, EmailAddress, Endpoint, ErrorCode, Problem, RawRequest, Role, Secret, TeamId, UserId,
};
use tower_service::Service;

use crate::prepared::Prepared;

pub const PASSWORD: &str = "canary password of everybody";
pub const VARIABLE: &str = "canary value of a variable";
/// Many databases at once keep a machine busy: what is asked of one is waited for.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Who asks: what is sent in the headers.
#[derive(Clone, Default)]
pub struct As {
    pub authorization: Option<String>,
    pub team: Option<String>,
}

impl As {
    pub fn nobody() -> Self {
        Self::default()
    }

    pub fn bearer(token: &str) -> Self {
        Self {
            authorization: Some(format!("Bearer {token}")),
            team: None,
        }
    }

    pub fn in_team(&self, team: TeamId) -> Self {
        Self {
            team: Some(team.to_string()),
            ..self.clone()
        }
    }
}

pub struct Person {
    pub id: UserId,
    pub email: EmailAddress,
    pub team: TeamId,
    pub tokens: Tokens,
}

impl Person {
    pub fn asks(&self) -> As {
        As::bearer(self.tokens.access_token.expose())
    }
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// Empty for a stream.
    pub body: String,
    asked_as: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    pub fn expect<T: serde::de::DeserializeOwned>(&self, what: &str) -> T {
        assert_eq!(self.status, 200, "{what}: {}", self.body);
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{what}: {error}: {}", self.body))
    }

    /// The problem, after checking everything that is promised about one.
    pub fn problem(&self, code: ErrorCode, what: &str) -> Problem {
        let what = format!("{what}: {} {}", self.status, self.body);
        assert_eq!(self.header("content-type"), "application/problem+json", "{what}");
        let problem: Problem = serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{what}"));
        assert_eq!(problem.code, code, "{what}");
        assert_eq!(
            (self.status, problem.status),
            (code.status(), code.status()),
            "{what}"
        );
        assert_eq!(problem.title, code.title(), "{what}");
        assert_eq!(problem.request_id, self.asked_as, "{what}");
        assert_eq!(self.header(REQUEST_ID_HEADER), self.asked_as, "{what}");
        assert!(problem.detail.ends_with('.'), "no sentence: {what}");
        let members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&self.body).unwrap();
        let known = ["code", "title", "status", "detail", "request_id"];
        assert!(
            members.keys().all(|member| known.contains(&member.as_str())),
            "{what}"
        );
        for internal in INTERNALS {
            assert!(
                !self.body.to_lowercase().contains(internal),
                "“{internal}” is told: {what}"
            );
        }
        problem
    }
}

/// Words of the inside that no caller is told.
const INTERNALS: [&str; 22] = [
    "sqlx",
    "src/",
    ".rs",
    "panic",
    "backtrace",
    "postgres",
    "pgrst",
    "relation",
    "constraint",
    "slipway_tenant",
    "refresh_tokens",
    "step_events",
    "deployment_log",
    "member_people",
    "memberships",
    "password_hash",
    "_is_free",
    "insert into",
    "select ",
    "canary",
    "/tmp/",
    "/dev/shm",
];

pub struct Stage {
    pub app: App,
    pub key: KeyFile,
    pub router: Router,
    pub owner: Person,
    pub admin: Person,
    pub developer: Person,
    pub viewer: Person,
    /// The owner of team B.
    pub stranger: Person,
    /// Everything that must be found nowhere.
    secrets: Mutex<Vec<String>>,
    counter: AtomicU32,
}

/// Runs a test on a stage of its own, and takes everything away again, also when it fails.
pub async fn with_stage(test: impl AsyncFnOnce(&Stage)) {
    let folder = tempfile::Builder::new()
        .prefix("slipway-gate-")
        .tempdir()
        .unwrap();
    let prepared = Prepared::get().await;
    prepared.put_into(folder.path());
    let mut postgres = Embedded::start(folder.path(), None).await.unwrap();
    let db = Db::with_patience(postgres.options(), PATIENCE);
    let work = async {
        let stage = Stage::new(folder.path(), db).await;
        test(&stage).await;
    };
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    postgres.stop().await;
    drop(folder);
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

impl Stage {
    async fn new(folder: &Path, db: Db) -> Self {
        let config = Config {
            data_dir: folder.to_owned(),
            socket: folder.join("agent.sock"),
            database_url: None,
            docker_host: format!("unix://{}", folder.join("no-docker.sock").display()),
            traefik_dir: None,
            traefik_url: Some("http://127.0.0.1:9".to_owned()),
            traefik_image: "traefik:v3.6".to_owned(),
            traefik_log: "ERROR".to_owned(),
            network: "slipway-gate".to_owned(),
            edge_port: 9,
            instance: "slipway-gate".to_owned(),
            deployments: 1,
            edge_process_port: 0,
            longest_step: 3600,
            docker_patience: 5,
            builds: None,
            build_node: None,
            build_node_key: None,
            bases: Vec::new(),
            builders_dir: None,
            buildkit_host: None,
            metrics_from_engine: false,
            no_node_terminal: false,
            postgres_bin: None,
            logs: slipway_agent::config::LogConfig::default(),
        };
        // A socket that nobody listens on, nor ever did: Docker is away.
        let nobody = tokio::net::UnixSocket::new_stream().unwrap();
        nobody.bind(folder.join("no-docker.sock")).unwrap();
        let docker = Docker::new(&config.docker_host, &config.instance);
        let key = KeyFile::open_or_create(&config.key_path()).unwrap();
        let logs = Logs::open(&config.logs_dir(), config.logs.limits()).unwrap();
        let build_place = BuildPlace::here(&docker);
        let app = App::new(config, db, docker, build_place, logs, &key);
        let mut desk = Desk {
            router: router(app.clone()),
            secrets: vec![PASSWORD.to_owned(), VARIABLE.to_owned()],
        };
        let owner = {
            let code = desk.first_invitation().await;
            desk.accept(&code, "owner").await
        };
        let mut members = Vec::new();
        for role in [Role::Admin, Role::Developer, Role::Viewer] {
            let request = CreateInvitation {
                body: NewInvitation { role },
            };
            let view: InvitationView = send(&desk.router, &request.into_raw().unwrap(), &owner.asks())
                .await
                .expect("an invitation");
            members.push(desk.accept(view.code.expose(), role.as_str()).await);
        }
        let code = teamless_invitation(&app).await;
        let stranger = desk.accept(&code, "stranger").await;
        assert_ne!(stranger.team, owner.team);
        let [admin, developer, viewer] = members.try_into().ok().unwrap();
        Self {
            app,
            key,
            router: desk.router,
            owner,
            admin,
            developer,
            viewer,
            stranger,
            secrets: Mutex::new(desk.secrets),
            counter: AtomicU32::new(0),
        }
    }

    pub fn member(&self, role: Role) -> &Person {
        match role {
            Role::Owner => &self.owner,
            Role::Admin => &self.admin,
            Role::Developer => &self.developer,
            Role::Viewer => &self.viewer,
        }
    }

    /// A number that is given once.
    pub fn next(&self) -> u32 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }

    pub fn keep_secret(&self, secret: &str) {
        self.secrets.lock().unwrap().push(secret.to_owned());
    }

    pub fn secrets(&self) -> Vec<String> {
        self.secrets.lock().unwrap().clone()
    }

    pub async fn send(&self, request: &RawRequest, who: &As) -> Answer {
        send(&self.router, request, who).await
    }

    pub async fn ask<E: Endpoint>(&self, who: &As, request: E) -> Answer {
        self.send(&request.into_raw().unwrap(), who).await
    }

    /// What a stream sends, as it comes.
    pub async fn stream<E: Endpoint>(&self, who: &As, request: E) -> BodyDataStream {
        let raw = request.into_raw().unwrap();
        let (request, _) = asked(raw.method.as_str(), &raw.target, Vec::new(), who);
        let Ok(answer) = self.router.clone().call(request).await;
        assert_eq!(answer.status().as_u16(), 200, "{}", E::NAME);
        answer.into_body().into_data_stream()
    }

    pub async fn call<E: Endpoint>(&self, who: &As, request: E) -> E::Response {
        self.ask(who, request).await.expect(E::NAME)
    }

    /// A session of its own for somebody who has an account.
    pub async fn sign_in(&self, email: &EmailAddress) -> Tokens {
        let tokens = self
            .call(&As::nobody(), sign_in_with(email.as_str(), PASSWORD))
            .await;
        self.keep_secret(tokens.access_token.expose());
        self.keep_secret(tokens.refresh_token.expose());
        tokens
    }

    pub async fn invitation(&self, role: Role) -> String {
        let request = CreateInvitation {
            body: NewInvitation { role },
        };
        let code = self.call(&self.owner.asks(), request).await.code.into_exposed();
        self.keep_secret(&code);
        code
    }

    /// An account that nobody else uses.
    pub async fn newcomer(&self, role: Role) -> Person {
        self.account(&self.invitation(role).await).await
    }

    /// The owner of a team that nobody else is in.
    pub async fn newcomer_elsewhere(&self) -> Person {
        self.account(&teamless_invitation(&self.app).await).await
    }

    async fn account(&self, code: &str) -> Person {
        let mut desk = Desk {
            router: self.router.clone(),
            secrets: Vec::new(),
        };
        let person = desk.accept(code, &format!("newcomer-{}", self.next())).await;
        self.secrets.lock().unwrap().append(&mut desk.secrets);
        person
    }

    /// The tables of the database.
    pub async fn tables(&self) -> Vec<String> {
        let query = "select table_name::text from information_schema.tables
                      where table_schema = 'public' and table_type = 'BASE TABLE' and table_name <> '_sqlx_migrations' order by 1";
        sqlx::query_scalar(query)
            .fetch_all(self.app.db.pool())
            .await
            .unwrap()
    }

    /// All rows of all tables, as text.
    pub async fn dump(&self) -> String {
        let mut dump = String::new();
        for table in self.tables().await {
            let query =
                format!("select coalesce(string_agg(t::text, E'\\n' order by t::text), '') from {table} t");
            let rows: String = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
                .fetch_one(self.app.db.pool())
                .await
                .unwrap();
            dump.push_str(&format!("{table}:\n{rows}\n"));
        }
        dump
    }

    /// Runs a statement as the database's owner.
    pub async fn execute(&self, statement: &str) {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()))
            .execute(self.app.db.pool())
            .await
            .unwrap();
    }
}

struct Desk {
    router: Router,
    secrets: Vec<String>,
}

impl Desk {
    async fn first_invitation(&mut self) -> String {
        let own = nix::unistd::geteuid().as_raw();
        let answer = invite_as(&self.router, Some(PeerUid(own))).await;
        answer
            .expect::<InvitationView>("the first invitation")
            .code
            .into_exposed()
    }

    async fn accept(&mut self, code: &str, name: &str) -> Person {
        let request = accept_with(code, name).into_raw().unwrap();
        let tokens: Tokens = send(&self.router, &request, &As::nobody())
            .await
            .expect("an account");
        self.secrets.extend([
            code.to_owned(),
            tokens.access_token.expose().clone(),
            tokens.refresh_token.expose().clone(),
        ]);
        let who = As::bearer(tokens.access_token.expose());
        let me: body::Me = send(&self.router, &GetMe {}.into_raw().unwrap(), &who)
            .await
            .expect("me");
        Person {
            id: me.id,
            email: me.email,
            team: me.teams[0].team,
            tokens,
        }
    }
}

pub fn accept_with(code: &str, name: &str) -> AcceptInvitation {
    AcceptInvitation {
        body: body::AcceptInvitation {
            code: Secret::new(code.to_owned()),
            email: EmailAddress::parse(&format!("{name}@example.org")).unwrap(),
            name: DisplayName::parse(name).unwrap(),
            password: Secret::new(PASSWORD.to_owned()),
        },
    }
}

pub fn join_with(code: &str) -> JoinTeam {
    JoinTeam {
        body: body::InvitationCode {
            code: Secret::new(code.to_owned()),
        },
    }
}

pub fn sign_in_with(email: &str, password: &str) -> SignIn {
    SignIn {
        body: body::SignIn {
            email: EmailAddress::parse(email).unwrap(),
            password: Secret::new(password.to_owned()),
        },
    }
}

/// An invitation into a team that does not exist yet.
pub async fn teamless_invitation(app: &App) -> String {
    let (code, hash) = tokens::random_code().unwrap();
    let mut tx = app.db.begin().await.unwrap();
    identity::insert_invitation(&mut tx, None, Role::Owner, &hash, chrono::Duration::hours(1))
        .await
        .unwrap();
    tx.commit().await.unwrap();
    code.into_exposed()
}

/// The call that only root on the server may make.
pub async fn invite_as(router: &Router, peer: Option<PeerUid>) -> Answer {
    let mut request = Request::post("/internal/invitations")
        .body(Body::empty())
        .unwrap();
    if let Some(peer) = peer {
        request.extensions_mut().insert(peer);
    }
    pass(router, request, String::new()).await
}

pub async fn send(router: &Router, request: &RawRequest, who: &As) -> Answer {
    let body = match &request.body {
        Some(body) => serde_json::to_vec(body).unwrap(),
        None => Vec::new(),
    };
    send_bytes(router, request.method.as_str(), &request.target, body, who).await
}

pub async fn send_bytes(router: &Router, method: &str, target: &str, body: Vec<u8>, who: &As) -> Answer {
    let (request, id) = asked(method, target, body, who);
    pass(router, request, id).await
}

/// A request, and the id that it carries.
fn asked(method: &str, target: &str, body: Vec<u8>, who: &As) -> (Request<Body>, String) {
    let id = uuid::Uuid::new_v4().to_string();
    let mut request = Request::builder()
        .method(method)
        .uri(target)
        .header(header::CONTENT_TYPE, "application/json")
        .header(REQUEST_ID_HEADER, &id);
    if let Some(authorization) = &who.authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    if let Some(team) = &who.team {
        request = request.header(TEAM_HEADER, team);
    }
    (request.body(Body::from(body)).unwrap(), id)
}

async fn pass(router: &Router, request: Request<Body>, asked_as: String) -> Answer {
    let Ok(answer) = router.clone().call(request).await;
    let (parts, body) = answer.into_parts();
    let stream = parts
        .headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value == STREAM_TYPE);
    let bytes = if stream {
        bytes::Bytes::new()
    } else {
        to_bytes(body, usize::MAX).await.unwrap()
    };
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: String::from_utf8(bytes.to_vec()).unwrap(),
        asked_as,
    }
}
