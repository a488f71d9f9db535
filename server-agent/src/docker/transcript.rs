//! BuildKit's reports as lines of a log: a step's name when it begins, what it writes, how long it took, and its error.

use std::collections::{BTreeMap, HashMap, HashSet};

use bollard::moby::buildkit::v1::{StatusResponse, Vertex, VertexLog};
use bollard::models::{BuildInfo, BuildInfoAux};
use slipway_protocol::build::BuildStep;
use slipway_protocol::log_line::LogStream;
use slipway_protocol::{FreeText, Secret, VariableKey};

use super::DockerError;
use super::cover::Cover;
use super::layers::{Ended, instruction};

/// So many steps are looked at for what they added. More are told in the log alone.
const KEPT_STEPS: usize = 2_000;
/// A step's name is kept with so many characters.
const LONGEST_NAME: usize = 200;
/// Where a step's time is told, its name is shorter still.
const LONGEST_TIMED: usize = 72;
/// A line without an end is cut at so many bytes.
const LONGEST_LINE: usize = 16 * 1024;
/// How the names begin of what BuildKit does before the first step: it reads the folder that is sent.
const BEFOREHAND: [&str; 2] = ["[internal]", "copy /context "];

#[derive(Default)]
pub(super) struct Transcript {
    /// Values of secrets, which no line shows.
    secrets: Cover,
    /// Values of arguments, which the log shows and what is kept of the steps does not.
    arguments: Cover,
    named: HashSet<String>,
    ended: HashSet<String>,
    /// The last line of each step, as long as its end has not been written.
    open: HashMap<(String, bool), Vec<u8>>,
    steps: Vec<Ended>,
    more_steps: u32,
    /// The error of a step, said once.
    failed: Option<String>,
}

impl Transcript {
    /// Covers the values of these secrets wherever a line has them.
    pub(super) fn covering(secrets: &BTreeMap<VariableKey, Secret<String>>) -> Self {
        let values = secrets.values().map(|value| value.expose().as_str());
        Self {
            secrets: Cover::of(values.flat_map(|text| std::iter::once(text).chain(text.lines()))),
            ..Self::default()
        }
    }

    /// Covers the values of these arguments in the names that are kept.
    pub(super) fn without(mut self, arguments: &BTreeMap<VariableKey, FreeText>) -> Self {
        self.arguments = Cover::of(arguments.values().map(FreeText::as_str));
        self
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
        let milliseconds = milliseconds(&vertex);
        let name = self.cover(&vertex.name);
        if !vertex.cached && milliseconds >= 100 {
            let (short, seconds) = (short(&name), milliseconds / 1_000);
            let tenths = milliseconds % 1_000 / 100;
            on_line(LogStream::System, &format!("{short}  {seconds}.{tenths} s"));
        }
        // Loading the Dockerfile and the like is no step of anybody's.
        if !BEFOREHAND.iter().any(|begin| name.starts_with(begin)) {
            self.keep(vertex, &name, milliseconds);
        }
    }

    fn keep(&mut self, vertex: Vertex, name: &str, milliseconds: u64) {
        if self.steps.len() >= KEPT_STEPS {
            self.more_steps = self.more_steps.saturating_add(1);
            return;
        }
        let name = self.arguments.over(name);
        self.steps.push(Ended {
            instruction: instruction(&vertex.name),
            digest: vertex.digest,
            inputs: vertex.inputs,
            step: BuildStep {
                name: name.chars().take(LONGEST_NAME).collect(),
                milliseconds,
                cached: vertex.cached,
                added: None,
            },
        });
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
        self.secrets.over(text)
    }

    /// The steps that ended, and how many more there were.
    pub(super) fn into_steps(self) -> (Vec<Ended>, u32) {
        (self.steps, self.more_steps)
    }
}

fn short(name: &str) -> String {
    match name.char_indices().nth(LONGEST_TIMED) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

fn milliseconds(vertex: &Vertex) -> u64 {
    let (Some(from), Some(to)) = (&vertex.started, &vertex.completed) else {
        return 0;
    };
    let whole = to.seconds.saturating_sub(from.seconds).saturating_mul(1_000);
    let rest = (i64::from(to.nanos) - i64::from(from.nanos)) / 1_000_000;
    u64::try_from(whole.saturating_add(rest)).unwrap_or(0)
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
        assert_eq!(transcript.into_steps().0[0].step.milliseconds, 12_000);
    }

    /// FR-BLD-05, FR-BLD-01: what is kept of a step shows no value of an argument or a secret, and not more than so many characters.
    #[test]
    fn kept_names_show_no_values() {
        let text = |text: &str| FreeText::parse(text).unwrap();
        let arguments = BTreeMap::from([
            (VariableKey::parse("COLOUR").unwrap(), text("deep-red")),
            (VariableKey::parse("SHADE").unwrap(), text("red")),
        ]);
        let mut transcript = with_secret("swordfish").without(&arguments);
        let ended = |name: &str| Vertex {
            digest: name.to_owned(),
            name: name.to_owned(),
            cached: true,
            completed: Some(Default::default()),
            ..Vertex::default()
        };
        let long = format!("[3/3] RUN {}", "ä".repeat(500));
        let vertexes = [
            "[internal] load metadata",
            "copy /context /",
            "[2/3] RUN paint deep-red red swordfish",
            &long,
        ];
        let status = StatusResponse {
            vertexes: vertexes.map(ended).to_vec(),
            ..StatusResponse::default()
        };
        let mut said = Vec::new();
        transcript.report(status, &mut |_, line| said.push(line.to_owned()));
        assert!(
            said.contains(&"[2/3] RUN paint deep-red red ••• (cached)".to_owned()),
            "{said:?}"
        );
        let (steps, more) = transcript.into_steps();
        assert_eq!((steps.len(), more), (2, 0));
        assert_eq!(steps[0].step.name, "[2/3] RUN paint ••• red •••");
        assert_eq!(steps[1].step.name.chars().count(), LONGEST_NAME);
        assert!(steps.iter().all(|ended| ended.step.cached));
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
