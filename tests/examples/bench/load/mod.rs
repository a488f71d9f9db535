//! The whole promise at once: deployments back to back under the full load, and nobody notices. `SLIPWAY_BENCH_DEPLOYMENTS` says
//! how many, `SLIPWAY_BENCH_RATE` how many requests a second; a hundred and 200 without them.

mod account;
mod script;

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use acceptance::git_repo::GitRepo;
use acceptance::invariants;
use acceptance::load::{Load, Plan, Report};
use acceptance::stage::{Stage, host_of};
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView};
use slipway_protocol::settings::Seconds;
use slipway_protocol::{ApplicationId, DeploymentId};

use crate::{mib, millis, tell};
use account::{History, Verdict};
use script::{Act, Temper};

const DEPLOYMENTS: u32 = 100;
const PER_SECOND: u32 = 200;
const SLOW: Duration = Duration::from_secs(10);
const SOCKETS: u32 = 50;
const EVENTS: u32 = 20;
const STREAMS: u32 = 1;
/// Longer than the slow requests.
const DRAIN: u64 = 12;
/// Longer than the slow start.
const GATE: u64 = 40;
/// Of all requests in receipts: so many may be counted on the other side of a window's border, in a thousand.
const BORDER: u64 = 10;
/// And at least so many: all that can be in flight at both borders.
const FEWEST: u64 = 30;

/// What has been deployed.
struct Run {
    stage: Stage,
    repo: GitRepo,
    application: ApplicationId,
    history: History,
    /// Versions by the deployment that released them.
    released: Vec<(DeploymentId, String)>,
    ended: Vec<DeploymentView>,
    begun: SystemTime,
}

pub async fn measure() {
    let count = number("SLIPWAY_BENCH_DEPLOYMENTS", DEPLOYMENTS);
    let per_second = number("SLIPWAY_BENCH_RATE", PER_SECOND);
    let mut run = begin().await;
    let load = Load::start(Plan {
        slow: Some(SLOW),
        sockets: SOCKETS,
        events: EVENTS,
        streams: STREAMS,
        longest: Duration::from_secs(4 * 3600),
        ..Plan::requests(run.stage.agent.edge_port(), host_of("busy"), per_second)
    });
    let begun = Instant::now();
    for number in 1..=count {
        run.perform(number, script::act(number), &load).await;
    }
    let took = begun.elapsed();
    let report = load.end().await;
    tell_traffic(&report, took);
    tell_failures(&run, &report);
    let streams = tell_streams(&run, &report);
    let difference = tell_receipts(&run, &report);
    tell("agent, resident", mib(run.stage.agent.resident()));
    invariants::hold(&run.stage).await;
    assert_eq!(report.failed, 0, "requests were lost");
    assert_eq!(streams, 0, "streams were cut");
    assert!(difference, "the receipts do not say what was counted");
}

/// What a variable of the environment says; otherwise this.
fn number(name: &str, otherwise: u32) -> u32 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a number"))
}

async fn begin() -> Run {
    let stage = Stage::set().await;
    let environment = stage.environment("Load").await;
    let repo = GitRepo::echo("0-polite").await;
    let application = stage.application(environment, "busy", &repo.url()).await.id;
    let seconds = |count: u64| Seconds::try_from(count).expect("a time");
    stage
        .settings(application, |settings| {
            settings.rollout.drain = seconds(DRAIN);
            settings.rollout.gate = seconds(GATE);
            settings.health = script::health();
        })
        .await;
    let first = stage.deploy_well(application).await;
    let mut run = Run {
        stage,
        repo,
        application,
        history: History::default(),
        released: Vec::new(),
        ended: Vec::new(),
        begun: SystemTime::now(),
    };
    run.released.push((first.id, "0-polite".to_owned()));
    run.history.add("0-polite", &first);
    run
}

impl Run {
    async fn perform(&mut self, number: u32, act: Act, load: &Load) {
        let (begun, failed) = (Instant::now(), load.failed());
        let (view, version) = match act {
            Act::Release(temper) => self.release(number, temper).await,
            Act::Fail(flaw) => {
                let view = self.fail(number, flaw).await;
                self.ended.push(view);
                println!("  {number:>3} {flaw:?} failed as it should");
                return;
            }
            Act::GoBack => self.go_back().await,
        };
        assert_eq!(
            view.status,
            DeploymentStatus::Succeeded,
            "{number} {act:?}: {:?}",
            view.failure
        );
        let receipt = view.receipt.unwrap_or_default();
        println!(
            "  {number:>3} {act:?} in {:.1} s; receipt: {} requests, {} failed; {} failed as counted here",
            begun.elapsed().as_secs_f64(),
            receipt.requests(),
            receipt.failed(),
            load.failed() - failed
        );
        self.history.add(&version, &view);
        self.ended.push(view);
    }

    async fn release(&mut self, number: u32, temper: Temper) -> (DeploymentView, String) {
        let version = format!("{number}-{}", temper.name());
        // It writes the Dockerfile too, which a failed one may have broken.
        self.repo.echo_version(&version).await;
        self.repo.echo_mode(&version, temper.mode()).await;
        let view = self.stage.deploy(self.application).await;
        self.released.push((view.id, version.clone()));
        (view, version)
    }

    async fn fail(&self, number: u32, flaw: script::Flaw) -> DeploymentView {
        let version = format!("{number}-never");
        match flaw.mode() {
            Some(mode) => self.repo.echo_mode(&version, mode).await,
            None => self.repo.break_dockerfile().await,
        };
        self.watch(flaw.watch()).await;
        let view = self.stage.deploy(self.application).await;
        self.watch(0).await;
        assert_eq!(
            view.status,
            DeploymentStatus::Failed,
            "{number} {flaw:?} was released"
        );
        view
    }

    async fn watch(&self, seconds: u64) {
        self.stage
            .settings(self.application, |settings| {
                settings.rollout.watch = Seconds::try_from(seconds).expect("a time");
            })
            .await;
    }

    async fn go_back(&mut self) -> (DeploymentView, String) {
        let version = self.history.newest(1).expect("one before").to_owned();
        let of = |(_, released): &&(DeploymentId, String)| *released == version;
        let to = self.released.iter().find(of).map(|(id, _)| *id);
        let view = self
            .stage
            .roll_back(self.application, to.expect("its deployment"))
            .await;
        (view, version)
    }
}

fn tell_traffic(report: &Report, took: Duration) {
    let ms = |share| millis(report.latency(share));
    tell("deployments took", format!("{:.0} s", took.as_secs_f64()));
    tell(
        "requests",
        format!("{} ({} releases answered)", report.sent, report.versions.len()),
    );
    tell("failed", format!("{} {:?}", report.failed, report.reasons));
    tell(
        "latency p50 / p99 / most",
        format!("{:.1} / {:.1} / {:.1} ms", ms(0.5), ms(0.99), ms(1.0)),
    );
}

/// When each came, and what was done then.
fn tell_failures(run: &Run, report: &Report) {
    for failure in &report.failures {
        let since = |at: SystemTime| at.duration_since(run.begun).unwrap_or_default().as_secs_f64();
        let doing = run.ended.iter().flat_map(|view| {
            let steps = view.steps.iter().map(move |step| (view.number, step));
            steps.filter(|(_, step)| {
                let at = |time: Option<_>| time.map(SystemTime::from);
                at(step.started_at).is_some_and(|from| from <= failure.at)
                    && at(step.ended_at).is_none_or(|until| failure.at <= until)
            })
        });
        let doing: Vec<String> = doing
            .map(|(number, step)| format!("deployment {number}: {:?}", step.step))
            .collect();
        println!(
            "    at {:.2} s, after {:.1} s, {}: {} ({})",
            since(failure.at),
            failure.took.as_secs_f64(),
            failure.what,
            failure.reason,
            doing.join(", ")
        );
    }
}

/// How many ended in a way that they should not.
fn tell_streams(run: &Run, report: &Report) -> u64 {
    let mut counts: BTreeMap<_, (u64, u64, u64)> = BTreeMap::new();
    let mut failed: BTreeMap<String, u64> = BTreeMap::new();
    for stream in &report.streams {
        let count = counts.entry(stream.kind).or_default();
        match run.history.judge(stream, Duration::from_secs(DRAIN)) {
            Verdict::Open => count.0 += 1,
            Verdict::Proper => count.1 += 1,
            Verdict::BrokenOff => count.2 += 1,
            Verdict::Failed(reason) => {
                let what = format!("{} of {}: {reason}", stream.kind.as_str(), stream.version);
                *failed.entry(what).or_default() += 1;
            }
        }
    }
    for (kind, (open, proper, broken)) in counts {
        tell(
            kind.as_str(),
            format!(
                "{proper} ended properly after their time, {broken} were broken off by their own application, {open} open at the end"
            ),
        );
    }
    for (what, count) in &failed {
        println!("    {count} × {what}");
    }
    let all = failed.values().sum();
    tell("streams cut", all);
    all
}

/// Whether they agree with what was counted here.
fn tell_receipts(run: &Run, report: &Report) -> bool {
    let released = run
        .ended
        .iter()
        .filter(|view| view.status == DeploymentStatus::Succeeded);
    let compared: Vec<_> = released
        .clone()
        .filter_map(|view| account::compare(view, report))
        .collect();
    let sum = |of: fn(&account::Compared) -> u64| compared.iter().map(of).sum::<u64>();
    let said = sum(|one| one.receipt.requests());
    let failed = sum(|one| one.receipt.failed());
    let (answered, ended) = (sum(|one| one.answered), sum(|one| one.ended));
    let difference: i64 = compared.iter().map(account::Compared::difference).sum();
    let most = compared.iter().map(|one| one.difference().unsigned_abs()).max();
    tell(
        "receipts say",
        format!(
            "{said} requests, {failed} failed, in {} deployments",
            compared.len()
        ),
    );
    tell(
        "counted here meanwhile",
        format!("{answered} answers and {ended} ends of streams"),
    );
    tell(
        "difference",
        format!("{difference}, in one deployment at most {}", most.unwrap_or(0)),
    );
    let agreed = failed == 0 || report.failed > 0;
    // In each of them: what is too many in one and too few in another would not show in the sum.
    let close = |one: &account::Compared| {
        let border = (one.receipt.requests() * BORDER / 1000).max(FEWEST);
        one.difference().unsigned_abs() <= border
    };
    agreed && compared.len() == released.count() && compared.iter().all(close)
}
