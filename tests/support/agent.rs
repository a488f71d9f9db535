//! The real `slipway-agent serve`, with data, network, edge port and Docker objects of its own, so that several run
//! beside each other on one engine. Dropping it removes everything that it made and says what it left behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use slipway_protocol::ApplicationId;
use tempfile::TempDir;

use crate::engine::{self, Engine};
use crate::environment;
use crate::process::{self, Daemon, Start};
use crate::{prepared_database, trace, usage, wait};

/// What an agent that has ended started is gone a moment later; on a busy machine that may be a long one.
const AFTER_THE_END: Duration = Duration::from_secs(60);
/// Where a test has failed already nobody waits for that.
const AFTER_A_FAILURE: Duration = Duration::from_secs(5);

pub struct Agent {
    home: TempDir,
    data: PathBuf,
    instance: String,
    edge_port: u16,
    docker: String,
    engine: Engine,
    settings: Vec<(String, String)>,
    /// Where it is written down what the agent starts.
    trace: Option<PathBuf>,
    process: Option<Daemon>,
    /// From the start of the process to its first answer.
    pub start_time: Duration,
}

impl Agent {
    pub async fn start() -> Self {
        Self::start_with(None, None).await
    }

    /// With another way to Docker than the engine's own socket, or another folder for its data.
    pub async fn start_with(docker: Option<String>, data: Option<&Path>) -> Self {
        // Who takes Docker away wants to see what is said then, not the wait.
        let settings: &[_] = match docker {
            Some(_) => &[("SLIPWAY_DOCKER_PATIENCE", "3")],
            None => &[],
        };
        Self::start_as(docker, data, settings, None).await
    }

    /// With more variables in its environment.
    pub async fn start_set(settings: &[(&str, &str)]) -> Self {
        Self::start_as(None, None, settings, None).await
    }

    /// With a trace of all that it and its descendants start; see [`crate::trace`]. Whatever is sent to such an agent, none of it is run on
    /// this very machine.
    pub async fn start_traced(trace: &Path) -> Self {
        let settings = [("SLIPWAY_NO_NODE_TERMINAL", "true")];
        Self::start_as(None, None, &settings, Some(trace.to_owned())).await
    }

    async fn start_as(
        docker: Option<String>,
        data: Option<&Path>,
        settings: &[(&str, &str)],
        trace: Option<PathBuf>,
    ) -> Self {
        let home = tempfile::Builder::new()
            .prefix("sw-agent-")
            .tempdir_in(environment::scratch())
            .expect("a folder");
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).expect("the folder's mode");
        let engine = Engine::from_environment();
        let mut agent = Self {
            data: data.map_or_else(|| home.path().join("data"), Path::to_owned),
            home,
            instance: wait::unique("t"),
            edge_port: wait::free_port(),
            docker: docker.unwrap_or_else(|| engine.address()),
            engine,
            settings: settings
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            trace,
            process: None,
            start_time: Duration::ZERO,
        };
        fs::create_dir(agent.failpoints()).expect("a folder");
        let has_its_own = settings.iter().any(|(key, _)| *key == "DATABASE_URL");
        if data.is_none() && !has_its_own {
            prepared_database::put_into(&agent.data).await;
        }
        agent.resume().await;
        agent
    }

    fn command(&self, subcommand: &str) -> Start {
        Start::new(environment::agent())
            .arg(subcommand)
            .env("SLIPWAY_DATA_DIR", &self.data)
            .env("SLIPWAY_SOCKET", self.socket())
            .env("DOCKER_HOST", &self.docker)
            .env("SLIPWAY_INSTANCE", &self.instance)
            .env("SLIPWAY_NETWORK", &self.instance)
            .env("SLIPWAY_EDGE_PORT", self.edge_port.to_string())
            .env(
                "SLIPWAY_TRAEFIK_URL",
                format!("http://127.0.0.1:{}", self.edge_port),
            )
            .env("SLIPWAY_TRAEFIK_LOG", "WARN")
            .env("SLIPWAY_FAILPOINTS", self.failpoints())
            .env("SLIPWAY_BUILDERS_DIR", self.builders_dir())
            .env("RUST_LOG", "info,slipway_agent=debug")
            .envs(
                self.settings
                    .iter()
                    .map(|(key, value)| (key.clone(), value.into())),
            )
    }

    /// Starts it (again) and waits for its first answer.
    pub async fn resume(&mut self) {
        let begun = Instant::now();
        let serve = self.command("serve");
        let serve = match &self.trace {
            Some(file) => serve.behind("strace", trace::words(file)),
            None => serve,
        };
        let mut process = serve.daemon(&self.log_file());
        let socket = self.socket();
        let ready = async {
            loop {
                assert!(
                    process.is_running(),
                    "the agent ended: {}",
                    tail(&process.output())
                );
                if matches!(
                    engine::over_unix(&socket, "GET", "/api/v1/version", None).await,
                    Ok((200, _))
                ) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(180), ready)
            .await
            .is_ok();
        assert!(in_time, "the agent does not answer: {}", tail(&process.output()));
        self.start_time = begun.elapsed();
        self.process = Some(process);
    }

    /// `kill -9` of the agent's process.
    pub fn kill9(&mut self) {
        if let Some(process) = &mut self.process {
            process.kill9();
        }
        self.process = None;
    }

    /// Asks it to end; true when it did so by itself.
    pub fn stop(&mut self) -> bool {
        self.process
            .take()
            .is_none_or(|mut process| process.stop(Duration::from_secs(120)))
    }

    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(Daemon::is_running)
    }

    /// `slipway-agent invite`: the one-time code of the first owner.
    pub async fn invite(&self) -> String {
        self.command("invite").ok(Duration::from_secs(120)).await
    }

    /// From its next start on its data is in another folder.
    pub fn move_to(&mut self, data: &Path) {
        data.clone_into(&mut self.data);
    }

    /// From its next start on its edge is told another port.
    pub fn move_edge(&mut self) {
        self.edge_port = wait::free_port();
    }

    /// Another subcommand of the agent with the same settings.
    pub fn subcommand(&self, name: &str) -> Start {
        self.command(name)
    }

    /// Arms failpoints of an application, one a line; how they are written stands at the agent's `deploy/failpoint.rs`. Each fires once.
    pub fn arm(&self, application: ApplicationId, failpoints: &str) {
        let fresh = self.home.path().join("failpoint.new");
        fs::write(&fresh, failpoints).expect("the failpoints");
        fs::rename(fresh, self.failpoints().join(application.to_string()))
            .expect("the failpoint in its place");
    }

    /// One is armed and has not fired yet.
    pub fn is_armed(&self, application: ApplicationId) -> bool {
        self.failpoints().join(application.to_string()).exists()
    }

    fn failpoints(&self) -> PathBuf {
        self.home.path().join("failpoints")
    }

    /// `kill -9` of its own PostgreSQL, where it runs at the moment. Afterwards nothing of it answers any more: its processes for
    /// connections outlive it by a moment.
    pub async fn kill_database(&self) {
        let file = fs::read_to_string(self.data.join("postgres/data/postmaster.pid")).unwrap_or_default();
        let Some(pid) = file
            .lines()
            .next()
            .and_then(|line| line.trim().parse::<u32>().ok())
        else {
            return;
        };
        let mut family = process::descendants(pid);
        family.push((pid.cast_signed(), "postgres".to_owned()));
        process::kill_all(&family[family.len() - 1..]);
        process::until_gone("PostgreSQL", &family).await;
    }

    /// Where the agent looks for builders that are programs of their own.
    pub fn builders_dir(&self) -> PathBuf {
        self.home.path().join("builders")
    }

    fn log_file(&self) -> PathBuf {
        self.home.path().join("agent.log")
    }

    pub fn socket(&self) -> PathBuf {
        self.home.path().join("agent.sock")
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The folder that holds all of this agent's files.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn instance(&self) -> &str {
        &self.instance
    }

    pub fn edge_port(&self) -> u16 {
        self.edge_port
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    pub fn pid(&self) -> u32 {
        self.process.as_ref().map_or(0, Daemon::pid)
    }

    /// Resident memory of the agent's own process.
    pub fn resident(&self) -> u64 {
        usage::resident(self.pid())
    }

    /// The most that was resident since [`Self::forget_peak`], in bytes.
    pub fn peak(&self) -> u64 {
        usage::peak_resident(self.pid())
    }

    /// From now on the peak is counted anew.
    pub fn forget_peak(&self) {
        fs::write(format!("/proc/{}/clear_refs", self.pid()), "5").expect("the kernel counts anew");
    }

    /// The time that its own process has had on processors.
    pub fn processor_time(&self) -> Duration {
        usage::processor_time(self.pid())
    }

    /// And with its PostgreSQL and whatever else it has started that still runs.
    pub fn family_processor_time(&self) -> Duration {
        self.family().map(usage::processor_time).sum()
    }

    /// Memory of the same, in bytes; what several share counts once.
    pub fn proportional(&self) -> u64 {
        self.family().map(usage::proportional).sum()
    }

    fn family(&self) -> impl Iterator<Item = u32> {
        let children = process::descendants(self.pid()).into_iter();
        let children = children.map(|(pid, _)| pid.cast_unsigned());
        std::iter::once(self.pid()).chain(children)
    }

    /// What it logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

impl Drop for Agent {
    fn drop(&mut self) {
        let failing = std::thread::panicking();
        if failing {
            keep_log(&self.instance, &self.log());
            let edge = format!("{}-traefik", self.instance);
            keep_log(&edge, &blocking(self.engine.log_of(&edge)));
        }
        let by_itself = self.stop();
        // A killed agent leaves its database server behind until it starts again.
        let begun = Instant::now();
        let patience = if failing { AFTER_A_FAILURE } else { AFTER_THE_END };
        let mut processes = process::naming(self.home.path());
        while by_itself && !processes.is_empty() && begun.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(50));
            processes = process::naming(self.home.path());
        }
        process::end_databases(&processes, AFTER_A_FAILURE);
        process::kill_all(&processes);
        let left = blocking(self.engine.remove_everything(&self.instance));
        if !failing {
            assert!(
                by_itself,
                "the agent did not end by itself:\n{}",
                tail(&self.log())
            );
            assert!(
                processes.is_empty(),
                "the agent left processes behind: {processes:?}"
            );
            assert!(left.is_empty(), "Docker did not let go of {left:?}");
        }
    }
}

/// What a failing test's programs said is worth more than its folder.
fn keep_log(name: &str, log: &str) {
    let folder = environment::cache().join("test-logs");
    let path = folder.join(format!("{name}.log"));
    if fs::create_dir_all(&folder)
        .and_then(|()| fs::write(&path, log))
        .is_ok()
    {
        eprintln!("a log: {}", path.display());
    }
}

/// In a thread of its own: whoever drops an agent is in the middle of a runtime.
fn blocking<T: Send + Default>(future: impl Future<Output = T> + Send) -> T {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(future)
    };
    std::thread::scope(|scope| scope.spawn(run).join()).unwrap_or_default()
}
