//! A small agent: HTTP/2 with prior knowledge on a Unix socket, with a session, a slow call, and two streams.

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use slipway_protocol::server::API_LEVEL;
use slipway_protocol::{ErrorCode, Problem};
use tokio::net::UnixListener;
use tokio::sync::mpsc;

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// What the agent has seen, and what it answers.
#[derive(Default)]
pub struct Seen {
    pub requests: AtomicUsize,
    pub at_once: AtomicUsize,
    pub most_at_once: AtomicUsize,
    pub refreshes: AtomicUsize,
    pub connections: AtomicUsize,
    /// Number of the tokens that are valid now; 0: nobody is signed in.
    pub generation: AtomicU32,
    /// The tokens with which it was renewed: the spent one and the next.
    pub renewed_with: Mutex<Vec<(Value, Value)>>,
    /// The answer of the next renewal does not arrive.
    pub loses_the_answer: AtomicBool,
    /// The level of its API, where it is not the client's.
    pub other_level: Mutex<Option<u32>>,
    /// The values of `after` with which streams were asked for.
    pub asked_after: Mutex<Vec<Option<u64>>>,
    /// Before this line the streams of logs break off, so many times more.
    pub breaks_before: Mutex<(u64, u32)>,
    /// Who asks for the projects is answered once so many have asked at the same time; 0: each after a moment.
    pub together: AtomicUsize,
    /// No renewal is answered.
    pub holds_renewals: AtomicBool,
    /// Streams say their lines up to this one; 0: all.
    pub up_to: AtomicU64,
}

impl Seen {
    /// Whether a stream breaks off here.
    fn breaks_off(&self, line: u64) -> bool {
        let mut breaks = self.breaks_before.lock().unwrap();
        let now = breaks.0 == line && breaks.1 > 0;
        breaks.1 -= u32::from(now);
        now
    }

    /// Until streams may say this line.
    async fn may_say(&self, line: u64) {
        loop {
            let up_to = self.up_to.load(Ordering::SeqCst);
            if up_to == 0 || line <= up_to {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

pub struct FakeAgent {
    pub socket: PathBuf,
    pub seen: Arc<Seen>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for FakeAgent {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// How many lines the followed deployment has.
pub const LINES: u64 = 120;

impl FakeAgent {
    pub fn start(folder: &Path) -> Self {
        let socket = folder.join("agent.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let seen = Arc::new(Seen::default());
        let task = tokio::spawn(accept(listener, seen.clone()));
        Self { socket, seen, task }
    }
}

async fn accept(listener: UnixListener, seen: Arc<Seen>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        seen.connections.fetch_add(1, Ordering::SeqCst);
        let seen = seen.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| answer(request, seen.clone()));
            let _ = http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(request: Request<Incoming>, seen: Arc<Seen>) -> Result<Response<Body>, Infallible> {
    seen.requests.fetch_add(1, Ordering::SeqCst);
    let now = seen.at_once.fetch_add(1, Ordering::SeqCst) + 1;
    seen.most_at_once.fetch_max(now, Ordering::SeqCst);
    let response = route(request, &seen).await;
    seen.at_once.fetch_sub(1, Ordering::SeqCst);
    Ok(response)
}

async fn route(request: Request<Incoming>, seen: &Arc<Seen>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    match (request.method().as_str(), path.as_str()) {
        ("GET", "/api/v1/version") => {
            let level = seen.other_level.lock().unwrap().unwrap_or(API_LEVEL);
            whole(
                200,
                &json!({"agent": "1.2.3", "api_level": level, "needs_owner": false}),
            )
        }
        ("POST", "/api/v1/sessions") => {
            seen.generation.store(1, Ordering::SeqCst);
            whole(200, &tokens(1))
        }
        ("POST", "/api/v1/sessions/refresh") => refresh(request, seen).await,
        _ if !is_signed_in(&request, seen) => problem(ErrorCode::Unauthenticated, "The token has ended."),
        ("GET", "/api/v1/projects") => {
            let together = seen.together.load(Ordering::SeqCst);
            if together == 0 {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            while seen.most_at_once.load(Ordering::SeqCst) < together {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            whole(200, &json!([]))
        }
        ("GET", "/api/v1/members") => problem(ErrorCode::Forbidden, "Your role does not allow this."),
        ("GET", path) if path.ends_with("/events") => deployment_events(after(&query), seen),
        ("GET", path) if path.ends_with("/logs") => {
            container_logs(after(&query), query.contains("follow=true"), false, seen)
        }
        ("GET", path) if path.ends_with("/log") => {
            container_logs(after(&query), false, query.contains("follow=true"), seen)
        }
        _ => problem(ErrorCode::NotFound, "There is no such thing."),
    }
}

fn tokens(generation: u32) -> Value {
    json!({
        "session": "018f0000-0000-7000-8000-000000000001",
        "access_token": format!("access-{generation}"),
        "expires_in": 600,
        "refresh_token": format!("refresh-{generation}"),
    })
}

async fn refresh(request: Request<Incoming>, seen: &Seen) -> Response<Body> {
    seen.refreshes.fetch_add(1, Ordering::SeqCst);
    let body: Value =
        serde_json::from_slice(&request.into_body().collect().await.unwrap().to_bytes()).unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    while seen.holds_renewals.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The previous generation's refresh token is good once; a spent one ends the session.
    let expected = seen.generation.load(Ordering::SeqCst);
    if body["refresh_token"] != json!(format!("refresh-{}", expected.saturating_sub(1))) {
        seen.generation.store(0, Ordering::SeqCst);
        return problem(ErrorCode::Unauthenticated, "The session has ended.");
    }
    let pair = (body["refresh_token"].clone(), body["next"].clone());
    seen.renewed_with.lock().unwrap().push(pair);
    if seen.loses_the_answer.swap(false, Ordering::SeqCst) {
        return problem(ErrorCode::Unavailable, "Something is away for a moment.");
    }
    whole(200, &tokens(expected))
}

fn is_signed_in(request: &Request<Incoming>, seen: &Seen) -> bool {
    let expected = format!("Bearer access-{}", seen.generation.load(Ordering::SeqCst));
    request
        .headers()
        .get("authorization")
        .is_some_and(|value| value.as_bytes() == expected.as_bytes())
}

fn after(query: &str) -> Option<u64> {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("after="))
        .and_then(|text| text.parse().ok())
}

fn deployment_events(after: Option<u64>, seen: &Arc<Seen>) -> Response<Body> {
    seen.asked_after.lock().unwrap().push(after);
    let seen = seen.clone();
    stream(move |out| async move {
        if !out.line(changed("running")).await {
            return;
        }
        for sequence in after.unwrap_or(0) + 1..=LINES {
            seen.may_say(sequence).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
            let line = json!({"kind": "line", "sequence": sequence, "at": "2026-01-01T00:00:00Z", "step": "build", "stream": "stdout", "text": format!("line {sequence}")});
            if !out.line(line).await {
                return;
            }
        }
        out.line(changed("succeeded")).await;
    })
}

fn changed(status: &str) -> Value {
    json!({
        "kind": "changed", "id": "018f0000-0000-7000-8000-000000000002", "application": "018f0000-0000-7000-8000-000000000003",
        "number": 1, "status": status, "trigger": {"kind": "deploy"}, "requested_by": "a@example.org", "commit": null,
        "image": null, "steps": [], "failure": null, "created_at": "2026-01-01T00:00:00Z", "started_at": null,
        "ended_at": null, "can_roll_back_to": false,
    })
}

/// Two replicas that write in turn, or as many steps of a deployment, which `ends`.
fn container_logs(after: Option<u64>, follow: bool, ends: bool, seen: &Arc<Seen>) -> Response<Body> {
    seen.asked_after.lock().unwrap().push(after);
    let seen = Arc::clone(seen);
    stream(move |out| async move {
        for index in 1..=LINES {
            if after.is_some_and(|after| index <= after) {
                continue;
            }
            seen.may_say(index).await;
            tokio::time::sleep(Duration::from_millis(10)).await;
            if seen.breaks_off(index) {
                out.break_off().await;
                return;
            }
            let line = json!([
                index,
                index * 250_000_000,
                format!("task{}", index % 2),
                0,
                0,
                format!("line {index}")
            ]);
            let line = json!({ "lines": [line] });
            if !out.line(line).await {
                return;
            }
        }
        if ends {
            out.line(json!("ended")).await;
        }
        if follow {
            std::future::pending::<()>().await;
        }
    })
}

/// The writing end of a stream of JSON lines.
#[derive(Clone)]
struct Out(mpsc::Sender<io::Result<Frame<Bytes>>>);

impl Out {
    async fn line(&self, value: Value) -> bool {
        self.0
            .send(Ok(Frame::data(Bytes::from(format!("{value}\n")))))
            .await
            .is_ok()
    }

    /// Ends the stream as one that is not whole.
    async fn break_off(&self) {
        let _ = self.0.send(Err(io::Error::other("it breaks off"))).await;
    }
}

fn stream<F: Future<Output = ()> + Send + 'static>(write: impl FnOnce(Out) -> F) -> Response<Body> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(write(Out(sender)));
    let frames = futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|frame| (frame, receiver))
    });
    let body = BodyExt::boxed_unsync(StreamBody::new(Box::pin(frames)));
    Response::builder()
        .header("content-type", "application/x-ndjson")
        .body(body)
        .unwrap()
}

fn whole(status: u16, value: &Value) -> Response<Body> {
    Response::builder()
        .status(status)
        .body(
            Full::new(Bytes::from(value.to_string()))
                .map_err(|never| match never {})
                .boxed_unsync(),
        )
        .unwrap()
}

fn problem(code: ErrorCode, detail: &str) -> Response<Body> {
    whole(
        code.status(),
        &serde_json::to_value(Problem::new(code, detail)).unwrap(),
    )
}
