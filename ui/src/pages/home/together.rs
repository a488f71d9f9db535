//! The question before several applications are deployed or restarted: which, what follows, and how each was answered.

use slipway_protocol::ApplicationId;
use slipway_protocol::api::RequestDeployment;
use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::Trigger;
use yew::prelude::*;

use super::answers::Answers;
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
    let answers = use_state_eq(Answers::default);
    // It was asked for, and not all are under way.
    let asked = use_state_eq(|| false);
    let verb = match props.trigger {
        Trigger::Restart => "Restart",
        _ => "Deploy",
    };
    let onsubmit = {
        let (task, answers, asked) = (task.clone(), answers.clone(), asked.setter());
        let (trigger, apps) = (props.trigger.clone(), props.apps.clone());
        let (close, context) = (props.close.clone(), context.clone());
        Callback::from(move |()| {
            let mut now = (*answers).clone();
            now.forget_the_rest();
            let (apps, trigger, close) = (apps.clone(), trigger.clone(), close.clone());
            let (asked, context, answers) = (asked.clone(), context.clone(), answers.setter());
            task.run(async move {
                let rest: Vec<ApplicationId> = apps
                    .iter()
                    .map(|app| app.id)
                    .filter(|id| !now.is_under_way(*id))
                    .collect();
                answers.set(now.clone());
                for application in rest {
                    let request = RequestDeployment {
                        application,
                        revision: None,
                        body: trigger.clone(),
                    };
                    let came = shell::api(context.id(), request).await;
                    let goes_on = now.take(application, came.as_ref().map(|_| ()));
                    answers.set(now.clone());
                    if !goes_on {
                        break;
                    }
                }
                context.reload();
                asked.set(true);
                if now.said(apps.len()).is_none() {
                    close.emit(());
                }
                Ok(())
            });
        })
    };
    let all = props.apps.len();
    let submit = |label: &'static str| {
        html! { <Button id="together-confirm" {label} look={Look::Primary} submit=true busy={task.busy()} autofocus=true/> }
    };
    let actions = if *asked {
        html! {
            <>
                <Button id="together-close" label="Close" onclick={props.close.clone()} disabled={task.busy()}/>
                { submit("Try the rest again") }
            </>
        }
    } else {
        html! {
            <>
                <Button label="Cancel" onclick={props.close.clone()} disabled={task.busy()}/>
                { submit(verb) }
            </>
        }
    };
    let said = if task.busy() {
        html! { <p class="secondary" role="status">{ format!("{} of {all}", answers.len()) }</p> }
    } else if let Some(said) = answers.said(all).filter(|_| *asked) {
        html! { <p class="field-error" role="alert" data-testid="together-said">{ said }</p> }
    } else {
        html! {}
    };
    let title = format!("{verb} {}", text::count(all, "application", "applications"));
    html! {
        <Dialog id="together" {title} onclose={props.close.clone()} {onsubmit} stays={task.busy()} {actions}>
            <p class="ask-of">
                <span>{ format!("On {}", context.cluster.name) }</span>
                <Tag tag={context.cluster.tag.clone().map(AttrValue::from)}/>
            </p>
            <p class="will-happen">{ meaning(&props.trigger) }</p>
            <ul class="together-list">{ for props.apps.iter().map(|app| line(app, &answers, *asked || task.busy())) }</ul>
            { said }
        </Dialog>
    }
}

fn line(app: &ApplicationView, answers: &Answers, asked: bool) -> Html {
    let (tone, word) = answers.word(app.id);
    html! {
        <li key={app.id.to_string()}>
            <strong>{ app.name.as_str() }</strong>
            if asked { { ": " }<span class={classes!("tone-text", tone.class())}>{ word }</span> }
        </li>
    }
}
