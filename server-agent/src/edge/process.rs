//! The edge process: reads strangers' requests, and passes on those that have the one right form.
//!
//! It is given its listener as standard input, gives up every right that it has, and then knows no more than the path of the
//! agent's door.

use std::collections::HashMap;
use std::convert::Infallible;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Empty, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use nix::unistd::{Gid, Uid};
use slipway_protocol::deploy_url::PREFIX;
use slipway_protocol::{ApplicationId, ErrorCode, Problem};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::{Mutex, Semaphore};

/// So many strangers are heard at once.
const CONNECTIONS: usize = 128;
/// A stranger has so long for a whole request, and the agent for its answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Requests of the right form that are passed on each second, and how many may come at once.
const PER_SECOND: f64 = 20.0;
const AT_ONCE: f64 = 60.0;
/// So many applications are remembered as having been asked rightly.
const MOST_KNOWN: usize = 10_000;
/// The agent's answers are short.
const LONGEST_ANSWER: usize = 16 * 1024;
/// Deploy URLs need no body; what is sent is read up to here and forgotten, since most senders of webhooks send one.
const LONGEST_BODY: usize = 1 << 20;

/// Gives up all rights, and serves for as long as its parent, the agent, lives.
pub async fn run(door: PathBuf, account: Option<(u32, u32)>, parent: u32) -> anyhow::Result<()> {
    // The listener arrives as standard input: it was opened by who still may.
    let socket = std::io::stdin().as_fd().try_clone_to_owned()?;
    give_up(account)?;
    let listener = std::net::TcpListener::from(socket);
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener).context("standard input is no listener")?;
    let edge = Arc::new(Edge {
        door,
        tokens: Mutex::new(Tokens::new(Instant::now())),
    });
    tokio::select! {
        never = listen(listener, edge) => never,
        () = until_alone(parent) => Ok(()),
    }
}

/// A killed agent cannot end the process; the next one starts its own.
async fn until_alone(parent: u32) {
    let mut look = tokio::time::interval(Duration::from_secs(1));
    while std::os::unix::process::parent_id() == parent {
        look.tick().await;
    }
}

async fn listen(listener: TcpListener, edge: Arc<Edge>) -> anyhow::Result<()> {
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let turn = Arc::clone(&free).acquire_owned().await?;
        match listener.accept().await {
            Ok((stream, _)) => {
                let edge = Arc::clone(&edge);
                tokio::spawn(async move {
                    serve_one(stream, edge).await;
                    drop(turn);
                });
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// The account's rights, for good. What cannot be given up ends the process.
fn give_up(account: Option<(u32, u32)>) -> anyhow::Result<()> {
    if let Some((uid, gid)) = account {
        nix::unistd::setgroups(&[]).context("groups cannot be given up")?;
        nix::unistd::setgid(Gid::from_raw(gid)).context("the group cannot be given up")?;
        nix::unistd::setuid(Uid::from_raw(uid)).context("the account cannot be given up")?;
    }
    nix::sys::prctl::set_no_new_privs().context("new rights cannot be renounced")?;
    nix::sys::prctl::set_dumpable(false).context("memory cannot be closed to others")?;
    Ok(())
}

struct Edge {
    door: PathBuf,
    tokens: Mutex<Tokens>,
}

/// Strangers share one bucket. An application whose secret was right has one of its own, so that a storm of wrong ones does not stop it.
struct Tokens {
    strangers: Bucket,
    known: HashMap<ApplicationId, Bucket>,
}

impl Tokens {
    fn new(now: Instant) -> Self {
        Self {
            strangers: Bucket::full(now),
            known: HashMap::new(),
        }
    }

    fn take(&mut self, application: ApplicationId, now: Instant) -> bool {
        let bucket = self.known.get_mut(&application).unwrap_or(&mut self.strangers);
        bucket.take(now)
    }

    /// A request of the application was accepted.
    fn knows(&mut self, application: ApplicationId, now: Instant) {
        if self.known.len() < MOST_KNOWN {
            self.known.entry(application).or_insert_with(|| Bucket::full(now));
        }
    }
}

/// A token bucket: so many at once, so many each second.
struct Bucket {
    left: f64,
    seen: Instant,
}

impl Bucket {
    fn full(now: Instant) -> Self {
        Self {
            left: AT_ONCE,
            seen: now,
        }
    }

    fn take(&mut self, now: Instant) -> bool {
        let since = now.duration_since(self.seen).as_secs_f64();
        self.left = (self.left + since * PER_SECOND).min(AT_ONCE);
        self.seen = now;
        if self.left < 1.0 {
            return false;
        }
        self.left -= 1.0;
        true
    }
}

async fn serve_one(stream: TcpStream, edge: Arc<Edge>) {
    let service = service_fn(move |request| {
        let edge = Arc::clone(&edge);
        async move { Ok::<_, Infallible>(answer(&edge, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_headers(64)
        .serve_connection(TokioIo::new(stream), service);
    // A connection carries a few requests and then makes room for others.
    let _ = tokio::time::timeout(4 * PATIENCE, connection).await;
}

async fn answer(edge: &Edge, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let wish = match wish(request.method(), request.uri().path(), request.headers()) {
        Ok(wish) => wish,
        Err(problem) => return refuse(problem),
    };
    if !edge.tokens.lock().await.take(wish.application, Instant::now()) {
        return refuse(Problem::new(
            ErrorCode::TooManyAttempts,
            "Too many requests come to this server's deploy URLs; try again in a few seconds.",
        ));
    }
    let whole = async {
        // Read, so that the sender gets its answer; but nothing of it is used.
        let body = Limited::new(request.into_body(), LONGEST_BODY);
        if body.collect().await.is_err() {
            return Err(Problem::new(
                ErrorCode::TooLarge,
                "A deploy URL needs no body; send less, or nothing.",
            ));
        }
        pass_on(&edge.door, &wish).await.map_err(|_| away())
    };
    match tokio::time::timeout(PATIENCE, whole).await {
        Ok(Ok(answer)) => {
            if answer.status().is_success() {
                edge.tokens.lock().await.knows(wish.application, Instant::now());
            }
            answer
        }
        Ok(Err(problem)) => refuse(problem),
        Err(_) => refuse(away()),
    }
}

fn away() -> Problem {
    Problem::new(
        ErrorCode::Unavailable,
        "Slipway's agent does not answer on this server; the applications go on serving. Try again in a moment.",
    )
}

/// A request in the one right form.
#[derive(Debug, PartialEq)]
struct Wish {
    application: ApplicationId,
    /// 64 hexadecimal digits.
    secret: String,
}

fn wish(method: &Method, path: &str, headers: &http::HeaderMap) -> Result<Wish, Problem> {
    let unknown = || Problem::new(ErrorCode::NotFound, "There is nothing at this address.");
    let application = path.strip_prefix(PREFIX).ok_or_else(unknown)?;
    let application: ApplicationId = application.parse().map_err(|_| unknown())?;
    if method != Method::POST {
        return Err(Problem::new(
            ErrorCode::Invalid,
            "A deploy URL takes POST requests only; send one.",
        ));
    }
    let secret = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .filter(|secret| secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let secret = secret.ok_or_else(|| {
        Problem::new(
            ErrorCode::Unauthenticated,
            "The deploy URL's secret belongs in the header: Authorization: Bearer SECRET.",
        )
    })?;
    Ok(Wish {
        application,
        secret: secret.to_owned(),
    })
}

/// One call through the agent's door; its answer.
async fn pass_on(door: &Path, wish: &Wish) -> anyhow::Result<Response<Full<Bytes>>> {
    let stream = UnixStream::connect(door).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::post(format!("/deploy/{}", wish.application))
        .header(header::HOST, "agent")
        .header(header::AUTHORIZATION, format!("Bearer {}", wish.secret))
        .body(Empty::<Bytes>::new())?;
    let (head, body) = sender.send_request(request).await?.into_parts();
    let body = Limited::new(body, LONGEST_ANSWER).collect().await;
    let body = body
        .map_err(|_| anyhow::anyhow!("the answer is too long"))?
        .to_bytes();
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = head.status;
    if let Some(kind) = head.headers.get(header::CONTENT_TYPE) {
        answer.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
    }
    Ok(answer)
}

fn refuse(problem: Problem) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    *answer.status_mut() = status;
    let kind = header::HeaderValue::from_static("application/problem+json");
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(authorization: &str) -> http::HeaderMap {
        let mut headers = http::HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization.parse().unwrap());
        headers
    }

    const PATH: &str = "/.slipway/deploy/018f0000-0000-7000-8000-000000000001";

    /// FR-SRC-05, NFR-S2: only POST, an id and 64 hexadecimal digits are passed on.
    #[test]
    fn only_one_form_is_passed_on() {
        let secret = "ab".repeat(32);
        let right = headers(&format!("Bearer {secret}"));
        assert_eq!(wish(&Method::POST, PATH, &right).unwrap().secret, secret);
        assert_eq!(
            wish(&Method::GET, PATH, &right).unwrap_err().code,
            ErrorCode::Invalid
        );
        for path in [
            "/",
            "/.slipway/deploy/",
            "/.slipway/deploy/../x",
            "/.slipway/deploy/x",
        ] {
            assert_eq!(
                wish(&Method::POST, path, &right).unwrap_err().code,
                ErrorCode::NotFound
            );
        }
        for wrong in [
            "Bearer",
            "Bearer ab",
            &format!("Basic {secret}"),
            &format!("Bearer {secret}0"),
        ] {
            let asked = wish(&Method::POST, PATH, &headers(wrong));
            assert_eq!(asked.unwrap_err().code, ErrorCode::Unauthenticated);
        }
    }

    /// NFR-R3, NFR-S5: a storm is let through in drops.
    #[test]
    fn a_storm_is_let_through_in_drops() {
        let now = Instant::now();
        let mut bucket = Bucket::full(now);
        let at_once = (0..1000).filter(|_| bucket.take(now)).count();
        assert_eq!(at_once, 60);
        let later = now + Duration::from_secs(1);
        assert_eq!((0..1000).filter(|_| bucket.take(later)).count(), 20);
    }

    /// FR-SRC-05, NFR-S5: a storm of wrong secrets does not stop the deploy URLs that were used rightly.
    #[test]
    fn a_storm_of_strangers_stops_nobody_who_is_known() {
        let now = Instant::now();
        let id = |number: u128| ApplicationId(uuid::Uuid::from_u128(number));
        let mut tokens = Tokens::new(now);
        tokens.knows(id(0), now);
        assert_eq!(
            (1..=1000).filter(|number| tokens.take(id(*number), now)).count(),
            60
        );
        assert!(tokens.take(id(0), now));
        assert_eq!((0..1000).filter(|_| tokens.take(id(0), now)).count(), 59);
    }
}
