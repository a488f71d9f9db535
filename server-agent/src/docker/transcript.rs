//! BuildKit's reports as lines of a log: a step's name when it begins, what it writes, how long it took, and its error.

use std::collections::{BTreeMap, HashMap, HashSet};

use bollard::moby::buildkit::v1::{StatusResponse, Vertex, VertexLog};
use bollard::models::{BuildInfo, BuildInfoAux};
use serde::{Deserialize, Serialize};
use slipway_protocol::log_line::LogStream;
use slipway_protocol::{Secret, VariableKey};

use super::DockerError;

/// So many steps are kept with their times.
const KEPT_STEPS: usize = 200;
/// A step's name is kept with so many characters.
const LONGEST_NAME: usize = 200;
/// Where a step's time is told, its name is shorter still.
const LONGEST_TIMED: usize = 72;
/// A line without an end is cut at so many bytes.
const LONGEST_LINE: usize = 16 * 1024;
/// A secret shorter than this is no secret, and covering it would make the log unreadable.
const SHORTEST_COVERED: usize = 4;
const COVER: &str = "•••";

/// How long a step of a build took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepTime {
    /// As the Dockerfile has it, with its place: `[build 4/7] RUN npm ci`.
    pub name: String,
    pub seconds: f64,
    /// It came from BuildKit's cache.
    #[serde(default)]
    pub cached: bool,
}

#[derive(Default)]
pub(super) struct Transcript {
    covered: Vec<String>,
    named: HashSet<String>,
    ended: HashSet<String>,
    /// The last line of each step, as long as its end has not been written.
    open: HashMap<(String, bool), Vec<u8>>,
    steps: Vec<StepTime>,
    /// The error of a step, said once.
    failed: Option<String>,
}

impl Transcript {
    /// Covers the values of these secrets wherever a line has them.
    pub(super) fn covering(secrets: &BTreeMap<VariableKey, Secret<String>>) -> Self {
        let mut covered: Vec<String> = secrets
            .values()
            .flat_map(|value| std::iter::once(value.expose().as_str()).chain(value.expose().lines()))
            .map(|text| text.trim().to_owned())
            .filter(|text| text.len() >= SHORTEST_COVERED)
            .collect();
        // The longest first: a part of a value must not keep the whole from being found.
        covered.sort_by_key(|text| std::cmp::Reverse(text.len()));
        covered.dedup();
        Self {
            covered,
            ..Self::default()
        }
    }

    /// Takes one report; a failed build is an error.
    pub(super) fn take(
        &mut self,
        info: BuildInfo,
        on_line: &mut impl FnMut(LogStream, &str),
    ) -> Result<(), DockerError> {
        if let Some(error) = info.error_detail {
            self.flush(on_line);
            let message = self.cover(&error.message.unwrap_or_default());
            // The whole message says more than the step's own error, where there is one.
            let said = if message.trim().is_empty() {
                self.failed.as_ref().unwrap_or(&message)
            } else {
                &message
            };
            return Err(failure(said));
        }
        if let Some(BuildInfoAux::BuildKit(status)) = info.aux {
            self.report(status, on_line);
        }
        Ok(())
    }

    fn report(&mut self, status: StatusResponse, on_line: &mut impl FnMut(LogStream, &str)) {
        for vertex in &status.vertexes {
            self.begin(vertex, on_line);
        }
        for log in &status.logs {
            self.log(log, on_line);
        }
        for vertex in status.vertexes {
            self.end(vertex, on_line);
        }
    }

    fn begin(&mut self, vertex: &Vertex, on_line: &mut impl FnMut(LogStream, &str)) {
        let begun = vertex.started.is_some() || vertex.cached;
        if begun && !vertex.name.is_empty() && self.named.insert(vertex.digest.clone()) {
            let cached = if vertex.cached { " (cached)" } else { "" };
            on_line(
                LogStream::System,
                &self.cover(&format!("{}{cached}", vertex.name)),
            );
        }
    }

    fn end(&mut self, vertex: Vertex, on_line: &mut impl FnMut(LogStream, &str)) {
        let over = vertex.completed.is_some() || !vertex.error.is_empty();
        if !over || vertex.name.is_empty() || !self.ended.insert(vertex.digest.clone()) {
            return;
        }
        self.flush_step(&vertex.digest, on_line);
        if !vertex.error.is_empty() {
            let error = self.cover(&vertex.error);
            on_line(LogStream::Stderr, &error);
            self.failed.get_or_insert(error);
            return;
        }
        let seconds = seconds(&vertex);
        let mut name = self.cover(&vertex.name);
        if !vertex.cached && seconds >= 0.1 {
            let short = short(&name);
            on_line(LogStream::System, &format!("{short}  {seconds:.1} s"));
        }
        // Loading the Dockerfile and the like is no step of anybody's.
        if !name.starts_with("[internal]") && self.steps.len() < KEPT_STEPS {
            name = name.chars().take(LONGEST_NAME).collect();
            self.steps.push(StepTime {
                name,
                seconds,
                cached: vertex.cached,
            });
        }
    }

    /// A piece of what a step writes; a line is passed on when it is whole, so that a secret cannot hide in its middle.
    fn log(&mut self, log: &VertexLog, on_line: &mut impl FnMut(LogStream, &str)) {
        let error = log.stream == 2;
        let mut waiting = self.open.remove(&(log.vertex.clone(), error)).unwrap_or_default();
        waiting.extend_from_slice(&log.msg);
        while let Some(end) = waiting.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = waiting.drain(..=end).collect();
            self.say(error, &line, on_line);
        }
        if waiting.len() > LONGEST_LINE {
            self.say(error, &waiting, on_line);
            waiting.clear();
        }
        if !waiting.is_empty() {
            self.open.insert((log.vertex.clone(), error), waiting);
        }
    }

    fn say(&self, error: bool, line: &[u8], on_line: &mut impl FnMut(LogStream, &str)) {
        let stream = if error {
            LogStream::Stderr
        } else {
            LogStream::Stdout
        };
        let text = String::from_utf8_lossy(line);
        on_line(stream, &self.cover(text.trim_end_matches(['\n', '\r'])));
    }

    fn flush_step(&mut self, vertex: &str, on_line: &mut impl FnMut(LogStream, &str)) {
        for error in [false, true] {
            if let Some(line) = self.open.remove(&(vertex.to_owned(), error)) {
                self.say(error, &line, on_line);
            }
        }
    }

    /// Says the lines whose ends never came.
    pub(super) fn flush(&mut self, on_line: &mut impl FnMut(LogStream, &str)) {
        for ((_, error), line) in std::mem::take(&mut self.open) {
            self.say(error, &line, on_line);
        }
    }

    fn cover(&self, text: &str) -> String {
        self.covered.iter().fold(text.to_owned(), |text, secret| {
            text.replace(secret.as_str(), COVER)
        })
    }

    pub(super) fn into_steps(self) -> Vec<StepTime> {
        self.steps
    }
}

fn short(name: &str) -> String {
    match name.char_indices().nth(LONGEST_TIMED) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

#[allow(clippy::cast_precision_loss, reason = "seconds of a build are few")]
fn seconds(vertex: &Vertex) -> f64 {
    match (&vertex.started, &vertex.completed) {
        (Some(from), Some(to)) => {
            let whole = (to.seconds - from.seconds) as f64;
            (whole + f64::from(to.nanos - from.nanos) / 1e9).max(0.0)
        }
        (None | Some(_), None) | (None, Some(_)) => 0.0,
    }
}

fn failure(message: &str) -> DockerError {
    if message.to_lowercase().contains("no space left") {
        DockerError::DiskFull
    } else {
        DockerError::Build(without_reference(without_echo(message.trim())))
    }
}

/// BuildKit ends some messages with the kind of the error once more: “…: not found: not found”.
fn without_echo(message: &str) -> &str {
    match message.rsplit_once(": ") {
        Some((before, kind)) if before.ends_with(kind) => before,
        _ => message,
    }
}

/// What newer engines add in the middle of a reason, with a number of their own: “… failed to calculate checksum of ref 5lv…::qp1…: …”.
const CHECKSUM: &str = "failed to calculate checksum of ref ";

fn without_reference(message: &str) -> String {
    let around = message
        .split_once(CHECKSUM)
        .and_then(|(before, rest)| Some((before, rest.split_once(": ")?.1)));
    match around {
        Some((before, after)) => format!("{before}{after}"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use bollard::models::ErrorDetail;
    use proptest::prelude::*;

    use super::*;

    fn with_secret(value: &str) -> Transcript {
        let key = VariableKey::parse("TOKEN").unwrap();
        Transcript::covering(&BTreeMap::from([(key, Secret::new(value.to_owned()))]))
    }

    fn log(text: &[u8]) -> VertexLog {
        VertexLog {
            vertex: "sha256:1".to_owned(),
            stream: 1,
            msg: text.to_vec(),
            ..VertexLog::default()
        }
    }

    /// FR-DEP-03: the reason of a failed build is said once, as the build's.
    #[test]
    fn the_reason_is_the_builds_and_is_said_once() {
        let report = BuildInfo {
            error_detail: Some(ErrorDetail {
                code: None,
                message: Some("failed to compute cache key: \"/nothing\" not found: not found\n".to_owned()),
            }),
            ..BuildInfo::default()
        };
        let error = Transcript::default().take(report, &mut |_, _| {}).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the build failed: failed to compute cache key: \"/nothing\" not found"
        );
        assert_eq!(without_echo("exit code: 1"), "exit code: 1");
        assert_eq!(
            without_reference(
                "failed to compute cache key: failed to calculate checksum of ref 5lvx::qp1k: \"/nothing\": not found"
            ),
            "failed to compute cache key: \"/nothing\": not found"
        );
    }

    /// FR-BLD-05: a step's time is said once, when it ends, and kept.
    #[test]
    fn steps_have_their_times() {
        let mut vertex = Vertex {
            digest: "sha256:1".to_owned(),
            name: "[build 2/3] RUN npm ci".to_owned(),
            started: Some(Default::default()),
            ..Vertex::default()
        };
        let mut transcript = Transcript::default();
        let mut said = Vec::new();
        let mut report = |vertex: &Vertex, said: &mut Vec<String>| {
            let status = StatusResponse {
                vertexes: vec![vertex.clone()],
                ..StatusResponse::default()
            };
            transcript.report(status, &mut |_, line| said.push(line.to_owned()));
        };
        report(&vertex, &mut said);
        vertex.completed = Some(Default::default());
        vertex.completed.as_mut().unwrap().seconds = 12;
        report(&vertex, &mut said);
        report(&vertex, &mut said);
        assert_eq!(said, ["[build 2/3] RUN npm ci", "[build 2/3] RUN npm ci  12.0 s"]);
        assert_eq!(transcript.into_steps()[0].seconds, 12.0);
    }

    proptest! {
        /// FR-BLD-01: a secret that a command prints is covered, however BuildKit cuts the output.
        #[test]
        fn a_printed_secret_is_covered(
            secret in "[A-Za-z0-9+/=]{8,40}",
            before in "[a-z ]{0,5}",
            cuts in prop::collection::vec(0_usize..60, 0..4),
        ) {
            let text = format!("{before}{secret}\nnext\n").into_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let mut transcript = with_secret(&secret);
            let mut said = String::new();
            for cut in cuts.windows(2) {
                transcript.log(&log(&text[cut[0]..cut[1]]), &mut |_, line| said.push_str(line));
            }
            transcript.flush(&mut |_, line| said.push_str(line));
            prop_assert!(!said.contains(&secret), "{}", said);
            prop_assert!(said.contains("next"));
        }
    }
}
