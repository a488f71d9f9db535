use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use slipway_protocol::is_hidden;
use slipway_protocol::log_line::LogStream;

use super::real_texts::{self, Case, OTHERS, PORT};
use super::seen::{Answer, Seen};
use super::*;
use crate::build_place::BuildNodeError;
use crate::docker::DockerError;
use crate::domain::rollout::{ObservedTask, TaskState, Verdict, judge};
use crate::git::GitError;
use crate::process::ProcessError;
use crate::traefik::EdgeError;

fn of(step: Step, failure: &str, log: &str, seen: Seen) -> Option<Explanation> {
    let lines = log
        .lines()
        .map(|line| (LogStream::Stderr, line.to_owned()))
        .collect();
    explain(&Evidence::new(Given {
        step,
        failure,
        lines,
        seen,
        port: Some(PORT),
        path: Some("/healthz"),
    }))
}

fn code(step: Step, failure: &str, log: &str, seen: Seen) -> Option<String> {
    of(step, failure, log, seen).map(|explanation| explanation.code)
}

/// FR-DEP-16: each cause is recognised by what was really written of it.
#[test]
fn each_cause_is_recognised() {
    for Case {
        code: wanted,
        step,
        failure,
        log,
        seen,
    } in real_texts::all()
    {
        let found = code(step, &failure, log, seen);
        assert_eq!(found.as_deref(), Some(wanted), "{failure}\n{log}");
    }
}

/// FR-DEP-16: no cause is without such a text, and there are many.
#[test]
fn every_cause_is_tried() {
    let known: BTreeSet<&str> = [Step::Source, Step::Build, Step::Release, Step::Gate]
        .into_iter()
        .flat_map(|step| tables(step).iter().copied().flatten())
        .map(|rule| rule.code)
        .collect();
    let tried: BTreeSet<&str> = real_texts::all().iter().map(|case| case.code).collect();
    assert_eq!(known.difference(&tried).collect::<Vec<_>>(), Vec::<&&str>::new());
    assert!(known.len() > 60, "{}", known.len());
    let kebab = |code: &&str| code.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    assert!(known.iter().all(kebab), "{known:?}");
}

/// FR-DEP-16: text that merely looks like a sign is not taken for it.
#[test]
fn other_texts_are_not_taken_for_it() {
    for (step, failure, log, wrong) in OTHERS {
        let found = code(*step, failure, log, Seen::default());
        assert_ne!(found.as_deref(), Some(*wrong), "{failure}\n{log}");
    }
    assert_eq!(
        code(Step::Gate, "something new", "all is well", Seen::default()),
        None
    );
}

/// FR-DEP-16: cause and remedy are whole sentences on one line, and name what was found.
#[test]
fn explanations_read_well() {
    for Case {
        code,
        step,
        failure,
        log,
        seen,
    } in real_texts::all()
    {
        let said = of(step, &failure, log, seen).unwrap();
        for text in [&said.cause, &said.remedy] {
            let whole = text.ends_with(['.', '”'])
                && text.starts_with(|c: char| c.is_uppercase() || c.is_ascii_lowercase());
            assert!(
                whole && !text.contains("  ") && !text.contains('\n'),
                "{code}: {text}"
            );
        }
    }
    let said = |code: &str| {
        let case = real_texts::all()
            .into_iter()
            .find(|case| case.code == code)
            .unwrap();
        of(case.step, &case.failure, case.log, case.seen).unwrap()
    };
    assert!(
        said("port-mismatch")
            .cause
            .contains("port 3000, but its port is set to 8080"),
        "{:?}",
        said("port-mismatch")
    );
    assert!(
        said("crash-loop").cause.contains("exit code 3).")
            && said("crash-loop").cause.contains("configuration of the moon")
    );
    assert!(said("variable-missing").remedy.contains("“DATABASE_URL”"));
    assert!(
        said("copy-source-not-found").cause.contains("“deployment”"),
        "{:?}",
        said("copy-source-not-found")
    );
    assert!(
        said("dockerfile-syntax")
            .cause
            .starts_with("Line 3 of the Dockerfile"),
        "{:?}",
        said("dockerfile-syntax")
    );
    assert!(
        said("service-not-reachable")
            .cause
            .contains("PostgreSQL at “127.0.0.1:5432”"),
        "{:?}",
        said("service-not-reachable")
    );
    assert!(
        said("registry-unreachable")
            .cause
            .contains("“localhost:1/x:latest”"),
        "{:?}",
        said("registry-unreachable")
    );
    assert!(
        said("command-not-found").cause.contains("“/nope”"),
        "{:?}",
        said("command-not-found")
    );
    assert!(said("health-path-not-found").cause.contains("“/healthz”"));
}

/// FR-DEP-16: the image is named also where BuildKit tells only what it asked the registry for.
#[test]
fn the_image_is_found_in_the_registrys_address() {
    let failure = "the build failed: failed to do request: Head \
     \"http://localhost:1/v2/x/manifests/latest\": dial tcp 127.0.0.1:1: connect: connection refused";
    let said = of(Step::Build, failure, "", Seen::default()).unwrap();
    assert!(
        said.code == "registry-unreachable" && said.cause.contains("“localhost:1/x”"),
        "{said:?}"
    );
}

/// FR-DEP-16: what the kernel and Docker say of a release goes before what may be read out of its log.
#[test]
fn facts_go_before_words() {
    let listens = |at: &str| Seen {
        answer: Some(Answer::Refused),
        listeners: Some(vec![at.parse().unwrap()]),
        ..Seen::default()
    };
    let log = "Error: connect ECONNREFUSED 127.0.0.1:5432\nlistening on http://localhost:8080";
    let ended = Seen {
        exit_code: Some(1),
        ..Seen::default()
    };
    assert_eq!(
        code(Step::Gate, "", log, ended).as_deref(),
        Some("service-not-reachable")
    );
    assert_eq!(
        code(Step::Gate, "", log, listens("0.0.0.0:3000")).as_deref(),
        Some("port-mismatch")
    );
    let killed = Seen {
        exit_code: Some(1),
        out_of_memory: Some(true),
        ..Seen::default()
    };
    assert_eq!(
        code(Step::Gate, "", log, killed).as_deref(),
        Some("out-of-memory")
    );
    let unproven = Seen {
        exit_code: Some(137),
        out_of_memory: Some(false),
        ..Seen::default()
    };
    let limited = Seen {
        memory_limit: Some(24),
        ..unproven.clone()
    };
    assert_eq!(code(Step::Gate, "", "", unproven).as_deref(), Some("killed"));
    assert_eq!(
        code(Step::Gate, "", "", limited).as_deref(),
        Some("out-of-memory")
    );
}

/// FR-DEP-16, FR-BLD-03: a full disk is that of the engine that builds where it was building, and this server's otherwise.
#[test]
fn a_full_disk_is_the_builders() {
    let at = |first: &str, failure: &str| {
        let written = "cp: error writing '/a': No space left on device".to_owned();
        let given = Given {
            step: Step::Build,
            failure,
            lines: vec![
                (LogStream::System, first.to_owned()),
                (LogStream::Stderr, written),
            ],
            seen: Seen::default(),
            port: None,
            path: None,
        };
        explain(&Evidence::new(given)).map(|said| said.code)
    };
    let failed =
        "the build failed: process \"/bin/sh -c cp a b\" did not complete successfully: exit code: 1";
    let there = "Building on the build node (Docker 29.1.0)";
    assert_eq!(at(there, failed).as_deref(), Some("build-node-disk-full"));
    assert_eq!(at("Building", failed).as_deref(), Some("disk-full"));
    let here = DockerError::DiskFull.to_string();
    assert_eq!(at(there, &here).as_deref(), Some("disk-full"));
}

/// FR-DEP-16: Slipway's own sentences are recognised as they are, so that a new wording is noticed here.
#[test]
fn our_own_sentences_are_recognised() {
    let docker = |error: DockerError| error.to_string();
    let url = || "https://example.org/a.git".to_owned();
    let pending = ObservedTask {
        id: "t".to_owned(),
        state: TaskState::Starting,
        message: "pending task scheduling".to_owned(),
        exit_code: None,
        shut_down: false,
        wanted: true,
        address: None,
        container: None,
    };
    let limit = Duration::from_secs(5);
    let Verdict::Failed(not_started) = judge(std::slice::from_ref(&pending), 1, limit, limit) else {
        panic!()
    };
    let Verdict::Failed(not_scheduled) = judge(&[], 1, limit, limit) else {
        panic!()
    };
    let unhealthy = ObservedTask {
        state: TaskState::Failed,
        message: "task: non-zero exit (137): dockerexec: unhealthy container".to_owned(),
        exit_code: Some(137),
        wanted: false,
        ..pending.clone()
    };
    let Verdict::Failed(unhealthy) = judge(&[unhealthy.clone(), unhealthy], 1, limit, limit) else {
        panic!()
    };
    let git_deadline = ProcessError::Deadline {
        program: "git".to_owned(),
        limit,
    };
    let sentences = [
        (
            Step::Build,
            docker(DockerError::Unreachable("gone".into())),
            "docker-not-answering",
        ),
        (Step::Release, docker(DockerError::NoSwarm), "no-swarm-manager"),
        (Step::Gate, unhealthy, "health-command-fails"),
        (Step::Build, docker(DockerError::DiskFull), "disk-full"),
        (
            Step::Build,
            BuildNodeError::too_slow("unix:///run/build.sock", 7).for_teams(),
            "build-node-unfit",
        ),
        (
            Step::Build,
            BuildNodeError::other_image("unix:///run/build.sock", "sha256:1", None).for_teams(),
            "build-node-unfit",
        ),
        (
            Step::Build,
            docker(DockerError::BuildDeadline(7)),
            "build-too-slow",
        ),
        (Step::Source, GitError::DiskFull.to_string(), "disk-full"),
        (
            Step::Source,
            GitError::NotFound { url: url() }.to_string(),
            "git-repository-not-found",
        ),
        (
            Step::Source,
            GitError::Unreachable { url: url() }.to_string(),
            "git-host-unreachable",
        ),
        (
            Step::Source,
            GitError::NoSuchRef {
                url: url(),
                reference: "main".to_owned(),
            }
            .to_string(),
            "git-reference-not-found",
        ),
        (
            Step::Source,
            GitError::Process(git_deadline).to_string(),
            "git-too-slow",
        ),
        (
            Step::Gate,
            EdgeError::Unreachable {
                address: "a:1".to_owned(),
            }
            .to_string(),
            "edge-not-answering",
        ),
        (
            Step::CutOver,
            EdgeError::NotTakenUp { limit }.to_string(),
            "edge-not-updated",
        ),
        (Step::Gate, not_started, "slow-start"),
        (Step::Gate, not_scheduled, "slow-start"),
    ];
    for (step, sentence, wanted) in sentences {
        assert_eq!(
            code(step, &sentence, "", Seen::default()).as_deref(),
            Some(wanted),
            "{sentence}"
        );
    }
}

/// FR-DEP-16: a password in a line that is quoted is not shown.
#[test]
fn credentials_are_not_quoted() {
    let ended = Seen {
        exit_code: Some(1),
        ..Seen::default()
    };
    let said = of(
        Step::Gate,
        "",
        "fatal: cannot use postgres://shop:hunter2@db/shop",
        ended,
    )
    .unwrap();
    assert!(
        !said.cause.contains("hunter2") && said.cause.contains("@db/shop"),
        "{said:?}"
    );
}

/// FR-DEP-04, FR-DEP-16: where nobody answers, the port that the image says of itself is named, unless that is the one that was asked, or it is seen
/// where the processes listen.
#[test]
fn the_images_own_port_is_named() {
    let seen = |exposed: &[u16], listeners: Option<&str>| Seen {
        answer: Some(Answer::Refused),
        exposed: exposed.to_vec(),
        listeners: listeners.map(|at| vec![at.parse().unwrap()]),
        ..Seen::default()
    };
    let said = of(Step::Gate, "", "hello", seen(&[3000], None)).unwrap();
    assert_eq!(said.code, "other-port-exposed");
    assert!(said.cause.contains("port 3000"), "{said:?}");
    assert!(said.remedy.contains("port to 3000"), "{said:?}");
    let code = |seen: Seen| code(Step::Gate, "", "hello", seen);
    assert_eq!(
        code(seen(&[PORT, 9229], None)).as_deref(),
        Some("nothing-on-port")
    );
    assert_eq!(code(seen(&[], None)).as_deref(), Some("nothing-on-port"));
    assert_eq!(
        code(seen(&[3000], Some("0.0.0.0:5000"))).as_deref(),
        Some("port-mismatch")
    );
}

/// Pieces of what is looked for, put together in any way.
fn pieces() -> impl Strategy<Value = String> {
    let known: Vec<String> = real_texts::all()
        .into_iter()
        .flat_map(|case| [case.failure, case.log.to_owned()])
        .flat_map(|text| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let piece = prop_oneof![3 => proptest::sample::select(known), 1 => any::<String>(), 1 => Just("exit \
     code: ".to_owned())];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.join(" "))
}

fn any_seen() -> impl Strategy<Value = Seen> {
    let answer = prop_oneof![
        Just(Answer::NoWay),
        Just(Answer::Refused),
        Just(Answer::Late),
        any::<u16>().prop_map(Answer::Status)
    ];
    let parts = (
        proptest::option::of(any::<i64>()),
        proptest::option::of(any::<bool>()),
        proptest::option::of(pieces()),
        pieces(),
        proptest::option::of(answer),
        proptest::option::of(proptest::collection::vec(any::<std::net::SocketAddr>(), 0..5)),
        proptest::collection::vec(any::<u16>(), 0..5),
    );
    parts.prop_map(
        |(exit_code, out_of_memory, failing_check, docker_says, answer, listeners, exposed)| Seen {
            exit_code,
            out_of_memory,
            memory_limit: None,
            failing_check,
            docker_says,
            answer,
            listeners,
            exposed,
        },
    )
}

proptest! {
    /// FR-DEP-16: whatever is written, there is an answer in time, of a bounded length, with nothing invisible in it.
    #[test]
    fn no_input_is_too_much(
        step in proptest::sample::select(Step::ALL.to_vec()),
        failure in pieces(),
        lines in proptest::collection::vec(pieces(), 0..10),
        seen in any_seen(),
        path in proptest::option::of(any::<String>()),
        port in any::<u16>(),
    ) {
        let lines = lines.into_iter().map(|line| (LogStream::Stdout, line)).collect();
        let evidence = Evidence::new(Given { step, failure: &failure, lines, seen, port: Some(port), path: path.as_deref() });
        if let Some(said) = explain(&evidence) {
            for text in [&said.cause, &said.remedy] {
                prop_assert!(!text.is_empty() && text.chars().count() <= LONGEST, "{text}");
                prop_assert!(!text.chars().any(is_hidden), "{text:?}");
            }
        }
    }
}

/// FR-DEP-16: of a long log the last lines are looked at, and a huge line costs no more than its bound.
#[test]
fn long_logs_are_bounded() {
    let ended = Seen {
        exit_code: Some(1),
        ..Seen::default()
    };
    let log = format!(
        "KeyError: 'EARLY'\n{}{}",
        "fine\n".repeat(1000),
        "x".repeat(1_000_000)
    );
    let said = of(Step::Gate, "", &log, ended).unwrap();
    assert_eq!(said.code, "crash-loop");
}
