//! The tab with all deployments.

use yew::prelude::*;

use super::AppProps;
use super::deployment_table::DeploymentTable;
use crate::components::card::Card;
use crate::components::remote::{Empty, face};

#[function_component]
pub fn Deployments(props: &AppProps) -> Html {
    let serving = props.app.serving.as_ref().map(|serving| serving.id);
    face(&props.deployments, "the right to read deployments", |all| {
        if all.is_empty() {
            return html! {
                <Empty title="Never deployed" text="Deploy builds the source and starts it; each deployment is listed here."/>
            };
        }
        html! { <Card><DeploymentTable deployments={all.clone()} {serving} stopped={props.app.stopped}/></Card> }
    })
}
