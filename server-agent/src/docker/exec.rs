//! Commands inside running containers (`docker exec`), with or without a screen.

use bollard::exec::{CreateExecOptions, ResizeExecOptions};
use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::upgrade::Upgraded;
use slipway_protocol::terminal::TerminalSize;

use super::raw::{self, encode, unreachable};
use super::{Docker, DockerError};

/// Docker takes these keys for a wish to leave, and cannot be told to take none: four that nobody types one after another.
const DETACH: &str = "ctrl-^,ctrl-_,ctrl-^,ctrl-_";
/// What programs find the screen to be.
const TERM: &str = "TERM=xterm-256color";

/// A command that is to be run in a container.
pub struct ExecRequest<'a> {
    pub container: &'a str,
    pub command: &'a [String],
    /// Beside what the container has, as `NAME=value`.
    pub environment: Vec<String>,
    pub screen: bool,
}

/// How a command stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecState {
    pub running: bool,
    pub exit_code: Option<i64>,
    /// Its process as the host numbers it.
    pub process: Option<u32>,
}

impl Docker {
    /// Whether a container has a file at this path.
    pub async fn has_file(&self, container: &str, path: &str) -> Result<bool, DockerError> {
        let target = format!("/containers/{}/archive?path={}", encode(container), encode(path));
        raw::is_there(&self.spoken().await?, &target).await
    }

    /// Prepares a command in a container; gives its id. Nothing runs yet.
    pub async fn create_exec(&self, request: ExecRequest<'_>) -> Result<String, DockerError> {
        let mut environment = request.environment;
        if request.screen {
            environment.push(TERM.to_owned());
        }
        let options = CreateExecOptions {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            tty: Some(request.screen),
            detach_keys: Some(DETACH.to_owned()),
            env: Some(environment),
            cmd: Some(request.command.to_vec()),
            ..CreateExecOptions::default()
        };
        Ok(self
            .api()
            .await?
            .create_exec(request.container, options)
            .await?
            .id)
    }

    /// Starts it. What comes back is its input and output: with a screen byte for byte, without one in frames whose head of eight
    /// bytes says which output it is and how long.
    pub async fn start_exec(&self, exec: &str, screen: bool) -> Result<Upgraded, DockerError> {
        let body = serde_json::json!({ "Detach": false, "Tty": screen }).to_string();
        let spoken = self.spoken().await?;
        let request = Request::post(spoken.target(&format!("/exec/{}/start", encode(exec))))
            .header("host", "docker")
            .header("content-type", "application/json")
            .header("connection", "Upgrade")
            .header("upgrade", "tcp")
            .body(Full::new(Bytes::from(body)))
            .map_err(unreachable)?;
        raw::within(raw::upgrade(&spoken.socket, request)).await
    }

    /// How a command stands; `None` for one that Docker no longer knows.
    pub async fn exec(&self, exec: &str) -> Result<Option<ExecState>, DockerError> {
        let value = match self.get_json(&format!("/exec/{}/json", encode(exec))).await {
            Ok(value) => value,
            Err(DockerError::NotFound) => return Ok(None),
            Err(error) => return Err(error),
        };
        let process = value["Pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
        Ok(Some(ExecState {
            running: value["Running"].as_bool().unwrap_or(false),
            exit_code: value["ExitCode"].as_i64(),
            process: process.filter(|pid| *pid > 1),
        }))
    }

    /// Tells a command's screen its size.
    pub async fn resize_exec(&self, exec: &str, size: TerminalSize) -> Result<(), DockerError> {
        let options = ResizeExecOptions {
            height: size.rows,
            width: size.columns,
        };
        Ok(self.api().await?.resize_exec(exec, options).await?)
    }
}
