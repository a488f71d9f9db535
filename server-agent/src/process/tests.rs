use super::*;

/// NFR-S2: an argument arrives as it is, whatever a shell would make of it.
#[tokio::test]
async fn arguments_arrive_as_they_are() {
    let hostile = "a b;$(touch /tmp/x)`id`'\"\\|&";
    let ended = Invocation::new(Program::Git)
        .args(["rev-parse", "--sq-quote", hostile])
        .run()
        .await
        .unwrap();
    assert!(ended.success());
    assert!(
        ended.stdout.contains("a b;$(touch /tmp/x)`id`"),
        "{}",
        ended.stdout
    );
}

/// NFR-S2, FR-SRC-07: nothing of the agent's environment reaches a program.
#[tokio::test]
async fn the_environment_starts_empty() {
    let ended = Invocation::new(Program::Git)
        .args(["var", "GIT_COMMITTER_IDENT"])
        .env("GIT_COMMITTER_NAME", "only this")
        .run()
        .await
        .unwrap();
    assert!(!ended.stdout.contains("root@"), "{}", ended.stdout);
}

/// FR-BLD-04: a cancelled program is gone with its group, within seconds.
#[tokio::test]
async fn cancelling_stops_the_group() {
    let cancel = CancellationToken::new();
    let work = Invocation::new(Program::Git)
        .args(["daemon", "--port=0", "--reuseaddr", "--listen=127.0.0.1"])
        .cancel(&cancel)
        .run();
    cancel.cancel();
    assert!(matches!(work.await, Err(ProcessError::Cancelled { .. })));
}

/// FR-BLD-03: a program that outlives its deadline is stopped and said to have been.
#[tokio::test]
async fn a_deadline_stops_it() {
    let work =
        Invocation::new(Program::Git).args(["daemon", "--port=0", "--reuseaddr", "--listen=127.0.0.1"]);
    let error = work.deadline(Duration::from_millis(200)).run().await.unwrap_err();
    assert!(matches!(error, ProcessError::Deadline { .. }));
}
