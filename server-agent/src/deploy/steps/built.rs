//! What a build puts out: the image for the steps that follow, and how it came to be for whoever reads.

use std::time::Duration;

use serde_json::{Value, json};
use slipway_protocol::Told;
use slipway_protocol::build::{BuildView, BuiltBy};
use slipway_protocol::settings::{Build, ExternalBuilder};

use super::Context;
use crate::builders::Work;
use crate::docker::Built;

/// An image that was built in an earlier life of the agent: how is not known any more.
pub fn before(image: String, size: u64) -> Built {
    Built {
        image,
        size,
        steps: Vec::new(),
        more_steps: 0,
    }
}

/// `took` and `builder` are not known where the agent ended while it was built.
pub fn output(
    context: &Context<'_>,
    built: Built,
    took: Option<Duration>,
    builder: Option<BuiltBy>,
) -> Value {
    let view = BuildView {
        tag: context.plan.image_tag.clone(),
        digest: built.image,
        size: built.size,
        milliseconds: took.map(in_milliseconds),
        builder: builder.map(Told::Known),
        steps: built.steps,
        more_steps: built.more_steps,
    };
    json!({ "image": view.digest, "build": view })
}

/// Who does the work that the settings lead to.
pub fn by(build: &Build, work: &Work) -> BuiltBy {
    match (build, work) {
        (_, Work::Program(external)) => match external.builder {
            ExternalBuilder::Nixpacks => BuiltBy::Nixpacks,
            ExternalBuilder::Railpack => BuiltBy::Railpack,
            ExternalBuilder::Buildpacks => BuiltBy::Buildpacks,
        },
        (Build::Static(_), Work::BuildKit(_)) => BuiltBy::StaticSite,
        (Build::Automatic(_) | Build::Dockerfile(_) | Build::External(_), Work::BuildKit(recipe)) => {
            if recipe.text().is_some() {
                BuiltBy::Detection
            } else {
                BuiltBy::Dockerfile
            }
        }
    }
}

pub fn in_milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
