//! Pin the image that the application names: ask its registry for the digest of the tag, and fetch exactly that.
//! Done when an image has this deployment's tag.

use std::time::Duration;

use serde_json::{Value, json};
use slipway_protocol::deployment::Step;
use slipway_protocol::head::Head;
use slipway_protocol::log_line::LogStream;
use slipway_protocol::settings::Source;
use slipway_protocol::{ApplicationId, ImageReference};
use sqlx::PgConnection;

use super::{Context, StepError, build, room};
use crate::db::{deployments, registries};
use crate::docker::{DockerError, PullRequest, RegistryLogin};
use crate::secrets::Sealer;

/// Runs in the place of a build. The answer holds the image's id and the reference with its digest.
pub async fn run(context: &Context<'_>) -> Result<Value, StepError> {
    let Source::Image(source) = &context.plan.settings.source else {
        return Err(StepError::Damaged(
            "the application has no image to pin".to_owned(),
        ));
    };
    let (docker, tag, image) = (&context.app.docker, &context.plan.image_tag, &source.image);
    if let Some((id, pinned)) = docker.find_pinned(tag, image.repository()).await? {
        return Ok(json!({ "image": id, "pinned": pinned }));
    }
    let mut connection = context.app.db.pool().acquire().await?;
    let login = login(
        &mut connection,
        &context.app.sealer,
        context.plan.application,
        image,
    )
    .await?;
    drop(connection);
    let digest = match known(context, image).await? {
        Some(digest) => digest,
        None => docker
            .resolve(image.as_str(), login.as_ref())
            .await
            .map_err(|error| said(image, error))?,
    };
    let pinned = format!("{}@{digest}", image.repository());
    context
        .log
        .say(Step::Build, &format!("{image} is {digest}; fetching it"));
    let (stop, places) = (
        context.cancel.child_token(),
        room::places_of_images(context).await,
    );
    let request = PullRequest {
        image: &pinned,
        login: login.as_ref(),
        tag,
        limit: Duration::from_secs(context.plan.limits.build),
        cancel: &stop,
    };
    let fetched = async {
        let mut on_line = |line: String| context.log.line(Step::Build, LogStream::Stdout, &line);
        let fetched = docker.pull(request, &mut on_line).await;
        fetched.map_err(|error| said(image, error))
    };
    // How large an image is shows when it is there.
    let id = room::while_there_is_room(fetched, &stop, &places)
        .await
        .unwrap_or_else(|| Err(DockerError::DiskFull.into()))?;
    build::compare_ports(context, &id).await?;
    Ok(json!({ "image": id, "pinned": pinned }))
}

/// The digest that was planned, that the application itself names, or that the deployment before had which is deployed once more.
async fn known(context: &Context<'_>, image: &ImageReference) -> Result<Option<String>, StepError> {
    if let Some(digest) = context.plan.head.as_ref().and_then(Head::digest) {
        return Ok(Some(digest.to_string()));
    }
    if let Some(digest) = image.digest() {
        return Ok(Some(digest.to_owned()));
    }
    let mut connection = context.app.db.pool().acquire().await?;
    let pinned = deployments::pinned(&mut connection, context.id).await?;
    let pinned = pinned.and_then(|text| ImageReference::parse(&text).ok());
    let same = pinned.filter(|pinned| pinned.repository() == image.repository());
    Ok(same.and_then(|pinned| pinned.digest().map(str::to_owned)))
}

/// The team's sign-in for the image's registry, if it has one.
pub async fn login(
    connection: &mut PgConnection,
    sealer: &Sealer,
    application: ApplicationId,
    image: &ImageReference,
) -> Result<Option<RegistryLogin>, sqlx::Error> {
    let found = registries::open(connection, sealer, application, image.registry()).await?;
    Ok(found.map(|(user, password)| RegistryLogin {
        host: image.registry().to_owned(),
        user,
        password,
    }))
}

/// What a registry answers, as a sentence about the image; none where it was Docker that failed.
pub fn refusal(image: &ImageReference, error: &DockerError) -> Option<String> {
    match error {
        DockerError::Refused(message) | DockerError::Build(message) => Some(sentence(image, message)),
        DockerError::NotFound => Some(sentence(image, "manifest unknown")),
        DockerError::Unreachable(_)
        | DockerError::NoSwarm
        | DockerError::DiskFull
        | DockerError::Conflict
        | DockerError::BuildDeadline(_)
        | DockerError::Cancelled
        | DockerError::Context(_) => None,
    }
}

fn said(image: &ImageReference, error: DockerError) -> StepError {
    match (refusal(image, &error), error) {
        (Some(sentence), _) => StepError::Failed(sentence),
        (None, DockerError::Cancelled) => StepError::Cancelled,
        (None, DockerError::BuildDeadline(seconds)) => StepError::Failed(format!(
            "{image} did not arrive from {} within {seconds} s; look at the server's network and at the image's size, and deploy again",
            image.registry()
        )),
        (None, other) => other.into(),
    }
}

/// The registry's own words go along: the explanation of a failure looks for them.
fn sentence(image: &ImageReference, message: &str) -> String {
    let words = message.to_ascii_lowercase();
    let any = |signs: &[&str]| signs.iter().any(|sign| words.contains(sign));
    let registry = image.registry();
    let what = if any(&["toomanyrequests", "rate limit", "too many requests"]) {
        format!("the registry {registry} hands out no more images for now; wait, or store a sign-in for it")
    } else if any(&["unauthorized", "authentication required", "no basic auth", "401"]) {
        format!(
            "the registry {registry} does not hand out {image} without a sign-in, or refuses the one that is stored; check “slipway registry list”"
        )
    } else if any(&["denied", "forbidden", "insufficient_scope", "403"]) {
        format!(
            "the registry {registry} does not let this sign-in have {image}, or does not have it at all; check the name and the sign-in"
        )
    } else if any(&["manifest unknown", "not found", "name unknown", "404"]) {
        format!("the registry {registry} has no image {image}; check its name and its tag")
    } else if any(&["no matching manifest", "no match for platform"]) {
        format!("{image} exists, but not for this server's processor architecture; choose another tag")
    } else if any(&["x509", "certificate", "http response to https client"]) {
        format!(
            "the registry {registry} cannot be trusted; give it a valid certificate, or tell Docker about it"
        )
    } else if any(&[
        "no such host",
        "connection refused",
        "i/o timeout",
        "timeout",
        "unreachable",
        "no route",
        "deadline exceeded",
        "eof",
    ]) {
        format!(
            "the registry {registry} could not be reached; check the image's name and the network of the server"
        )
    } else {
        format!("{image} could not be fetched from {registry}")
    };
    let said: Vec<&str> = message.split_whitespace().collect();
    let said: String = said.join(" ").chars().take(160).collect();
    format!("{what} (it said: {})", said.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-SRC-03, NFR-U2: an image that takes too long to arrive is no build that takes too long, and a wish to cancel is no failure.
    #[test]
    fn an_image_that_is_late_is_named() {
        let image = ImageReference::parse("ghcr.io/shop/web:1").unwrap();
        let late = said(&image, DockerError::BuildDeadline(1800)).to_string();
        assert!(
            late.contains("ghcr.io/shop/web:1") && late.contains("1800 s") && !late.contains("build"),
            "{late}"
        );
        assert!(matches!(
            said(&image, DockerError::Cancelled),
            StepError::Cancelled
        ));
    }

    /// FR-SRC-03, NFR-U2: what registries answer becomes a sentence that names the image or the registry, and what to do.
    #[test]
    fn registries_are_understood() {
        let image = ImageReference::parse("ghcr.io/shop/web:1").unwrap();
        for (message, word) in [
            (
                "toomanyrequests: You have reached your pull rate limit",
                "no more images",
            ),
            (
                "Get \"https://ghcr.io/v2/\": unauthorized: authentication required",
                "without a sign-in",
            ),
            (
                "errors: denied: requested access to the resource is denied",
                "does not let this sign-in",
            ),
            (
                "manifest for ghcr.io/shop/web:1 not found: manifest unknown: manifest unknown",
                "has no image",
            ),
            (
                "no matching manifest for linux/arm64 in the manifest list entries",
                "architecture",
            ),
            (
                "Get \"https://ghcr.io/v2/\": x509: certificate signed by unknown authority",
                "cannot be trusted",
            ),
            (
                "Get \"https://ghcr.io/v2/\": dial tcp: lookup ghcr.io: no such host",
                "could not be reached",
            ),
            (
                "dial tcp 127.0.0.1:1: connect: connection refused",
                "could not be reached",
            ),
            ("something else", "could not be fetched"),
        ] {
            let said = sentence(&image, message);
            assert!(
                said.contains(word) && said.contains("ghcr.io") && said.contains(message),
                "{said}"
            );
        }
    }
}
