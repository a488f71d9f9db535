//! How the image was made: with what, how long each step took, and what it added.

use slipway_protocol::api::GetBuild;
use slipway_protocol::build::{BuildStep, BuildView};
use slipway_protocol::deployment::{DeploymentView, Step, StepStatus, StepView};
use yew::prelude::*;

use crate::components::card::Card;
use crate::components::copy::Digest;
use crate::components::facts::{Fact, Facts};
use crate::components::remote::face;
use crate::components::table::{Row, Table};
use crate::state::api::{Every, use_api};
use crate::state::cluster::use_cluster;
use crate::text;

/// The step that builds, of a deployment that does: one from an image fetches it, and others have no such step.
pub fn build_step(view: &DeploymentView) -> Option<&StepView> {
    let from_an_image = view.pinned.as_ref().is_some_and(|pinned| pinned.contains('@'));
    view.steps
        .iter()
        .find(|step| step.step == Step::Build && !from_an_image)
}

#[derive(PartialEq, Properties)]
pub struct BuildProps {
    pub view: DeploymentView,
    pub step: StepView,
}

#[function_component]
pub fn BuildCard(props: &BuildProps) -> Html {
    let context = use_cluster();
    let waiting = waiting(&props.step);
    let every = if waiting.is_some() {
        Every::Never
    } else {
        Every::Once
    };
    let deployment = props.view.id;
    let build = use_api(context.id(), GetBuild { deployment }, every);
    let note = build.get().and_then(Option::as_ref).map(summary);
    html! {
        <div data-testid="build">
            <Card title="Build" {note}>
                if let Some(waiting) = waiting {
                    <p class="card-empty">{ waiting }</p>
                } else {
                    { face(&build, "the right to read logs", |build| match build {
                        Some(build) => known(build),
                        None => html! { <p class="card-empty">{ "Nothing is known of how its image was made." }</p> },
                    }) }
                }
            </Card>
        </div>
    }
}

/// Why there is no image to tell of.
fn waiting(step: &StepView) -> Option<&'static str> {
    if step.failure.is_some() {
        return Some("No image was made.");
    }
    match step.status {
        StepStatus::Pending | StepStatus::Running => Some("The image is not made yet."),
        StepStatus::Done
        | StepStatus::Failed
        | StepStatus::Undoing
        | StepStatus::Undone
        | StepStatus::UndoFailed => None,
    }
}

fn summary(build: &BuildView) -> AttrValue {
    let took = build
        .milliseconds
        .map(|time| format!(" in {}", text::duration(time)));
    AttrValue::from(format!("{}{}", text::bytes(build.size), took.unwrap_or_default()))
}

fn known(build: &BuildView) -> Html {
    let head =
        html! { <><th>{ "Step" }</th><th class="right">{ "Time" }</th><th class="right">{ "Added" }</th></> };
    html! {
        <>
            <Facts>
                if let Some(builder) = build.builder { <Fact name="Builder">{ builder.as_str() }</Fact> }
                <Fact name="Tag"><code class="wrap">{ &build.tag }</code></Fact>
                <Fact name="Digest"><Digest value={build.digest.clone()}/></Fact>
            </Facts>
            if build.steps.is_empty() {
                <p class="card-empty">{ "The agent ended while it was made; what each step took is in the log alone." }</p>
            } else {
                <Table {head} class="tight">{ for build.steps.iter().enumerate().map(|(number, step)| row(number, step)) }</Table>
            }
            if build.more_steps > 0 {
                <p class="card-empty">{ format!("{} are in the log alone.", text::count(build.more_steps as usize, "more step", "more steps")) }</p>
            }
        </>
    }
}

fn row(number: usize, step: &BuildStep) -> Html {
    let time = if step.cached {
        "cached".to_owned()
    } else {
        text::duration(step.milliseconds)
    };
    let added = step.added.map_or_else(|| "–".to_owned(), text::bytes);
    let unknown = step
        .added
        .is_none()
        .then_some("None of its work is in the image by itself");
    html! {
        <Row key={number} id={format!("build-step-{number}")}>
            <td class="says"><code>{ &step.name }</code></td>
            <td class="right number">{ time }</td>
            <td class="right number" title={unknown}>{ added }</td>
        </Row>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(status: StepStatus, failure: Option<&str>) -> StepView {
        StepView {
            step: Step::Build.into(),
            status,
            started_at: None,
            ended_at: None,
            failure: failure.map(str::to_owned),
            explanation: None,
        }
    }

    /// FR-BLD-05: an image that is there is told of, also where the deployment failed afterwards; without one it is said why.
    #[test]
    fn an_image_is_told_of_once_it_is_there() {
        assert_eq!(waiting(&step(StepStatus::Done, None)), None);
        assert_eq!(waiting(&step(StepStatus::Undone, None)), None);
        assert!(waiting(&step(StepStatus::Running, None)).is_some());
        assert!(waiting(&step(StepStatus::Failed, Some("the build failed"))).is_some());
    }
}
