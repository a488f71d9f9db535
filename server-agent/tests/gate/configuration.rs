//! Variables of every scope, imports, the history, secrets that are shown, files, copies and deletions, by calls.

use slipway_protocol::api::*;
use slipway_protocol::application::{
    DuplicateApplication as Copy, MOST_TAGS, MoveApplication as Destination, Tags,
};
use slipway_protocol::configuration::{Changes, Configured, ImportVariables as Text};
use slipway_protocol::deployment::Trigger;
use slipway_protocol::file::SetFile as Content;
use slipway_protocol::project::{
    DuplicateEnvironment as EnvironmentCopy, DuplicateProject as ProjectCopy, NewEnvironment, ProjectDetails,
};
use slipway_protocol::settings::ContainerPath;
use slipway_protocol::variable::SetVariable as Value;
use slipway_protocol::{
    ApplicationName, DisplayName, EnvironmentName, ErrorCode, Role, Scope, Secret, Tag, VariableKey,
};

use crate::examples::{new_application, new_project};
use crate::stage::{As, Stage, with_stage};

fn key(text: &str) -> VariableKey {
    VariableKey::parse(text).unwrap()
}

fn variable(name: &str, value: &str) -> Value {
    Value::new(key(name), Secret::new(value.to_owned()))
}

fn plain(name: &str, value: &str) -> Value {
    Value {
        secret: Some(false),
        ..variable(name, value)
    }
}

async fn set(stage: &Stage, scope: Scope, body: Value) {
    stage.call(&stage.owner.asks(), SetVariable { scope, body }).await;
}

async fn import(stage: &Stage, who: &As, scope: Scope, text: &str, replace: bool, preview: bool) -> Changes {
    let body = Text {
        text: Secret::new(text.to_owned()),
        replace,
        preview,
        secret: false,
    };
    stage.call(who, ImportVariables { scope, body }).await
}

/// FR-CFG-01: each scope has its own variables, and a change of one waits for the next deployment of everything in it.
#[tokio::test]
async fn scopes_are_apart() {
    with_stage(async |stage| {
        let who = stage.owner.asks();
        let things = stage.things(&who).await;
        let scopes = [
            Scope::Team,
            Scope::Project(things.project),
            Scope::Environment(things.environment),
            Scope::Application(things.application),
        ];
        let query = "select changed_at from applications where id = $1";
        let changed = async || -> chrono::DateTime<chrono::Utc> {
            let query = sqlx::query_scalar(query).bind(things.application.0);
            query.fetch_one(stage.app.db.pool()).await.unwrap()
        };
        for scope in scopes {
            let before = changed().await;
            set(stage, scope, plain("SAME", scope.kind())).await;
            assert!(changed().await > before, "{scope}");
        }
        for scope in scopes {
            let all = stage.call(&who, ListVariables { scope }).await;
            let same = all.iter().find(|variable| variable.key == key("SAME")).unwrap();
            assert_eq!(same.value.as_deref(), Some(scope.kind()));
            stage
                .call(
                    &who,
                    DeleteVariable {
                        scope,
                        key: key("SAME"),
                    },
                )
                .await;
            let again = stage
                .ask(
                    &who,
                    DeleteVariable {
                        scope,
                        key: key("SAME"),
                    },
                )
                .await;
            again.problem(ErrorCode::NotFound, "removed twice");
        }
    })
    .await;
}

/// FR-CFG-02: a secret's value comes back to those with the right to it only, and each time it is noted; what is not secret is listed.
#[tokio::test]
async fn secrets_are_shown_to_few() {
    with_stage(async |stage| {
        let who = stage.owner.asks();
        let scope = Scope::Application(stage.things(&who).await.application);
        set(stage, scope, variable("HIDDEN", "canary one")).await;
        set(stage, scope, plain("SHOWN", "open")).await;
        let listed = stage
            .ask(&stage.developer.asks(), ListVariables { scope })
            .await
            .body;
        assert!(
            listed.contains("open") && !listed.contains("canary one"),
            "{listed}"
        );
        // A new value keeps how it is treated; only with a new value can it be treated differently.
        set(stage, scope, variable("HIDDEN", "canary two")).await;
        assert!(
            !stage
                .ask(&who, ListVariables { scope })
                .await
                .body
                .contains("canary two")
        );
        for role in Role::ALL {
            let reveal = RevealVariable {
                scope,
                key: key("HIDDEN"),
            };
            let answer = stage.ask(&stage.member(role).asks(), reveal).await;
            if role >= Role::Admin {
                assert!(answer.body.contains("canary two"), "{}", answer.body);
            } else {
                answer.problem(ErrorCode::Forbidden, role.as_str());
            }
        }
        let query =
            "select actor from audit where action = 'RevealVariable' and subject like '% HIDDEN' order by id";
        let noted: Vec<String> = sqlx::query_scalar(query)
            .fetch_all(stage.app.db.pool())
            .await
            .unwrap();
        assert_eq!(noted, [stage.admin.email.as_str(), stage.owner.email.as_str()]);
    })
    .await;
}

/// FR-CFG-03: an import says what it changes before it does; what the text names without a value stays, and the history tells who did it.
#[tokio::test]
async fn an_import_says_what_it_changes() {
    with_stage(async |stage| {
        let (who, developer) = (stage.owner.asks(), stage.developer.asks());
        let scope = Scope::Project(stage.things(&who).await.project);
        set(stage, scope, variable("KEPT", "canary")).await;
        for (name, value) in [("SAME", "1"), ("OTHER", "2"), ("GONE", "3")] {
            set(stage, scope, plain(name, value)).await;
        }
        let text = "# edited\nKEPT\nSAME=1\nexport OTHER=\"two\\nlines\"\nNEW='$x'\n";
        let expected = Changes {
            added: vec!["NEW".to_owned()],
            changed: vec!["OTHER".to_owned()],
            removed: vec!["GONE".to_owned()],
        };
        let before = stage.dump().await;
        assert_eq!(import(stage, &developer, scope, text, true, true).await, expected);
        assert_eq!(before, stage.dump().await, "a preview changes nothing");
        assert_eq!(
            import(stage, &developer, scope, text, true, false).await,
            expected
        );
        assert!(
            import(stage, &developer, scope, text, true, false)
                .await
                .is_empty()
        );
        let all = stage.call(&who, ListVariables { scope }).await;
        let values: Vec<_> = all
            .iter()
            .map(|one| (one.key.as_str(), one.value.as_deref()))
            .collect();
        assert_eq!(
            values,
            [
                ("KEPT", None),
                ("NEW", Some("$x")),
                ("OTHER", Some("two\nlines")),
                ("SAME", Some("1"))
            ]
        );
        let revealed = stage
            .call(
                &who,
                RevealVariable {
                    scope,
                    key: key("KEPT"),
                },
            )
            .await;
        assert!(revealed.value.expose() == "canary");
        let merged = import(stage, &developer, scope, "SAME=2", false, false).await;
        assert_eq!((merged.changed.len(), merged.removed.len()), (1, 0));
        let history = stage.call(&developer, ListConfigurationChanges { scope }).await;
        assert_eq!(history[0].changes.changed, ["SAME"]);
        assert_eq!(history[1].changes, expected);
        assert_eq!(
            (history[1].actor.as_str(), history[1].what),
            (stage.developer.email.as_str(), Configured::Variables)
        );
        assert_eq!(history.len(), 6);
    })
    .await;
}

/// FR-CFG-01, NFR-U2: a deployment whose variables refer to nothing, or to themselves, is refused with both names; nothing is queued.
#[tokio::test]
async fn what_is_not_resolved_blocks() {
    with_stage(async |stage| {
        let who = stage.owner.asks();
        let things = stage.things(&who).await;
        let application = things.application;
        let own = Scope::Application(application);
        let deploy = async || {
            stage
                .ask(
                    &who,
                    RequestDeployment {
                        application,
                        revision: None,
                        body: Trigger::Deploy,
                    },
                )
                .await
        };
        set(stage, own, variable("URL", "https://${{project.HOST}}/")).await;
        let problem = deploy().await.problem(ErrorCode::Conflict, "unresolved");
        assert!(
            problem.detail.contains("URL") && problem.detail.contains("${{project.HOST}}"),
            "{}",
            problem.detail
        );
        set(
            stage,
            Scope::Project(things.project),
            variable("HOST", "${{team.HOST}}"),
        )
        .await;
        let problem = deploy().await.problem(ErrorCode::Conflict, "unresolved");
        assert!(
            problem.detail.contains("HOST of the project"),
            "{}",
            problem.detail
        );
        set(stage, Scope::Team, variable("HOST", "${{URL}}")).await;
        deploy().await.problem(ErrorCode::Conflict, "a cycle");
        set(stage, Scope::Team, variable("HOST", "example.org")).await;
        assert_eq!(deploy().await.status, 200);
        let file = Value {
            as_file: Some(true),
            ..variable("FILE", "")
        };
        set(stage, own, file).await;
        let problem = deploy().await.problem(ErrorCode::Conflict, "an empty file");
        assert!(problem.detail.contains("FILE"), "{}", problem.detail);
    })
    .await;
}

/// FR-CFG-04: a file's content comes back to those with the right to it, byte for byte; a mode stays; there is a bound.
#[tokio::test]
async fn files_are_kept() {
    with_stage(async |stage| {
        let who = stage.owner.asks();
        let application = stage.things(&who).await.application;
        let path = ContainerPath::parse("/srv/app/all bytes.bin").unwrap();
        let bytes: Vec<u8> = (0..=255).collect();
        let mut body = Content {
            path: path.clone(),
            content: Secret::new(bytes.clone()),
            mode: Some("0600".parse().unwrap()),
        };
        stage
            .call(
                &who,
                SetFile {
                    application,
                    body: body.clone(),
                },
            )
            .await;
        let revealed = stage
            .call(
                &who,
                RevealFile {
                    application,
                    path: path.clone(),
                },
            )
            .await;
        assert!(revealed.content.expose() == &bytes);
        let refused = stage
            .ask(
                &stage.developer.asks(),
                RevealFile {
                    application,
                    path: path.clone(),
                },
            )
            .await;
        refused.problem(ErrorCode::Forbidden, "a developer");
        body.mode = None;
        let view = stage
            .call(
                &who,
                SetFile {
                    application,
                    body: body.clone(),
                },
            )
            .await;
        assert_eq!((view.mode.as_str(), view.length), ("0600", 256));
        body.content = Secret::new(vec![1; 500_000]);
        for i in 0..4 {
            body.path = ContainerPath::parse(&format!("/srv/{i}")).unwrap();
            stage
                .call(
                    &who,
                    SetFile {
                        application,
                        body: body.clone(),
                    },
                )
                .await;
        }
        body.path = ContainerPath::parse("/srv/one-too-many").unwrap();
        let answer = stage.ask(&who, SetFile { application, body }).await;
        answer.problem(ErrorCode::Conflict, "too much");
        stage
            .call(
                &who,
                DeleteFile {
                    application,
                    path: path.clone(),
                },
            )
            .await;
        let again = stage.ask(&who, DeleteFile { application, path }).await;
        again.problem(ErrorCode::NotFound, "removed twice");
        let history = stage
            .call(
                &who,
                ListConfigurationChanges {
                    scope: Scope::Application(application),
                },
            )
            .await;
        assert_eq!(history[0].what, Configured::Files);
        assert_eq!(history[0].changes.removed, ["/srv/app/all bytes.bin"]);
    })
    .await;
}

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

/// FR-PRJ-03: what goes is said before; where a volume would be lost, the name is asked for; exactly that goes.
#[tokio::test]
async fn what_goes_is_said_and_goes() {
    with_stage(async |stage| {
        let who = stage.owner.asks();
        let (things, other) = (stage.things(&who).await, stage.things(&who).await);
        let (project, application) = (things.project, things.application);
        set(stage, Scope::Project(project), variable("A", "1")).await;
        set(stage, Scope::Environment(things.environment), variable("B", "2")).await;
        let body = NewEnvironment {
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
