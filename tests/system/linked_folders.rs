//! A project's folder whose file names its cluster: what is done there goes to no other one.

use acceptance::agent::Agent;
use acceptance::command::Cli;
use acceptance::keyring::Keyring;
use acceptance::sentence;
use acceptance::sshd::Sshd;

use crate::cli::{FAILED, SIGN_IN, USAGE, add_cluster, add_cluster_as, said};

/// FR-API-03, NFR-U2: in a linked folder commands go to the cluster, the team and the application of its file, whichever cluster was chosen last;
/// a change says so, the command line can say otherwise, and what the file names wrongly leads nowhere.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_keeps_to_its_cluster() {
    let (keyring, agent, sshd) = (Keyring::start().await, Agent::start().await, Sshd::start().await);
    let cli = Cli::new(&keyring);
    assert_eq!(add_cluster(&cli, &agent, &sshd).await.code(), 0);
    assert_eq!(cli.become_owner(&agent.invite().await).await.code(), 0);
    cli.make_web("Shop", "/nowhere/at/all.git", &[]).await;

    let folder = tempfile::tempdir().unwrap();
    let (top, below) = (folder.path(), folder.path().join("deep/below"));
    for path in [&top.join(".git"), &below] {
        std::fs::create_dir_all(path).unwrap();
    }
    let absent = cli.run_in(top, &["link", "nothing"]).await;
    assert_eq!(absent.code(), FAILED, "{}", absent.stdout);
    let unlinked = cli.run_in(&below, &["app", "show"]).await;
    assert_eq!(unlinked.code(), USAGE);
    sentence::assert_clear(said(&unlinked), &["application", "slipway.toml", "slipway link"]);
    let linked = cli.run_in(top, &["link", "web", "--json"]).await;
    assert_eq!(linked.code(), 0, "{}", linked.stderr);
    let linked: serde_json::Value = serde_json::from_str(&linked.stdout).unwrap();
    for (key, name) in [
        ("cluster", "home"),
        ("project", "Shop"),
        ("environment", "production"),
        ("application", "web"),
    ] {
        assert_eq!(linked[key], name, "{linked}");
    }
    assert!(linked["team"].is_string(), "{linked}");
    let again = cli.run_in(top, &["link"]).await;
    assert_eq!(again.code(), USAGE);
    assert!(again.stderr.contains("there already"), "{}", again.stderr);

    // Another cluster is chosen, where nobody is signed in: whatever goes there fails.
    assert_eq!(add_cluster_as(&cli, &agent, &sshd, "other").await.code(), 0);
    let chosen = cli.run_in(&below, &["cluster", "use", "other"]).await;
    assert!(chosen.stderr.contains("“home”"), "{}", chosen.stderr);
    assert_eq!(cli.run(&["app", "list"]).await.code(), SIGN_IN);
    let shown = cli.run_in(&below, &["app", "show"]).await;
    assert_eq!(shown.code(), 0, "{}", shown.stderr);
    assert!(!shown.stderr.contains("slipway.toml"), "{}", shown.stderr);
    let set = cli
        .run_in(&below, &["env", "set", ".", "WHERE=here", "--plain"])
        .await;
    assert_eq!(set.code(), 0, "{}", set.stderr);
    assert!(cli.run_in(&below, &["env", "list"]).await.stdout.contains("here"));
    let deployed = cli.run_in(&below, &["deploy", "--follow"]).await;
    assert_eq!(deployed.code(), FAILED, "{}", deployed.stdout);
    for words in [
        "slipway.toml: cluster “home”",
        "“web” of Shop/production",
        "/nowhere/at/all.git",
    ] {
        assert!(deployed.stderr.contains(words), "{}", deployed.stderr);
    }

    // The command line counts before the file, and takes no application along to another cluster.
    let elsewhere = cli.run_in(&below, &["app", "list", "--cluster", "other"]).await;
    assert_eq!(elsewhere.code(), SIGN_IN);
    let elsewhere = cli.run_in(&below, &["stop", "--cluster", "other"]).await;
    assert_eq!(elsewhere.code(), USAGE);
    sentence::assert_clear(said(&elsewhere), &["“web”", "“home”", "“other”"]);

    // A name that is not saved, and a text that does not belong there, lead to no other cluster.
    cli.ok(&["cluster", "edit", "home", "--rename", "away"]).await;
    let unknown = cli.run_in(&below, &["app", "list"]).await;
    assert_eq!(unknown.code(), USAGE);
    sentence::assert_clear(said(&unknown), &["“home”", "not saved", "slipway cluster add"]);
    std::fs::write(top.join("slipway.toml"), "cluster = 'away'\ntoken = 'hidden'\n").unwrap();
    let broken = cli.run_in(&below, &["app", "list"]).await;
    assert_eq!(broken.code(), USAGE);
    sentence::assert_clear(
        said(&broken),
        &["slipway.toml", "line 2", "token", "slipway link"],
    );
    assert!(!broken.stderr.contains("hidden"), "{}", broken.stderr);
    let named = cli.run_in(&below, &["app", "list", "--cluster", "away"]).await;
    assert_eq!(named.code(), 0, "{}", named.stderr);
}
