//! What can go wrong with Docker, told apart as far as a caller decides on it.

#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    #[error("Docker does not answer; start it (systemctl start docker) and try again")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("this node is no Swarm manager; run `docker swarm init` on the server and try again")]
    NoSwarm,
    #[error(
        "the disk of the server is full; free some space (docker system df shows what takes it) and try again"
    )]
    DiskFull,
    #[error("Docker knows no such thing")]
    NotFound,
    #[error("Docker already has one of that name")]
    Conflict,
    #[error("Docker refused: {0}")]
    Refused(String),
    #[error("the build failed: {0}")]
    Build(String),
    #[error("the build took longer than {0} s and was stopped")]
    BuildDeadline(u64),
    #[error("the build was stopped because the deployment was cancelled")]
    Cancelled,
    #[error("the source could not be read for the build")]
    Context(#[from] std::io::Error),
}

/// What a Swarm that is there in a moment says: it has no leader yet, or its manager ends or takes too long (gRPC's words for these).
const IN_A_MOMENT: [&str; 3] = [
    "does not have a leader",
    "rpc error: code = Unavailable",
    "rpc error: code = DeadlineExceeded",
];

impl DockerError {
    /// Docker or its Swarm is not there now and may be in a moment: it was stopped, or has just started.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::NoSwarm => true,
            Self::Refused(said) => IN_A_MOMENT.iter().any(|sign| said.contains(sign)),
            Self::DiskFull
            | Self::NotFound
            | Self::Conflict
            | Self::Build(_)
            | Self::BuildDeadline(_)
            | Self::Cancelled
            | Self::Context(_) => false,
        }
    }

    /// From an answer's status and message.
    pub(super) fn answered(status: u16, message: &str) -> Self {
        let said = message.to_lowercase();
        if said.contains("no space left") {
            Self::DiskFull
        } else if said.contains("not a swarm manager") || said.contains("this node is not part of a swarm") {
            Self::NoSwarm
        } else {
            match status {
                404 => Self::NotFound,
                409 => Self::Conflict,
                _ => Self::Refused(message.trim().to_owned()),
            }
        }
    }
}

impl From<bollard::errors::Error> for DockerError {
    fn from(error: bollard::errors::Error) -> Self {
        use bollard::errors::Error as E;
        match error {
            E::DockerResponseServerError { status_code, message } => Self::answered(status_code, &message),
            E::DockerStreamError { error } => Self::answered(500, &error),
            other => Self::Unreachable(Box::new(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-R1, FR-DEP-10: what a Swarm says that ends, begins or is slow is waited for as one that does not answer; what it refuses for good is not.
    #[test]
    fn a_swarm_that_is_not_there_yet_is_waited_for() {
        for (status, said) in [
            (
                503,
                "This node is not a swarm manager. Use \"docker swarm init\".",
            ),
            (
                500,
                "rpc error: code = Unknown desc = The swarm does not have a leader.",
            ),
            (500, "rpc error: code = Unavailable desc = transport is closing"),
            (
                500,
                "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
            ),
        ] {
            assert!(DockerError::answered(status, said).is_away(), "{said}");
        }
        for (status, said) in [
            (404, "service web not found"),
            (
                400,
                "rpc error: code = InvalidArgument desc = port 80 is already in use",
            ),
            (
                500,
                "Get \"https://registry.example.org/v2/\": context deadline exceeded",
            ),
            (500, "write /x: no space left on device"),
        ] {
            assert!(!DockerError::answered(status, said).is_away(), "{said}");
        }
    }
}
