//! One person in two teams of one cluster.

use acceptance::agent::Agent;
use acceptance::command::Cli;
use acceptance::keyring::Keyring;
use acceptance::sentence;
use acceptance::sshd::Sshd;
use acceptance::stage::PASSWORD;

use crate::cli::{FAILED, SIGN_IN, add_cluster, said};

/// FR-IAM-05, FR-API-03, NFR-U2: somebody with an account takes an invitation into another team, and says for one command or for all which of the two
/// it is about; each is acted for with the role that they have there.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_switches_between_their_teams() {
    let (keyring, agent, sshd) = (Keyring::start().await, Agent::start().await, Sshd::start().await);
    // Nobody owns anything yet: each of the two makes a team.
    let (first, second) = (agent.invite().await, agent.invite().await);
    let (bob, ada) = (Cli::new(&keyring), Cli::new(&keyring));
    for cli in [&bob, &ada] {
        assert_eq!(add_cluster(cli, &agent, &sshd).await.code(), 0);
    }
    let login = [
        "login",
        "--invitation",
        "-",
        "--email",
        "bob@example.org",
        "--name",
        "Bob",
        "--password-stdin",
    ];
    let signed_in = bob.run_with(&login, &format!("{first}\n{PASSWORD}\n")).await;
    assert_eq!(signed_in.code(), 0, "{}", signed_in.stderr);
    assert_eq!(ada.become_owner(&second).await.code(), 0);
    bob.ok(&["project", "create", "Of Bob"]).await;
    ada.ok(&["project", "create", "Of Ada"]).await;

    let alone = ada.json(&["team", "list"]).await;
    assert_eq!(alone.as_array().map(Vec::len), Some(1), "{alone}");
    let own = alone[0]["name"].as_str().expect("a name").to_owned();
    let code = bob.ok(&["team", "invite", "--role", "viewer"]).await;
    let join = ["team", "join", "--invitation", "-"];
    let joined = ada.run_with(&join, &code).await;
    assert_eq!(joined.code(), 0, "{}", joined.stderr);
    assert!(joined.stdout.contains("viewer"), "{}", joined.stdout);
    let again = ada.run_with(&join, &code).await;
    assert_eq!(again.code(), SIGN_IN);
    sentence::assert_clear(said(&again), &["invitation", "used"]);
    let other = bob.ok(&["team", "invite", "--role", "owner"]).await;
    let member = ada.run_with(&join, &other).await;
    assert_eq!(member.code(), FAILED);
    sentence::assert_clear(said(&member), &["already"]);

    // Bob's team is the older one, and Ada's commands go on to be about her own.
    let listed = ada.json(&["team", "list"]).await;
    let chosen = |listed: &serde_json::Value| {
        let all = listed.as_array().expect("teams").clone();
        let chosen: Vec<_> = all.into_iter().filter(|one| one["chosen"] == true).collect();
        assert_eq!(chosen.len(), 1, "{listed}");
        chosen[0]["name"].as_str().expect("a name").to_owned()
    };
    assert_eq!(chosen(&listed), own);
    let theirs = listed[1]["name"].as_str().expect("a name").to_owned();
    let projects = async |more: &[&str]| ada.ok(&[&["project", "list"][..], more].concat()).await;
    assert!(projects(&[]).await.contains("Of Ada"));
    let there = projects(&["--team", &theirs]).await;
    assert!(there.contains("Of Bob") && !there.contains("Of Ada"), "{there}");
    ada.ok(&["team", "use", &theirs]).await;
    assert_eq!(chosen(&ada.json(&["team", "list"]).await), theirs);
    assert!(projects(&[]).await.contains("Of Bob"));
    let viewer = ada.run(&["project", "create", "Not here"]).await;
    assert_eq!(viewer.code(), FAILED);
    sentence::assert_clear(said(&viewer), &["role", "viewer"]);
    assert!(projects(&["--team", &own]).await.contains("Of Ada"));
    let unknown = ada.run(&["team", "use", "Nobody's"]).await;
    assert_eq!(unknown.code(), FAILED);
    sentence::assert_clear(said(&unknown), &["Nobody's", "slipway team list"]);
    assert_eq!(chosen(&ada.json(&["team", "list"]).await), theirs);
}
