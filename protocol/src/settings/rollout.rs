//! How a release takes the place of the one before it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quantity::{Percent, Seconds};

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Rollout {
    #[serde(default)]
    pub strategy: Strategy,
    /// How long the new tasks may take to become healthy.
    #[serde(default = "gate")]
    pub gate: Seconds,
    /// How long new tasks that are healthy have to stay up before the edge switches to them. A release that crashes meanwhile fails,
    /// and nobody has met it. One that is gone back to has proved itself and is not watched.
    #[serde(default = "unwatched")]
    pub watch: Seconds,
    /// How long requests in flight, streams and WebSockets may go on at the old release after the switch. A release that
    /// nobody is connected to any more is stopped at once.
    #[serde(default = "drain")]
    pub drain: Seconds,
    /// How long the old release keeps running after that, so that going back to it takes a moment. It costs its memory meanwhile.
    #[serde(default = "cold")]
    pub warm: Seconds,
    /// Put back by itself what somebody changed outside Slipway. Otherwise it is told, and a person decides.
    #[serde(default)]
    pub heal: bool,
}

impl Default for Rollout {
    fn default() -> Self {
        Self {
            strategy: Strategy::default(),
            gate: gate(),
            watch: unwatched(),
            drain: drain(),
            warm: cold(),
            heal: false,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Strategy {
    /// Blue-green, but recreate for an application with a volume or a port of the host.
    #[default]
    Automatic,
    /// All new tasks start beside the old ones; then the edge switches at once.
    BlueGreen,
    /// A growing share of the requests goes to the new tasks.
    Canary(Canary),
    /// Task by task: one new starts, one old stops.
    Rolling,
    /// The old tasks stop before the new ones start. Nobody serves meanwhile.
    Recreate,
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Canary {
    /// The new release's shares, one after the other; then all.
    #[serde(default = "shares")]
    pub shares: Vec<Percent>,
    /// How long each share is watched.
    #[serde(default = "watched")]
    pub pause: Seconds,
    /// The largest share of failed answers (5xx) of the new release, in per cent.
    #[serde(default = "errors")]
    pub errors: Percent,
    /// The longest mean time of an answer of the new release, in milliseconds; without one, time does not count.
    #[serde(default)]
    pub latency_ms: Option<u32>,
}

impl Default for Canary {
    fn default() -> Self {
        Self {
            shares: shares(),
            pause: watched(),
            errors: errors(),
            latency_ms: None,
        }
    }
}

fn gate() -> Seconds {
    Seconds::fixed(120)
}

fn unwatched() -> Seconds {
    Seconds::fixed(0)
}

fn drain() -> Seconds {
    Seconds::fixed(30)
}

fn cold() -> Seconds {
    Seconds::fixed(0)
}

fn shares() -> Vec<Percent> {
    vec![Percent::fixed(10), Percent::fixed(50)]
}

fn watched() -> Seconds {
    Seconds::fixed(30)
}

fn errors() -> Percent {
    Percent::fixed(5)
}
