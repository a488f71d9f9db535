//! Puts the texts everywhere that the API, git, a container and Docker itself let somebody put them.

use std::time::Duration;

use acceptance::engine::text;
use acceptance::git_repo::GitRepo;
use acceptance::stage::Stage;
use acceptance::wait;
use serde_json::json;
use slipway_protocol::access::Role;
use slipway_protocol::application::Tags;
use slipway_protocol::command::NewCommand;
use slipway_protocol::deployment::DeploymentStatus;
use slipway_protocol::file::SetFile;
use slipway_protocol::git_access::GitToken;
use slipway_protocol::patch::NewPatch;
use slipway_protocol::project::ProjectDetails;
use slipway_protocol::registry::RegistryLogin;
use slipway_protocol::settings::{CommandLimit, CommandLine};
use slipway_protocol::variable::SetVariable;
use slipway_protocol::{
    ApplicationId, DeploymentId, DisplayName, EnvironmentId, FreeText, ProjectId, Scope, Secret, Tag, api,
};

use super::texts;

const LIMIT: Duration = Duration::from_secs(180);

/// Where it was sown.
pub struct Sown {
    pub application: ApplicationId,
    pub good: DeploymentId,
    pub failed: DeploymentId,
    /// An application of a branch with a hostile name, and its deployment: there is no such branch.
    pub branchy: ApplicationId,
    pub lost: DeploymentId,
    pub project: ProjectId,
    pub environment: EnvironmentId,
}

pub async fn everything(stage: &Stage) -> Sown {
    let repo = GitRepo::echo("1").await;
    let names: Vec<DisplayName> = texts::all()
        .iter()
        .filter_map(|text| DisplayName::parse(text).ok())
        .collect();
    assert!(names.len() > 15, "markup is a name like any other");
    let mut described = texts::packed(2000).into_iter();
    for name in &names {
        let description = described.next();
        let body = ProjectDetails {
            name: name.clone(),
            tags: description.iter().flat_map(|_| tags()).collect(),
            description: description.unwrap_or_default(),
        };
        stage
            .connection
            .send(api::CreateProject { body })
            .await
            .expect("a project");
    }
    stage
        .join_as(Role::Viewer, names.first().expect("a name").clone())
        .await;
    registry(stage).await;
    let environment = stage.environment("Shop").await;
    let all = stage
        .connection
        .send(api::ListProjects {})
        .await
        .expect("the projects");
    let project = all
        .iter()
        .find(|one| one.name.as_str() == "Shop")
        .expect("the project")
        .id;
    let scopes = [
        Scope::Team,
        Scope::Project(project),
        Scope::Environment(environment),
    ];
    for scope in scopes {
        variables(stage, scope).await;
    }

    let application = stage.application(environment, "web", &repo.url()).await.id;
    let mut arguments = vec!["shown".to_owned()];
    arguments.extend(texts::packed(400));
    let arguments = CommandLine::try_from(arguments).expect("arguments");
    stage
        .settings(application, |settings| {
            settings.container.arguments = Some(arguments)
        })
        .await;
    commit(&repo, "Hostile").await;
    let good = stage.deploy_well(application).await.id;
    commands(stage, application).await;
    let body = Tags { tags: tags() };
    let tagged = stage.connection.send(api::SetTags { application, body }).await;
    tagged.expect("the tags");
    git_token(stage, application).await;
    let (branchy, lost) = branch(stage, environment, &repo).await;

    repo.write("Dockerfile", &dockerfile());
    commit(&repo, "A build that speaks").await;
    let failed = stage.deploy(application).await;
    assert_eq!(failed.status, DeploymentStatus::Failed);

    variables(stage, Scope::Application(application)).await;
    files(stage, application).await;
    let label = FreeText::parse(&texts::all().join("\n")).expect("a label");
    stage
        .settings(application, |settings| {
            settings
                .container
                .labels
                .insert("note".parse().expect("a name"), label);
        })
        .await;
    behind_its_back(stage).await;
    Sown {
        application,
        good,
        failed: failed.id,
        branchy,
        lost,
        project,
        environment,
    }
}

/// Those of the texts that are tags.
fn tags() -> Vec<Tag> {
    let all = texts::all();
    let tags: Vec<Tag> = all.iter().filter_map(|text| Tag::parse(text).ok()).collect();
    assert!(!tags.is_empty(), "some addresses are tags like any other");
    tags
}

/// Commands that are texts, and say them.
async fn commands(stage: &Stage, application: ApplicationId) {
    for text in texts::packed(4000) {
        let command = vec!["/app".to_owned(), "exit".to_owned(), text];
        let body = NewCommand {
            command: CommandLine::try_from(command).expect("a command"),
            deployment: None,
            deadline_seconds: CommandLimit::default(),
        };
        let asked = stage.connection.send(api::RunCommand { application, body }).await;
        let command = asked.expect("a command").id;
        wait::until("the command ends", LIMIT, async || {
            let view = stage.connection.send(api::GetCommand { command }).await;
            view.is_ok_and(|view| view.status.is_final())
        })
        .await;
    }
}

async fn git_token(stage: &Stage, application: ApplicationId) {
    let body = GitToken {
        user: "<svg/onload=window.__owned=63>".parse().expect("a user name"),
        token: Secret::new("a token".to_owned()),
    };
    let stored = stage
        .connection
        .send(api::SetGitToken { application, body })
        .await;
    stored.expect("a token");
}

/// An application of a branch that is not there: what is said of it says its name.
async fn branch(stage: &Stage, environment: EnvironmentId, repo: &GitRepo) -> (ApplicationId, DeploymentId) {
    let source = json!({ "kind": "git", "url": repo.url(), "ref": texts::branch() });
    let application = stage.application_from(environment, "branchy", source).await.id;
    let lost = stage.deploy(application).await;
    assert_eq!(lost.status, DeploymentStatus::Failed);
    (application, lost.id)
}

/// A commit of a hostile author with a hostile message.
async fn commit(repo: &GitRepo, end: &str) {
    let message = format!("{} {end}", texts::all().concat().replace(['\n', '\r'], " "));
    let author = "<img src=x onerror=window.__owned=50>\u{202e}".replace(['<', '>'], "\u{2039}");
    repo.git(&["add", "--all"]).await;
    let author = format!("{author} <__owned@example.org>");
    repo.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--author",
        &author,
        "--message",
        &message,
    ])
    .await;
}

/// Its build says each text, and fails with the last one.
fn dockerfile() -> String {
    let mut lines = vec!["FROM scratch".to_owned(), "COPY app version mode /".to_owned()];
    for (number, text) in texts::markup().iter().take(4).enumerate() {
        lines.push(format!(
            "LABEL note{number}={}",
            serde_json::to_string(text).expect("a text")
        ));
    }
    let all = texts::all().join("\n");
    let words = serde_json::to_string(&["/app", "is", &all, "x"]).expect("words");
    lines.push(format!("RUN {words}"));
    lines.join("\n") + "\n"
}

async fn variables(stage: &Stage, scope: Scope) {
    for (number, text) in texts::all().into_iter().enumerate() {
        // In an application they are names and values of its containers, where references are read.
        let value = text.replace("${", "$${");
        let mut body = SetVariable::new(
            format!("HOSTILE_{number}").parse().expect("a key"),
            Secret::new(value),
        );
        body.secret = Some(false);
        stage
            .connection
            .send(api::SetVariable { scope, body })
            .await
            .expect("a variable");
    }
}

async fn files(stage: &Stage, application: ApplicationId) {
    let files = [
        ("/etc/plain", texts::markup()),
        ("/etc/<img src=x onerror=window.__owned=60>", texts::all()),
    ];
    for (path, content) in files {
        let content = content.join("\n");
        let body = SetFile {
            path: path.parse().expect("a path"),
            content: Secret::new(content.into_bytes()),
            mode: None,
        };
        stage
            .connection
            .send(api::SetFile { application, body })
            .await
            .expect("a file");
    }
    let path = "<svg onload=window.__owned=61>".parse().expect("a path");
    let content = texts::all().join("\n");
    let body = NewPatch { content };
    stage
        .connection
        .send(api::SetPatch {
            application,
            path,
            body,
        })
        .await
        .expect("a patch");
}

async fn registry(stage: &Stage) {
    let body = RegistryLogin {
        host: "registry.example.org".parse().expect("a host"),
        user: "<svg/onload=window.__owned=62>".parse().expect("a user name"),
        password: Secret::new("a token".to_owned()),
    };
    stage
        .connection
        .send(api::SetRegistry { body })
        .await
        .expect("a sign-in");
}

/// As somebody with Docker alone would: other labels on the service that serves.
async fn behind_its_back(stage: &Stage) {
    let all = stage.agent.engine().services(stage.agent.instance()).await;
    let serves = |service: &serde_json::Value| {
        service["Spec"]["Labels"]["slipway.deployment"].is_string()
            && service["Spec"]["Mode"]["Replicated"]["Replicas"] != 0
    };
    let service = all.into_iter().find(serves).expect("a serving service");
    let change = |spec: &mut serde_json::Value| {
        spec["TaskTemplate"]["ContainerSpec"]["Labels"]["note"] = texts::all().join(" ").into();
    };
    let engine = stage.agent.engine();
    engine.change_service(text(&service["ID"]), change).await;
    wait::until("the drift is seen", LIMIT, async || {
        let apps = stage
            .connection
            .send(api::ListApplications { environment: None })
            .await;
        apps.is_ok_and(|all| all.iter().any(|app| !app.drift.is_empty()))
    })
    .await;
}
