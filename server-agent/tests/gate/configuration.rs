//! Variables of every scope, imports, the history, secrets that are shown, and files, by calls.

use slipway_protocol::api::*;
use slipway_protocol::configuration::{Changes, Configured, ImportVariables as Text};
use slipway_protocol::deployment::Trigger;
use slipway_protocol::file::SetFile as Content;
use slipway_protocol::settings::ContainerPath;
use slipway_protocol::variable::SetVariable as Value;
use slipway_protocol::{ErrorCode, Role, Scope, Secret, VariableKey};

use crate::stage::{As, Stage, with_stage};

fn key(text: &str) -> VariableKey {
    VariableKey::parse(text).unwrap()
}

pub fn variable(name: &str, value: &str) -> Value {
    Value::new(key(name), Secret::new(value.to_owned()))
}

pub fn plain(name: &str, value: &str) -> Value {
    Value {
        secret: Some(false),
        ..variable(name, value)
    }
}

pub async fn set(stage: &Stage, scope: Scope, body: Value) {
    stage.call(&stage.owner.asks(), SetVariable { scope, body }).await;
}

async fn import(stage: &Stage, who: &As, scope: Scope, text: &str, replace: bool, preview: bool) -> Changes {
    let body = Text {
        text: Secret::new(text.to_owned()),
        replace,
        preview,
        secret: false,
        previewed: None,
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

/// FR-CFG-03: what was shown is what happens: a variable that somebody else has set meanwhile is neither removed nor set back.
#[tokio::test]
async fn an_import_does_what_was_shown() {
    with_stage(async |stage| {
        let who = stage.owner.asks();
        let scope = Scope::Project(stage.things(&who).await.project);
        set(stage, scope, plain("OLD", "1")).await;
        let text = |previewed: Option<Changes>| Text {
            text: Secret::new("OLD=1\nNEW=2\n".to_owned()),
            replace: true,
            preview: previewed.is_none(),
            secret: false,
            previewed,
        };
        let body = text(None);
        let told = stage.call(&who, ImportVariables { scope, body }).await;
        set(stage, scope, plain("OTHERS", "3")).await;
        let before = stage.dump().await;
        let body = text(Some(told));
        let answer = stage.ask(&who, ImportVariables { scope, body }).await;
        answer.problem(ErrorCode::Conflict, "changed meanwhile");
        assert_eq!(before, stage.dump().await);
        let body = text(None);
        let told = stage.call(&who, ImportVariables { scope, body }).await;
        assert_eq!(told.removed, ["OTHERS"]);
        let body = text(Some(told.clone()));
        assert_eq!(stage.call(&who, ImportVariables { scope, body }).await, told);
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
        assert_eq!(history[1].actor, stage.developer.email.as_str());
        assert_eq!(history[1].what, Configured::Variables);
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
