//! What the users get while a deployment runs, and what it was made from.

use std::rc::Rc;

use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::DeploymentView;
use yew::prelude::*;

use crate::components::card::Card;
use crate::components::copy::Digest;
use crate::components::facts::{Fact, Facts};
use crate::components::pill::{Pill, Tone, observed_words};
use crate::text;

#[derive(PartialEq, Properties)]
pub struct MeanwhileProps {
    pub app: Rc<ApplicationView>,
    pub view: DeploymentView,
}

#[function_component]
pub fn Meanwhile(props: &MeanwhileProps) -> Html {
    let MeanwhileProps { app, view } = props;
    let serving = match &app.serving {
        Some(serving) if serving.id == view.id => "this deployment".to_owned(),
        Some(serving) => format!("deployment {}", serving.number),
        None => "nothing yet".to_owned(),
    };
    html! {
        <Card title={if view.status.is_final() { "Now" } else { "Meanwhile" }}>
            <Facts>
                <Fact name="Serving">{ serving }</Fact>
                <Fact name="Tasks"><Pill tone={Tone::of_observed(app.observed)} text={observed_words(app)}/></Fact>
                <Fact name="Strategy"><span title={format!("because {}", view.way_because)}>{ view.way.as_str() }</span></Fact>
                if let Some(commit) = &view.commit {
                    <Fact name="Commit">
                        <code title={commit.hash.clone()}>{ text::short_commit(&commit.hash) }</code>{ " " }{ &commit.message }
                    </Fact>
                }
                if let Some(image) = &view.image { <Fact name="Image"><Digest value={image.clone()}/></Fact> }
                if let Some(domain) = app.domains.first() { <Fact name="Address"><span class="wrap">{ &domain.url }</span></Fact> }
            </Facts>
        </Card>
    }
}
