//! A folder of 2 GB that a person sends from their own machine. Nothing of it is held whole in the agent.

use std::fs::File;
use std::io::Read;
use std::time::Instant;

use acceptance::stage::Stage;
use serde_json::json;
use slipway_client::upload::Folder;
use slipway_protocol::deployment::Step;

use crate::{mib, tell};

const SIZE: u64 = 2 << 30;
/// So much more than before the agent may hold, in bytes.
const MOST: u64 = 48 << 20;

pub async fn measure() {
    let stage = Stage::set().await;
    let environment = stage.environment("Upload").await;
    let application = stage
        .application_from(environment, "sent", json!({ "kind": "upload" }))
        .await
        .id;
    let folder = tempfile::Builder::new()
        .prefix("sw-upload-")
        .tempdir()
        .expect("a folder");
    std::fs::write(folder.path().join("Dockerfile"), "FROM scratch\nCOPY . /\n").expect("a Dockerfile");
    let mut file = File::create(folder.path().join("bulk")).expect("a file");
    // Packing makes noise no smaller.
    let noise = File::open("/dev/urandom").expect("the kernel's noise");
    std::io::copy(&mut noise.take(SIZE), &mut file).expect("the file is filled");
    let sent = Folder {
        path: folder.path().to_owned(),
        built: ".".parse().expect("a path"),
        dockerfile: "Dockerfile".parse().expect("a path"),
    };
    let before = stage.agent.resident();
    stage.agent.forget_peak();
    let begun = Instant::now();
    let arrived = stage
        .connection
        .upload(application, &sent, |_, _| {})
        .await
        .expect("it arrives");
    let took = begun.elapsed().as_secs_f64();
    assert!(arrived.finished && arrived.length >= SIZE);
    let rate = f64::from(u32::try_from(arrived.length >> 20).unwrap_or(u32::MAX)) / took;
    tell("a folder of 2 GiB", format!("{took:.0} s, {rate:.0} MiB/s"));
    tell("agent before, resident", mib(before));
    tell("agent meanwhile, at most", mib(stage.agent.peak()));
    assert!(stage.agent.peak() < before + MOST, "something is held whole");
    // All of it is the build's context, too. There is no command in it, which ends the deployment when it is built.
    stage.agent.forget_peak();
    let ended = stage.deploy(application).await;
    let built = ended.steps.iter().find(|step| step.step == Step::Build);
    let built = built.expect("it was built");
    assert!(built.failure.is_none(), "{:?}", ended.failure);
    let took = built
        .ended_at
        .zip(built.started_at)
        .map(|(end, start)| end - start);
    tell(
        "built from it",
        format!("{} s", took.unwrap_or_default().num_seconds()),
    );
    tell("agent meanwhile, at most", mib(stage.agent.peak()));
    assert!(stage.agent.peak() < before + MOST, "something is held whole");
}
