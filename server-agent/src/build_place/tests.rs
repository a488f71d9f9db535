//! What is built where, and what is said of a build node that cannot be built on.

use clap::Parser;

use super::*;
use crate::command::Arguments;

fn config(words: &[&str]) -> Config {
    let words = ["slipway-agent"].iter().chain(words).chain(&["doctor"]);
    Arguments::parse_from(words).config
}

fn facts(processor: &str, containerd_store: bool) -> EngineFacts {
    EngineFacts {
        id: "id".to_owned(),
        name: "builder".to_owned(),
        version: "29.1.0".to_owned(),
        swarm_manager: false,
        nodes: 0,
        root: None,
        processor: processor.to_owned(),
        containerd_store,
    }
}

/// FR-BLD-03: without a build node the agent's own engine builds, and its errors are what they were.
#[test]
fn by_itself_the_own_engine_builds() {
    let own = Docker::new("unix:///nowhere/docker.sock", "slipway");
    let place = BuildPlace::open(&config(&[]), &own, None, Path::new("/nowhere"));
    assert!(place.node().is_none() && place.is_on_this_machine());
    let asked = config(&["--build-node", "own"]);
    let asked = BuildPlace::open(&asked, &own, None, Path::new("/nowhere"));
    assert!(asked.node().is_none());
    assert_eq!(place.docker().instance(), "slipway");
    assert_eq!(place.docker_address(), "unix:///nowhere/docker.sock");
    assert!(matches!(
        place.told(DockerError::DiskFull),
        BuildNodeError::Docker(DockerError::DiskFull)
    ));
}

/// FR-BLD-03, NFR-U2: a build node that is not there is named, with the system's reason; nothing is built elsewhere in its stead.
#[tokio::test]
async fn an_absent_build_node_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let key = KeyFile::open_or_create(&folder.path().join("key")).unwrap();
    let address = format!("unix://{}", folder.path().join("build.sock").display());
    let own = Docker::new("unix:///nowhere/docker.sock", "slipway");
    let settings = config(&["--build-node", &address]);
    let place = BuildPlace::open(&settings, &own, Some(&key), folder.path());
    assert!(place.docker().instance().starts_with("slipway-"));
    assert_eq!(place.docker_address(), address);
    assert!(place.is_on_this_machine() && place.far_limits().is_none());
    let error = place.look(&own, false).await.unwrap_err();
    assert!(matches!(error, BuildNodeError::Away(_)), "{error}");
    let text = error.to_string();
    assert!(
        text.contains(&address) && text.contains("No such file or directory"),
        "{text}"
    );
    let full = place.told(DockerError::DiskFull).to_string();
    assert!(full.starts_with("the disk of the build node"), "{full}");
}

/// FR-BLD-03, NFR-S1: nobody is connected to before somebody has accepted the key of the far SSH server, or set it.
#[tokio::test]
async fn a_far_node_is_never_trusted_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let key = KeyFile::open_or_create(&folder.path().join("key")).unwrap();
    let own = Docker::new("unix:///nowhere/docker.sock", "slipway");
    let place = folder.path().join("build-node");
    let data = folder.path().display().to_string();
    let far = [
        "--build-node",
        "ssh://build@127.0.0.1:9",
        "--data-dir",
        data.as_str(),
    ];
    let open = BuildPlace::open(&config(&far), &own, Some(&key), &place);
    assert!(!open.is_on_this_machine() && open.far_limits().is_some());
    let text = open.look(&own, false).await.unwrap_err().to_string();
    assert!(
        text.contains("nobody has accepted") && text.contains("trust-build-node"),
        "{text}"
    );
    assert!(!KnownHosts::of(folder.path()).path().exists());
    let host_key = format!("ssh-ed25519 {}", "A".repeat(68));
    let with_key = config(&[&far[..], &["--build-node-key", host_key.as_str()][..]].concat());
    drop(open);
    let open = BuildPlace::open(&with_key, &own, None, &place);
    let text = open.look(&own, false).await.unwrap_err().to_string();
    assert!(text.contains("own key could not be read"), "{text}");
}

/// FR-BLD-03, NFR-R1, NFR-U2: where what the way needs cannot be written, nothing but building waits for it, which is told; it goes on by itself.
#[tokio::test]
async fn a_way_that_cannot_be_prepared_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let key = KeyFile::open_or_create(&folder.path().join("key")).unwrap();
    let own = Docker::new("unix:///nowhere/docker.sock", "slipway");
    let data = folder.path().display().to_string();
    let address = "ssh://build@127.0.0.1:9";
    let settings = config(&["--build-node", address, "--data-dir", data.as_str()]);
    // What is no folder is in the way of it.
    let blocked = folder.path().join("blocked");
    std::fs::write(&blocked, "x").unwrap();
    let place = BuildPlace::open(&settings, &own, Some(&key), &blocked.join("build-node"));
    let error = place.look(&own, false).await.unwrap_err();
    assert!(matches!(error, BuildNodeError::Unfit(_)), "{error}");
    let text = error.to_string();
    assert!(
        text.contains(address) && text.contains("build-node") && text.contains("ot a directory"),
        "{text}"
    );
    let told = error.for_teams();
    assert!(
        told.contains("could not be prepared") && !told.contains(address),
        "{told}"
    );
    std::fs::remove_file(&blocked).unwrap();
    let text = place.look(&own, false).await.unwrap_err().to_string();
    assert!(text.contains("nobody has accepted"), "{text}");
}

/// FR-BLD-03: an engine on which an image would be another one is refused before anything is built.
#[test]
fn an_unfit_engine_is_refused_beforehand() {
    let node = "ssh://build@example.org";
    let here = EngineFacts {
        name: "server".to_owned(),
        ..facts("x86_64", false)
    };
    let same = compare(node, &here, &here, false);
    assert!(same.unwrap_err().to_string().contains("own engine"));
    assert!(compare(node, &facts("x86_64", false), &here, false).is_ok());
    let store = compare(node, &facts("x86_64", true), &here, false);
    assert!(store.unwrap_err().to_string().contains("containerd"));
    let processor = compare(node, &facts("aarch64", false), &here, false);
    assert!(processor.unwrap_err().to_string().contains("aarch64"));
    let set = compare(node, &facts("aarch64", false), &here, true);
    assert!(set.is_ok(), "the settings have decided");
}
