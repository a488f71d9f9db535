//! Which series there are. Their places are stored: a new one comes at the end, and none is ever taken out.

/// The series of an application.
#[derive(Clone, Copy, Debug)]
pub enum Of {
    /// Cores.
    Cpu,
    /// Bytes.
    Memory,
    MemoryLimit,
    /// Bytes a second.
    Received,
    Sent,
    /// A second.
    Requests,
    Errors,
    /// The seconds that requests waited for their answers, a second. With the requests it gives the mean latency of any time.
    Waiting,
    /// The mean latency of ten seconds, in milliseconds.
    Latency,
    /// How many, not how fast.
    Restarts,
}

/// How many those are.
pub const SERIES: usize = 10;

/// The series of a node.
#[derive(Clone, Copy, Debug)]
pub enum OfNode {
    /// Per cent of all cores.
    Cpu,
    /// Bytes.
    Memory,
    MemoryTotal,
    Load,
    /// Bytes a second.
    Received,
    Sent,
    /// Bytes.
    DockerDisk,
    DockerDiskTotal,
    StateDisk,
    StateDiskTotal,
}

/// How many those are.
pub const NODE_SERIES: usize = 10;

/// A value for each series; `None` is a gap.
pub type Values<const N: usize> = [Option<f32>; N];
