//! Ports of this machine that lead to ports of containers, over the one link.

use std::net::SocketAddr;
use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::command::Cli;
use acceptance::git_repo::GitRepo;
use acceptance::keyring::Keyring;
use acceptance::sshd::Sshd;
use acceptance::stage::Stage;
use acceptance::wait;
use slipway_client::{ClientError, Forward, ForwardEnd, ForwardError, LocalPort};
use slipway_protocol::access::Role;
use slipway_protocol::forward::NewForward;
use slipway_protocol::settings::Port;
use slipway_protocol::{ApplicationId, ErrorCode, api};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::cli::add_own_cluster;

const SHORT: Duration = Duration::from_secs(120);

fn to(port: u16) -> NewForward {
    NewForward {
        port: Port::fixed(port),
        task: None,
    }
}

async fn deployed(stage: &Stage) -> ApplicationId {
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    let application = stage.application(environment, "web", &repo.url()).await.id;
    stage.deploy_well(application).await;
    application
}

async fn connect(local: SocketAddr) -> TcpStream {
    TcpStream::connect(local).await.expect("the local port listens")
}

/// Everything that comes until the other side has ended.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    let read = tokio::time::timeout(SHORT, stream.read_to_end(&mut all)).await;
    read.expect("it ends").expect("it ends well");
    all
}

/// It breaks off, and does not end as if that were all.
async fn is_reset(stream: &mut TcpStream) {
    let mut all = Vec::new();
    let read = tokio::time::timeout(SHORT, stream.read_to_end(&mut all)).await;
    read.expect("it ends").expect_err("it breaks off");
}

/// One request, and what is answered up to the other side's end; nothing where the connection breaks.
async fn get(local: SocketAddr, path: &str) -> String {
    let mut stream = connect(local).await;
    let request = format!("GET {path} HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    let exchange = async {
        stream.write_all(request.as_bytes()).await?;
        stream.read_to_end(&mut answer).await
    };
    match tokio::time::timeout(SHORT, exchange).await.expect("it ends") {
        Ok(_) => String::from_utf8_lossy(&answer).into_owned(),
        Err(_) => String::new(),
    }
}

/// A body that this machine has begun to send and goes on with later.
async fn begin_upload(local: SocketAddr, length: usize) -> TcpStream {
    let mut stream = connect(local).await;
    let head =
        format!("POST /echo HTTP/1.1\r\nHost: web\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("the head");
    stream
}

async fn audited(stage: &Stage) -> Vec<String> {
    let entries = stage
        .connection
        .send(api::ListAudit {})
        .await
        .expect("the audit log");
    let own = entries.iter().filter(|entry| entry.action.contains("Forward"));
    let mut rows: Vec<String> = own
        .map(|entry| format!("{}: {}", entry.action, entry.subject))
        .collect();
    rows.reverse();
    rows
}

fn refused(outcome: Result<impl Sized, ForwardError>, code: ErrorCode) {
    match outcome {
        Err(ForwardError::Client(ClientError::Problem(problem))) if problem.code == code => {}
        Err(other) => panic!("{code:?} was expected: {other}"),
        Ok(_) => panic!("{code:?} was expected, and it went well"),
    }
}

/// So many connections are open through it, before long.
async fn until_open(forward: &Forward, connections: u32) {
    wait::until("so many are open", SHORT, async || {
        forward.state().borrow().connections == connections
    })
    .await;
}

async fn until_it_leads_there(local: SocketAddr) {
    wait::until("it leads there again", SHORT, async || {
        get(local, "/").await.ends_with("version 1\n")
    })
    .await;
}

/// FR-CON-13: bytes go both ways, byte for byte, over several connections at once; each direction ends by itself; a port on which nothing
/// listens says so; the way survives a lost link and a restart of the agent; stopping closes the local port and what is open on it; it is
/// listed nowhere on the server, bound to loopback, and audited. What is cut off ends with a reset, so that nobody takes it for complete.
#[tokio::test(flavor = "multi_thread")]
async fn a_port_is_forwarded() {
    let mut stage = Stage::set().await;
    let application = deployed(&stage).await;
    // Its own: what is free again is not taken by the test beside this one.
    let wish = LocalPort::Preferably(wait::free_port());
    let forward = Forward::open(&stage.connection, application, to(8080), wish, None)
        .await
        .expect("a way");
    let local = forward.local();
    assert!(local.ip().is_loopback());
    assert!(get(local, "/").await.ends_with("version 1\n"));

    two_at_once_arrive_whole(&forward).await;
    a_direction_that_ends_is_still_answered(local).await;
    it_survives_what_breaks(&mut stage, &forward).await;
    it_stops_with_what_is_open(&forward).await;
    a_way_to_nothing_says_so(&stage, application).await;
    an_idle_way_ends(&stage, application).await;

    let rows = audited(&stage).await;
    // Opened, opened again after the restart, closed.
    assert_eq!(
        rows[..3],
        [
            "OpenForward: web, port 8080",
            "OpenForward: web, port 8080",
            "CloseForward: web, port 8080"
        ]
    );
}

/// The first one is in the middle of its request when the second one comes and goes.
async fn two_at_once_arrive_whole(forward: &Forward) {
    let local = forward.local();
    let sent: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 253) as u8).collect();
    let mut slow = begin_upload(local, sent.len()).await;
    slow.write_all(&sent[..1_000_000]).await.expect("a part");
    assert!(get(local, "/").await.ends_with("version 1\n"));
    until_open(forward, 1).await;
    let (mut reading, mut writing) = slow.into_split();
    let writer = tokio::spawn({
        let rest = sent[1_000_000..].to_vec();
        async move {
            writing.write_all(&rest).await.expect("the rest");
            // Its own end; the answer still comes.
            writing.shutdown().await.expect("the end");
        }
    });
    let mut answer = Vec::new();
    tokio::time::timeout(SHORT, reading.read_to_end(&mut answer))
        .await
        .expect("it ends")
        .expect("the answer");
    writer.await.expect("all was sent");
    assert!(answer.ends_with(&sent), "{} bytes came back", answer.len());
    until_open(forward, 0).await;
}

/// What ends its own direction at once still gets an answer, and the end of it.
async fn a_direction_that_ends_is_still_answered(local: SocketAddr) {
    let mut half = connect(local).await;
    half.write_all(b"GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
        .await
        .expect("the request");
    half.shutdown().await.expect("the end");
    assert!(rest(&mut half).await.ends_with(b"version 1\n"));
}

/// A lost link resets what is open; after it, and after the agent was killed, the way leads there again.
async fn it_survives_what_breaks(stage: &mut Stage, forward: &Forward) {
    let local = forward.local();
    let mut cut = begin_upload(local, 10).await;
    until_open(forward, 1).await;
    stage.sshd.pause();
    is_reset(&mut cut).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.sshd.resume().await;
    until_it_leads_there(local).await;
    stage.agent.kill9();
    stage.agent.resume().await;
    until_it_leads_there(local).await;
}

async fn it_stops_with_what_is_open(forward: &Forward) {
    let local = forward.local();
    let mut open = begin_upload(local, 10).await;
    until_open(forward, 1).await;
    forward.stop().await;
    is_reset(&mut open).await;
    let state = forward.state();
    assert_eq!(state.borrow().end, Some(ForwardEnd::Stopped));
    assert!(
        TcpStream::connect(local).await.is_err(),
        "the local port is closed"
    );
}

/// Where nothing listens in the container that is said, and a port of this machine that is taken is not taken twice.
async fn a_way_to_nothing_says_so(stage: &Stage, application: ApplicationId) {
    let nothing = Forward::open(
        &stage.connection,
        application,
        to(9),
        LocalPort::Exactly(wait::free_port()),
        None,
    )
    .await
    .expect("a way");
    assert_eq!(get(nothing.local(), "/").await, "");
    wait::until("it says why", SHORT, async || {
        nothing.state().borrow().failure.is_some()
    })
    .await;
    let failure = nothing.state().borrow().failure.clone().unwrap_or_default();
    assert_eq!(
        failure,
        "Nothing listens on port 9 in the container; choose the port that its program listens on."
    );
    let taken = LocalPort::Exactly(nothing.local().port());
    let taken = Forward::open(&stage.connection, application, to(9), taken, None).await;
    assert!(matches!(taken, Err(ForwardError::Local { .. })));
}

async fn an_idle_way_ends(stage: &Stage, application: ApplicationId) {
    let idle = Some(Duration::from_millis(1));
    let idle = Forward::open(
        &stage.connection,
        application,
        to(8080),
        LocalPort::Exactly(wait::free_port()),
        idle,
    )
    .await
    .expect("a way");
    let mut state = idle.state();
    let ended = tokio::time::timeout(SHORT, state.wait_for(|state| state.end.is_some())).await;
    assert_eq!(
        ended.expect("it ends").expect("a state").end,
        Some(ForwardEnd::Idle)
    );
}

/// FR-CON-13, NFR-S3: a way is its opener's own; a viewer opens none; it ends when its opener signs out.
#[tokio::test(flavor = "multi_thread")]
async fn a_forwarded_port_is_its_openers_own() {
    let stage = Stage::set().await;
    let application = deployed(&stage).await;
    let (viewer, developer) = (stage.join(Role::Viewer).await, stage.join(Role::Developer).await);
    let port = LocalPort::Preferably(wait::free_port());
    let opened = Forward::open(&viewer.connection, application, to(8080), port, None).await;
    refused(opened, ErrorCode::Forbidden);
    let request = api::OpenForward {
        application,
        body: to(8080),
    };
    let own = stage.connection.send(request).await.expect("a way").id;
    let closed = developer
        .connection
        .send(api::CloseForward { forward: own })
        .await;
    refused(closed.map_err(ForwardError::from), ErrorCode::NotFound);
    let unknown = ApplicationId(uuid::Uuid::now_v7());
    let opened = Forward::open(&developer.connection, unknown, to(8080), port, None).await;
    refused(opened, ErrorCode::NotFound);

    let forward = Forward::open(&developer.connection, application, to(8080), port, None)
        .await
        .expect("a way");
    let mut open = begin_upload(forward.local(), 10).await;
    until_open(&forward, 1).await;
    developer.connection.sign_out().await.expect("signed out");
    let _ = tokio::time::timeout(SHORT, open.read_to_end(&mut Vec::new()))
        .await
        .expect("what is open ends");
}

/// FR-CON-13, FR-API-03: `slipway forward` says where the port is, and leads there.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_forwards_a_port() {
    let (keyring, agent, sshd) = (Keyring::start().await, Agent::start().await, Sshd::start().await);
    let cli = Cli::new(&keyring);
    add_own_cluster(&cli, &agent, &sshd).await;
    let repo = GitRepo::echo("1").await;
    cli.make_web("Shop", &repo.url(), &[]).await;
    cli.ok(&["deploy", "web", "--follow"]).await;
    let port = wait::free_port();
    let forward = cli.follow(&["forward", "web", &format!("{port}:8080")]);
    let said = format!("http://127.0.0.1:{port} leads to port 8080 of “web”");
    wait::until("it says where", SHORT, async || forward.output().contains(&said)).await;
    let answer = get(SocketAddr::from(([127, 0, 0, 1], port)), "/").await;
    assert!(answer.ends_with("version 1\n"), "{answer}");
}
