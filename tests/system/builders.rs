//! How images come to be: what is detected, secrets and arguments of a Dockerfile, static sites, builders beside the agent,
//! and builds that wait or are cancelled.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use acceptance::git_repo::GitRepo;
use acceptance::stage::{Stage, host_of};
use acceptance::{invariants, load, process, wait};
use chrono::TimeDelta;
use slipway_protocol::application::ApplicationView;
use slipway_protocol::build::{BuildStep, BuildView, BuiltBy};
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView};
use slipway_protocol::settings::Build;
use slipway_protocol::{DeploymentId, api};

/// What runs in a build, and what is left of it, is seen within so long on a busy machine.
const CANCELLED: Duration = Duration::from_secs(120);
/// A value that stands nowhere else.
const CANARY: &str = "canary-5e1f0c1d9b7a4e3f8a6c2b1d0e9f8a7c";

async fn application(stage: &Stage, name: &str, repo: &GitRepo, build: serde_json::Value) -> ApplicationView {
    let environment = stage.environment(&format!("Project of {name}")).await;
    let made = stage.application(environment, name, &repo.url()).await;
    let mut body = made.settings.clone();
    body.build = serde_json::from_value::<Build>(build).expect("settings of a build");
    let changed = stage.connection.send(api::UpdateApplication {
        application: made.id,
        body,
    });
    changed.await.expect("the settings are changed");
    made
}

async fn repository(files: &[(&str, &str)]) -> GitRepo {
    let repo = GitRepo::empty().await;
    for (name, text) in files {
        if let Some((folder, _)) = name.rsplit_once('/') {
            fs::create_dir_all(repo.path().join(folder)).expect("a folder");
        }
        repo.write(name, text);
    }
    repo.commit("First version").await;
    repo
}

pub(super) async fn log(stage: &Stage, deployment: DeploymentId) -> String {
    let lines = stage.lines(deployment, None).await;
    lines.into_iter().map(|line| line.text + "\n").collect()
}

fn automatic() -> serde_json::Value {
    serde_json::json!({ "kind": "automatic" })
}

/// FR-BLD-02: an application of npm's that nobody here wrote, with all that it depends on, is deployed without a Dockerfile.
/// FR-BLD-05: image, size and times are told.
#[tokio::test(flavor = "multi_thread")]
async fn an_application_from_npm_is_deployed_by_detection_alone() {
    let stage = Stage::set().await;
    let package = r#"{ "name": "flows", "private": true, "scripts": { "start": "node-red" }, "dependencies": { "node-red": "4.1.15" } }"#;
    let repo = repository(&[("package.json", package)]).await;
    let flows = application(&stage, "flows", &repo, automatic()).await;
    let ended = stage.deploy_well(flows.id).await;
    let said = log(&stage, ended.id).await;
    for wanted in [
        "Found package.json with a \"start\" script",
        "Node.js with npm, on node:22-slim",
        "RUN npm install",
        " MB) in ",
    ] {
        assert!(said.contains(wanted), "{wanted} is not in:\n{said}");
    }
    // An engine that has built the same before says so instead.
    let timed = |line: &str| {
        line.contains("] RUN npm install") && (line.ends_with(" s") || line.ends_with("(cached)"))
    };
    assert!(said.lines().any(timed), "no time of a step in:\n{said}");
    let (status, page) = stage.get("flows", "/").await;
    assert_eq!(status, 200);
    assert!(page.contains("<title>Node-RED</title>"), "{page}");
    invariants::hold(&stage).await;
}

/// FR-BLD-02: the same with an application of PyPI's.
#[tokio::test(flavor = "multi_thread")]
async fn an_application_from_pypi_is_deployed_by_detection_alone() {
    let stage = Stage::set().await;
    let files = [
        ("requirements.txt", "datasette==0.65.1\n"),
        (".python-version", "3.11\n"),
        (
            "Procfile",
            "web: exec datasette serve --memory --host 0.0.0.0 --port $PORT\n",
        ),
    ];
    let repo = repository(&files).await;
    let data = application(&stage, "data", &repo, automatic()).await;
    let ended = stage.deploy_well(data.id).await;
    let said = log(&stage, ended.id).await;
    assert!(
        said.contains("Python with pip, on python:3.11-slim, as .python-version says"),
        "{said}"
    );
    let (status, answer) = stage
        .get("data", "/_memory.json?sql=select+6*7+as+answer&_shape=array")
        .await;
    assert_eq!((status, answer.trim()), (200, r#"[{"answer": 42}]"#));
    invariants::hold(&stage).await;
}

/// FR-BLD-01: stage, arguments and secrets arrive in a build; a secret's value is in no layer, no history and no log, not even
/// where a command prints it.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_a_build_leave_no_trace() {
    let stage = Stage::set().await;
    let repo = GitRepo::echo("1").await;
    let colour = "it's \"blue\" & $(green) = 100 %";
    let dockerfile = format!(
        "FROM debian:bookworm-slim AS good\nCOPY app version mode /\nARG COLOUR=none\nRUN echo {nonce}\nRUN printf %s \"$COLOUR\" > /colour && cat /colour\n\
         RUN --mount=type=secret,id=TOKEN test \"$(wc -c < /run/secrets/TOKEN)\" = {length} && cat /run/secrets/TOKEN && echo \" was read\"\n\
         RUN test ! -s /run/secrets/TOKEN\nENTRYPOINT [\"/app\"]\nFROM good AS bad\nRUN false\n",
        nonce = wait::unique("nonce-"),
        length = CANARY.len(),
    );
    repo.write("Containerfile", &dockerfile);
    repo.git(&["rm", "--quiet", "--cached", "Dockerfile"]).await;
    repo.commit("Another Dockerfile").await;
    let build = serde_json::json!({
        "kind": "dockerfile", "file": "Containerfile", "target": "good", "arguments": { "COLOUR": colour }, "secrets": ["TOKEN"],
    });
    let web = application(&stage, "web", &repo, build).await;

    let failed = stage.deploy(web.id).await;
    assert_eq!(
        failed.explanation().map(|said| said.code.as_str()),
        Some("build-secret-missing"),
        "{failed:?}"
    );
    stage.set_variable(web.id, "TOKEN", CANARY).await;
    let ended = stage.deploy_well(web.id).await;
    stage.assert_serves("web", "1").await;
    let said = log(&stage, ended.id).await;
    assert!(said.contains("••• was read") && said.contains(colour), "{said}");
    assert!(!said.contains(CANARY), "the log has the secret:\n{said}");

    let image = ended.image.expect("an image");
    let engine = stage.agent.engine();
    for path in [
        format!("/images/{image}/history"),
        format!("/images/{image}/json"),
        format!("/images/{image}/get"),
        "/system/df".to_owned(),
    ] {
        assert!(
            !engine.answer_holds(&path, CANARY.as_bytes()).await,
            "{path} has the secret"
        );
    }
    assert!(
        engine
            .answer_holds(&format!("/images/{image}/get"), b"COLOUR")
            .await,
        "the search finds nothing"
    );
    assert!(!stage.agent.log().contains(CANARY));
    invariants::hold(&stage).await;
}

/// FR-BLD-05: a build has a tag, a digest, a duration and a size, and each step its time and what it added; one that comes from the cache says
/// so; and neither a secret nor an argument is in it.
#[tokio::test(flavor = "multi_thread")]
async fn steps_of_a_build_have_times_and_sizes() {
    const WRITTEN: u64 = 7 << 20;
    let stage = Stage::set().await;
    let repo = GitRepo::echo("1").await;
    let dockerfile = format!(
        "FROM debian:bookworm-slim AS lent\nRUN echo {nonce} > /lent\nFROM debian:bookworm-slim\nARG COLOUR=none\nCOPY app version mode /\n\
         COPY --from=lent /lent /lent\nRUN sleep 1 && head -c {WRITTEN} /dev/urandom > /big\n\
         RUN --mount=type=secret,id=TOKEN cat /run/secrets/TOKEN > /dev/null && echo $COLOUR > /colour\nENTRYPOINT [\"/app\"]\n",
        nonce = wait::unique("nonce-"),
    );
    repo.write("Dockerfile", &dockerfile);
    repo.commit("Two commands").await;
    let build = serde_json::json!({ "kind": "dockerfile", "arguments": { "COLOUR": "deep-red" }, "secrets": ["TOKEN"] });
    let web = application(&stage, "web", &repo, build).await;
    stage.set_variable(web.id, "TOKEN", CANARY).await;
    let first = stage.deploy_well(web.id).await;
    let made = built(&stage, first.id).await;
    assert_eq!(Some(&made.digest), first.image.as_ref());
    assert!(
        made.tag.ends_with(&first.id.to_string().replace("-", "")),
        "{}",
        made.tag
    );
    assert!(
        made.builder.is_some_and(|by| by == BuiltBy::Dockerfile),
        "{made:?}"
    );
    assert!(
        made.milliseconds.is_some_and(|time| time >= 1_000) && made.size > WRITTEN,
        "{made:?}"
    );
    let written = step(&made, "head -c");
    assert!(!written.cached && written.milliseconds >= 1_000, "{written:?}");
    // Files of a layer have heads.
    let added = written.added.expect("its size is known");
    assert!((WRITTEN..WRITTEN + 65_536).contains(&added), "{written:?}");
    let small = step(&made, "/colour").added.expect("its size is known");
    assert!(small < 65_536, "{small}");
    // Both stages begin with the same image, which is one step.
    assert!(
        step(&made, "] FROM ").added.is_some_and(|size| size > 1_000_000),
        "{made:?}"
    );
    assert_eq!(
        step(&made, "> /lent").added,
        None,
        "a stage that lends a file is in no layer"
    );
    let told = format!("{made:?}");
    assert!(!told.contains(CANARY) && !told.contains("deep-red"), "{told}");

    let second = stage.deploy_well(web.id).await;
    let again = built(&stage, second.id).await;
    assert_ne!(again.tag, made.tag);
    let cached = step(&again, "head -c");
    assert!(cached.cached && cached.added == Some(added), "{cached:?}");
    // What takes an image again has built none.
    let back = stage.roll_back(web.id, first.id).await;
    let asked = stage.connection.send(api::GetBuild { deployment: back.id }).await;
    assert_eq!(asked.expect("an answer"), None);
    invariants::hold(&stage).await;
}

/// FR-BLD-01: an image is built for the platform that the settings name; a command that the server's processor cannot run is explained.
#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_built_for_the_platform_that_is_set() {
    let stage = Stage::set().await;
    let repo = GitRepo::echo("1").await;
    repo.write("version-riscv64", "1");
    // The head of a program for no processor that there is, so that no emulator of this machine takes it.
    let foreign = repo.path().join("foreign");
    fs::write(&foreign, [b"\x7fELF\x02\x01\x01".as_slice(), &[0; 121]].concat()).expect("a program");
    fs::set_permissions(&foreign, fs::Permissions::from_mode(0o755)).expect("its mode");
    let dockerfile = "FROM scratch\nARG TARGETARCH\nCOPY version-$TARGETARCH /version\nCOPY foreign /\nRUN [\"/foreign\"]\n";
    repo.write("Dockerfile", dockerfile);
    repo.commit("For another processor").await;
    let build = serde_json::json!({ "kind": "dockerfile", "platform": "linux/riscv64" });
    let web = application(&stage, "web", &repo, build).await;
    let failed = stage.deploy(web.id).await;
    let said = log(&stage, failed.id).await;
    assert!(
        said.contains("For linux/riscv64") && said.contains("COPY version-riscv64 /version"),
        "{said}"
    );
    let code = failed.explanation().map(|said| said.code.as_str());
    assert_eq!(code, Some("build-wrong-architecture"), "{failed:?}\n{said}");
    invariants::hold(&stage).await;
}

pub(super) async fn built(stage: &Stage, deployment: DeploymentId) -> BuildView {
    let asked = stage.connection.send(api::GetBuild { deployment }).await;
    asked.expect("an answer").expect("an image was built")
}

fn step<'b>(build: &'b BuildView, part: &str) -> &'b BuildStep {
    let found = build.steps.iter().find(|step| step.name.contains(part));
    found.unwrap_or_else(|| panic!("no step has {part}: {build:?}"))
}

/// FR-BLD-02: a static site with a page for every path, headers that let browsers keep what never changes, and nothing hidden.
#[tokio::test(flavor = "multi_thread")]
async fn a_static_site_is_served() {
    let stage = Stage::set().await;
    let files = [
        ("site/index.html", "<h1>start</h1>"),
        ("site/about.html", "<h1>about</h1>"),
        ("site/docs/index.html", "<h1>docs</h1>"),
        ("site/assets/index-BxYz12_a.js", "start()"),
        ("site/assets/settings.js", "set()"),
        ("site/.env", CANARY),
        ("secret.txt", CANARY),
    ];
    let repo = repository(&files).await;
    let routed = serde_json::json!({ "kind": "static", "publish": "site", "fallback": true });
    let site = application(&stage, "site", &repo, routed).await;
    stage.deploy_well(site.id).await;
    let port = stage.agent.edge_port();
    let kept = "public, max-age=31536000, immutable";
    for (path, status, body, caching) in [
        ("/", 200, "<h1>start</h1>", Some("no-cache")),
        ("/about", 200, "<h1>about</h1>", Some("no-cache")),
        ("/docs", 200, "<h1>docs</h1>", Some("no-cache")),
        ("/orders/7", 200, "<h1>start</h1>", Some("no-cache")),
        ("/assets/index-BxYz12_a.js", 200, "start()", Some(kept)),
        ("/assets/settings.js", 200, "set()", Some("no-cache")),
        ("/assets/gone.js", 404, "", None),
        ("/.env", 404, "", None),
        ("/.slipway/Dockerfile", 404, "", None),
        ("/../secret.txt", 400, "", None),
    ] {
        let (answered, headers, text) = load::get_whole(port, &host_of("site"), path)
            .await
            .expect("an answer");
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains(CANARY), "{path}: {text}");
        // Whoever refuses a path that leads upwards, it is refused.
        if path.contains("..") {
            assert_ne!(text, "<h1>secret</h1>");
            continue;
        }
        assert_eq!(answered, status, "{path}");
        assert!(text.contains(body), "{path}: {text}");
        let header = headers.get("cache-control").and_then(|value| value.to_str().ok());
        assert_eq!(header, caching, "{path}");
    }

    // By itself: found, without a page for every path.
    let plain = repository(&[
        ("index.html", "<h1>plain</h1>"),
        ("404.html", "<h1>nothing here</h1>"),
    ])
    .await;
    let found = application(&stage, "plain", &plain, automatic()).await;
    stage.deploy_well(found.id).await;
    assert_eq!(stage.get("plain", "/").await, (200, "<h1>plain</h1>".to_owned()));
    assert_eq!(
        stage.get("plain", "/orders/7").await,
        (404, "<h1>nothing here</h1>".to_owned())
    );
    invariants::hold(&stage).await;
}

/// FR-BLD-03: on a server that builds one image at a time the second build says that it waits, and is cancelled while it does.
/// FR-BLD-04: a running build is cancelled within 5 s and leaves nothing.
#[tokio::test(flavor = "multi_thread")]
async fn builds_wait_and_are_cancelled() {
    let stage = Stage::set().await;
    let mut asked = Vec::new();
    for name in ["first", "second"] {
        let repo = GitRepo::echo("1").await;
        repo.echo_with_long_build("1", 2017, 100).await;
        let made = application(&stage, name, &repo, automatic()).await;
        let deployment = stage.request(made.id).await;
        stage
            .until_said(
                deployment.id,
                if name == "first" {
                    "RUN"
                } else {
                    "Waiting for its turn"
                },
            )
            .await;
        asked.push((deployment, repo));
    }
    wait::until("the first build runs", Duration::from_secs(120), async || {
        process::runs(&["/app", "count", "2017", "100"])
    })
    .await;
    for (deployment, _) in asked.iter().rev() {
        cancel(&stage, deployment.id).await;
    }
    wait::until("no command of a build runs", CANCELLED, async || {
        !process::runs(&["/app", "count", "2017", "100"])
    })
    .await;
    invariants::hold(&stage).await;
}

/// Five seconds after the wish, which was the last one, the agent has written down the end. How long the wish was on its way to it, on a busy
/// machine, is another thing.
async fn ended_soon(stage: &Stage, cancelled: &DeploymentView) {
    let log = stage.connection.send(api::ListAudit {}).await;
    let log = log.expect("the audit log");
    let wishes = log.iter().filter(|entry| entry.action == "CancelDeployment");
    let wish = wishes.map(|entry| entry.at).max().expect("the wish");
    let took = cancelled.ended_at.map(|ended| ended - wish);
    assert!(took.is_some_and(|took| took < TimeDelta::seconds(5)), "{took:?}");
}

/// And sees that it ends soon.
pub(super) async fn cancel(stage: &Stage, deployment: DeploymentId) {
    let asked = stage.connection.send(api::CancelDeployment { deployment }).await;
    asked.expect("the wish is taken");
    let ended = stage.end_of(deployment).await;
    assert_eq!(ended.status, DeploymentStatus::Cancelled, "{:?}", ended.failure);
    ended_soon(stage, &ended).await;
}

/// And its children. What was killed may still be there for a moment; left alone they sleep for ten minutes.
async fn until_the_builder_has_ended() {
    wait::until("the builder has ended", CANCELLED, async || {
        !process::runs(&["sleep", "613"])
    })
    .await;
}

/// FR-BLD-02: a builder beside the agent gets arguments, the way to Docker and nothing else, and its image is Slipway's.
/// FR-BLD-03, FR-BLD-04: its time is limited as the settings say, and cancelling ends its whole process group. The real builders cannot be had on every machine that runs the tests,
/// so this one is a small program with their command line, which lets the real Docker build.
#[tokio::test(flavor = "multi_thread")]
async fn a_builder_beside_the_agent_builds() {
    let stage = Stage::set().await;
    let repo = GitRepo::echo("1").await;
    let build = serde_json::json!({ "kind": "external", "builder": "nixpacks" });
    let web = application(&stage, "web", &repo, build.clone()).await;

    let absent = stage.deploy(web.id).await;
    assert_eq!(
        absent.explanation().map(|said| said.code.as_str()),
        Some("builder-not-installed"),
        "{absent:?}"
    );
    let folder = stage.agent.builders_dir();
    fs::create_dir_all(&folder).expect("a folder");
    let program = |text: &str| {
        let path = folder.join("nixpacks");
        fs::write(&path, text).expect("the program");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its mode");
    };
    // Debian's client does not find out by itself what a newer engine takes.
    let api = stage.agent.engine().api_level();
    program(&format!(
        "#!/bin/sh\nenv | cut -d= -f1 | sort | tr '\\n' ' '\nset -e\ntest \"$1\" = build\ntest \"$2\" = --name\nD=/usr/bin/docker; test -x $D || D=docker\nexec env DOCKER_API_VERSION={api} $D build --tag \"$3\" \"$4\"\n",
    ));
    let ended = stage.deploy_well(web.id).await;
    stage.assert_serves("web", "1").await;
    let said = log(&stage, ended.id).await;
    assert!(
        said.contains("DOCKER_BUILDKIT DOCKER_HOST HOME LANG NO_COLOR PATH"),
        "{said}"
    );
    assert!(
        !said.contains("SLIPWAY_") && !said.contains("DATABASE_URL"),
        "{said}"
    );

    program("#!/bin/sh\necho it works\nsleep 613 & sleep 613\n");
    repo.echo_version("2").await;
    stage
        .settings(web.id, |settings| {
            let limited =
                serde_json::json!({ "kind": "external", "builder": "nixpacks", "limits": { "time": 3 } });
            settings.build = serde_json::from_value(limited).expect("settings of a build");
        })
        .await;
    let overdue = stage.deploy(web.id).await;
    let code = overdue.explanation().map(|said| said.code.as_str());
    assert_eq!(code, Some("build-too-slow"), "{overdue:?}");
    until_the_builder_has_ended().await;
    stage
        .settings(web.id, |settings| {
            settings.build = serde_json::from_value(build.clone()).expect("settings of a build")
        })
        .await;
    let running = stage.request(web.id).await;
    stage.until_said(running.id, "it works").await;
    wait::until("the builder runs", CANCELLED, async || {
        process::runs(&["sleep", "613"])
    })
    .await;
    cancel(&stage, running.id).await;
    until_the_builder_has_ended().await;
    stage.assert_serves("web", "1").await;
    invariants::hold(&stage).await;
}
