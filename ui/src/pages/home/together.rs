//! The question before several applications are deployed or restarted: which, what follows, and how each was answered.

use slipway_protocol::api::RequestDeployment;
use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::Trigger;
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::modal::Dialog;
use crate::components::pill::Tag;
use crate::pages::app::plan::meaning;
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;
use crate::text;

#[derive(PartialEq, Properties)]
pub struct TogetherProps {
    pub trigger: Trigger,
    pub apps: Vec<ApplicationView>,
    pub close: Callback<()>,
}

#[function_component]
pub fn TogetherDialog(props: &TogetherProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    // The applications that were refused, each with why, once all were asked for.
    let refused = use_state(Vec::<(String, String)>::new);
    let asked = use_state_eq(|| false);
    let verb = match props.trigger {
        Trigger::Restart => "Restart",
        _ => "Deploy",
    };
    let onsubmit = {
        let (task, cluster, trigger, apps) = (
            task.clone(),
            context.id(),
            props.trigger.clone(),
            props.apps.clone(),
        );
        let (refused, asked, close, context) = (
            refused.setter(),
            asked.setter(),
            props.close.clone(),
            context.clone(),
        );
        Callback::from(move |()| {
            let (apps, trigger, close) = (apps.clone(), trigger.clone(), close.clone());
            let (refused, asked, context) = (refused.clone(), asked.clone(), context.clone());
            task.run(async move {
                let mut failures = Vec::new();
                for app in &apps {
                    let request = RequestDeployment {
                        application: app.id,
                        revision: None,
                        body: trigger.clone(),
                    };
                    if let Err(failure) = shell::api(cluster, request).await {
                        failures.push((app.name.to_string(), failure.sentence));
                    }
                }
                context.reload();
                if failures.is_empty() {
                    close.emit(());
                } else {
                    refused.set(failures);
                    asked.set(true);
                }
                Ok(())
            });
        })
    };
    let actions = if *asked {
        html! { <Button id="together-close" label="Close" onclick={props.close.clone()}/> }
    } else {
        html! {
            <>
                <Button label="Cancel" onclick={props.close.clone()} disabled={task.busy()}/>
                <Button id="together-confirm" label={verb} look={Look::Primary} submit=true busy={task.busy()} autofocus=true/>
            </>
        }
    };
    let title = format!(
        "{verb} {}",
        text::count(props.apps.len(), "application", "applications")
    );
    html! {
        <Dialog id="together" {title} onclose={props.close.clone()} onsubmit={(!*asked).then_some(onsubmit)} stays={task.busy()} {actions}>
            <p class="ask-of">
                <span>{ format!("On {}", context.cluster.name) }</span>
                <Tag tag={context.cluster.tag.clone().map(AttrValue::from)}/>
            </p>
            <p class="will-happen">{ meaning(&props.trigger) }</p>
            <ul class="together-list">{ for props.apps.iter().map(|app| line(app, &refused)) }</ul>
            if *asked {
                <p class="field-error" role="alert">
                    { format!("{} of {} could not be asked for; the others are under way.", refused.len(), props.apps.len()) }
                </p>
            }
        </Dialog>
    }
}

fn line(app: &ApplicationView, refused: &[(String, String)]) -> Html {
    let name = app.name.to_string();
    let why = refused.iter().find(|(of, _)| *of == name).map(|(_, why)| why);
    html! {
        <li key={app.id.to_string()}>
            <strong>{ name }</strong>
            if let Some(why) = why { <span class="tone-text bad">{ ": " }{ why }</span> }
        </li>
    }
}
