//! Steady traffic to one application, on loopback only: requests begin at a constant rate whatever the answers do.
//!
//! Every fourth is, in turn, a GET or a POST over a kept-alive or a new connection. An answer counts only when its status
//! and its content are right. The number of requests and the time are bounded.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use tokio::task::{JoinHandle, JoinSet};

const PATIENCE: Duration = Duration::from_secs(30);

/// Whom to ask, how often, and when to stop at the latest.
#[derive(Clone)]
pub struct Plan {
    pub port: u16,
    pub host: String,
    pub per_second: u32,
    /// Every tenth request is answered only after this many milliseconds.
    pub slow: Option<u32>,
    pub longest: Duration,
}

#[derive(Clone, Debug, Default)]
pub struct Report {
    pub sent: u64,
    pub failed: u64,
    /// What went wrong, and how often.
    pub reasons: BTreeMap<String, u64>,
    /// How many answers each version gave.
    pub versions: BTreeMap<String, u64>,
    latencies: Vec<Duration>,
}

impl Report {
    /// The latency that this share of the requests (0 to 1) stayed under.
    pub fn latency(&self, share: f64) -> Duration {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss
        )]
        let index = (last as f64 * share) as usize;
        sorted.get(index).copied().unwrap_or_default()
    }
}

/// Traffic that runs until it is ended.
pub struct Load {
    stop: Arc<AtomicBool>,
    report: Arc<Mutex<Report>>,
    task: JoinHandle<()>,
}

type Pool = Arc<Mutex<Vec<SendRequest<Full<Bytes>>>>>;

impl Load {
    pub fn start(plan: Plan) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let report = Arc::new(Mutex::new(Report::default()));
        let task = tokio::spawn(drive(plan, stop.clone(), report.clone()));
        Self { stop, report, task }
    }

    /// What was counted so far.
    pub fn so_far(&self) -> Report {
        self.report.lock().expect("not poisoned").clone()
    }

    /// Begins no more requests, waits for the open ones and gives the account.
    pub async fn end(self) -> Report {
        self.stop.store(true, Ordering::SeqCst);
        self.task.await.expect("the traffic's task");
        self.report.lock().expect("not poisoned").clone()
    }
}

async fn drive(plan: Plan, stop: Arc<AtomicBool>, report: Arc<Mutex<Report>>) {
    let pool: Pool = Pool::default();
    let begun = Instant::now();
    let mut tick = tokio::time::interval(Duration::from_secs(1) / plan.per_second);
    let mut open = JoinSet::new();
    let mut number = 0_u64;
    while !stop.load(Ordering::SeqCst) && begun.elapsed() < plan.longest {
        tick.tick().await;
        let (plan, pool, report) = (plan.clone(), pool.clone(), report.clone());
        open.spawn(async move {
            let at = Instant::now();
            let outcome = tokio::time::timeout(PATIENCE, one(&plan, &pool, number)).await;
            let outcome = outcome.unwrap_or_else(|_| Err(format!("no answer in {} s", PATIENCE.as_secs())));
            count(&report, outcome, at.elapsed());
        });
        number += 1;
        while open.try_join_next().is_some() {}
    }
    while open.join_next().await.is_some() {}
}

fn count(report: &Mutex<Report>, outcome: Result<String, String>, took: Duration) {
    let mut report = report.lock().expect("not poisoned");
    report.sent += 1;
    report.latencies.push(took);
    match outcome {
        Ok(version) => *report.versions.entry(version).or_default() += 1,
        Err(reason) => {
            report.failed += 1;
            *report.reasons.entry(reason).or_default() += 1;
        }
    }
}

async fn one(plan: &Plan, pool: &Pool, number: u64) -> Result<String, String> {
    let (post, keep) = (number & 1 == 1, number & 2 == 0);
    let idle = if keep { take_idle(pool) } else { None };
    let mut sender = match idle {
        Some(sender) => sender,
        None => connect(plan.port).await?,
    };
    let body = format!("{number}:{}", "x".repeat((number % 1000) as usize));
    let builder = http::Request::builder().header("host", &plan.host);
    let builder = if keep {
        builder
    } else {
        builder.header("connection", "close")
    };
    let request = if post {
        builder
            .method("POST")
            .uri("/echo")
            .body(Full::new(Bytes::from(body.clone())))
    } else {
        let slow = plan.slow.filter(|_| number.is_multiple_of(10));
        let path = slow.map_or_else(|| "/".to_owned(), |milliseconds| format!("/slow/{milliseconds}"));
        builder.method("GET").uri(path).body(Full::new(Bytes::new()))
    };
    let answer = sender
        .send_request(request.expect("a request"))
        .await
        .map_err(|error| words("sending", &error))?;
    let status = answer.status().as_u16();
    let version = answer
        .headers()
        .get("x-version")
        .and_then(|value| value.to_str().ok())
        .unwrap_or("?")
        .to_owned();
    let content = answer
        .into_body()
        .collect()
        .await
        .map_err(|error| words("reading", &error))?
        .to_bytes();
    if status != 200 {
        return Err(format!("status {status}"));
    }
    if post && content != body.as_bytes() || !post && !content.starts_with(b"version ") {
        return Err("a wrong answer".into());
    }
    if keep {
        pool.lock().expect("not poisoned").push(sender);
    }
    Ok(version)
}

fn take_idle(pool: &Pool) -> Option<SendRequest<Full<Bytes>>> {
    let mut idle = pool.lock().expect("not poisoned");
    while let Some(sender) = idle.pop() {
        if sender.is_ready() {
            return Some(sender);
        }
    }
    None
}

async fn connect(port: u16) -> Result<SendRequest<Full<Bytes>>, String> {
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .map_err(|error| words("connecting", &error))?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| words("connecting", &error))?;
    tokio::spawn(connection);
    Ok(sender)
}

fn words(what: &str, error: &dyn std::error::Error) -> String {
    let mut line = format!("{what}: {error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        line.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    line
}

/// One GET through the edge: status and body.
pub async fn get(port: u16, host: &str, path: &str) -> Result<(u16, Vec<u8>), String> {
    let (status, _, body) = get_whole(port, host, path).await?;
    Ok((status, body))
}

/// One POST without a body through the edge: status and body.
pub async fn post(
    port: u16,
    host: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> Result<(u16, Vec<u8>), String> {
    let mut request = http::Request::post(path)
        .header("host", host)
        .header("connection", "close");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(Bytes::new())).expect("a request");
    let (status, _, body) = whole(port, request).await?;
    Ok((status, body))
}

/// The same with the answer's headers.
pub async fn get_whole(port: u16, host: &str, path: &str) -> Result<(u16, http::HeaderMap, Vec<u8>), String> {
    let request = http::Request::builder()
        .uri(path)
        .header("host", host)
        .header("connection", "close");
    whole(port, request.body(Full::new(Bytes::new())).expect("a request")).await
}

/// One request over a connection of its own: status, headers and body.
async fn whole(
    port: u16,
    request: http::Request<Full<Bytes>>,
) -> Result<(u16, http::HeaderMap, Vec<u8>), String> {
    let mut sender = connect(port).await?;
    let answer = tokio::time::timeout(PATIENCE, sender.send_request(request))
        .await
        .map_err(|_| "no answer".to_owned())?;
    let answer = answer.map_err(|error| words("sending", &error))?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let body = answer
        .into_body()
        .collect()
        .await
        .map_err(|error| words("reading", &error))?;
    Ok((status, headers, body.to_bytes().to_vec()))
}
