//! `slipway image`.

use slipway_protocol::api::{GetBuild, ListDeployments};
use slipway_protocol::build::{BuildStep, BuildView};
use slipway_protocol::deployment::{DeploymentView, Step};
use slipway_protocol::history::together;
use slipway_protocol::{count, size};

use super::history::numbered;
use crate::context::Context;
use crate::error::CliError;
use crate::here::HERE;
use crate::output;

#[derive(clap::Args)]
pub struct Arguments {
    #[arg(default_value = HERE)]
    app: String,
    /// The deployment's number; without it, the one that serves, or else the newest.
    number: Option<u32>,
}

pub async fn run(context: &Context, arguments: Arguments) -> Result<(), CliError> {
    let (connection, view) = context.application(&arguments.app).await?;
    let newest = connection.send(ListDeployments::of(view.id)).await?;
    let serving = view.serving.as_ref().map(|serving| serving.number);
    let deployment = match arguments.number.or(serving) {
        Some(number) => numbered(&connection, view.id, number).await?,
        None => newest
            .first()
            .cloned()
            .ok_or_else(|| CliError::Failed("It was never deployed.".to_owned()))?,
    };
    // What has made the image of an old one is older still.
    let before = ListDeployments::before(view.id, deployment.number.saturating_add(1));
    let deployments = together(&newest, &connection.send(before).await?);
    // One that takes an image again has built none.
    let made_it = |one: &&DeploymentView| {
        let builds = one.steps.iter().any(|step| step.step == Step::Build);
        builds && one.image.is_some() && one.image == deployment.image
    };
    let maker = deployments.iter().rev().find(made_it).unwrap_or(&deployment);
    let build = connection.send(GetBuild { deployment: maker.id }).await?;
    if context.json {
        return output::json(&build);
    }
    match build {
        Some(build) => print(&build),
        None => output::line(&format!(
            "Deployment {} has built no image, or none yet.",
            deployment.number
        )),
    }
    Ok(())
}

fn print(build: &BuildView) {
    let fact = |name: &str, value: &str| output::line(&format!("{name:<9} {}", output::plain(value)));
    fact("tag", &build.tag);
    fact("digest", &build.digest);
    fact("size", &size::in_words(build.size));
    fact("took", &build.milliseconds.map_or_else(|| "-".to_owned(), took));
    if let Some(builder) = build.builder {
        fact("built by", builder.as_str());
    }
    let rows: Vec<_> = build.steps.iter().map(row).collect();
    output::line("");
    output::table(
        &["step", "took", "cached", "added"],
        &rows,
        "The agent ended while it was made; what each step took is in the log alone.",
    );
    if build.more_steps > 0 {
        let more = count::in_words(build.more_steps as usize, "more step", "more steps");
        output::line(&format!("… and {more}, in the log"));
    }
}

fn row(step: &BuildStep) -> Vec<String> {
    vec![
        step.name.clone(),
        took(step.milliseconds),
        if step.cached { "yes" } else { "no" }.to_owned(),
        step.added.map_or_else(|| "-".to_owned(), size::in_words),
    ]
}

fn took(milliseconds: u64) -> String {
    output::duration(i64::try_from(milliseconds).unwrap_or(i64::MAX))
}
