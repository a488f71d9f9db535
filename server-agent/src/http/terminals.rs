//! Terminals of the caller, in tasks and on the node, and the tasks that they can be opened in.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use chrono::Utc;
use futures_util::{Stream, StreamExt};
use slipway_protocol::api::{
    CloseTerminal, FollowTerminal, ListTasks, ListTerminals, OpenNodeTerminal, OpenTerminal, ResizeTerminal,
    SendTerminalInput,
};
use slipway_protocol::settings::CommandLine;
use slipway_protocol::task::TaskView;
use slipway_protocol::terminal::{InputTaken, TerminalEnd, TerminalEvent, TerminalSize, TerminalView};
use slipway_protocol::{ApplicationId, ErrorCode, TerminalId};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use uuid::Uuid;

use super::applications::row;
use super::broken_off::BrokenOff;
use super::{ApiError, Call, Piece};
use crate::config::NO_NODE_TERMINAL;
use crate::db::applications::Application;
use crate::db::deployments;
use crate::domain::plan::Plan;
use crate::owner::Owner;
use crate::tasks;
use crate::terminals::{New, NotTyped, Place, Reach, Reader, Session, node};

/// Events that wait for a slow reader.
const WAITING: usize = 2;
/// So long a reader may take for one event after the terminal has ended.
const SLOW: Duration = Duration::from_secs(60);

pub async fn list_tasks(call: Call, request: ListTasks) -> Result<Vec<TaskView>, ApiError> {
    let (_, plan) = find(&call, request.application).await?;
    Ok(tasks::running(&call.app, plan.as_ref()).await?)
}

pub async fn open_terminal(call: Call, request: OpenTerminal) -> Result<TerminalView, ApiError> {
    let (application, plan) = find(&call, request.application).await?;
    let wanted = request.body;
    let target = tasks::choose(&call.app, plan.as_ref(), wanted.task.as_ref()).await;
    let place = Place::Task {
        application: application.id,
        name: application.name.to_string(),
        task: match &target {
            Ok(target) => Some(target.task.clone()),
            Err(_) => wanted.task,
        },
    };
    let reach = target
        .map(|target| Reach::Container(target.container))
        .map_err(|error| error.sentence());
    open(&call, place, reach, wanted.command, wanted.size).await
}

pub async fn open_node_terminal(call: Call, request: OpenNodeTerminal) -> Result<TerminalView, ApiError> {
    if call.app.config.no_node_terminal {
        let detail = format!(
            "This server allows no terminal on its node; whoever runs it has switched that off ({NO_NODE_TERMINAL})."
        );
        return Err(ApiError::new(ErrorCode::Forbidden, detail));
    }
    let place = Place::Node {
        name: node::host_name(),
    };
    let wanted = request.body;
    open(&call, place, Ok(Reach::Node), wanted.command, wanted.size).await
}

/// Opens one for the caller, written down.
async fn open(
    call: &Call,
    place: Place,
    reach: Result<Reach, String>,
    command: Option<CommandLine>,
    size: Option<TerminalSize>,
) -> Result<TerminalView, ApiError> {
    let owner = call.owner()?;
    let terminals = &call.app.terminals;
    let _turn = terminals.opening.lock().await;
    terminals
        .room_for(owner.team, owner.user)
        .map_err(|error| ApiError::conflict(error.to_string()))?;
    let mut tx = call.begin().await?;
    call.audit(&mut tx, &place.subject()).await?;
    tx.commit().await?;
    let new = New {
        id: TerminalId(Uuid::now_v7()),
        owner,
        place,
        size,
        screen: size.is_some(),
        opened_at: Utc::now(),
        request_id: call.request_id.clone(),
    };
    Ok(terminals.open(&call.app, new, command, reach).view())
}

pub async fn list_terminals(call: Call, request: ListTerminals) -> Result<Vec<TerminalView>, ApiError> {
    let owner = call.owner()?;
    let all = call.app.terminals.of(owner.team, owner.user);
    let wanted = |session: &&Arc<Session>| {
        let of = session.place.application();
        let fits = |application| of == Some(application);
        request.application.is_none_or(fits) && request.node.is_none_or(|node| node == of.is_none())
    };
    Ok(all.iter().filter(wanted).map(|session| session.view()).collect())
}

pub async fn follow_terminal(
    call: Call,
    request: FollowTerminal,
) -> Result<impl Stream<Item = Result<TerminalEvent, BrokenOff>> + use<>, ApiError> {
    let reader = own(&call, request.terminal)?.read(request.after.unwrap_or(0));
    let reader = reader
        .ok_or_else(|| ApiError::conflict("This terminal is shown in 16 places; leave one of them first."))?;
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(follow(reader, sender));
    Ok(ReceiverStream::new(receiver).map(Ok::<_, BrokenOff>))
}

/// Sends what comes until the end was said or nobody listens.
async fn follow(mut reader: Reader, to: mpsc::Sender<TerminalEvent>) {
    loop {
        let event = tokio::select! {
            event = reader.next() => event,
            () = to.closed() => return,
        };
        let last = matches!(event, TerminalEvent::Ended { .. });
        let place = loop {
            match tokio::time::timeout(SLOW, to.reserve()).await {
                Ok(place) => break place,
                // A program waits for its reader; what has ended is not kept for one that does not read.
                Err(_) if reader.is_live() => {}
                Err(_) => return,
            }
        };
        let Ok(place) = place else { return };
        place.send(event);
        if last {
            return;
        }
    }
}

pub async fn send_terminal_input(
    call: Call,
    request: SendTerminalInput,
    mut piece: Piece,
) -> Result<InputTaken, ApiError> {
    let session = own(&call, request.terminal)?;
    let mut bytes = BytesMut::new();
    while let Some(more) = piece.next().await {
        bytes.extend_from_slice(&more?);
    }
    let end = request.end.unwrap_or(false);
    let typed = session
        .type_in(request.writer, request.offset, bytes.freeze(), end)
        .await;
    let taken = typed.map_err(|error| match error {
        NotTyped::Ended => ApiError::conflict(
            "This terminal has ended, and nothing can be typed into it any more; open another one.",
        ),
        NotTyped::Busy => ApiError::new(
            ErrorCode::Unavailable,
            "The program in this terminal does not read its input now; try again in a moment.",
        ),
    })?;
    Ok(InputTaken { taken })
}

pub async fn resize_terminal(call: Call, request: ResizeTerminal) -> Result<(), ApiError> {
    own(&call, request.terminal)?
        .size
        .send_replace(Some(request.body));
    Ok(())
}

pub async fn close_terminal(call: Call, request: CloseTerminal) -> Result<(), ApiError> {
    let session = own(&call, request.terminal)?;
    let mut tx = call.begin().await?;
    call.audit(&mut tx, &session.place.subject()).await?;
    tx.commit().await?;
    session.close(TerminalEnd::Closed);
    call.app.terminals.forget(session.id);
    Ok(())
}

fn own(call: &Call, id: TerminalId) -> Result<Arc<Session>, ApiError> {
    let owner = call.owner()?;
    let found = call.app.terminals.find(owner.team, owner.user, id);
    let session = found.ok_or_else(|| {
        ApiError::new(
            ErrorCode::NotFound,
            "You have no such terminal here; it ended a while ago, or the agent restarted.",
        )
    })?;
    // Beyond the right to terminals, that to this one's place.
    let (resource, action) = session.place.right();
    if !call.may(resource, action) {
        return Err(ApiError::new(
            ErrorCode::Forbidden,
            "Your role in this team does not allow this terminal any more; ask one of its owners.",
        ));
    }
    Ok(session)
}

/// An application, and the plan of the release that serves it.
pub(super) async fn find(call: &Call, id: ApplicationId) -> Result<(Application, Option<Plan>), ApiError> {
    let mut tx = call.begin().await?;
    let application = row(&mut tx, id).await?;
    let mut plans: HashMap<Uuid, Plan> = deployments::serving_plans(&mut tx, &[id.uuid()]).await?;
    Ok((application, plans.remove(&id.uuid())))
}

impl Call {
    /// The caller as the owner of what they open.
    pub(super) fn owner(&self) -> Result<Owner, ApiError> {
        let caller = self.caller()?;
        Ok(Owner {
            team: self.team()?,
            user: caller.me.id,
            session: caller.session,
            email: caller.me.email.to_string(),
        })
    }
}
