//! An agent behind a real sshd, and the client crate that reaches it: what every story begins with.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use slipway_client::{Address, AgentSocket, Answers, AuthMethod, ClientError, ConnectError, Connection};
use slipway_client::{Home, KnownHosts, MemoryKeychain, Profile};
use slipway_protocol::access::Role;
use slipway_protocol::application::{ApplicationView, NewApplication};
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView, Trigger};
use slipway_protocol::domain::NewDomain;
use slipway_protocol::identity::{AcceptInvitation, NewInvitation};
use slipway_protocol::log_line::{DeploymentEvent, DeploymentLogLine};
use slipway_protocol::plan::PlanView;
use slipway_protocol::project::ProjectDetails;
use slipway_protocol::settings::ApplicationSettings;
use slipway_protocol::variable::SetVariable;
use slipway_protocol::{ApplicationId, DeploymentId, DisplayName, EnvironmentId, Scope, Secret, api};
use tempfile::TempDir;

use crate::agent::Agent;
use crate::git_repo::GitRepo;
use crate::load;
use crate::sshd::Sshd;
use crate::wait::{self, Pace};

pub const EMAIL: &str = "owner@example.org";
pub const PASSWORD: &str = "correct horse battery staple";
/// A deployment that takes longer is taken for one that hangs: on a busy machine a build with packages takes minutes.
pub const DEPLOYMENT_LIMIT: Duration = Duration::from_secs(600);

/// Fields are dropped in their order: the connection before the servers.
pub struct Stage {
    pub connection: Connection,
    pub profile: Profile,
    pub home: Home,
    pub sshd: Sshd,
    pub agent: Agent,
    folder: TempDir,
}

/// Somebody besides the owner.
pub struct Guest {
    pub connection: Connection,
    _folder: TempDir,
}

impl Stage {
    /// An agent with its first owner signed in.
    pub async fn set() -> Self {
        Self::around(Agent::start().await, Sshd::start().await).await
    }

    /// With the first version of the echo application as “web” in the project “Shop”, from its repository. It is not deployed.
    pub async fn with_web() -> (Self, GitRepo, ApplicationId) {
        let stage = Self::set().await;
        let environment = stage.environment("Shop").await;
        let repo = GitRepo::echo("1").await;
        let application = stage.application(environment, "web", &repo.url()).await.id;
        (stage, repo, application)
    }

    pub async fn around(agent: Agent, sshd: Sshd) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("sw-home-")
            .tempdir()
            .expect("a folder");
        let home = home_in(folder.path());
        let profile = profile_of(&sshd, &agent.socket());
        let answers = Answers {
            accepted_host_key: Some(sshd.fingerprint().await),
            ..Answers::default()
        };
        let connection = opened(&home, &profile, answers).await;
        let code = agent.invite().await;
        connection
            .accept_invitation(invitation(&code))
            .await
            .expect("the invitation is taken");
        Self {
            connection,
            profile,
            home,
            sshd,
            agent,
            folder,
        }
    }

    /// Somebody else of the same team, with a connection and a folder of their own.
    pub async fn join(&self, role: Role) -> Guest {
        self.join_as(role, "A Guest".parse().expect("a name")).await
    }

    /// The same with a name.
    pub async fn join_as(&self, role: Role, name: DisplayName) -> Guest {
        let body = NewInvitation { role };
        let invited = self.connection.send(api::CreateInvitation { body }).await;
        let code = invited.expect("an invitation").code.expose().clone();
        let folder = tempfile::Builder::new()
            .prefix("sw-guest-")
            .tempdir()
            .expect("a folder");
        let answers = Answers {
            accepted_host_key: Some(self.sshd.fingerprint().await),
            ..Answers::default()
        };
        let connection = opened(&home_in(folder.path()), &self.profile, answers).await;
        let email = format!("{}@example.org", wait::unique("guest-"));
        let accepted = AcceptInvitation {
            email: email.parse().expect("an address"),
            name,
            ..invitation(&code)
        };
        connection
            .accept_invitation(accepted)
            .await
            .expect("the invitation is taken");
        Guest {
            connection,
            _folder: folder,
        }
    }

    /// A second connection of the same person, with its own SSH session.
    pub async fn connect_again(&self) -> Result<Connection, ConnectError> {
        Connection::open(&self.home, &self.profile, Answers::default()).await
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The `production` environment of a new project.
    pub async fn environment(&self, project: &str) -> EnvironmentId {
        let body = ProjectDetails::named(project.parse().expect("a name"));
        let project = self
            .connection
            .send(api::CreateProject { body })
            .await
            .expect("a project");
        let production = project
            .environments
            .iter()
            .find(|environment| environment.name.as_str() == "production");
        production.expect("its environment").id
    }

    /// An application from git with a domain of its own: `<name>.example.org`.
    pub async fn application(&self, environment: EnvironmentId, name: &str, git: &str) -> ApplicationView {
        self.create(environment, new_application(name, git, 8080)).await
    }

    /// An application from any source, given as JSON, with a domain of its own.
    pub async fn application_from(
        &self,
        environment: EnvironmentId,
        name: &str,
        source: serde_json::Value,
    ) -> ApplicationView {
        let body = serde_json::json!({ "name": name, "source": source, "port": 8080 });
        let body = serde_json::from_value(body).expect("an application");
        self.create(environment, body).await
    }

    async fn create(&self, environment: EnvironmentId, body: NewApplication) -> ApplicationView {
        let name = body.name.clone();
        let name = name.as_str();
        let created = self
            .connection
            .send(api::CreateApplication { environment, body })
            .await
            .expect("an application");
        let host = host_of(name).parse().expect("a host name");
        let body = NewDomain {
            host,
            path: "/".parse().expect("a path"),
        };
        self.connection
            .send(api::CreateDomain {
                application: created.id,
                body,
            })
            .await
            .expect("a domain");
        self.view(created.id).await
    }

    pub async fn view(&self, application: ApplicationId) -> ApplicationView {
        self.connection
            .send(api::GetApplication { application })
            .await
            .expect("the application")
    }

    pub async fn set_variable(&self, application: ApplicationId, key: &str, value: &str) {
        self.set_in(Scope::Application(application), key, value).await;
    }

    /// Sets a variable of any scope.
    pub async fn set_in(&self, scope: Scope, key: &str, value: &str) {
        let body = SetVariable::new(key.parse().expect("a key"), Secret::new(value.to_owned()));
        self.connection
            .send(api::SetVariable { scope, body })
            .await
            .expect("the variable is set");
    }

    pub async fn request(&self, application: ApplicationId) -> DeploymentView {
        self.ask(application, Trigger::Deploy).await
    }

    /// Deploys and waits for the end, whatever it is.
    pub async fn deploy(&self, application: ApplicationId) -> DeploymentView {
        let asked = self.request(application).await;
        self.end_of(asked.id).await
    }

    /// Deploys, and shows the log where it does not succeed.
    pub async fn deploy_well(&self, application: ApplicationId) -> DeploymentView {
        let ended = self.deploy(application).await;
        if ended.status != DeploymentStatus::Succeeded {
            let lines = self.lines(ended.id, None).await;
            let text: Vec<String> = lines.into_iter().map(|line| line.text).collect();
            panic!(
                "deployment {}: {:?} {:?}\n{}",
                ended.number,
                ended.status,
                ended.failure,
                text.join("\n")
            );
        }
        ended
    }

    pub async fn roll_back(&self, application: ApplicationId, to: DeploymentId) -> DeploymentView {
        let body = Trigger::Rollback { to };
        let asked = self
            .connection
            .send(api::RequestDeployment {
                application,
                revision: None,
                body,
            })
            .await
            .expect("a roll back");
        self.end_of(asked.id).await
    }

    /// Waits for a deployment's end by asking, so that it also works across a restart of the agent.
    pub async fn end_of(&self, deployment: DeploymentId) -> DeploymentView {
        let end = tokio::time::Instant::now() + DEPLOYMENT_LIMIT;
        let pace = Pace::begin();
        loop {
            let asked = self.connection.send(api::GetDeployment { deployment }).await;
            match asked {
                Ok(view) if view.status.is_final() => return view,
                Err(ClientError::Problem(problem)) => panic!("the deployment cannot be seen: {problem}"),
                Ok(_) | Err(_) => {}
            }
            assert!(
                tokio::time::Instant::now() < end,
                "the deployment hangs: {asked:?}"
            );
            pace.pause().await;
        }
    }

    /// Until a deployment that goes on has said this.
    pub async fn until_said(&self, deployment: DeploymentId, text: &str) {
        let events = self.connection.follow_deployment(deployment, None);
        let said = events.any(|event| {
            let is_it = matches!(event, Ok(DeploymentEvent::Line(line)) if line.text.contains(text));
            async move { is_it }
        });
        let said = tokio::time::timeout(DEPLOYMENT_LIMIT, said).await;
        match said {
            Ok(true) => {}
            Ok(false) => {
                let lines = self.lines(deployment, None).await;
                let lines: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
                panic!("it ended without saying “{text}”: {lines:#?}");
            }
            Err(_) => panic!("“{text}” is not said within {DEPLOYMENT_LIMIT:?}"),
        }
    }

    /// The lines of an ended deployment's log.
    pub async fn lines(&self, deployment: DeploymentId, after: Option<u64>) -> Vec<DeploymentLogLine> {
        let events = self.connection.follow_deployment(deployment, after);
        let lines = events.filter_map(|event| async move {
            match event.expect("an event") {
                DeploymentEvent::Line(line) => Some(line),
                DeploymentEvent::Changed(_) | DeploymentEvent::Ping => None,
            }
        });
        tokio::time::timeout(Duration::from_secs(180), lines.collect())
            .await
            .expect("the log ends")
    }

    /// Changes an application's settings; they take effect with the next deployment.
    pub async fn settings(&self, application: ApplicationId, change: impl FnOnce(&mut ApplicationSettings)) {
        let mut body = self.view(application).await.settings;
        change(&mut body);
        let changed = self
            .connection
            .send(api::UpdateApplication { application, body })
            .await;
        changed.expect("the settings are changed");
    }

    /// Deletes an application that has nothing which would have to be confirmed.
    pub async fn delete(&self, application: ApplicationId) {
        let request = api::DeleteApplication {
            application,
            confirm: None,
        };
        self.connection.send(request).await.expect("it is deleted");
    }

    /// Asks for a deployment, and waits for nothing.
    pub async fn ask(&self, application: ApplicationId, body: Trigger) -> DeploymentView {
        let request = api::RequestDeployment {
            application,
            revision: None,
            body,
        };
        self.connection.send(request).await.expect("a deployment")
    }

    /// What that would do now.
    pub async fn plan(&self, application: ApplicationId, body: Trigger) -> PlanView {
        let request = api::PlanDeployment { application, body };
        self.connection.send(request).await.expect("a plan")
    }

    /// Asks for it as it was planned, and waits for nothing.
    pub async fn apply(
        &self,
        application: ApplicationId,
        body: Trigger,
        plan: &PlanView,
    ) -> Result<DeploymentView, ClientError> {
        let request = api::RequestDeployment {
            application,
            revision: Some(plan.revision.clone()),
            body,
        };
        self.connection.send(request).await
    }

    /// Asks for something other than a plain deployment, and waits until it has succeeded.
    pub async fn run_well(&self, application: ApplicationId, body: Trigger) -> DeploymentView {
        let asked = self.ask(application, body).await;
        let ended = self.end_of(asked.id).await;
        assert_eq!(ended.status, DeploymentStatus::Succeeded, "{:?}", ended.failure);
        ended
    }

    /// GET through Traefik.
    pub async fn get(&self, name: &str, path: &str) -> (u16, String) {
        let (status, body) = load::get(self.agent.edge_port(), &host_of(name), path)
            .await
            .expect("an answer");
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    /// The application's front page says this version, through Traefik.
    pub async fn assert_serves(&self, name: &str, version: &str) {
        let (status, body) = self.get(name, "/").await;
        assert_eq!(
            (status, body.as_str()),
            (200, format!("version {version}\n").as_str())
        );
    }

    /// The front page says one of these versions.
    pub async fn assert_serves_one_of(&self, name: &str, versions: &[&str]) {
        let (status, body) = self.get(name, "/").await;
        let wanted = versions
            .iter()
            .any(|version| body == format!("version {version}\n"));
        assert!(status == 200 && wanted, "{status} {body} is none of {versions:?}");
    }

    pub async fn wait_until_running(&self, deployment: DeploymentId) {
        wait::until("the deployment runs", DEPLOYMENT_LIMIT, async || {
            let asked = self.connection.send(api::GetDeployment { deployment }).await;
            asked.is_ok_and(|view| view.status != DeploymentStatus::Queued)
        })
        .await;
    }
}

/// The first connection of a story that is about something else: a busy machine may be too late for one attempt.
async fn opened(home: &Home, profile: &Profile, answers: Answers) -> Connection {
    let end = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        match Connection::open(home, profile, answers.clone()).await {
            Ok(connection) => return connection,
            Err(error) => assert!(tokio::time::Instant::now() < end, "no connection: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// A client's folder that reads no file of the machine's own user, and keeps secrets in memory.
pub fn home_in(folder: &Path) -> Home {
    let mut home = Home::new(folder.to_owned(), Arc::new(MemoryKeychain::default()));
    home.known_hosts = KnownHosts::with_files(folder.join("known_hosts"), Vec::new());
    home
}

pub fn profile_of(sshd: &Sshd, socket: &Path) -> Profile {
    let address = Address::Ssh {
        host: "127.0.0.1".into(),
        port: sshd.port(),
        user: sshd.user(),
        agent_socket: AgentSocket::parse(&socket.to_string_lossy()).expect("a socket's path"),
        auth: AuthMethod::KeyFile {
            path: sshd.client_key(),
            more: Vec::new(),
        },
        jump: Vec::new(),
        entries: Vec::new(),
    };
    Profile::new("test", address).expect("a profile")
}

pub fn invitation(code: &str) -> AcceptInvitation {
    AcceptInvitation {
        code: Secret::new(code.to_owned()),
        email: EMAIL.parse().expect("an address"),
        name: "The Owner".parse().expect("a name"),
        password: Secret::new(PASSWORD.to_owned()),
    }
}

pub fn host_of(application: &str) -> String {
    format!("{application}.example.org")
}

pub fn new_application(name: &str, git: &str, port: u16) -> NewApplication {
    serde_json::from_value(serde_json::json!({
        "name": name, "source": { "kind": "git", "url": git, "ref": "main" }, "port": port
    }))
    .expect("an application")
}
