//! The measurements of `cargo xtask bench`, all in one run on one machine: the agent's start time and idle memory, the
//! overhead of a deployment over the same by hand, requests lost in 20 deployments under traffic, and the agent's memory
//! while much passes through it.

mod bulk;
mod overhead;
mod traffic;

use std::time::Duration;

use acceptance::stage::Stage;
use acceptance::wait;

#[tokio::main]
async fn main() {
    let mut stage = Stage::set().await;
    println!(
        "agent start, new database   {:>9.0} ms",
        millis(stage.agent.start_time)
    );
    assert!(stage.agent.stop(), "the agent ends by itself");
    stage.agent.resume().await;
    println!(
        "agent start, database kept  {:>9.0} ms",
        millis(stage.agent.start_time)
    );
    wait::until("the link is back", Duration::from_secs(30), async || {
        stage
            .connection
            .send(slipway_protocol::api::GetMe {})
            .await
            .is_ok()
    })
    .await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    println!(
        "agent idle, resident        {:>9.1} MiB",
        mebibytes(stage.agent.resident())
    );
    overhead::measure(&stage).await;
    traffic::measure(&stage).await;
    bulk::measure(&stage).await;
    println!(
        "agent afterwards, resident  {:>9.1} MiB",
        mebibytes(stage.agent.resident())
    );
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[allow(clippy::cast_precision_loss)]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
