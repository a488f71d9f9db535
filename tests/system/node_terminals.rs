//! Terminals on the node itself. It is this very machine: what is typed there only looks, and sleeps.

use acceptance::agent::Agent;
use acceptance::command::Cli;
use acceptance::engine::text;
use acceptance::keyring::Keyring;
use acceptance::sshd::Sshd;
use acceptance::stage::Stage;
use acceptance::wait;
use slipway_client::{Connection, TerminalInput};
use slipway_protocol::access::Role;
use slipway_protocol::terminal::{NewNodeTerminal, TerminalEnd, TerminalPlace, TerminalSize, TerminalView};
use slipway_protocol::{ErrorCode, api};

use crate::cli::add_own_cluster;
use crate::terminals::{Reader, SHORT, audited, long_sleep, refused, runs, survives_a_pause, type_in};

fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("the machine's name");
    name.trim().to_owned()
}

async fn open(connection: &Connection) -> TerminalView {
    let size = Some(TerminalSize {
        columns: 91,
        rows: 23,
    });
    let body = NewNodeTerminal { command: None, size };
    let opened = connection.send(api::OpenNodeTerminal { body }).await;
    opened.expect("a terminal")
}

/// Its shell, which keeps nothing of what it is told.
async fn shell(connection: &Connection, terminal: &TerminalView) -> (Reader, TerminalInput) {
    let (mut reader, input) = (
        Reader::of(connection, terminal.id),
        connection.terminal_input(terminal.id),
    );
    type_in(&input, "unset HISTFILE; echo is-$((40+1))-there\n").await;
    reader.until("is-41-there").await;
    (reader, input)
}

/// The containers by which the instance's terminals got onto the node.
async fn ways(agent: &Agent) -> usize {
    let all = agent.engine().containers(agent.instance()).await;
    let of_node = all
        .iter()
        .filter(|one| text(&one["Labels"]["slipway.role"]) == "node-shell");
    of_node.count()
}

async fn no_ways(agent: &Agent) {
    wait::until("nothing is left in Docker", SHORT, async || {
        ways(agent).await == 0
    })
    .await;
}

/// One that sleeps in the shell, and one that has left its session: it ends with the terminal all the same.
async fn two_sleepers(input: &TerminalInput) -> [String; 2] {
    let sleepers = [long_sleep(), long_sleep()];
    type_in(input, &format!("setsid {} & {}\n", sleepers[0], sleepers[1])).await;
    wait::until("they sleep", SHORT, async || sleepers.iter().all(|one| runs(one))).await;
    sleepers
}

async fn they_have_ended(sleepers: &[String]) {
    wait::until("what ran in it has ended", SHORT, async || {
        !sleepers.iter().any(|one| runs(one))
    })
    .await;
}

/// FR-OBS-02: an owner gets a shell on the node itself, as root and in the machine's own namespaces; it survives a lost link with its lines whole
/// and what was typed typed once; closing it ends all that was started from it and leaves no container; both ends are audited with the node's name.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_on_the_node_survives_a_lost_link() {
    let mut stage = Stage::set().await;
    let connection = stage.connection.clone();
    let terminal = open(&connection).await;
    let node = host_name();
    let place = TerminalPlace::Node { node: node.clone() };
    assert_eq!((&terminal.place, &terminal.end), (&place, &None));
    let (mut reader, input) = shell(&connection, &terminal).await;
    assert_eq!(ways(&stage.agent).await, 1);

    type_in(
        &input,
        "echo $(id -un) on $(hostname), $HOME $TERM, $(stty size)\n",
    )
    .await;
    reader
        .until(&format!("root on {node}, /root xterm-256color, 23 91\r\n"))
        .await;
    // This test is a process of the machine, as the engine is.
    let own = std::process::id();
    for space in ["mnt", "uts", "ipc", "net", "pid"] {
        let here = std::fs::read_link(format!("/proc/self/ns/{space}")).expect("a namespace");
        type_in(
            &input,
            &format!("readlink /proc/self/ns/{space} /proc/{own}/ns/{space}\n"),
        )
        .await;
        let here = here.display();
        reader.until(&format!("{here}\r\n{here}\r\n")).await;
    }
    let first = std::fs::read_to_string("/proc/1/comm").expect("the first process");
    type_in(&input, "echo first=$(cat /proc/1/comm)\n").await;
    reader.until(&format!("first={}\r\n", first.trim())).await;

    survives_a_pause(&mut stage.sshd, &mut reader, &input, 200).await;

    let listed = |node: bool| api::ListTerminals {
        application: None,
        node: Some(node),
    };
    let on_node = connection.send(listed(true)).await.expect("the terminals");
    assert_eq!(
        on_node.iter().map(|one| one.id).collect::<Vec<_>>(),
        [terminal.id]
    );
    assert_eq!(connection.send(listed(false)).await.expect("the terminals"), []);

    let sleepers = two_sleepers(&input).await;
    let close = api::CloseTerminal {
        terminal: terminal.id,
    };
    connection.send(close).await.expect("it is closed");
    assert_eq!(reader.end().await, TerminalEnd::Closed);
    they_have_ended(&sleepers).await;
    no_ways(&stage.agent).await;
    assert_eq!(
        audited(&stage).await,
        [
            format!("OpenNodeTerminal: node {node}"),
            format!("CloseTerminal: node {node}")
        ]
    );
}

/// FR-OBS-02, NFR-S3: a terminal on the node is for admins and owners; one ends, with all that it has started, when its opener's sign-in does.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_on_the_node_goes_with_its_openers_right() {
    let stage = Stage::set().await;
    let (developer, admin) = (stage.join(Role::Developer).await, stage.join(Role::Admin).await);
    let request = api::OpenNodeTerminal {
        body: NewNodeTerminal::default(),
    };
    let opened = developer.connection.send(request).await;
    refused(opened, ErrorCode::Forbidden, "developer");
    assert_eq!(ways(&stage.agent).await, 0);

    let theirs = open(&admin.connection).await;
    let (_reader, input) = shell(&admin.connection, &theirs).await;
    let close = api::CloseTerminal { terminal: theirs.id };
    refused(
        stage.connection.send(close).await,
        ErrorCode::NotFound,
        "no such terminal",
    );
    let sleepers = two_sleepers(&input).await;
    admin.connection.sign_out().await.expect("signed out");
    they_have_ended(&sleepers).await;
    no_ways(&stage.agent).await;
    let ended = format!(
        "node {}: It was closed because whoever opened it signed out",
        host_name()
    );
    wait::until("its end is written down", SHORT, async || {
        let log = stage.connection.send(api::ListAudit {}).await;
        let log = log.expect("the audit log");
        log.iter()
            .any(|entry| entry.action == "TerminalEnded" && entry.subject.starts_with(&ended))
    })
    .await;
}

/// FR-OBS-02, NFR-R1: an agent that is killed leaves a shell on the node; the next one ends it with all that it has started, takes its container away
/// and says so. One that is stopped leaves nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_leaves_nothing_on_the_node() {
    let mut stage = Stage::set().await;
    let connection = stage.connection.clone();
    for (kill, rows) in [(true, 2), (false, 4)] {
        let terminal = open(&connection).await;
        let (mut reader, input) = shell(&connection, &terminal).await;
        let sleepers = two_sleepers(&input).await;
        if kill {
            stage.agent.kill9();
            assert_eq!(ways(&stage.agent).await, 1);
        } else {
            assert!(stage.agent.stop());
            they_have_ended(&sleepers).await;
            no_ways(&stage.agent).await;
        }
        stage.agent.resume().await;
        assert_eq!(reader.end().await, TerminalEnd::AgentRestarted);
        they_have_ended(&sleepers).await;
        no_ways(&stage.agent).await;
        wait::until("its end is written down", SHORT, async || {
            audited(&stage).await.len() == rows
        })
        .await;
    }
    let ended = format!(
        "TerminalEnded: node {}: It ended because the agent restarted.",
        host_name()
    );
    let log = audited(&stage).await;
    assert_eq!((&log[1], &log[3]), (&ended, &ended));
}

/// FR-OBS-02: whoever runs a server can forbid terminals on it; that is a sentence, and nothing is made in Docker.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_can_be_closed_to_terminals() {
    let agent = Agent::start_set(&[("SLIPWAY_NO_NODE_TERMINAL", "1")]).await;
    let stage = Stage::around(agent, Sshd::start().await).await;
    let request = api::OpenNodeTerminal {
        body: NewNodeTerminal::default(),
    };
    let opened = stage.connection.send(request).await;
    refused(
        opened,
        ErrorCode::Forbidden,
        "This server allows no terminal on its node",
    );
    assert_eq!(ways(&stage.agent).await, 0);
    assert!(audited(&stage).await.is_empty());
}

/// FR-API-03, FR-OBS-02: `slipway exec --node` runs a command on the node, with pipes, arguments as they are and its exit code, and leaves nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_runs_commands_on_the_node() {
    let (keyring, agent, sshd) = (Keyring::start().await, Agent::start().await, Sshd::start().await);
    let cli = Cli::new(&keyring);
    add_own_cluster(&cli, &agent, &sshd).await;
    let command = [
        "exec",
        "--node",
        "--",
        "sh",
        "-c",
        "id -u; tr a-z A-Z; echo \"$1\" >&2; exit 42",
        "x",
        "$HOME * \"quoted\"",
    ];
    let words = cli.run_with(&command, "from the pipe\n").await;
    assert_eq!(
        (words.code(), words.stdout.as_str(), words.stderr.as_str()),
        (42, "0\nFROM THE PIPE\n", "$HOME * \"quoted\"\n")
    );
    no_ways(&agent).await;
    for wrong in [&["exec"][..], &["exec", "web", "--node"]] {
        assert_eq!(cli.run(wrong).await.code(), 2, "{wrong:?}");
    }
}
