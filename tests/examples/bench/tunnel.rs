//! What Slipway's own SSH costs: the same upload over it and over `ssh -L` with the same server, and how long it takes from nothing to
//! the first answer on a link of 50 ms.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use acceptance::process::{Daemon, Start};
use acceptance::slow_link::SlowLink;
use acceptance::stage::{EMAIL, PASSWORD, Stage, home_in};
use acceptance::wait;
use serde_json::json;
use slipway_client::upload::Folder;
use slipway_client::{Address, Answers, Connection, Profile};
use slipway_protocol::identity::SignIn;
use slipway_protocol::{ApplicationId, Secret, api};

use crate::{median, ms, tell};

const SIZE: u64 = 256 << 20;
const ROUND_TRIP: Duration = Duration::from_millis(50);
const ROUNDS: usize = 3;

pub async fn measure() {
    let stage = Stage::set().await;
    throughput(&stage).await;
    first_answer(&stage).await;
}

async fn throughput(stage: &Stage) {
    let environment = stage.environment("Tunnel").await;
    let source = json!({ "kind": "upload" });
    let application = stage.application_from(environment, "sent", source).await.id;
    let folder = temporary();
    std::fs::write(folder.path().join("Dockerfile"), "FROM scratch\nCOPY . /\n").expect("a Dockerfile");
    let place = temporary();
    let socket = place.path().join("agent.sock");
    let _forward = by_hand(stage, place.path(), &socket).await;
    let home = home_in(place.path());
    let by_ssh = Connection::local(&home, socket)
        .await
        .expect("the agent through ssh -L");
    let body = SignIn {
        email: EMAIL.parse().expect("an address"),
        password: Secret::new(PASSWORD.to_owned()),
    };
    by_ssh.sign_in(body).await.expect("the sign-in");

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(upload(&stage.connection, application, folder.path()).await);
        theirs.push(upload(&by_ssh, application, folder.path()).await);
    }
    let rate = |times: Vec<Duration>| 256.0 / median(times).as_secs_f64();
    let (ours, theirs) = (rate(ours), rate(theirs));
    tell("upload of 256 MiB, Slipway's SSH", format!("{ours:.0} MiB/s"));
    tell("the same through ssh -L", format!("{theirs:.0} MiB/s"));
    tell(
        "share of ssh -L (≥ 80 %)",
        format!("{:.0} %", ours * 100.0 / theirs),
    );
}

async fn upload(connection: &Connection, application: ApplicationId, folder: &Path) -> Duration {
    let sent = Folder {
        path: folder.to_owned(),
        built: ".".parse().expect("a path"),
        dockerfile: "Dockerfile".parse().expect("a path"),
    };
    // Another content each time: what the agent has already is not sent again.
    let mut file = File::create(folder.join("bulk")).expect("a file");
    let noise = File::open("/dev/urandom").expect("the kernel's noise");
    std::io::copy(&mut noise.take(SIZE), &mut file).expect("the file is filled");
    let begun = Instant::now();
    let arrived = connection.upload(application, &sent, |_, _| {}).await;
    assert!(arrived.expect("it arrives").length >= SIZE);
    begun.elapsed()
}

/// `ssh -L`, from a socket of this machine to the agent's.
async fn by_hand(stage: &Stage, folder: &Path, socket: &Path) -> Daemon {
    let ways = format!("{}:{}", socket.display(), stage.agent.socket().display());
    let daemon = ssh(stage, folder, stage.sshd.port(), stage.sshd.known_hosts_line())
        .args(["-N", "-L", &ways])
        .arg(target(stage))
        .daemon(&folder.join("ssh.log"));
    wait::until("ssh forwards", Duration::from_secs(20), async || socket.exists()).await;
    daemon
}

fn ssh(stage: &Stage, folder: &Path, port: u16, known: String) -> Start {
    let record = folder.join("ssh_known_hosts");
    std::fs::write(&record, known).expect("the record of host keys");
    Start::new(PathBuf::from("ssh"))
        .args(["-F", "/dev/null", "-o", "BatchMode=yes", "-o"])
        .arg(format!("UserKnownHostsFile={}", record.display()))
        .arg("-i")
        .arg(stage.sshd.client_key())
        .args(["-p", &port.to_string()])
}

fn target(stage: &Stage) -> String {
    format!("{}@127.0.0.1", stage.sshd.user())
}

async fn first_answer(stage: &Stage) {
    let slow = SlowLink::to(stage.sshd.port(), ROUND_TRIP).await;
    let mut profile: Profile = stage.profile.clone();
    if let Address::Ssh { port, .. } = &mut profile.address {
        *port = slow.port;
    }
    let accepted = Answers {
        accepted_host_key: Some(stage.sshd.fingerprint().await),
        ..Answers::default()
    };
    let first = Connection::open(&stage.home, &profile, accepted).await;
    drop(first.expect("the slow link"));
    let place = temporary();
    let known = stage
        .sshd
        .known_hosts_line()
        .replace(&stage.sshd.port().to_string(), &slow.port.to_string());
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let connection = Connection::open(&stage.home, &profile, Answers::default()).await;
        let connection = connection.expect("the slow link");
        connection.send(api::ListProjects {}).await.expect("projects");
        ours.push(begun.elapsed());
        let begun = Instant::now();
        ssh(stage, place.path(), slow.port, known.clone())
            .arg(target(stage))
            .arg("true")
            .ok(Duration::from_secs(30))
            .await;
        theirs.push(begun.elapsed());
    }
    tell("connect to first data at 50 ms (≤ 1 s)", ms(median(ours)));
    tell("ssh true over the same link", ms(median(theirs)));
}

fn temporary() -> tempfile::TempDir {
    tempfile::Builder::new()
        .prefix("sw-tunnel-")
        .tempdir()
        .expect("a folder")
}
