//! A git server over HTTP on loopback: git's own `http-backend`, behind a sign-in, with a store for Git LFS beside it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::process::Start;

const LIMIT: Duration = Duration::from_secs(180);

pub struct GitServer {
    port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    port: u16,
    repository: PathBuf,
    /// The value of a good Authorization header; `None` lets everybody in.
    authorization: Option<String>,
    /// Every request: method, path, and the Authorization header.
    seen: Mutex<Vec<(String, String, Option<String>)>>,
    lfs: Mutex<Vec<(String, Vec<u8>)>>,
}

impl GitServer {
    /// Serves the repository as `/repo.git`. `login` is `user:password` in base 64.
    pub async fn start(repository: PathBuf, login: Option<&str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port");
        let port = listener.local_addr().expect("its address").port();
        let shared = Arc::new(Shared {
            port,
            repository,
            authorization: login.map(|login| format!("Basic {login}")),
            seen: Mutex::default(),
            lfs: Mutex::default(),
        });
        let task = tokio::spawn(serve(listener, shared.clone()));
        Self { port, shared, task }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/repo.git", self.port)
    }

    /// A file that the LFS store has.
    pub fn add_lfs(&self, oid: &str, content: &[u8]) {
        let mut lfs = self.shared.lfs.lock().expect("not poisoned");
        lfs.push((oid.to_owned(), content.to_vec()));
    }

    /// Requests so far: method and path, and what they signed in with.
    pub fn seen(&self) -> Vec<(String, String, Option<String>)> {
        self.shared.seen.lock().expect("not poisoned").clone()
    }
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        let service = hyper::service::service_fn(move |request| answer(request, shared.clone()));
        connections.spawn(
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
        );
    }
}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let header = |name: &str| {
        let value = request.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let given = header("authorization");
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    shared
        .seen
        .lock()
        .expect("not poisoned")
        .push((method.clone(), path.clone(), given.clone()));
    if shared.authorization.is_some() && shared.authorization != given {
        let refused = Response::builder()
            .status(401)
            .header("www-authenticate", "Basic realm=\"git\"");
        return Ok(refused.body(Full::default()).expect("an answer"));
    }
    let query = request.uri().query().unwrap_or_default().to_owned();
    let (kind, encoding) = (header("content-type"), header("content-encoding"));
    let body = request.into_body().collect().await?.to_bytes();
    if path.contains("/info/lfs/") || path.starts_with("/object/") {
        return Ok(lfs(&shared, &path, &body));
    }
    let mut backend = Start::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", shared.repository.clone())
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .env("PATH_INFO", path.strip_prefix("/repo.git").unwrap_or(&path))
        .env("REQUEST_METHOD", method)
        .env("QUERY_STRING", query)
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("REMOTE_ADDR", "127.0.0.1");
    if let Some(kind) = kind {
        backend = backend.env("CONTENT_TYPE", kind);
    }
    if let Some(encoding) = encoding {
        backend = backend.env("HTTP_CONTENT_ENCODING", encoding);
    }
    Ok(from_cgi(&backend.input(body.to_vec()).bytes(LIMIT).await))
}

/// Headers, an empty line, the body.
fn from_cgi(output: &[u8]) -> Response<Full<Bytes>> {
    let end = output.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.expect("the end of the backend's headers");
    let mut answer = Response::builder();
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        let (name, value) = line.split_once(": ").expect("a header");
        answer = match name {
            "Status" => answer.status(value[..3].parse::<u16>().expect("a status")),
            _ => answer.header(name, value),
        };
    }
    let body = Bytes::copy_from_slice(&output[end + 4..]);
    answer.body(Full::new(body)).expect("an answer")
}

/// The batch call of Git LFS, and the objects that it leads to.
fn lfs(shared: &Shared, path: &str, body: &[u8]) -> Response<Full<Bytes>> {
    let store = shared.lfs.lock().expect("not poisoned");
    if let Some(oid) = path.strip_prefix("/object/") {
        let found = store.iter().find(|(known, _)| known == oid);
        let content = found.map(|(_, content)| content.clone()).unwrap_or_default();
        return Response::new(Full::new(content.into()));
    }
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let empty = Vec::new();
    let objects = asked["objects"].as_array().unwrap_or(&empty);
    let objects: Vec<Value> = objects
        .iter()
        .map(|object| {
            let href = format!("http://127.0.0.1:{}/object/{}", shared.port, object["oid"].as_str().unwrap_or_default());
            json!({ "oid": object["oid"], "size": object["size"], "authenticated": false, "actions": { "download": { "href": href } } })
        })
        .collect();
    let text = json!({ "transfer": "basic", "objects": objects }).to_string();
    let answer = Response::builder().header("content-type", "application/vnd.git-lfs+json");
    answer.body(Full::new(text.into())).expect("an answer")
}
