//! From a server with nothing but SSH to a cluster that serves an application, from the command line.

use std::time::Duration;

use acceptance::bare_server::BareServer;
use acceptance::command::Cli;
use acceptance::keyring::Keyring;
use acceptance::{sentence, wait};
use serde_json::Value;

const HOST: &str = "web.example.org";

/// FR-HST-01, FR-HST-02, FR-HST-03, FR-HST-04, FR-HST-06, FR-CON-06, NFR-U1: a bare Debian server is looked at, found wanting while port 80 is
/// busy, set up with the command cut off in the middle and run again, and serves an application from git over an account that is
/// only a pipe. A third run changes nothing, another Slipway leaves its Swarm alone, and nothing listens for others but SSH and
/// the edge. The check-up tells how the server was delivered, and sees what is changed. The agent's state goes into a file and comes
/// back over what is there, with the service stopped for it and started again. Taking the agent off leaves the application serving.
#[tokio::test(flavor = "multi_thread")]
async fn a_bare_server_becomes_a_cluster() {
    let server = BareServer::boot().await;
    let keyring = Keyring::start().await;
    let cli = Cli::new(&keyring);
    let (host, key) = (server.address().to_string(), server.key());
    let (key, fingerprint) = (key.to_string_lossy().into_owned(), server.fingerprint().await);
    let words = |command: &'static str| {
        let mut words = vec!["server", command, "bare", "--host", &host, "--user", "root"];
        words.extend(["--key", &key, "--accept-host-key", &fingerprint]);
        words
    };

    server
        .begin(&["systemd-socket-activate", "--listen=80", "/bin/cat"])
        .await;
    wait::until("port 80 is busy", Duration::from_secs(180), async || {
        server.exec(&["ss", "-tln"]).await.contains(":80 ")
    })
    .await;
    let refused = cli.run(&[words("install"), vec!["--yes"]].concat()).await;
    assert_eq!(refused.code(), 1, "{}{}", refused.stdout, refused.stderr);
    let said = refused.stderr.lines().last().unwrap_or_default();
    sentence::assert_clear(said.trim_start_matches("error: "), &["Port 80", "systemd-socket"]);
    assert!(
        !server.exec(&["ls", "/usr/bin"]).await.contains("dockerd"),
        "nothing was installed"
    );
    server.exec(&["pkill", "systemd-socket-"]).await;

    let report = cli.json(&words("check")).await;
    assert!(
        titles(&report, "open").contains("Docker is not installed"),
        "{report}"
    );
    assert_eq!(report["steps"].as_array().map(Vec::len), Some(7));

    // Cut off while packages are installed: what was begun goes on there.
    let mut first = cli.follow(&[words("install"), vec!["--yes"]].concat());
    wait::until(
        "packages are being installed",
        Duration::from_secs(300),
        async || {
            assert!(first.is_running(), "{}", first.output());
            server.exec(&["ps", "-A", "-o", "comm"]).await.contains("dpkg")
        },
    )
    .await;
    drop(first);
    let begun = std::time::Instant::now();
    let done = cli.run(&[words("install"), vec!["--yes"]].concat()).await;
    assert_eq!(done.code(), 0, "{}{}", done.stdout, done.stderr);
    eprintln!("{} s: {}", begun.elapsed().as_secs(), done.stdout);

    server
        .make_web(&cli, &done.stdout, "from-a-bare-server", HOST)
        .await;
    assert!(cli.ok(&["cluster", "list"]).await.contains("slipway-link@"));
    cli.ok(&["deploy", "web", "--follow"]).await;
    serves(&server).await;

    let again = cli.run(&[words("install"), vec!["--yes"]].concat()).await;
    assert_eq!(again.code(), 0, "{}{}", again.stdout, again.stderr);
    assert!(
        !again.stdout.contains("done: "),
        "something was changed: {}",
        again.stdout
    );
    let listening = server.exec(&["ss", "-tlnH"]).await;
    for line in listening.lines() {
        let local = line.split_whitespace().nth(3).unwrap_or_default();
        let (address, port) = local.rsplit_once(':').unwrap_or_default();
        let inside = address.starts_with("127.") || address.starts_with("172.") || address == "[::1]";
        assert!(inside || ["22", "80", "443"].contains(&port), "{line}");
    }
    let other = ["slipway-agent", "--instance", "other", "install", "--check"];
    let other = server.exec(&other).await;
    assert!(other.contains("STOP  A Swarm of 1 node"), "{other}");

    // Before the state comes back: by that every session ends.
    is_looked_at(&server, &cli).await;
    server
        .put("/root/passphrase", "four words of a passphrase\n")
        .await;
    server.exec(&["chmod", "600", "/root/passphrase"]).await;
    let with_file = |command: &'static str, more: &[&'static str]| {
        let words = ["slipway-agent", command, "/root/state.age"];
        [&words[..], &["--passphrase-file", "/root/passphrase"], more].concat()
    };
    let backed_up = server.exec(&with_file("backup-state", &[])).await;
    assert!(backed_up.contains("backed up to /root/state.age"), "{backed_up}");
    let refused = server.exec(&with_file("restore-state", &[])).await;
    assert!(refused.contains("--replace"), "{refused}");
    let restored = server.exec(&with_file("restore-state", &["--replace"])).await;
    for words in [
        "stopping the agent",
        "starting the agent",
        "1 application;",
        "next: `slipway-agent doctor`",
    ] {
        assert!(restored.contains(words), "{words}: {restored}");
    }
    serves(&server).await;

    // It has just been started again.
    wait::until("all is well", Duration::from_secs(120), async || {
        let doctor = server.exec(&["slipway-agent", "doctor"]).await;
        let is_well = !doctor.contains("BAD");
        if !is_well {
            eprintln!("{doctor}");
        }
        is_well
    })
    .await;
    let removed = server.exec(&["slipway-agent", "uninstall"]).await;
    assert!(removed.contains("go on serving"), "{removed}");
    assert!(
        server
            .exec(&["systemctl", "is-active", "slipway-agent"])
            .await
            .contains("inactive")
    );
    serves(&server).await;
    server.remove().await;
}

/// Debian as it is delivered takes passwords, but none of root, installs no updates by itself, and has no firewall; once passwords are
/// off the check-up says so, to the administrator and to an owner alike.
async fn is_looked_at(server: &BareServer, cli: &Cli<'_>) {
    let state = |report: &Value, topic: &str| {
        let checks = report["checks"].as_array().expect("checks");
        let check = checks.iter().find(|check| check["topic"] == topic);
        check.expect("the topic")["state"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let delivered = cli.json(&["checkup"]).await;
    for (topic, wanted) in [
        ("ssh_passwords", "advice"),
        ("ssh_root", "good"),
        ("firewall", "advice"),
        ("updates", "advice"),
        ("restart", "not_known"),
        ("guesses", "advice"),
    ] {
        assert_eq!(state(&delivered, topic), wanted, "{topic}: {delivered:#}");
    }
    let doctor = server.exec(&["slipway-agent", "doctor"]).await;
    assert!(
        doctor.contains("note  SSH password sign-in: The SSH server takes passwords"),
        "{doctor}"
    );

    let settings = "/etc/ssh/sshd_config.d/00-sign-in.conf";
    server
        .put(settings, "PasswordAuthentication no\nPermitRootLogin no\n")
        .await;
    let doctor = server.exec(&["slipway-agent", "doctor"]).await;
    for said in [
        "good  SSH password sign-in: The SSH server takes no passwords.",
        "good  SSH root sign-in: Root may not sign in over SSH.",
        "good  Guessed passwords: ",
    ] {
        assert!(doctor.contains(said), "{said}: {doctor}");
    }
    wait::until(
        "the agent has looked again",
        Duration::from_secs(180),
        async || state(&cli.json(&["checkup"]).await, "ssh_passwords") == "good",
    )
    .await;
    server.exec(&["rm", settings]).await;
    let words = cli.ok(&["checkup"]).await;
    assert!(words.contains("Firewall: No firewall is on"), "{words}");
}

fn titles(report: &Value, state: &str) -> String {
    let findings = report["findings"].as_array().expect("findings");
    let of_state = findings.iter().filter(|finding| finding["state"] == state);
    of_state.map(|finding| finding["title"].to_string()).collect()
}

async fn serves(server: &BareServer) {
    let wanted = b"version from-a-bare-server\n".to_vec();
    assert_eq!(server.get(HOST).await, Ok((200, wanted)));
}
