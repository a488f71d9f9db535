//! Projects and what is in them: described, tagged, copied, moved, deleted.

use slipway_protocol::api::*;
use slipway_protocol::application::{
    DuplicateApplication as Copy, MOST_TAGS, MoveApplication as Destination, Tags,
};
use slipway_protocol::project::{
    DuplicateEnvironment as EnvironmentCopy, DuplicateProject as ProjectCopy, EnvironmentDetails,
    ProjectDetails,
};
use slipway_protocol::{ApplicationName, DisplayName, EnvironmentName, ErrorCode, Scope, Tag};

use crate::configuration::{plain, set, variable};
use crate::examples::{new_application, new_project};
use crate::stage::{Stage, with_stage};

/// FR-PRJ-02: a copy has settings, variables and files, sealed anew under its own rows, and neither domain nor history; moving keeps all.
#[tokio::test]
async fn copies_are_whole_and_apart() {
    with_stage(async |stage| {
        let who = stage.owner.asks();
        let things = stage.things(&who).await;
        set(
            stage,
            Scope::Environment(things.environment),
            plain("PLACE", "here"),
        )
        .await;
        set(stage, Scope::Project(things.project), plain("WHOSE", "ours")).await;
        let body = ProjectCopy {
            name: DisplayName::parse("The copy").unwrap(),
        };
        let copy = stage
            .call(
                &who,
                DuplicateProject {
                    project: things.project,
                    body,
                },
            )
            .await;
        let environment = copy.environments[0].id;
        let mut names = Vec::new();
        for view in stage
            .call(
                &who,
                ListApplications {
                    environment: Some(environment),
                },
            )
            .await
        {
            assert!(view.domains.is_empty() && view.last_deployment.is_none());
            names.push(view.name.to_string());
            if view.name.as_str() != things.marker {
                continue;
            }
            let scope = Scope::Application(view.id);
            let revealed = stage
                .call(
                    &who,
                    RevealVariable {
                        scope,
                        key: things.key.clone(),
                    },
                )
                .await;
            assert!(revealed.value.expose() == crate::stage::VARIABLE);
            let path = things.path.clone();
            let file = stage
                .call(
                    &who,
                    RevealFile {
                        application: view.id,
                        path,
                    },
                )
                .await;
            assert!(file.content.expose() == crate::stage::VARIABLE.as_bytes());
            // A change of the copy is none of the original.
            set(stage, scope, variable(things.key.as_str(), "changed")).await;
        }
        let expected = ["", "-r", "-s"].map(|end| format!("{}{end}", things.marker));
        assert_eq!(names, expected);
        let original = RevealVariable {
            scope: Scope::Application(things.application),
            key: things.key.clone(),
        };
        assert!(stage.call(&who, original).await.value.expose() == crate::stage::VARIABLE);
        for (scope, name, value) in [
            (Scope::Environment(environment), "PLACE", "here"),
            (Scope::Project(copy.id), "WHOSE", "ours"),
        ] {
            let all = stage.call(&who, ListVariables { scope }).await;
            assert_eq!(all.len(), 1);
            assert_eq!(
                (all[0].key.as_str(), all[0].value.as_deref()),
                (name, Some(value))
            );
        }
        let body = EnvironmentCopy {
            name: EnvironmentName::parse("staging").unwrap(),
        };
        let staging = stage
            .call(
                &who,
                DuplicateEnvironment {
                    environment,
                    body: body.clone(),
                },
            )
            .await;
        assert_eq!(staging.application_count, 3);
        let taken = stage.ask(&who, DuplicateEnvironment { environment, body }).await;
        taken.problem(ErrorCode::Conflict, "a taken name");
        moved(stage, &things, staging.id).await;
    })
    .await;
}

/// FR-PRJ-01: a project's name, description and tags change together; a taken name does not, and a copy has the rest.
#[tokio::test]
async fn a_project_is_described() {
    with_stage(async |stage| {
        let who = stage.owner.asks();
        let made = stage.call(&who, new_project("Shop")).await;
        stage.call(&who, new_project("Taken")).await;
        let project = made.id;
        let tags =
            |texts: &[&str]| -> Vec<Tag> { texts.iter().map(|text| Tag::parse(text).unwrap()).collect() };
        let details = |name: &str, words: &[&str]| ProjectDetails {
            description: "What we sell".to_owned(),
            tags: tags(words),
            ..ProjectDetails::named(DisplayName::parse(name).unwrap())
        };
        let body = details("Store", &["web", "eu", "web"]);
        let view = stage.call(&who, UpdateProject { project, body }).await;
        assert_eq!(
            (view.name.as_str(), view.description.as_str()),
            ("Store", "What we sell")
        );
        assert_eq!(view.tags, tags(&["eu", "web"]));
        assert_eq!(view.environments, made.environments);
        assert!(stage.call(&who, ListProjects {}).await.contains(&view));

        let body = details("Taken", &[]);
        let answer = stage.ask(&who, UpdateProject { project, body }).await;
        answer.problem(ErrorCode::Conflict, "a taken name");
        let many: Vec<String> = (0..=MOST_TAGS).map(|number| format!("t{number}")).collect();
        let body = details("Store", &many.iter().map(String::as_str).collect::<Vec<_>>());
        let answer = stage.ask(&who, UpdateProject { project, body }).await;
        answer.problem(ErrorCode::Invalid, "too many tags");

        let body = ProjectCopy {
            name: DisplayName::parse("Store 2").unwrap(),
        };
        let copy = stage.call(&who, DuplicateProject { project, body }).await;
        assert_eq!((copy.description, copy.tags), (view.description, view.tags));
    })
    .await;
}

/// FR-PRJ-05: tags are kept each once and in order, are no setting that waits for a deployment, go along into a copy, and are not many.
#[tokio::test]
async fn tags_are_kept() {
    with_stage(async |stage| {
        let who = stage.owner.asks();
        let application = stage.things(&who).await.running;
        let tags = |texts: &[&str]| Tags {
            tags: texts.iter().map(|text| Tag::parse(text).unwrap()).collect(),
        };
        let before = stage.call(&who, GetApplication { application }).await;
        let body = tags(&["shop", "payments:eu", "shop"]);
        let view = stage.call(&who, SetTags { application, body }).await;
        assert_eq!(view.tags, tags(&["payments:eu", "shop"]).tags);
        assert_eq!(view.pending_changes, before.pending_changes);
        let body = Copy {
            name: ApplicationName::parse("tagged").unwrap(),
            environment: None,
        };
        let copy = stage.call(&who, DuplicateApplication { application, body }).await;
        assert_eq!(copy.tags, view.tags);
        let many: Vec<String> = (0..=MOST_TAGS).map(|number| format!("t{number}")).collect();
        let body = tags(&many.iter().map(String::as_str).collect::<Vec<_>>());
        let answer = stage.ask(&who, SetTags { application, body }).await;
        answer.problem(ErrorCode::Invalid, "too many tags");
        let body = tags(&[]);
        let view = stage.call(&who, SetTags { application, body }).await;
        assert_eq!(view.tags, []);
    })
    .await;
}

async fn moved(stage: &Stage, things: &crate::examples::Things, to: slipway_protocol::EnvironmentId) {
    let who = stage.owner.asks();
    let application = things.application;
    let body = Destination { environment: to };
    let taken = stage
        .ask(
            &who,
            MoveApplication {
                application,
                body: body.clone(),
            },
        )
        .await;
    taken.problem(ErrorCode::Conflict, "the place has one of that name");
    let copy = Copy {
        name: ApplicationName::parse("another").unwrap(),
        environment: Some(to),
    };
    let copied = stage
        .call(
            &who,
            DuplicateApplication {
                application,
                body: copy,
            },
        )
        .await;
    assert_eq!(copied.environment, to);
    let body = Destination {
        environment: things.environment,
    };
    let moved = stage
        .call(
            &who,
            MoveApplication {
                application: copied.id,
                body,
            },
        )
        .await;
    assert_eq!(
        (moved.id, moved.environment, moved.project),
        (copied.id, things.environment, things.project)
    );
    // Another team's environment is no place for it, nor is its application one to take.
    let foreign = stage.things(&stage.stranger.asks()).await;
    let body = Destination {
        environment: foreign.environment,
    };
    let answer = stage.ask(&who, MoveApplication { application, body }).await;
    answer.problem(ErrorCode::NotFound, "a foreign environment");
    let body = Copy {
        name: ApplicationName::parse("stolen").unwrap(),
        environment: Some(foreign.environment),
    };
    let answer = stage.ask(&who, DuplicateApplication { application, body }).await;
    answer.problem(ErrorCode::NotFound, "a foreign environment");
}

/// FR-PRJ-01: an environment gets another name and keeps what is in it; a name that the project has is refused, and what happened is in the audit log.
#[tokio::test]
async fn an_environment_is_renamed() {
    with_stage(async |stage| {
        let who = stage.owner.asks();
        let things = stage.things(&who).await;
        let (project, environment) = (things.project, things.environment);
        let named = |name: &str| EnvironmentDetails {
            name: EnvironmentName::parse(name).unwrap(),
        };
        let body = named("staging");
        stage.call(&who, CreateEnvironment { project, body }).await;
        let before = stage
            .call(
                &who,
                ListApplications {
                    environment: Some(environment),
                },
            )
            .await;
        let body = named("live");
        let view = stage.call(&who, UpdateEnvironment { environment, body }).await;
        assert_eq!((view.id, view.name.as_str()), (environment, "live"));
        assert_eq!(view.application_count as usize, before.len());
        let after = stage
            .call(
                &who,
                ListApplications {
                    environment: Some(environment),
                },
            )
            .await;
        assert_eq!(before, after);
        let last = &stage.call(&who, ListAudit {}).await[0];
        assert!(last.subject.ends_with(" as live"), "{last:?}");

        let body = named("staging");
        let answer = stage.ask(&who, UpdateEnvironment { environment, body }).await;
        answer.problem(ErrorCode::Conflict, "a taken name");
    })
    .await;
}

/// FR-PRJ-03: what goes is said before; where a volume would be lost, the name is asked for; exactly that goes.
#[tokio::test]
async fn what_goes_is_said_and_goes() {
    with_stage(async |stage| {
        let who = stage.owner.asks();
        let (things, other) = (stage.things(&who).await, stage.things(&who).await);
        let (project, application) = (things.project, things.application);
        set(stage, Scope::Project(project), variable("A", "1")).await;
        set(stage, Scope::Environment(things.environment), variable("B", "2")).await;
        let body = EnvironmentDetails {
            name: EnvironmentName::parse("staging").unwrap(),
        };
        let staging = stage.call(&who, CreateEnvironment { project, body }).await;
        stage.call(&who, new_application(staging.id, "second")).await;
        let what = stage.call(&who, PreviewProjectDeletion { project }).await;
        assert_eq!(what.name, things.marker);
        assert_eq!(what.environments.len(), 2);
        assert_eq!(what.applications.len(), 4);
        assert_eq!(what.domains, [format!("{}.example.org/", things.marker)]);
        assert_eq!((what.variables, what.files, what.deployments), (3, 1, 3));
        assert!(!what.needs_name() && what.busy.is_empty());
        let one = stage.call(&who, PreviewApplicationDeletion { application }).await;
        assert_eq!((one.variables, one.applications.len(), one.environments.len()), (1, 1, 0));
        for what in [&what, &one] {
            let kept = (what.patches, what.uploads, what.deploy_urls, what.git_tokens, what.deploy_keys);
            assert_eq!(kept, (1, 1, 1, 1, 1), "{what:?}");
        }

        let run = |status: &str| {
            format!("update deployments set status = '{status}', started_at = now(), release_kept = true,
                       plan = jsonb_set(plan, '{{settings,container,volumes}}', '[{{\"name\": \"data\", \"path\": \"/data\"}}]')
                      where application_id = '{application}'")
        };
        stage.execute(&run("running")).await;
        let delete = async |confirm: Option<&str>| {
            let confirm = confirm.map(str::to_owned);
            stage.ask(&who, DeleteProject { project, confirm }).await
        };
        let problem = delete(Some(&things.marker)).await.problem(ErrorCode::Conflict, "busy");
        assert!(problem.detail.contains("running"), "{}", problem.detail);
        stage.execute(&run("succeeded")).await;
        let what = stage.call(&who, PreviewProjectDeletion { project }).await;
        assert_eq!((what.volumes.len(), what.services.len()), (1, 1), "{what:?}");
        let problem = delete(None).await.problem(ErrorCode::Conflict, "without the name");
        assert!(problem.detail.contains(&things.marker) && problem.detail.contains("data"), "{}", problem.detail);
        delete(Some("another")).await.problem(ErrorCode::Conflict, "another name");
        assert_eq!(delete(Some(&things.marker)).await.status, 200);
        let dump = stage.dump().await;
        for id in [project.to_string(), things.environment.to_string(), staging.id.to_string()] {
            assert!(!dump.contains(&id), "{id} is left");
        }
        // The application's id is kept until its volumes are gone, and nowhere else.
        let gone: Vec<&str> = dump.lines().filter(|line| line.contains(&application.to_string())).collect();
        assert_eq!(gone.len(), 1, "{gone:?}");
        assert!(dump.contains(&other.application.to_string()) && dump.contains(&other.project.to_string()));
    })
    .await;
}
