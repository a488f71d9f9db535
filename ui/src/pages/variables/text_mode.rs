//! The variables as a text, as in `.env` files. What would change is shown before it is saved.

use slipway_protocol::api::ImportVariables;
use slipway_protocol::configuration::{Changes, ImportVariables as VariablesText};
use slipway_protocol::variable::VariableView;
use slipway_protocol::{Scope, Secret, dotenv};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::check::Check;
use crate::components::failure::FormError;
use crate::components::field::Area;
use crate::rights::FOR_DEVELOPERS;
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;
use crate::state::typed::Typed;

#[derive(PartialEq, Properties)]
pub struct TextProps {
    pub scope: Scope,
    pub all: Vec<VariableView>,
    pub typed: Typed<String>,
    pub may: bool,
    pub onsaved: Callback<()>,
}

/// A text, whether it removes what it does not name, and whether new ones are secret.
type Asked = (String, bool, bool);

/// The text of what is there: a secret stands as its key alone, which leaves its value as it is.
fn written(all: &[VariableView]) -> String {
    dotenv::format(
        all.iter()
            .map(|one| (&one.key, one.value.as_deref().filter(|_| !one.secret))),
    )
}

#[function_component]
pub fn TextMode(props: &TextProps) -> Html {
    let cluster = use_cluster().id();
    let scope = props.scope;
    let typed = &props.typed;
    {
        let typed = typed.clone();
        use_effect_with(written(&props.all), move |text| typed.follow(text.clone()));
    }
    let replace = use_state_eq(|| true);
    let secret = use_state_eq(|| true);
    // What a text would change, with that text and how it was to be taken; another one makes it void.
    let previewed = use_state(|| None::<(Asked, Changes)>);
    let asked: Asked = (typed.get().clone(), *replace, *secret);
    let shown = previewed.as_ref().filter(|(of, _)| *of == asked);
    let shown = shown.map(|(_, changes)| changes);
    let task = use_task();
    let error = dotenv::parse(typed.get())
        .err()
        .map(|error| AttrValue::from(format!("{error}.")));
    let ready = props.may && error.is_none();
    let send = {
        let (typed, previewed, task, onsaved) = (
            typed.clone(),
            previewed.setter(),
            task.clone(),
            props.onsaved.clone(),
        );
        let told = shown.cloned();
        Callback::from(move |preview: bool| {
            let asked = asked.clone();
            let (text, replace, secret) = asked.clone();
            let body = VariablesText {
                text: Secret::new(text.clone()),
                replace,
                preview,
                secret,
                previewed: told.clone().filter(|_| !preview),
            };
            let (previewed, onsaved, typed) = (previewed.clone(), onsaved.clone(), typed.clone());
            task.run(async move {
                let changes = shell::api(cluster, ImportVariables { scope, body }).await?;
                if preview {
                    previewed.set(Some((asked, changes)));
                } else {
                    typed.stored(text.clone(), text);
                    onsaved.emit(());
                }
                Ok(())
            });
        })
    };
    let onchange = typed.changing(|now, text: String| *now = text);
    let tick = |state: &UseStateHandle<bool>| {
        let state = state.setter();
        Callback::from(move |on| state.set(on))
    };
    let hint = (!props.may).then_some(AttrValue::Static(FOR_DEVELOPERS));
    html! {
        <Card class="as-text">
            <div class="form">
                <Area id="variables-area" label="KEY=value, one on each line" value={typed.get().clone()} {onchange} {error}
                    hint="A key alone keeps the value that it has: that is how secrets stand here. # begins a comment." rows=14/>
                <div class="form-checks">
                    <Check id="variables-replace" label="Remove what the text does not name" checked={*replace} onchange={tick(&replace)}/>
                    <Check id="variables-secret" label="New ones are secret" checked={*secret} onchange={tick(&secret)}/>
                </div>
                if let Some(changes) = shown { { difference(changes) } }
                <FormError failure={task.failure()}/>
                <div class="form-actions">
                    <Button id="variables-preview" label="Show what changes" acts=true busy={task.busy() && shown.is_none()} disabled={!ready}
                        hint={hint.clone()} onclick={send.reform(|()| true)}/>
                    if shown.is_some_and(|changes| !changes.is_empty()) {
                        <Button id="variables-save" label="Save these changes" look={Look::Primary} busy={task.busy()} disabled={!ready} {hint}
                            onclick={send.reform(|()| false)}/>
                    }
                </div>
            </div>
        </Card>
    }
}

fn difference(changes: &Changes) -> Html {
    if changes.is_empty() {
        return html! { <p class="field-hint" role="status" data-testid="variables-difference">{ "Nothing would change." }</p> };
    }
    let lines = |names: &[String], sign: &'static str, class: &'static str| {
        let line = |name: &String| html! { <li class={class}><code>{ format!("{sign} {name}") }</code></li> };
        names.iter().map(line).collect::<Vec<Html>>()
    };
    html! {
        <ul class="difference" role="status" aria-label="What would change" data-testid="variables-difference">
            { for lines(&changes.added, "+", "added") }
            { for lines(&changes.changed, "~", "changed") }
            { for lines(&changes.removed, "−", "removed") }
        </ul>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use slipway_protocol::VariableKey;

    /// FR-CFG-02, FR-CFG-03: the text of what is there changes nothing when it is read again; secrets are keys alone.
    #[test]
    fn secrets_stand_as_keys_alone() {
        let view = |key: &str, secret: bool, value: Option<&str>| VariableView {
            key: VariableKey::parse(key).unwrap(),
            length: 3,
            secret,
            as_file: false,
            value: value.map(str::to_owned),
            updated_at: DateTime::UNIX_EPOCH,
        };
        let text = written(&[
            view("A", false, Some("two words")),
            view("B", true, None),
            view("C", true, Some("seen")),
        ]);
        assert_eq!(text, "A='two words'\nB\nC\n");
        let values: Vec<bool> = dotenv::parse(&text)
            .unwrap()
            .iter()
            .map(|entry| entry.value.is_some())
            .collect();
        assert_eq!(values, [true, false, false]);
    }
}
