//! A Unix socket in front of an agent's: what is only asked for passes, waits, or fails, as a story wants it. Everything else is the
//! agent's own, streams too; what is to be changed waits only where a story says so. Or it stands in an agent's place and keeps to no rule.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::stream;
use http::{Method, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http2 as inside;
use hyper::server::conn::http2 as outside;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use slipway_protocol::server::{API_LEVEL, Version};
use slipway_protocol::{ErrorCode, Problem};
use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    Pass,
    /// No answer comes until the rule changes.
    Hold,
    /// The same of what is to be changed, too, and of signing in.
    HoldAll,
    /// Answers as the agent does without its database.
    Fail,
    /// The same of what is to be changed or planned, too.
    FailAll,
    /// Each answer goes on as long as somebody reads it, that about the version too.
    Endless,
    /// It calls itself by a version of a million letters.
    Boast,
}

/// The sentence of [`Rule::Fail`].
pub const FAILURE: &str = "The agent's database does not answer; try again in a moment.";

pub struct ApiGate {
    folder: TempDir,
    rule: watch::Sender<Rule>,
    task: JoinHandle<()>,
}

impl ApiGate {
    pub fn open_to(agent: &Path) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("sw-gate-")
            .tempdir()
            .expect("a folder");
        let listener = UnixListener::bind(folder.path().join("agent.sock")).expect("the gate's socket");
        let (rule, seen) = watch::channel(Rule::Pass);
        let agent = agent.to_owned();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(carry(stream, agent.clone(), seen.clone()));
            }
        });
        Self { folder, rule, task }
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("agent.sock")
    }

    /// From now on, also for what waits already.
    pub fn set(&self, rule: Rule) {
        self.rule.send_replace(rule);
    }
}

impl Drop for ApiGate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Answer = Response<BoxBody<Bytes, hyper::Error>>;

async fn carry(stream: UnixStream, agent: PathBuf, rule: watch::Receiver<Rule>) {
    let Ok(behind) = UnixStream::connect(agent).await else {
        return;
    };
    let Ok((sender, connection)) = inside::handshake(TokioExecutor::new(), TokioIo::new(behind)).await else {
        return;
    };
    let driver = tokio::spawn(connection);
    let serve = service_fn(|request: Request<Incoming>| answer(request, sender.clone(), rule.clone()));
    // A connection that breaks is its client's business.
    let _ = outside::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), serve)
        .await;
    driver.abort();
}

async fn answer(
    request: Request<Incoming>,
    mut sender: inside::SendRequest<Incoming>,
    mut rule: watch::Receiver<Rule>,
) -> Result<Answer, hyper::Error> {
    // What the link is measured with is left alone.
    let measures = request.uri().path() == "/api/v1/version";
    let asks = request.method() == Method::GET && !measures;
    loop {
        let now = *rule.borrow_and_update();
        let held = match now {
            Rule::Pass => false,
            Rule::Fail if asks => return Ok(failure()),
            Rule::FailAll if !measures => return Ok(failure()),
            Rule::Endless if asks || measures => return Ok(endless()),
            Rule::Boast if measures => return Ok(boast()),
            Rule::Fail | Rule::FailAll | Rule::Endless | Rule::Boast => false,
            Rule::Hold => asks,
            Rule::HoldAll => !measures,
        };
        if !held || rule.changed().await.is_err() {
            break;
        }
    }
    Ok(sender.send_request(request).await?.map(BodyExt::boxed))
}

fn failure() -> Answer {
    let problem = Problem::new(ErrorCode::Unavailable, FAILURE);
    let body = serde_json::to_vec(&problem).expect("a problem");
    let answer = Response::builder()
        .status(problem.status)
        .header("content-type", "application/problem+json");
    answer.body(whole(body)).expect("an answer")
}

fn endless() -> Answer {
    let piece = Bytes::from(vec![b'a'; 16 * 1024]);
    let pieces = stream::repeat_with(move || Ok::<_, hyper::Error>(Frame::data(piece.clone())));
    Response::new(StreamBody::new(pieces).boxed())
}

fn boast() -> Answer {
    let version = Version {
        agent: "1".repeat(1_000_000),
        api_level: API_LEVEL,
        needs_owner: false,
    };
    Response::new(whole(serde_json::to_vec(&version).expect("a version")))
}

fn whole(body: Vec<u8>) -> BoxBody<Bytes, hyper::Error> {
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {});
    body.boxed()
}
