//! Traffic to one application, on loopback only, at a constant rate: each request has its time, whatever the answers before it do,
//! and its latency counts from that time. So a stall shows in every request that it held up.
//!
//! Requests are in turn a GET or a POST over a kept-alive or a new connection; some bodies are large, some come in chunks. Beside
//! them slow requests may begin each second, and WebSockets, events and streams stay open. An answer counts only when its
//! status and its content are right. The number of requests and the time are bounded.

mod client;
mod exchange;
mod lasting;
mod report;
mod socket;
mod stream;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

pub use client::{get, get_whole, post, post_body};
pub use lasting::Kind;
pub use report::{Failure, Lasted, LastedEnd, Report};

use client::Client;
use exchange::Exchange;

/// Whom to ask, how often, and when to stop at the latest.
#[derive(Clone)]
pub struct Plan {
    pub port: u16,
    pub host: String,
    pub per_second: u32,
    /// One more request each second that the application answers only after this time.
    pub slow: Option<Duration>,
    /// WebSockets that are kept open.
    pub sockets: u32,
    /// Streams of events that are kept open.
    pub events: u32,
    /// Streams of 1 MiB/s that are kept open.
    pub streams: u32,
    pub longest: Duration,
}

impl Plan {
    /// Requests alone.
    pub fn requests(port: u16, host: String, per_second: u32) -> Self {
        Self {
            port,
            host,
            per_second,
            slow: None,
            sockets: 0,
            events: 0,
            streams: 0,
            longest: Duration::from_secs(40 * 60),
        }
    }

    /// And a slow one each second.
    pub fn with_slow(self, slow: Duration) -> Self {
        Self {
            slow: Some(slow),
            ..self
        }
    }
}

/// Traffic that runs until it is ended.
pub struct Load {
    traffic: Arc<Traffic>,
    task: JoinHandle<()>,
}

/// What all of its requests and streams share.
struct Traffic {
    client: Client,
    stop: AtomicBool,
    /// How many streams are open.
    open: AtomicUsize,
    report: Mutex<Report>,
}

impl Traffic {
    fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    fn report(&self) -> MutexGuard<'_, Report> {
        self.report.lock().expect("not poisoned")
    }
}

impl Load {
    pub fn start(plan: Plan) -> Self {
        let traffic = Arc::new(Traffic {
            client: Client::of(plan.port, &plan.host),
            stop: AtomicBool::new(false),
            open: AtomicUsize::new(0),
            report: Mutex::default(),
        });
        let task = tokio::spawn(drive(plan, traffic.clone()));
        Self { traffic, task }
    }

    /// What was counted so far.
    pub fn so_far(&self) -> Report {
        self.traffic.report().clone()
    }

    /// How many streams are open now.
    pub fn open_streams(&self) -> usize {
        self.traffic.open.load(Ordering::SeqCst)
    }

    /// How many failed so far.
    pub fn failed(&self) -> u64 {
        self.traffic.report().failed
    }

    /// Begins no more requests, waits for the open ones, closes the streams and gives the account.
    pub async fn end(self) -> Report {
        self.traffic.stop.store(true, Ordering::SeqCst);
        self.task.await.expect("the traffic's task");
        std::mem::take(&mut *self.traffic.report())
    }

    /// The same; none of them has failed.
    pub async fn end_well(self) -> Report {
        let report = self.end().await;
        assert_eq!(report.failed, 0, "of {}: {:?}", report.sent, report.reasons);
        report
    }
}

async fn drive(plan: Plan, traffic: Arc<Traffic>) {
    let mut open = JoinSet::new();
    let kinds = [
        (Kind::Socket, plan.sockets),
        (Kind::Events, plan.events),
        (Kind::Bytes, plan.streams),
    ];
    for kind in kinds
        .into_iter()
        .flat_map(|(kind, count)| (0..count).map(move |_| kind))
    {
        open.spawn(lasting::keep(kind, traffic.clone()));
    }
    let (begun, pause) = (Instant::now(), Duration::from_secs(1) / plan.per_second);
    let mut number = 0;
    while !traffic.stopped() && begun.elapsed() < plan.longest {
        let at = begun + pause * number;
        tokio::time::sleep_until(at).await;
        open.spawn(one(traffic.clone(), Exchange::number(number), at));
        if let Some(slow) = plan.slow.filter(|_| number.is_multiple_of(plan.per_second)) {
            open.spawn(one(traffic.clone(), Exchange::slow(number, slow), at));
        }
        number += 1;
        while open.try_join_next().is_some() {}
    }
    traffic.stop.store(true, Ordering::SeqCst);
    while open.join_next().await.is_some() {}
}

/// One request, which was to begin at `at`.
async fn one(traffic: Arc<Traffic>, exchange: Exchange, at: Instant) {
    let outcome = exchange.run(&traffic.client).await;
    let took = at.elapsed().saturating_sub(exchange.asked_delay());
    traffic.report().count(outcome, took, &exchange);
}
