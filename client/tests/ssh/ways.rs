//! Ways to the agent: a forwarded socket, a command, or its own socket on this machine; and what is said where there is none.

use std::sync::atomic::Ordering;

use slipway_client::{
    Address, AgentSocket, Answers, ClientError, ConnectError, Connection, Profile, StepName, test_connection,
};
use slipway_protocol::ErrorCode;
use slipway_protocol::api::{GetVersion, ListMembers, ListProjects};
use slipway_protocol::server::{API_LEVEL, OLDEST_API_LEVEL};

use crate::stage::{Stage, sign_in};
use crate::support::fake_agent::FakeAgent;
use crate::support::sshd::{dial_stdio_program, make_key};
use crate::support::{LONG, home, key_file};

/// FR-CON-06: fifty calls at once over one SSH connection and one channel, where the server allows one session.
#[tokio::test(flavor = "multi_thread")]
async fn many_calls_over_one_channel() {
    let stage = Stage::known("MaxSessions 1");
    many_at_once(&stage).await;
}

/// FR-CON-06: the same through `slipway-agent dial-stdio`, where the account may do nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn many_calls_through_a_forced_command() {
    let stage = Stage::known(
        "MaxSessions 1\nAllowStreamLocalForwarding no\nAllowTcpForwarding no\nForceCommand FOLDER/slipway-agent dial-stdio",
    );
    dial_stdio_program(stage.folder.path(), &stage.agent.socket);
    many_at_once(&stage).await;
}

/// FR-CON-06: where only forwarding is forbidden, the command is found by its name.
#[tokio::test(flavor = "multi_thread")]
async fn many_calls_through_a_command_in_the_path() {
    let stage = Stage::known("AllowStreamLocalForwarding no\nSetEnv PATH=FOLDER:/usr/bin:/bin");
    dial_stdio_program(stage.folder.path(), &stage.agent.socket);
    many_at_once(&stage).await;
}

async fn many_at_once(stage: &Stage) {
    let connection = stage.signed_in(&stage.by_key()).await;
    // None is answered before all are there.
    stage.agent.seen.together.store(50, Ordering::SeqCst);
    let calls = (0..50).map(|_| connection.send(ListProjects {}));
    let answers = tokio::time::timeout(LONG, futures_util::future::join_all(calls)).await;
    for answer in answers.expect("they run side by side") {
        assert_eq!(answer.unwrap(), []);
    }
    assert_eq!(stage.agent.seen.connections.load(Ordering::SeqCst), 1);
}

/// FR-CON-12, FR-API-04: the local socket needs no SSH; the agent's problems arrive with their code.
#[tokio::test(flavor = "multi_thread")]
async fn a_local_agent_without_ssh() {
    let folder = tempfile::tempdir().unwrap();
    let agent = FakeAgent::start(folder.path());
    let home = home(folder.path());
    let connection = Connection::local(&home, agent.socket.clone()).await.unwrap();
    assert_eq!(connection.send(GetVersion {}).await.unwrap().agent, "1.2.3");
    sign_in(&connection).await;
    let ClientError::Problem(problem) = connection.send(ListMembers {}).await.unwrap_err() else {
        panic!("a problem");
    };
    assert_eq!(
        (problem.code, problem.detail.as_str()),
        (ErrorCode::Forbidden, "Your role does not allow this.")
    );
    let error = Connection::local(&home, folder.path().join("nobody.sock"))
        .await
        .err()
        .unwrap();
    assert!(matches!(error, ConnectError::AgentAbsent { .. }), "{error}");
}

/// FR-CON-06, FR-CON-07: an absent agent is told from an absent server, with the reason.
#[tokio::test(flavor = "multi_thread")]
async fn an_absent_agent_is_named() {
    let stage = Stage::known("");
    let mut profile = stage.by_key();
    let Address::Ssh { agent_socket, .. } = &mut profile.address else {
        unreachable!()
    };
    *agent_socket = AgentSocket::parse("/run/no-such-agent.sock").unwrap();
    let error = stage.open(&profile).await.err().unwrap();
    assert!(matches!(&error, ConnectError::AgentAbsent { .. }), "{error}");
    assert!(
        error.to_string().contains("systemctl start slipway-agent"),
        "{error}"
    );

    let stage = Stage::known("AllowStreamLocalForwarding no\nSetEnv PATH=FOLDER:/usr/bin:/bin");
    dial_stdio_program(stage.folder.path(), &stage.folder.path().join("nobody.sock"));
    let error = stage.open(&stage.by_key()).await.err().unwrap();
    assert!(error.to_string().contains("The agent does not listen"), "{error}");
}

/// FR-HST-05: the window of versions is checked at connect; an agent outside it is named, with what to update, and nothing tries again by itself.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_outside_the_window_is_named() {
    let stage = Stage::known("");
    let at = async |level: u32| {
        *stage.agent.seen.other_level.lock().unwrap() = Some(level);
        stage.open(&stage.by_key()).await.err()
    };
    let newer = at(API_LEVEL + 1).await.unwrap();
    assert!(matches!(newer, ConnectError::AgentTooNew { .. }), "{newer}");
    assert!(newer.to_string().contains("update the app"), "{newer}");
    let older = at(OLDEST_API_LEVEL - 1).await.unwrap();
    assert!(matches!(older, ConnectError::AgentTooOld { .. }), "{older}");
    assert!(
        older.to_string().contains("bring the server up to date"),
        "{older}"
    );
    assert!(newer.needs_a_person() && older.needs_a_person());
    assert!(at(OLDEST_API_LEVEL).await.is_none());
    assert!(at(API_LEVEL).await.is_none());
}

/// FR-CON-07: the test of a connection times each stage and names the one that fails.
#[tokio::test(flavor = "multi_thread")]
async fn each_stage_is_tested() {
    use StepName as S;
    let stage = Stage::known("");
    let report = test_connection(&stage.home, &stage.by_key(), Answers::default()).await;
    let names: Vec<StepName> = report.steps.iter().map(|step| step.step).collect();
    assert_eq!(
        names,
        [
            S::Resolve,
            S::Tcp,
            S::HostKey,
            S::SignIn,
            S::AgentSocket,
            S::AgentVersion,
            S::Docker
        ]
    );
    assert!(report.is_good(), "{report:?}");
    assert_eq!(report.steps[5].found.as_deref(), Some("1.2.3"));
    // There is no name to look up, and so no time that it took.
    let tried: Vec<bool> = report.steps[..2]
        .iter()
        .map(|step| step.milliseconds.is_some())
        .collect();
    assert_eq!(tried, [false, true]);

    let fails_at = async |profile: &Profile| {
        let report = test_connection(&stage.home, profile, Answers::default()).await;
        let last = report.steps.last().unwrap().clone();
        assert!(report.error.is_some() && last.failure.is_some());
        last.step
    };
    let stranger = stage.folder.path().join("stranger");
    make_key(&stranger, "ed25519", "");
    assert_eq!(fails_at(&stage.profile(key_file(stranger))).await, S::SignIn);
    let change = |edit: fn(&mut Address)| {
        let mut profile = stage.by_key();
        edit(&mut profile.address);
        profile
    };
    let nobody = change(|address| {
        if let Address::Ssh { host, .. } = address {
            *host = "no-such-host.invalid".into();
        }
    });
    assert_eq!(fails_at(&nobody).await, S::Resolve);
    let closed = change(|address| {
        if let Address::Ssh { port, .. } = address {
            *port = 1;
        }
    });
    assert_eq!(fails_at(&closed).await, S::Tcp);
    std::fs::write(stage.folder.path().join("user_known_hosts"), "").unwrap();
    assert_eq!(fails_at(&stage.by_key()).await, S::HostKey);
}
