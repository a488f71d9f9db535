//! The card “What runs”: source, build, image, health check, limits, domains.

use std::rc::Rc;

use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::{DeploymentView, Step};
use slipway_protocol::desktop::{OpenUrl, command};
use slipway_protocol::settings::Source;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::built::Built;
use super::forwards::Forwards;
use super::tasks::limits;
use crate::components::card::Card;
use crate::components::copy::Digest;
use crate::components::facts::{Fact, Facts};
use crate::components::time::Ago;
use crate::shell;
use crate::text;
use crate::visible::visible;

#[derive(PartialEq, Properties)]
pub struct WhatRunsProps {
    pub app: Rc<ApplicationView>,
}

#[function_component]
pub fn WhatRuns(props: &WhatRunsProps) -> Html {
    let app = &props.app;
    let settings = &app.settings;
    html! {
        <Card title="What runs">
            <Facts>
                if let Some(serving) = &app.serving { { release(app, serving) } } else {
                    <Fact name="Release"><span class="faint">{ "none yet" }</span></Fact>
                    <Fact name="Source"><code class="wrap">{ settings.source.to_string() }</code></Fact>
                }
                <Fact name="Health check">{ visible(&settings.health.in_words(settings.port)).into_owned() }{ as_set(app) }</Fact>
                <Fact name="Limits">
                    { limits(&settings.container.resources).map_or_else(|| html! { <span class="faint">{ "none" }</span> }, |text| html! { { text } }) }
                    { as_set(app) }
                </Fact>
                <Fact name="Domains">{ domains(app) }</Fact>
                <Fact name="Port forwards" wide=true><Forwards app={app.clone()}/></Fact>
            </Facts>
        </Card>
    }
}

/// What is set may wait for a deployment: then it is not said to run.
fn as_set(app: &ApplicationView) -> Html {
    if !app.pending_changes || app.serving.is_none() {
        return html! {};
    }
    html! { <span class="faint" title="Changes wait for a deployment; the plan says which">{ ", as set" }</span> }
}

fn release(app: &ApplicationView, serving: &DeploymentView) -> Html {
    html! {
        <>
            <Fact name="Release">
                { format!("deployment {}, ", serving.number) }<Ago at={serving.ended_at.unwrap_or(serving.created_at)}/>
            </Fact>
            <Fact name="Source">
                <span class="wrap" title={app.settings.source.to_string()}>{ source(&app.settings.source) }</span>{ as_set(app) }
                if let Some(commit) = &serving.commit {
                    { " " }<code class="faint" title={format!("{} by {}", commit.message, commit.author)}>{ text::short_commit(&commit.hash) }</code>
                }
            </Fact>
            if app.settings.source.folder().is_some() { <Fact name="Build">{ build(app, serving) }{ as_set(app) }</Fact> }
            if let Some(image) = &serving.image { <Fact name="Image"><Digest value={image.clone()}/></Fact> }
            <Fact name="Strategy"><span title={format!("because {}", serving.way_because)}>{ serving.way.as_str() }</span></Fact>
        </>
    }
}

/// “git · main”; the address is on hover.
fn source(source: &Source) -> String {
    match source {
        Source::Git(git) => format!("git · {}", git.reference),
        Source::Image(image) => image.image.to_string(),
        Source::Upload(_) => "upload".to_owned(),
    }
}

/// Without a time where the release was not built for this deployment.
fn build(app: &ApplicationView, serving: &DeploymentView) -> Html {
    let built = serving.steps.iter().find(|step| step.step == Step::Build);
    let took = built.and_then(|step| Some(text::took(step.started_at?, step.ended_at?)));
    let deployment = serving.release_of.unwrap_or(serving.id);
    html! { <Built build={app.settings.build.clone()} {deployment} {took}/> }
}

fn domains(app: &ApplicationView) -> Html {
    if app.domains.is_empty() {
        return html! { <span class="faint">{ "none: nothing leads to it from outside" }</span> };
    }
    let link = |(index, domain): (usize, &slipway_protocol::domain::DomainView)| {
        let url = domain.url.clone();
        let onclick = Callback::from(move |event: MouseEvent| {
            event.prevent_default();
            let url = url.clone();
            // A browser that does not open is seen by the person.
            spawn_local(async move {
                let _ = shell::call::<_, ()>(command::OPEN_URL, &OpenUrl { url }).await;
            });
        });
        html! {
            <a class="url" href={domain.url.clone()} data-testid={(index == 0).then_some("app-url")} {onclick}>{ &domain.url }</a>
        }
    };
    html! { <>{ for app.domains.iter().enumerate().map(link) }</> }
}
