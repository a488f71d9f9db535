//! What applications and the node use and do, over time. Absent values are gaps: nothing was recorded, which is not zero.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use chrono::{DateTime, Utc};

use crate::task::{TaskName, TaskPart};

/// One quantity over time: a value for each point, oldest first.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Series {
    pub mean: Vec<Option<f32>>,
    /// The largest value of ten seconds within the point.
    pub most: Vec<Option<f32>>,
}

impl Series {
    /// The value of the last point that may be called the present one.
    pub fn now(&self) -> Option<f32> {
        self.at(self.present()?)
    }

    /// Where the last point is that has a value and may be called the present one.
    pub fn present(&self) -> Option<usize> {
        let last = self.mean.len().saturating_sub(PRESENT);
        self.mean
            .iter()
            .skip(last)
            .rposition(Option::is_some)
            .map(|place| last + place)
    }

    /// The value of a point.
    pub fn at(&self, place: usize) -> Option<f32> {
        self.mean.get(place).copied().flatten()
    }

    /// The mean over all points that have a value.
    pub fn overall(&self) -> Option<f32> {
        let (mut sum, mut count) = (0.0_f64, 0_u32);
        for value in self.mean.iter().flatten() {
            sum += f64::from(*value);
            count += 1;
        }
        (count > 0).then(|| (sum / f64::from(count)) as f32)
    }

    /// The largest value of all.
    pub fn peak(&self) -> Option<f32> {
        self.most.iter().flatten().copied().reduce(f32::max)
    }
}

/// So many of the last points are looked at for a present value: the very last one may not be recorded yet.
const PRESENT: usize = 3;

/// What an application used and did on the agent's node, all of its tasks together.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct ApplicationMetrics {
    /// When the first point begins.
    pub from: DateTime<Utc>,
    /// So many seconds lie between points.
    pub step: u32,
    /// In cores.
    pub cpu: Series,
    /// The working set, in bytes: what is not merely kept of files.
    pub memory: Series,
    /// What the tasks may take together, in bytes; absent where one of them has no limit.
    pub memory_limit: Series,
    /// Over the network, in bytes a second.
    pub received: Series,
    pub sent: Series,
    /// Through the edge, a second.
    pub requests: Series,
    /// Of these, answered with 5xx.
    pub errors: Series,
    /// The mean time of an answer, in milliseconds; absent where nothing was asked.
    pub latency: Series,
    /// So many tasks of the same release took the place of another in this time.
    pub restarts: u32,
    /// The tasks that run on the agent's node now, by their ids.
    pub tasks: Vec<TaskUsage>,
}

/// What one task uses now.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct TaskUsage {
    pub task: TaskName,
    /// Several releases may have tasks at a time, and so may commands.
    #[serde(default)]
    pub part: TaskPart,
    /// In cores; absent until it was looked at twice.
    pub cpu: Option<f32>,
    /// The working set, in bytes.
    pub memory: u64,
    /// In bytes; absent where there is none.
    pub memory_limit: Option<u64>,
}

/// What the agent's node used.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct NodeMetrics {
    /// The node's host name.
    pub node: String,
    pub cores: u32,
    /// When the first point begins.
    pub from: DateTime<Utc>,
    /// So many seconds lie between points.
    pub step: u32,
    /// In per cent of all cores.
    pub cpu: Series,
    /// In bytes; what could be had at once does not count as used.
    pub memory: Series,
    pub memory_total: Series,
    /// Processes that run or want to, on average over a minute.
    pub load: Series,
    /// Over its network devices, in bytes a second.
    pub received: Series,
    pub sent: Series,
    /// On the file system of Docker's data, in bytes.
    pub docker_disk: Series,
    pub docker_disk_total: Series,
    /// On that of the agent's state; often the same one.
    pub state_disk: Series,
    pub state_disk_total: Series,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-03: the present value is a recent one; a series that has ended has none.
    #[test]
    fn what_ended_has_no_present_value() {
        let of = |mean: &[Option<f32>]| Series {
            mean: mean.to_vec(),
            most: mean.to_vec(),
        };
        assert_eq!(of(&[Some(1.0), Some(3.0), None]).now(), Some(3.0));
        assert_eq!(of(&[Some(1.0), None, None, None]).now(), None);
        assert_eq!(
            of(&[Some(1.0), None, Some(3.0), Some(4.0), None]).present(),
            Some(3)
        );
        assert_eq!(
            (of(&[None, Some(2.0)]).at(1), of(&[None]).at(1)),
            (Some(2.0), None)
        );
        assert_eq!(of(&[Some(1.0), None, Some(3.0)]).overall(), Some(2.0));
        assert_eq!(of(&[Some(4.0), None, Some(3.0)]).peak(), Some(4.0));
        assert_eq!(
            (of(&[]).now(), of(&[None]).overall(), of(&[None]).peak()),
            (None, None, None)
        );
    }
}
