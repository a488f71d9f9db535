//! The tab with all deployments.

use yew::prelude::*;

use super::AppProps;
use super::deployment_table::DeploymentTable;
use super::overview::first;
use crate::components::card::Card;
use crate::components::remote::{Empty, face};

#[function_component]
pub fn Deployments(props: &AppProps) -> Html {
    let serving = props.app.serving.as_ref().map(|serving| serving.id);
    face(&props.deployments, "the right to read deployments", |all| {
        if all.is_empty() {
            return html! {
                <Empty title="Never deployed" text={format!("{} Each deployment is listed here.", first(&props.app.settings.source))}/>
            };
        }
        html! { <Card><DeploymentTable deployments={all.clone()} {serving} stopped={props.app.stopped}/></Card> }
    })
}
