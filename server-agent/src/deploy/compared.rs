//! The service of a release as it is, against how it has to be.

use crate::docker::{Docker, DockerError, ServiceRequest};
use crate::domain::drift::{Drifted, differences};

/// What was found.
pub struct Compared {
    /// Docker counts up with each change of the service.
    pub version: u64,
    pub differing: Vec<Drifted>,
}

/// Nothing where there is no such service.
pub async fn compared(
    docker: &Docker,
    request: &ServiceRequest<'_>,
) -> Result<Option<Compared>, DockerError> {
    let Some(found) = docker.find_service(request.name).await? else {
        return Ok(None);
    };
    let version = found
        .version
        .and_then(|version| version.index)
        .unwrap_or_default();
    let wanted = serde_json::to_value(docker.wanted_release(request).await?).unwrap_or_default();
    let found = serde_json::to_value(found.spec).unwrap_or_default();
    Ok(Some(Compared {
        version,
        differing: differences(&wanted, &found),
    }))
}
