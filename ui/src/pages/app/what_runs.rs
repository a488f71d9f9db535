//! The card “What runs”: source, commit, image, health check, domains.

use std::rc::Rc;

use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::DeploymentView;
use slipway_protocol::desktop::{OpenUrl, command};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::components::card::Card;
use crate::components::copy::Digest;
use crate::components::facts::{Fact, Facts};
use crate::components::time::Ago;
use crate::shell;
use crate::text;

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
                if let Some(serving) = &app.serving { { release(serving) } } else {
                    <Fact name="Release"><span class="faint">{ "none yet" }</span></Fact>
                }
                <Fact name="Source"><code class="wrap">{ settings.source.to_string() }</code></Fact>
                if let Some(folder) = settings.source.folder() {
                    <Fact name="Built from"><code>{ settings.build.to_string() }</code>{ " in " }<code>{ folder.as_str() }</code></Fact>
                }
                <Fact name="Tasks">{ format!("{} of {}", app.observed_tasks, app.wanted_tasks) }</Fact>
                <Fact name="Health check">{ settings.health.in_words(settings.port) }</Fact>
                <Fact name="Domains">{ domains(app) }</Fact>
            </Facts>
        </Card>
    }
}

fn release(serving: &DeploymentView) -> Html {
    html! {
        <>
            <Fact name="Release">
                { format!("deployment {}, ", serving.number) }<Ago at={serving.ended_at.unwrap_or(serving.created_at)}/>
            </Fact>
            if let Some(commit) = &serving.commit {
                <Fact name="Commit">
                    <code title={commit.hash.clone()}>{ text::short_commit(&commit.hash) }</code>{ " " }{ &commit.message }
                    <span class="faint">{ format!(" by {}", commit.author) }</span>
                </Fact>
            }
            if let Some(image) = &serving.image { <Fact name="Image"><Digest value={image.clone()}/></Fact> }
        </>
    }
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
