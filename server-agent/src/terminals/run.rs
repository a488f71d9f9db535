//! One terminal at work: begun in its container or on the node, its bytes carried both ways, ended, and written down.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use slipway_protocol::log_line::LogStream;
use slipway_protocol::settings::CommandLine;
use slipway_protocol::terminal::{TerminalEnd, TerminalSize};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::session::{Input, Session};
use super::{ENDED, Reach, node, processes};
use crate::app::App;
use crate::db::audit;
use crate::db::terminals::{self, Running};
use crate::docker::{Docker, DockerError, ExecRequest};
use crate::http::ApiError;

/// The shells that are looked for, in this order.
pub(super) const SHELLS: [&str; 2] = ["/bin/bash", "/bin/sh"];
/// Docker knows an exit code a moment after the output has ended.
const CODE_PATIENCE: Duration = Duration::from_secs(30);
/// So long a program waits for the size of its screen.
const SIZE_PATIENCE: Duration = Duration::from_secs(2);
const READ: usize = 32 * 1024;
/// The head of a frame of a command without a screen.
const HEAD: usize = 8;

/// Runs a terminal from its beginning to its end.
pub async fn run(
    app: App,
    session: Arc<Session>,
    reach: Reach,
    command: Option<CommandLine>,
    typed: mpsc::Receiver<Input>,
    stop: CancellationToken,
) {
    let on_node = matches!(reach, Reach::Node);
    let end = work(&app, &session, reach, command, typed, &stop).await;
    if on_node {
        node::close(&app, session.id).await;
    }
    session.end(end);
}

/// How it ended.
async fn work(
    app: &App,
    session: &Arc<Session>,
    reach: Reach,
    command: Option<CommandLine>,
    typed: mpsc::Receiver<Input>,
    stop: &CancellationToken,
) -> TerminalEnd {
    let way = match reach {
        Reach::Container(container) => Way::into_container(container),
        // Not broken off: what Docker makes meanwhile has to be known to whoever takes it away.
        Reach::Node => match node::open(app, session.id).await {
            Ok(way) => way,
            Err(end) => return end,
        },
    };
    let mut wish = session.wish.subscribe();
    // Where it was begun meanwhile its row is there, and by that whoever looks after terminals ends it.
    let begun = tokio::select! {
        begun = begin(app, session, way, command) => begun,
        wished = wish.wait_for(Option::is_some) => Err(wished.ok().and_then(|wished| wished.clone()).unwrap_or(TerminalEnd::Closed)),
        () = stop.cancelled() => Err(TerminalEnd::AgentRestarted),
    };
    let (exec, stream) = match begun {
        Ok(begun) => begun,
        Err(end) => return end,
    };
    let Carried { end, over } = carry(app, session, &exec, stream, typed, stop).await;
    if end == TerminalEnd::AgentRestarted || !over {
        // Its row stays: the next agent, or the next look, ends what is left and writes that down.
        return end;
    }
    if let Err(error) = write_down(app, session, &end).await {
        tracing::warn!(%error, terminal = %session.id, "the end of a terminal is written down at the next start");
    }
    end
}

/// The way to where a command runs.
pub struct Way {
    pub container: String,
    /// What stands before the command and leads out of the container again.
    pub words: Vec<String>,
    pub environment: Vec<String>,
    /// The shell at its end; none where it has to be looked for in the container.
    pub shell: Option<Vec<String>>,
}

impl Way {
    fn into_container(container: String) -> Self {
        Self {
            container,
            words: Vec::new(),
            environment: Vec::new(),
            shell: None,
        }
    }
}

/// Starts the command; its id and its connection, or why there is none.
async fn begin(
    app: &App,
    session: &Session,
    way: Way,
    command: Option<CommandLine>,
) -> Result<(String, Upgraded), TerminalEnd> {
    let docker = &app.docker;
    let command: Vec<String> = match (command, way.shell) {
        (Some(command), _) => command.into(),
        (None, Some(shell)) => shell,
        (None, None) => vec![shell(docker, &way.container).await?],
    };
    let request = ExecRequest {
        container: &way.container,
        command: &[way.words, command.clone()].concat(),
        environment: way.environment,
        screen: session.screen,
    };
    let exec = docker
        .create_exec(request)
        .await
        .map_err(|error| failed(&error))?;
    let running = Running {
        id: session.id,
        team: session.owner.team,
        user: session.owner.user,
        session: session.owner.session,
        application: session.place.application(),
        name: session.place.name().to_owned(),
        task: session.place.task().map_or_else(String::new, ToString::to_string),
        actor: session.owner.email.clone(),
        request_id: session.request_id.clone(),
        exec: exec.clone(),
        screen: session.screen,
        opened_at: session.opened_at,
    };
    let kept = async { terminals::insert(&mut *app.db.pool().acquire().await?, &running).await };
    kept.await.map_err(|error| {
        let reason = ApiError::from(error).problem.detail;
        TerminalEnd::Failed { reason }
    })?;
    let started = docker.start_exec(&exec, session.screen).await;
    // Docker may have begun it and not have said so: its row stays, and what is left is ended by that.
    let stream = started.map_err(|error| failed(&error))?;
    let shown = CommandLine::try_from(command).map_or_else(|_| String::new(), |command| command.to_string());
    session.begin(shown);
    Ok((exec, stream))
}

/// The first shell that the container has.
async fn shell(docker: &Docker, container: &str) -> Result<String, TerminalEnd> {
    for shell in SHELLS {
        if docker
            .has_file(container, shell)
            .await
            .map_err(|error| failed(&error))?
        {
            return Ok(shell.to_owned());
        }
    }
    let reason = "The container has no shell (neither /bin/bash nor /bin/sh), so there is nothing to type into; \
                  a program that it has can be run with “slipway exec”.";
    Err(TerminalEnd::Failed {
        reason: reason.to_owned(),
    })
}

pub(super) fn failed(error: &DockerError) -> TerminalEnd {
    TerminalEnd::Failed {
        reason: ApiError::sentence_of(error),
    }
}

/// How a terminal's work ended.
struct Carried {
    end: TerminalEnd,
    /// What ran in it is known to have ended.
    over: bool,
}

/// Carries bytes both ways until the command has ended, or is ended.
async fn carry(
    app: &App,
    session: &Arc<Session>,
    exec: &str,
    stream: Upgraded,
    typed: mpsc::Receiver<Input>,
    stop: &CancellationToken,
) -> Carried {
    let (mut output, input) = tokio::io::split(TokioIo::new(stream));
    let mut wish = session.wish.subscribe();
    let work = async {
        let mut sizes = session.size.subscribe();
        let first = *sizes.borrow_and_update();
        if let Some(size) = first.filter(|_| session.screen) {
            // Before the first key: a program asks for its size when it begins.
            let _ = tokio::time::timeout(SIZE_PATIENCE, set_size(&app.docker, exec, size)).await;
        }
        let _typing = AbortOnDropHandle::new(tokio::spawn(pass_in(typed, input, session.screen)));
        let _sizing = AbortOnDropHandle::new(tokio::spawn(resize(
            app.docker.clone(),
            exec.to_owned(),
            sizes,
            session.screen,
        )));
        pass_out(&mut output, session).await;
    };
    let ended_by = tokio::select! {
        () = work => None,
        wished = wish.wait_for(Option::is_some) => wished.ok().and_then(|wished| wished.clone()),
        () = stop.cancelled() => Some(TerminalEnd::AgentRestarted),
    };
    match ended_by {
        Some(end) => Carried {
            end,
            over: is_over(&app.docker, exec).await,
        },
        None => exit_of(&app.docker, exec).await,
    }
}

/// Ends what runs; whether that was done.
async fn is_over(docker: &Docker, exec: &str) -> bool {
    let ended = processes::end(docker, exec).await;
    if let Err(error) = &ended {
        tracing::warn!(%error, "what runs in a terminal that ended is ended later");
    }
    ended.is_ok()
}

/// From the program to the readers, until it has ended.
async fn pass_out(output: &mut ReadHalf<TokioIo<Upgraded>>, session: &Session) {
    let mut frames = Frames::default();
    let mut buffer = BytesMut::with_capacity(READ);
    loop {
        while !session.has_room() {
            session.room.notified().await;
        }
        match output.read_buf(&mut buffer).await {
            // A connection that broke is an end too; the exit code tells more.
            Ok(0) | Err(_) => return,
            Ok(_) if session.screen => {
                session.write(LogStream::Stdout, &buffer);
                buffer.clear();
            }
            Ok(_) => frames.read(&mut buffer, |stream, bytes| session.write(stream, bytes)),
        }
        buffer.reserve(READ);
    }
}

/// Takes the frames of a command without a screen apart.
#[derive(Default)]
struct Frames {
    /// The stream of the present frame, and what is missing of it.
    open: Option<(LogStream, usize)>,
}

impl Frames {
    fn read(&mut self, buffer: &mut BytesMut, mut take: impl FnMut(LogStream, &[u8])) {
        loop {
            if let Some((stream, missing)) = self.open {
                let part = missing.min(buffer.len());
                take(stream, &buffer[..part]);
                buffer.advance(part);
                self.open = (part < missing).then_some((stream, missing - part));
                if part < missing {
                    return;
                }
            }
            if buffer.len() < HEAD {
                return;
            }
            let head = buffer.split_to(HEAD);
            let stream = if head[0] == 2 {
                LogStream::Stderr
            } else {
                LogStream::Stdout
            };
            let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
            self.open = Some((stream, length as usize));
        }
    }
}

/// From the writers to the program. A program that has closed its input gets nothing more.
async fn pass_in(mut typed: mpsc::Receiver<Input>, mut input: WriteHalf<TokioIo<Upgraded>>, screen: bool) {
    while let Some(piece) = typed.recv().await {
        let passed = match piece {
            Input::Bytes(bytes) => input.write_all(&bytes).await,
            // A screen is ended by its program.
            Input::End if screen => Ok(()),
            Input::End => input.shutdown().await,
        };
        if passed.is_err() {
            // What is typed goes nowhere, and must not make anybody wait.
            while typed.recv().await.is_some() {}
        }
    }
}

/// Passes each new size on to Docker.
async fn resize(
    docker: Docker,
    exec: String,
    mut sizes: watch::Receiver<Option<TerminalSize>>,
    screen: bool,
) {
    while sizes.changed().await.is_ok() {
        let size = *sizes.borrow_and_update();
        if let Some(size) = size.filter(|_| screen) {
            set_size(&docker, &exec, size).await;
        }
    }
}

/// Docker takes no size before the program has begun, which it may do a little after its connection is there.
async fn set_size(docker: &Docker, exec: &str, size: TerminalSize) {
    const TRIES: u32 = 20;
    const PAUSE: Duration = Duration::from_millis(50);
    for tried in 1..=TRIES {
        match docker.resize_exec(exec, size).await {
            Ok(()) => return,
            Err(error) if tried == TRIES => tracing::debug!(%error, "a terminal keeps its size"),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn exit_of(docker: &Docker, exec: &str) -> Carried {
    let exited = |code| Carried {
        end: TerminalEnd::Exited { code },
        over: true,
    };
    let asked = async {
        loop {
            match docker.exec(exec).await {
                Ok(Some(state)) if state.running => tokio::time::sleep(Duration::from_millis(50)).await,
                Ok(Some(state)) => return exited(state.exit_code),
                Ok(None) => return exited(None),
                Err(error) => {
                    return Carried {
                        end: failed(&error),
                        over: false,
                    };
                }
            }
        }
    };
    match tokio::time::timeout(CODE_PATIENCE, asked).await {
        Ok(carried) => carried,
        // Its output is closed, but it runs: what is left of it has nobody to talk to.
        Err(_) => Carried {
            end: TerminalEnd::Exited { code: None },
            over: is_over(docker, exec).await,
        },
    }
}

/// The end in the audit log. Where its owner closed it, the call that did so stands there already.
async fn write_down(app: &App, session: &Session, end: &TerminalEnd) -> Result<(), sqlx::Error> {
    let mut tx = app.db.begin().await?;
    terminals::delete(&mut tx, session.id).await?;
    if *end != TerminalEnd::Closed {
        let subject = format!("{}: {end}", session.place.subject());
        let act = audit::Act {
            team: Some(session.owner.team),
            actor: &session.owner.email,
            action: ENDED,
            subject: &subject,
            request_id: &session.request_id,
        };
        audit::record(&mut tx, act).await?;
    }
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// FR-OBS-02: frames are taken apart wherever the engine's connection cuts them.
        #[test]
        fn frames_are_taken_apart_anywhere(frames in prop::collection::vec((1_u8..=2, prop::collection::vec(any::<u8>(), 0..30)), 0..20), cut in 1_usize..20) {
            let (mut sent, mut wanted) = (Vec::new(), (Vec::new(), Vec::new()));
            for (kind, bytes) in &frames {
                sent.extend([*kind, 0, 0, 0]);
                sent.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
                sent.extend(bytes);
                if *kind == 2 { wanted.1.extend(bytes) } else { wanted.0.extend(bytes) }
            }
            let (mut reader, mut buffer, mut got) = (Frames::default(), BytesMut::new(), (Vec::new(), Vec::new()));
            for piece in sent.chunks(cut) {
                buffer.extend_from_slice(piece);
                reader.read(&mut buffer, |stream, bytes| if stream == LogStream::Stderr { got.1.extend_from_slice(bytes) } else { got.0.extend_from_slice(bytes) });
            }
            let wanted: (Vec<u8>, Vec<u8>) = (wanted.0.into_iter().copied().collect(), wanted.1.into_iter().copied().collect());
            prop_assert_eq!(got, wanted);
        }
    }
}
