//! The Docker engine, asked directly: what the tests see does not pass through Slipway's own code.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use slipway_protocol::ApplicationId;
use tokio::net::UnixStream;

use crate::process::{self, Start};
use crate::{environment, wait};

/// The label on everything that one agent creates.
pub const INSTANCE: &str = "slipway.instance";
/// How long a killed engine may take to answer again.
const AWAY: Duration = Duration::from_secs(120);
/// How long what an agent made may take to be gone.
const GONE: Duration = Duration::from_secs(180);

#[derive(Clone)]
pub struct Engine {
    socket: PathBuf,
    /// What the addresses of its calls begin with.
    api: String,
    /// It was killed: it may have forgotten containers that it would have removed.
    killed: Arc<AtomicBool>,
}

impl Engine {
    pub fn from_environment() -> Self {
        let address = environment::docker();
        let path = address
            .strip_prefix("unix://")
            .expect("SLIPWAY_TEST_DOCKER has the form unix:///path");
        Self::at(path.into())
    }

    /// One that answers behind this socket.
    pub fn at(socket: PathBuf) -> Self {
        Self {
            api: oldest_api(&socket),
            socket,
            killed: Arc::default(),
        }
    }

    pub fn socket(&self) -> &PathBuf {
        &self.socket
    }

    /// The level of the API that the tests speak with it, as clients are told: `1.41`.
    pub fn api_level(&self) -> &str {
        self.api.trim_start_matches("/v")
    }

    /// `kill -9` of the engine, and a start with the very same words. Only for tests that have it for themselves.
    pub async fn kill_and_restart(&self) {
        self.killed.store(true, Ordering::Relaxed);
        let file = environment::docker_pid_file();
        let pid = std::fs::read_to_string(&file).expect("the engine's process");
        let process = Path::new("/proc").join(pid.trim());
        let words = |name: &str| {
            let bytes = std::fs::read(process.join(name)).expect("the engine's words");
            let words = bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty());
            words
                .map(|word| String::from_utf8_lossy(word).into_owned())
                .collect::<Vec<_>>()
        };
        let (arguments, variables) = (words("cmdline"), words("environ"));
        let program = std::fs::read_link(process.join("exe")).expect("the engine's program");
        let number: i32 = pid.trim().parse().expect("a number");
        let family = process::descendants(number.cast_unsigned());
        let engine = [(number, "dockerd".to_owned())];
        process::kill_all(&engine);
        process::until_gone("the engine", &engine).await;
        // It dies with the engine, a moment later. The next engine takes one whose number is still taken for one that it can use.
        let containerd = family.iter().find(|(_, name)| name == "containerd");
        wait::until("its containerd is gone", Duration::from_secs(60), async || {
            containerd.is_none_or(|(pid, _)| !Path::new(&format!("/proc/{pid}")).exists())
        })
        .await;
        // Whoever started it has not asked about its end yet: its number is still taken, and the next one would refuse to start.
        std::fs::remove_file(&file).expect("the dead engine's file goes");
        let variables = variables
            .iter()
            .filter_map(|variable| variable.split_once('='))
            .map(|(key, value)| (key.to_owned(), value.into()));
        let log = file.with_file_name("dockerd.log");
        let daemon = Start::new(program)
            .args(arguments.into_iter().skip(1))
            .envs(variables)
            .daemon(&log);
        // It goes on after this test, as the one before it would have.
        std::mem::forget(daemon);
        wait::until("the engine answers again", AWAY, async || {
            let asked = over_unix(&self.socket, "GET", &format!("{}/nodes", self.api), None).await;
            matches!(asked, Ok((200, _)))
        })
        .await;
    }

    /// As `--docker-host` and `DOCKER_HOST` take it.
    pub fn address(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// Status and body of one call. An engine that was killed may be away for a moment.
    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Vec<u8>) {
        let target = format!("{}{path}", self.api);
        let begun = Instant::now();
        loop {
            match over_unix(&self.socket, method, &target, body.clone()).await {
                Ok(answer) => return answer,
                Err(error) => assert!(
                    begun.elapsed() < AWAY,
                    "the Docker engine does not answer {method} {path}: {error}"
                ),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Sends an image to its registry; what the engine said meanwhile.
    pub async fn push(&self, repository: &str, tag: &str, login: &Value) -> String {
        let target = format!("{}/images/{repository}/push?tag={tag}", self.api);
        let header = ("x-registry-auth", base64_url(login.to_string().as_bytes()));
        let answer = request_with(&self.socket, "POST", &target, None, Some(header))
            .await
            .expect("the Docker engine answers");
        let body = answer
            .into_body()
            .collect()
            .await
            .expect("the push ends")
            .to_bytes();
        String::from_utf8_lossy(&body).into_owned()
    }

    async fn list(&self, path: &str, filters: Value) -> Vec<Value> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let target = format!("{path}{separator}filters={}", encode(&filters.to_string()));
        let (status, body) = self.call("GET", &target, None).await;
        assert_eq!(status, 200, "{target}: {}", String::from_utf8_lossy(&body));
        match serde_json::from_slice(&body).expect("JSON") {
            Value::Array(rows) => rows,
            _ => Vec::new(),
        }
    }

    /// Reads an answer to its end without keeping it; gives its length in bytes.
    pub async fn read_whole(&self, path: &str) -> usize {
        let target = format!("{}{path}", self.api);
        let mut body = request_over_unix(&self.socket, "GET", &target, None)
            .await
            .expect("the Docker engine answers")
            .into_body();
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            length += frame
                .expect("the answer goes on")
                .data_ref()
                .map_or(0, Bytes::len);
        }
        length
    }

    /// Whether an answer of any length holds this text somewhere; it is read as it comes.
    pub async fn answer_holds(&self, path: &str, wanted: &[u8]) -> bool {
        let target = format!("{}{path}", self.api);
        let mut body = request_over_unix(&self.socket, "GET", &target, None)
            .await
            .expect("the Docker engine answers")
            .into_body();
        let mut window = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.expect("the answer goes on");
            window.extend_from_slice(frame.data_ref().map_or(&[][..], |data| data));
            if window.windows(wanted.len()).any(|part| part == wanted) {
                return true;
            }
            let kept = window.len().saturating_sub(wanted.len());
            window.drain(..kept);
        }
        false
    }

    pub async fn services(&self, instance: &str) -> Vec<Value> {
        self.list("/services", by_label(instance)).await
    }

    /// All containers, stopped ones too.
    pub async fn containers(&self, instance: &str) -> Vec<Value> {
        self.list("/containers/json?all=true", by_label(instance)).await
    }

    pub async fn running_containers(&self, instance: &str) -> Vec<Value> {
        self.list("/containers/json", by_label(instance)).await
    }

    /// The running containers of an application; `None` where the engine does not answer.
    pub async fn running_of_application(&self, application: ApplicationId) -> Option<Vec<Value>> {
        let filters = json!({ "label": [format!("slipway.application={application}")] });
        let target = format!(
            "{}/containers/json?filters={}",
            self.api,
            encode(&filters.to_string())
        );
        match over_unix(&self.socket, "GET", &target, None).await {
            Ok((200, body)) => serde_json::from_slice(&body).ok(),
            Ok(_) | Err(_) => None,
        }
    }

    pub async fn networks(&self, instance: &str) -> Vec<Value> {
        self.list("/networks", by_label(instance)).await
    }

    pub async fn volumes(&self, instance: &str) -> Vec<Value> {
        let target = format!("/volumes?filters={}", encode(&by_label(instance).to_string()));
        let (_, body) = self.call("GET", &target, None).await;
        let answer: Value = serde_json::from_slice(&body).expect("JSON");
        answer["Volumes"].as_array().cloned().unwrap_or_default()
    }

    /// The Swarm secrets of an instance.
    pub async fn secrets(&self, instance: &str) -> Vec<Value> {
        self.list("/secrets", by_label(instance)).await
    }

    /// The tags `<instance>/…` that the engine holds.
    pub async fn image_tags(&self, instance: &str) -> Vec<String> {
        let rows = self
            .list("/images/json", json!({ "reference": [format!("{instance}/*")] }))
            .await;
        let tags = rows
            .iter()
            .flat_map(|row| row["RepoTags"].as_array().cloned().unwrap_or_default());
        tags.filter_map(|tag| tag.as_str().map(str::to_owned))
            .filter(|tag| tag.starts_with(&format!("{instance}/")))
            .collect()
    }

    /// How many tasks of the service run.
    pub async fn running_tasks(&self, service: &str) -> usize {
        let tasks = self.list("/tasks", json!({ "service": [service] })).await;
        let runs = |task: &&Value| task["Status"]["State"] == "running";
        tasks.iter().filter(runs).count()
    }

    /// The id of the service's task that began last, if it runs.
    pub async fn newest_running_task(&self, service: &str) -> Option<String> {
        let tasks = self.list("/tasks", json!({ "service": [service] })).await;
        let newest = tasks
            .iter()
            .max_by_key(|task| text(&task["CreatedAt"]).to_owned())?;
        (newest["Status"]["State"] == "running").then(|| text(&newest["ID"]).to_owned())
    }

    /// Everything that it has of images, with and without a tag.
    pub async fn all_images(&self) -> Vec<Value> {
        self.list("/images/json?all=true", json!({})).await
    }

    /// What the next build can use of earlier ones. An engine that counts for somebody else already refuses to.
    pub async fn build_cache(&self) -> Vec<Value> {
        let body = wait::until_some("the engine counts what it has", AWAY, async || {
            let (status, body) = self.call("GET", "/system/df", None).await;
            (status == 200).then_some(body)
        })
        .await;
        let answer: Value = serde_json::from_slice(&body).expect("JSON");
        answer["BuildCache"].as_array().cloned().unwrap_or_default()
    }

    /// Whether the image is gone now.
    pub async fn remove_image(&self, name: &str) -> bool {
        let (status, _) = self.call("DELETE", &format!("/images/{name}"), None).await;
        status == 200 || status == 404
    }

    pub async fn has_image(&self, name: &str) -> bool {
        self.call("GET", &format!("/images/{name}/json"), None).await.0 == 200
    }

    /// Changes a service as somebody with Docker alone does. Swarm writes into its services as well: what was read a moment before may be an
    /// earlier version by now, and is read again then.
    pub async fn change_service(&self, id: &str, change: impl Fn(&mut Value)) {
        let begun = Instant::now();
        loop {
            let (status, body) = self.call("GET", &format!("/services/{id}"), None).await;
            assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
            let service: Value = serde_json::from_slice(&body).expect("a service");
            let mut spec = service["Spec"].clone();
            change(&mut spec);
            let version = &service["Version"]["Index"];
            let path = format!("/services/{id}/update?version={version}");
            let (status, said) = self.call("POST", &path, Some(spec)).await;
            if status == 200 {
                return;
            }
            let said = String::from_utf8_lossy(&said);
            let is_late = said.contains("out of sequence") && begun.elapsed() < AWAY;
            assert!(is_late, "{status}: {said}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What a service has written, each line with its time.
    pub async fn log_of(&self, service: &str) -> String {
        let target = format!("/services/{service}/logs?stdout=1&stderr=1&timestamps=1&tail=20000");
        let (_, stream) = self.call("GET", &target, None).await;
        let (mut rest, mut text) = (stream.as_slice(), String::new());
        // The engine's format for containers without a terminal: eight bytes before each piece, the last four of them its length.
        while let Some((head, more)) = rest.split_first_chunk::<8>() {
            let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
            let (piece, after) = more.split_at(length.min(more.len()));
            text.push_str(&String::from_utf8_lossy(piece));
            rest = after;
        }
        text
    }

    /// Removes all that carries the instance's label or name, and says what would not go.
    pub async fn remove_everything(&self, instance: &str) -> Vec<String> {
        for service in self.services(instance).await {
            self.call("DELETE", &format!("/services/{}", text(&service["ID"])), None)
                .await;
        }
        let begun = Instant::now();
        loop {
            let left = self.try_remove_rest(instance).await;
            if left.is_empty() || begun.elapsed() > GONE {
                return left;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn try_remove_rest(&self, instance: &str) -> Vec<String> {
        let mut left = Vec::new();
        for container in self.containers(instance).await {
            if self.killed.load(Ordering::Relaxed) && container["State"] != "running" {
                let target = format!("/containers/{}", text(&container["Id"]));
                self.call("DELETE", &target, None).await;
            }
            left.push(format!("container {}", container["Names"]));
        }
        if !left.is_empty() {
            return left;
        }
        for tag in self.image_tags(instance).await {
            let (status, body) = self
                .call("DELETE", &format!("/images/{tag}?force=true"), None)
                .await;
            if status >= 300 && status != 404 {
                left.push(format!("image {tag}: {}", String::from_utf8_lossy(&body)));
            }
        }
        for secret in self.secrets(instance).await {
            let name = text(&secret["Spec"]["Name"]).to_owned();
            let (status, body) = self.call("DELETE", &format!("/secrets/{name}"), None).await;
            if status >= 300 && status != 404 {
                left.push(format!("secret {name}: {}", String::from_utf8_lossy(&body)));
            }
        }
        for volume in self.volumes(instance).await {
            let name = text(&volume["Name"]).to_owned();
            let (status, body) = self.call("DELETE", &format!("/volumes/{name}"), None).await;
            if status >= 300 && status != 404 {
                left.push(format!("volume {name}: {}", String::from_utf8_lossy(&body)));
            }
        }
        for network in self.networks(instance).await {
            let (status, body) = self
                .call("DELETE", &format!("/networks/{}", text(&network["Id"])), None)
                .await;
            if status >= 300 && status != 404 {
                left.push(format!(
                    "network {}: {}",
                    network["Name"],
                    String::from_utf8_lossy(&body)
                ));
            }
        }
        left
    }
}

fn by_label(instance: &str) -> Value {
    json!({ "label": [format!("{INSTANCE}={instance}")] })
}

/// The text of a JSON string.
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The oldest level of the API, from 1.41 on, that the engine takes.
fn oldest_api(socket: &Path) -> String {
    let asked = StdUnixStream::connect(socket).and_then(|mut stream| {
        stream.write_all(b"GET /version HTTP/1.0\r\nHost: docker\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    });
    let answer = asked.expect("the Docker engine answers");
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let version: Value = serde_json::from_str(body).expect("JSON");
    let oldest = text(&version["MinAPIVersion"]).strip_prefix("1.");
    let oldest: u32 = oldest.and_then(|minor| minor.parse().ok()).expect("a level");
    format!("/v1.{}", oldest.max(41))
}

/// One HTTP/1.1 call over a Unix socket: status and body.
pub async fn over_unix(
    socket: &Path,
    method: &str,
    target: &str,
    body: Option<Value>,
) -> Result<(u16, Vec<u8>), Failure> {
    gathered(request_over_unix(socket, method, target, body).await?).await
}

/// A reading call of whoever says this of themselves.
pub async fn over_unix_as(
    socket: &Path,
    target: &str,
    authorization: Option<&str>,
) -> Result<(u16, Vec<u8>), Failure> {
    let header = authorization.map(|said| ("authorization", said.to_owned()));
    gathered(request_with(socket, "GET", target, None, header).await?).await
}

async fn gathered(answer: http::Response<Incoming>) -> Result<(u16, Vec<u8>), Failure> {
    let status = answer.status().as_u16();
    Ok((status, answer.into_body().collect().await?.to_bytes().to_vec()))
}

async fn request_over_unix(
    socket: &Path,
    method: &str,
    target: &str,
    body: Option<Value>,
) -> Result<http::Response<Incoming>, Failure> {
    request_with(socket, method, target, body, None).await
}

async fn request_with(
    socket: &Path,
    method: &str,
    target: &str,
    body: Option<Value>,
    header: Option<(&str, String)>,
) -> Result<http::Response<Incoming>, Failure> {
    let stream = UnixStream::connect(socket).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let bytes = body.map(|value| value.to_string()).unwrap_or_default();
    let mut request = http::Request::builder()
        .method(method)
        .uri(target)
        .header("host", "localhost")
        .header("content-type", "application/json");
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(Bytes::from(bytes)))?;
    Ok(sender.send_request(request).await?)
}

/// Base 64 for addresses and headers, with padding (RFC 4648, section 5).
pub fn base64_url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let at = |index: usize| usize::from(chunk.get(index).copied().unwrap_or(0));
        let number = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let letter = char::from(LETTERS[number >> (18 - 6 * place) & 63]);
            text.push(if place <= chunk.len() { letter } else { '=' });
        }
    }
    text
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}
