//! Terminals into containers: they belong to the agent, and to whoever opened them.

use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::command::Cli;
use acceptance::git_repo::GitRepo;
use acceptance::keyring::Keyring;
use acceptance::sshd::Sshd;
use acceptance::stage::{EMAIL, Stage};
use acceptance::wait;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use slipway_client::{ClientError, Connection, TerminalInput};
use slipway_protocol::access::Role;
use slipway_protocol::log_line::LogStream;
use slipway_protocol::settings::CommandLine;
use slipway_protocol::terminal::{
    NewTerminal, TerminalEnd, TerminalEvent, TerminalPlace, TerminalSize, TerminalView,
};
use slipway_protocol::{ApplicationId, ErrorCode, TerminalId, api};

use crate::cli::add_own_cluster;

pub const SHORT: Duration = Duration::from_secs(120);
/// The application beside a shell and what a shell needs.
pub const WITH_SHELL: &str = "FROM debian:bookworm-slim\nCOPY app version mode /\nENTRYPOINT [\"/app\"]\n";

/// An application with a shell in its containers, which runs.
pub async fn with_shell(stage: &Stage) -> ApplicationId {
    let environment = stage.environment("Shop").await;
    let repo = GitRepo::echo("1").await;
    repo.dockerfile(WITH_SHELL).await;
    let application = stage.application(environment, "web", &repo.url()).await.id;
    stage.deploy_well(application).await;
    application
}

pub fn screen(columns: u16, rows: u16) -> NewTerminal {
    NewTerminal {
        size: Some(TerminalSize { columns, rows }),
        ..NewTerminal::default()
    }
}

fn command(arguments: &[&str]) -> NewTerminal {
    let arguments: Vec<String> = arguments.iter().map(|part| (*part).to_owned()).collect();
    NewTerminal {
        command: Some(CommandLine::try_from(arguments).expect("a command")),
        ..NewTerminal::default()
    }
}

async fn open(connection: &Connection, application: ApplicationId, body: NewTerminal) -> TerminalView {
    let opened = connection.send(api::OpenTerminal { application, body }).await;
    opened.expect("a terminal")
}

/// Somebody who reads a terminal, and all that they have seen.
pub struct Reader {
    events: BoxStream<'static, Result<TerminalEvent, ClientError>>,
    seen: Vec<u8>,
    stderr: Vec<u8>,
    /// The number of the first byte that was seen, and of the next.
    first: Option<u64>,
    next: u64,
    end: Option<TerminalEnd>,
}

impl Reader {
    pub fn of(connection: &Connection, terminal: TerminalId) -> Self {
        Self {
            events: connection.follow_terminal(terminal, 0),
            seen: Vec::new(),
            stderr: Vec::new(),
            first: None,
            next: 0,
            end: None,
        }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }

    /// Takes the next event; false at the end.
    async fn step(&mut self) -> bool {
        match self.events.next().await {
            Some(Ok(TerminalEvent::Output { from, stream, bytes })) => {
                assert!(
                    self.first.is_none() || from == self.next,
                    "byte {from} follows byte {}",
                    self.next
                );
                self.first.get_or_insert(from);
                self.next = from + bytes.expose().len() as u64;
                match stream {
                    LogStream::Stderr => self.stderr.extend(bytes.expose()),
                    LogStream::Stdout | LogStream::System => self.seen.extend(bytes.expose()),
                }
                true
            }
            Some(Ok(TerminalEvent::Ended { end })) => {
                self.end = Some(end);
                true
            }
            Some(Ok(TerminalEvent::Started { .. } | TerminalEvent::Ping)) => true,
            Some(Err(error)) => panic!("the terminal is not read: {error}; so far:\n{}", self.text()),
            None => false,
        }
    }

    pub async fn until(&mut self, words: &str) {
        let reading = async { while !self.text().contains(words) && self.step().await {} };
        let in_time = tokio::time::timeout(SHORT, reading).await.is_ok();
        assert!(
            in_time && self.text().contains(words),
            "“{words}” is not written; {:?}; so far:\n{}",
            self.end,
            self.text()
        );
    }

    pub async fn end(&mut self) -> TerminalEnd {
        let reading = async { while self.end.is_none() && self.step().await {} };
        tokio::time::timeout(SHORT, reading).await.expect("it ends");
        self.end.clone().expect("an end")
    }
}

pub async fn type_in(input: &TerminalInput, text: &str) {
    assert!(
        input.send(Bytes::copy_from_slice(text.as_bytes())).await,
        "{text:?} is typed"
    );
}

/// Whether a process of this machine was started with these arguments.
pub fn runs(arguments: &str) -> bool {
    let wanted = arguments.replace(' ', "\0");
    let processes = std::fs::read_dir("/proc").expect("the processes").flatten();
    processes
        .filter_map(|process| std::fs::read(process.path().join("cmdline")).ok())
        .any(|line| String::from_utf8_lossy(&line).trim_end_matches('\0') == wanted)
}

/// The lines `<1>`, `<2>` and so on of a screen. What a shell tells its screen before the first one stands on its line, and behind any other
/// what is typed meanwhile may stand.
fn numbered(text: &str) -> Vec<&str> {
    let lines = text.lines().filter_map(|line| line.rsplit('\r').next());
    let lines = lines.filter(|line| line.starts_with('<'));
    lines
        .filter_map(|line| line.split_inclusive('>').next())
        .collect()
}

/// Of so many numbered lines each arrives once over a link that is lost meanwhile, and what is typed then is typed once.
pub async fn survives_a_pause(sshd: &mut Sshd, reader: &mut Reader, input: &TerminalInput, lines: u32) {
    let count = format!("for i in $(seq 1 {lines}); do echo \"<$i>\"; sleep 0.02; done\n");
    type_in(input, &count).await;
    reader.until("<20>\r\n").await;
    sshd.pause();
    type_in(input, "echo typed-$((40+2))\n").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    sshd.resume().await;
    reader.until("typed-42\r\n").await;
    let text = reader.text();
    let wanted: Vec<String> = (1..=lines).map(|number| format!("<{number}>")).collect();
    assert_eq!(numbered(&text), wanted);
    assert_eq!(text.matches("typed-42").count(), 1);
}

/// A number of seconds that nothing else here sleeps.
pub fn long_sleep() -> String {
    let number = uuid::Uuid::new_v4().as_u128() % 90_000_000;
    format!("sleep {}", number + 10_000_000)
}

/// The audit log's entries of terminals, oldest first, as `action: subject`.
pub async fn audited(stage: &Stage) -> Vec<String> {
    let entries = stage
        .connection
        .send(api::ListAudit {})
        .await
        .expect("the audit log");
    let of_terminals = entries.iter().filter(|entry| entry.action.contains("Terminal"));
    let mut rows: Vec<String> = of_terminals
        .map(|entry| {
            assert_eq!(entry.actor, EMAIL);
            format!("{}: {}", entry.action, entry.subject)
        })
        .collect();
    rows.reverse();
    rows
}

pub fn refused(outcome: Result<impl std::fmt::Debug, ClientError>, code: ErrorCode, words: &str) {
    match outcome {
        Err(ClientError::Problem(problem)) if problem.code == code => {
            assert!(problem.detail.contains(words), "{}", problem.detail);
        }
        other => panic!("{code:?} was expected: {other:?}"),
    }
}

/// FR-OBS-02, FR-CON-08: a shell with a screen that takes another size; the link is cut while it writes and while something is typed:
/// each line arrives once, what was typed is typed once; another connection finds all of it; closing ends what runs; both ends are audited
/// without a word of the content.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_survives_a_lost_link() {
    let mut stage = Stage::set().await;
    let application = with_shell(&stage).await;
    let connection = stage.connection.clone();
    let tasks = connection
        .send(api::ListTasks { application })
        .await
        .expect("the tasks");
    assert!(tasks.len() == 1 && tasks[0].here, "{tasks:?}");
    let terminal = open(&connection, application, screen(91, 23)).await;
    let place = TerminalPlace::Task {
        application,
        task: Some(tasks[0].id.clone()),
    };
    assert_eq!((&terminal.place, &terminal.end), (&place, &None));
    let mut reader = Reader::of(&connection, terminal.id);
    let input = connection.terminal_input(terminal.id);

    type_in(&input, "stty size; echo $0 $TERM\n").await;
    reader.until("23 91\r\n").await;
    reader.until("/bin/bash xterm-256color\r\n").await;
    let body = TerminalSize {
        columns: 132,
        rows: 50,
    };
    let resize = api::ResizeTerminal {
        terminal: terminal.id,
        body,
    };
    connection.send(resize).await.expect("another size");
    wait::until("the size is seen", SHORT, async || {
        type_in(&input, "stty size\n").await;
        let _ = tokio::time::timeout(Duration::from_secs(1), reader.until("50 132\r\n")).await;
        reader.text().contains("50 132\r\n")
    })
    .await;

    survives_a_pause(&mut stage.sshd, &mut reader, &input, 300).await;
    assert_eq!(reader.first, Some(0));
    let text = reader.text();

    let again = stage.connect_again().await.expect("a connection");
    let listed = again
        .send(api::ListTerminals {
            application: Some(application),
            node: None,
        })
        .await
        .expect("the terminals");
    assert_eq!(listed.iter().map(|one| one.id).collect::<Vec<_>>(), [terminal.id]);
    let mut second = Reader::of(&again, terminal.id);
    second.until("typed-42\r\n").await;
    assert!(second.text().starts_with(&text), "it is the same");

    let sleep = long_sleep();
    type_in(&input, &format!("{sleep} & {sleep}\n")).await;
    wait::until("it sleeps", SHORT, async || runs(&sleep)).await;
    let close = api::CloseTerminal {
        terminal: terminal.id,
    };
    connection.send(close).await.expect("it is closed");
    assert_eq!(reader.end().await, TerminalEnd::Closed);
    assert_eq!(second.end().await, TerminalEnd::Closed);
    wait::until("what ran in it has ended", SHORT, async || !runs(&sleep)).await;
    assert_eq!(stage.get("web", "/").await.0, 200, "the application serves on");

    let subject = format!("web, task {}", tasks[0].id.short());
    assert_eq!(
        audited(&stage).await,
        [
            format!("OpenTerminal: {subject}"),
            format!("CloseTerminal: {subject}")
        ]
    );
}

/// FR-OBS-02: a command without a screen gets its input to the end, and gives its output, its errors and its exit code apart; nothing is lost
/// however much there is; a container without a shell says so; the same person has a limited number of terminals.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_has_pipes_and_an_exit_code() {
    let stage = Stage::set().await;
    let application = with_shell(&stage).await;
    let connection = &stage.connection;
    let body = command(&["/bin/sh", "-c", "cat; echo \"it's enough\" >&2; exit 7"]);
    let terminal = open(connection, application, body).await;
    let mut reader = Reader::of(connection, terminal.id);
    let input = connection.terminal_input(terminal.id);
    let sent: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    let writing = tokio::spawn({
        let sent = sent.clone();
        async move {
            for piece in sent.chunks(50_000) {
                assert!(input.send(Bytes::copy_from_slice(piece)).await);
            }
            assert!(input.end().await);
        }
    });
    assert_eq!(reader.end().await, TerminalEnd::Exited { code: Some(7) });
    writing.await.expect("all was sent");
    assert!(
        reader.seen == sent,
        "{} of {} bytes",
        reader.seen.len(),
        sent.len()
    );
    assert_eq!(reader.stderr, b"it's enough\n");
    let rows = wait::until_some("its end is written down", SHORT, async || {
        let rows = audited(&stage).await;
        (rows.len() >= 2).then_some(rows)
    })
    .await;
    assert!(
        rows.len() == 2
            && rows[1].starts_with("TerminalEnded: web, task ")
            && rows[1].ends_with("It has ended with exit code 7."),
        "{rows:?}"
    );

    let body = NewTerminal {
        task: Some("nosuchtask".parse().expect("a task")),
        ..NewTerminal::default()
    };
    let none = open(connection, application, body).await.end;
    assert!(
        matches!(&none, Some(TerminalEnd::Failed { reason }) if reason.contains("“nosuchtask”")),
        "{none:?}"
    );
    for _ in 0..10 {
        let end = open(connection, application, command(&["sleep", "1000"]))
            .await
            .end;
        assert_eq!(end, None);
    }
    let one_more = api::OpenTerminal {
        application,
        body: screen(80, 24),
    };
    refused(
        connection.send(one_more).await,
        ErrorCode::Conflict,
        "10 terminals",
    );

    let environment = stage.environment("Bare").await;
    let repo = GitRepo::echo("1").await;
    let bare = stage.application(environment, "bare", &repo.url()).await.id;
    let developer = stage.join(Role::Developer).await;
    let never = open(&developer.connection, bare, screen(80, 24)).await.end;
    assert!(
        matches!(&never, Some(TerminalEnd::Failed { reason }) if reason.starts_with("No task of this application is running")),
        "{never:?}"
    );
    stage.deploy_well(bare).await;
    let shell = open(&developer.connection, bare, screen(80, 24)).await;
    let end = Reader::of(&developer.connection, shell.id).end().await;
    assert!(
        matches!(&end, TerminalEnd::Failed { reason } if reason.starts_with("The container has no shell")),
        "{end:?}"
    );
    let body = command(&["/app", "exit", "3"]);
    let program = open(&developer.connection, bare, body).await;
    let mut reader = Reader::of(&developer.connection, program.id);
    assert_eq!(reader.end().await, TerminalEnd::Exited { code: Some(3) });
    assert_eq!(reader.stderr, b"this command ends with 3\n");
}

/// FR-OBS-02, NFR-S3: a terminal is found by whoever opened it and nobody else; a viewer opens none; whoever signs out loses theirs.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_is_its_openers_own() {
    let stage = Stage::set().await;
    let application = with_shell(&stage).await;
    let (viewer, developer) = (stage.join(Role::Viewer).await, stage.join(Role::Developer).await);
    let own = open(&stage.connection, application, screen(80, 24)).await.id;
    let request = api::OpenTerminal {
        application,
        body: screen(80, 24),
    };
    let opened = viewer.connection.send(request).await;
    refused(opened, ErrorCode::Forbidden, "viewer");
    let listed = developer
        .connection
        .send(api::ListTerminals {
            application: None,
            node: None,
        })
        .await;
    assert_eq!(listed.expect("a list"), []);
    let closed = developer
        .connection
        .send(api::CloseTerminal { terminal: own })
        .await;
    refused(closed, ErrorCode::NotFound, "no such terminal");
    let read = developer.connection.follow_terminal(own, 0).next().await;
    refused(
        read.expect("an answer").map(|_| ()),
        ErrorCode::NotFound,
        "no such terminal",
    );

    let theirs = open(&developer.connection, application, screen(80, 24)).await.id;
    let sleep = long_sleep();
    let input = developer.connection.terminal_input(theirs);
    type_in(&input, &format!("{sleep}\n")).await;
    wait::until("it sleeps", SHORT, async || runs(&sleep)).await;
    developer.connection.sign_out().await.expect("signed out");
    wait::until("it has ended", SHORT, async || !runs(&sleep)).await;
    let mut still = Reader::of(&stage.connection, own);
    type_in(&stage.connection.terminal_input(own), "echo still-$((1+1))\n").await;
    still.until("still-2").await;
}

/// FR-OBS-02, NFR-R1: an agent that is killed loses its terminals, and says so: the reader learns why, what ran is ended, and the
/// audit log has the end.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_ends_terminals_and_says_so() {
    let mut stage = Stage::set().await;
    let application = with_shell(&stage).await;
    let connection = stage.connection.clone();
    for (kill, rows) in [(true, 2), (false, 4)] {
        let terminal = open(&connection, application, screen(80, 24)).await.id;
        let mut reader = Reader::of(&connection, terminal);
        let sleep = long_sleep();
        type_in(&connection.terminal_input(terminal), &format!("{sleep}\n")).await;
        reader.until(&sleep).await;
        wait::until("it sleeps", SHORT, async || runs(&sleep)).await;
        if kill {
            stage.agent.kill9();
        } else {
            assert!(stage.agent.stop());
            wait::until("an agent that is stopped leaves nothing", SHORT, async || {
                !runs(&sleep)
            })
            .await;
        }
        stage.agent.resume().await;
        assert_eq!(reader.end().await, TerminalEnd::AgentRestarted);
        wait::until("what ran in it has ended", SHORT, async || !runs(&sleep)).await;
        wait::until("its end is written down", SHORT, async || {
            audited(&stage).await.len() == rows
        })
        .await;
    }
    let rows = audited(&stage).await;
    assert!(
        rows[1].ends_with("It ended because the agent restarted."),
        "{rows:?}"
    );
    assert!(
        rows[3].ends_with("It ended because the agent restarted."),
        "{rows:?}"
    );
}

/// FR-API-03, FR-API-04, FR-OBS-02: `slipway exec` passes input, output, errors and the exit code of a command, and runs a shell from a pipe.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_runs_commands_in_containers() {
    let (keyring, agent, sshd) = (Keyring::start().await, Agent::start().await, Sshd::start().await);
    let cli = Cli::new(&keyring);
    add_own_cluster(&cli, &agent, &sshd).await;
    let repo = GitRepo::echo("1").await;
    repo.dockerfile(WITH_SHELL).await;
    cli.make_web("Shop", &repo.url(), &[]).await;
    let early = cli.run(&["exec", "web", "--", "true"]).await;
    assert_eq!(early.code(), 1);
    assert!(
        early.stderr.contains("No task of this application is running"),
        "{}",
        early.stderr
    );
    cli.ok(&["deploy", "web", "--follow"]).await;

    let words = cli
        .run_with(
            &[
                "exec",
                "web",
                "--",
                "sh",
                "-c",
                "tr a-z A-Z; echo \"$1\" >&2; exit 42",
                "x",
                "$HOME * \"quoted\"",
            ],
            "from the pipe\n",
        )
        .await;
    assert_eq!(
        (words.code(), words.stdout.as_str(), words.stderr.as_str()),
        (42, "FROM THE PIPE\n", "$HOME * \"quoted\"\n")
    );
    let shell = cli.run_with(&["exec", "web"], "echo $((6*7))\nexit 5\n").await;
    assert_eq!(
        (shell.code(), shell.stdout.as_str()),
        (5, "42\n"),
        "{}",
        shell.stderr
    );
    let missing = cli.run(&["exec", "web", "--", "no-such-program"]).await;
    assert!([126, 127].contains(&missing.code()), "{}", missing.code());
}
