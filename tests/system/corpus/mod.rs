//! Every field of every call meets every hostile value, and what is taken lives a whole life: nothing but values comes of them.

mod asked;
mod caller;
mod carrier;
mod copied;
mod detected;
mod guard;
mod life;
mod repository;
mod settings;
mod shape;
mod shapes;
mod things;
mod used;
mod values;

use std::path::Path;
use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::sshd::Sshd;
use acceptance::stage::{EMAIL, PASSWORD, Stage};
use acceptance::trace::{self, Exec};
use acceptance::wait;
use futures_util::future::join_all;
use serde_json::{Value, json};

use caller::{Answer, Caller};
use shape::{Document, FRESH, Field, Operation, Place, Step};
use things::Things;
use values::Hostile;

/// What the agent must not start, nor anything that it started.
const SHELLS: [&str; 11] = [
    "sh", "bash", "dash", "ash", "zsh", "ksh", "busybox", "csh", "fish", "env", "xargs",
];

async fn signed_in(stage: &Stage) -> Caller {
    let mut caller = Caller::new(&stage.agent.socket(), "").await;
    let body = json!({ "email": EMAIL, "password": PASSWORD })
        .to_string()
        .into_bytes();
    let tokens = caller.ask("POST", "/api/v1/sessions", Some(body)).await.json();
    Caller::new(
        &stage.agent.socket(),
        tokens["access_token"].as_str().expect("a token"),
    )
    .await
}

/// A stage whose agent is watched from its first answer on: what PostgreSQL's own `initdb` does before is not the agent's.
async fn watched(trace: &Path) -> (Stage, usize) {
    let agent = Agent::start_traced(trace).await;
    let before = trace::read(trace).len();
    (Stage::around(agent, Sshd::start().await).await, before)
}

/// No shell was started, and no value is more or less than one argument.
fn assert_harmless(started: &[Exec], values: &[String]) {
    for exec in started {
        let first = exec
            .arguments
            .first()
            .map(|first| String::from_utf8_lossy(first).into_owned());
        for name in [&exec.program, &first.unwrap_or_default()] {
            let name = name
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .trim_start_matches('-');
            assert!(!SHELLS.contains(&name), "a shell: {}", exec.shown());
        }
        for value in values
            .iter()
            .filter(|value| value.len() > 2 && value.len() < 4000)
        {
            let holds =
                |argument: &&Vec<u8>| argument.windows(value.len()).any(|part| part == value.as_bytes());
            for argument in exec.arguments.iter().filter(holds) {
                // The value itself, or another one that it is a part of.
                let is_whole = values.iter().any(|whole| whole.as_bytes() == argument);
                assert!(is_whole, "“{value}” inside of an argument: {}", exec.shown());
            }
        }
    }
}

/// No value begins a line of the agent's own log.
fn assert_log_whole(stage: &Stage, canary: &Path) {
    let (log, touch) = (stage.agent.log(), format!("touch {}", canary.display()));
    let split = log.split(['\n', '\r']).find(|line| line.starts_with(&touch));
    assert!(split.is_none(), "a line of the log is a value: {split:?}");
}

/// A text of the answer, or the name of an entry, that is exactly this.
fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(own) => own == text,
        Value::Array(items) => items.iter().any(|item| holds(item, text)),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, inner)| name == text || holds(inner, text)),
        _ => false,
    }
}

/// Passwords and tokens are stored and never shown.
fn is_shown(operation: &Operation, field: &Field) -> bool {
    let Field::Body(steps) = field else { return false };
    let secret = match steps.last() {
        Some(Step::Field(name)) => matches!(
            (operation.name.as_str(), name.as_str()),
            ("SetRegistry", "password") | ("SetGitToken", "token")
        ),
        _ => false,
    };
    !secret
}

/// Somebody who sends requests about things of their own, one after the other; several do so beside each other.
struct Desk<'a> {
    document: &'a Document,
    things: Things,
    caller: Caller,
}

const DESKS: usize = 6;

impl Desk<'_> {
    /// The good request is not refused for what it says.
    async fn assert_good(&mut self, operation: &Operation) {
        let sample = |name: &str| self.things.sample(operation, name);
        let good = self.document.good(operation, &sample);
        let body = good.body.map(|body| {
            String::from_utf8_lossy(&body)
                .replace(FRESH, &self.things.fresh())
                .into_bytes()
        });
        let answer = self.caller.ask(&operation.method, &good.target, body).await;
        assert!(
            answer.status != 422,
            "the good request of {}: {}",
            operation.name,
            answer.json()
        );
    }

    /// Sends all values in one field; says what is wrong with what comes of them.
    async fn try_all(&mut self, operation: &Operation, place: &Place, values: &[Hostile]) -> Vec<String> {
        let field = &place.field;
        let sample = |name: &str| self.things.sample(operation, name);
        let mut hole = self.document.with_hole(operation, field, &sample);
        let mut faults = Vec::new();
        for value in values {
            if operation.method == "DELETE" && matches!(field, Field::Query(_)) {
                let own = self.things.for_deletion(&mut self.caller).await;
                hole = self
                    .document
                    .with_hole(operation, field, &|name| own.sample(operation, name));
            }
            let request = hole.filled(value, &self.things.fresh());
            let answer = self
                .caller
                .ask(&operation.method, &request.target, request.body)
                .await;
            let fault = match answer.fault() {
                Some(fault) => Some(fault),
                None if answer.status == 200 && is_shown(operation, field) => {
                    self.lost(operation, value, &answer).await
                }
                None => None,
            };
            let shown: String = String::from_utf8_lossy(&value.json).chars().take(60).collect();
            faults.extend(fault.map(|fault| format!("{} {field:?} {shown}\n    {fault}", operation.name)));
        }
        faults
    }

    /// What was taken can be read again, byte for byte.
    async fn lost(&mut self, operation: &Operation, value: &Hostile, answer: &Answer) -> Option<String> {
        let text = value.text.as_ref()?;
        let (method, target) = self.things.read_back(operation, &answer.json())?;
        let read = self.caller.ask(method, &target, None).await;
        let found = read.status == 200 && holds(&read.json(), text);
        (!found).then(|| format!("taken, and not read again at {target} ({})", read.status))
    }
}

/// What the agent may hold in the end beyond what it held in the beginning, in bytes.
const GROWTH: u64 = 96 << 20;
/// Within this.
const GIVEN_BACK: Duration = Duration::from_secs(60);

/// NFR-S2, FR-API-01, NFR-U2: any value in any field of any call is refused with a sentence or kept byte for byte; nothing is
/// started, and nothing of the inside is told. NFR-R3: the memory that it took is given back.
#[tokio::test(flavor = "multi_thread")]
async fn hostile_values_are_refused_or_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (trace, canary) = (folder.path().join("trace"), folder.path().join("canary"));
    let (stage, before) = watched(&trace).await;
    let mut caller = signed_in(&stage).await;
    let document = Document::new(caller.ask("GET", "/api/v1/openapi.json", None).await.json());
    let mut operations = document.operations();
    // Those that sign out or lock out come last, deletions before them.
    operations.sort_by_key(|operation| {
        (
            operation.name == "SignOut",
            operation.name == "SignIn",
            operation.method == "DELETE",
        )
    });
    let (values, mut tried, mut faults) = (values::all(&canary), 0, Vec::new());
    let mut met = std::collections::HashSet::new();
    let some = |wanted: fn(&Hostile) -> bool| -> Vec<Hostile> {
        values::all(&canary).into_iter().filter(wanted).collect()
    };
    let (few, fewest) = (some(Hostile::is_for_all), some(Hostile::is_one_of_a_kind));
    let mut desks = Vec::new();
    for number in 0..DESKS {
        let mut caller = caller.again().await;
        desks.push(Desk {
            document: &document,
            things: Things::new(&mut caller, number).await,
            caller,
        });
    }
    let rested = stage.agent.resident();
    for operation in &operations {
        if operation.has_body() && operation.name != "RequestDeployment" {
            desks[0].assert_good(operation).await;
        }
        let begun = std::time::Instant::now();
        for place in document.places(operation) {
            // A field of a type that another call has too is parsed by the same code; what is done with it may differ.
            let is_known = place
                .owner
                .as_ref()
                .is_some_and(|owner| !met.insert(format!("{owner} {:?}", place.field.last())));
            let values = match (is_known, place.is_open) {
                (true, _) => &fewest,
                // Each needs a thing of its own to delete.
                (false, true) if operation.method != "DELETE" => &values,
                (false, _) => &few,
            };
            tried += values.len();
            let parts = values.chunks(values.len().div_ceil(DESKS));
            let work = desks
                .iter_mut()
                .zip(parts)
                .map(|(desk, values)| desk.try_all(operation, &place, values));
            let found = join_all(work).await.concat();
            found.iter().for_each(|fault| println!("{fault}"));
            faults.extend(found);
        }
        if begun.elapsed().as_secs() > 2 {
            println!("{}: {:.1} s", operation.name, begun.elapsed().as_secs_f32());
        }
    }
    println!("{tried} requests");
    assert!(tried > 3000, "only {tried} requests: the walk finds too little");
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
    assert!(!canary.exists(), "a value was run");
    wait::until("the memory is given back", GIVEN_BACK, async || {
        let grown = stage.agent.resident().saturating_sub(rested);
        if grown >= GROWTH {
            eprintln!("{} MiB more than before", grown >> 20);
        }
        grown < GROWTH
    })
    .await;
    let texts: Vec<String> = values.into_iter().filter_map(|value| value.text).collect();
    assert_harmless(&trace::read(&trace)[before..], &texts);
    assert_log_whole(&stage, &canary);
    let log = stage.agent.log();
    assert!(!log.contains("panicked"), "the agent panicked");
}
