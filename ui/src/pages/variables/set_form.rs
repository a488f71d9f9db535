//! Setting one variable: a new one, or another value for one that is there.

use slipway_protocol::api::SetVariable;
use slipway_protocol::variable::{self, LARGEST_VALUE, VariableView};
use slipway_protocol::{Scope, Secret, VariableKey};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::check::Check;
use crate::components::failure::FormError;
use crate::components::field::{Area, Field, Kind, complaint};
use crate::line_ends;
use crate::rights::FOR_DEVELOPERS;
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;
use crate::state::typed::Typed;

/// What is typed.
#[derive(Clone, PartialEq)]
pub struct Draft {
    pub key: String,
    pub value: String,
    pub secret: bool,
    pub as_file: bool,
    /// There is a secret of this key, whose value is not shown.
    pub replaces_secret: bool,
    /// Its lines end as on Windows.
    pub windows: bool,
    /// The key of the variable that is to be changed, if it is one that is there.
    pub of: Option<VariableKey>,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            key: String::new(),
            value: String::new(),
            secret: true,
            as_file: false,
            replaces_secret: false,
            windows: false,
            of: None,
        }
    }
}

impl Draft {
    /// For another value of a variable; a secret one begins empty.
    pub fn of(view: &VariableView) -> Self {
        let (value, windows) = line_ends::for_a_field(view.value.as_deref().unwrap_or_default());
        Self {
            key: view.key.to_string(),
            value,
            windows,
            secret: view.secret,
            as_file: view.as_file,
            replaces_secret: view.secret,
            of: Some(view.key.clone()),
        }
    }

    /// What is typed, in words.
    pub fn named(&self) -> String {
        match self.key.trim() {
            "" => "the new variable".to_owned(),
            key => format!("what is typed for {key}"),
        }
    }

    /// Another variable than the one to be changed has this key: it would be replaced by somebody who has not looked at it.
    fn is_taken(&self, key: &VariableKey, all: &[VariableView]) -> bool {
        self.of.as_ref() != Some(key) && all.iter().any(|one| one.key == *key)
    }

    /// Nothing was typed in the place of a secret: what is there must not be lost by a press.
    fn lacks_value(&self) -> bool {
        self.replaces_secret && self.value.is_empty()
    }
}

#[derive(PartialEq, Properties)]
pub struct SetFormProps {
    pub scope: Scope,
    pub typed: Typed<Draft>,
    /// Those that are there, as far as is known.
    pub all: Vec<VariableView>,
    pub may: bool,
    pub onset: Callback<()>,
}

#[function_component]
pub fn SetForm(props: &SetFormProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let draft = props.typed.get();
    let parsed = VariableKey::parse(draft.key.trim());
    let taken = parsed.as_ref().is_ok_and(|key| draft.is_taken(key, &props.all));
    let key_error = if taken {
        Some(AttrValue::Static(
            "There is a variable of this name: change it where it stands.",
        ))
    } else {
        complaint(draft.key.trim(), false, parsed.clone())
    };
    let too_long = draft.value.len() > LARGEST_VALUE;
    let ready = props.may && parsed.is_ok() && !taken && !too_long && !draft.lacks_value();
    let value_error = too_long.then_some(AttrValue::Static("A value has at most 64 KiB."));
    let onsubmit = {
        let (scope, onset, task, typed) = (
            props.scope,
            props.onset.clone(),
            task.clone(),
            props.typed.clone(),
        );
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(key) = parsed.clone().ok().filter(|_| ready) else {
                return;
            };
            let sent = typed.get().clone();
            let body = variable::SetVariable {
                secret: Some(sent.secret),
                as_file: Some(sent.as_file),
                ..variable::SetVariable::new(
                    key,
                    Secret::new(line_ends::from_a_field(&sent.value, sent.windows)),
                )
            };
            let (cluster, onset, typed) = (context.id(), onset.clone(), typed.clone());
            task.run(async move {
                shell::api(cluster, SetVariable { scope, body }).await?;
                typed.stored(sent, Draft::default());
                onset.emit(());
                Ok(())
            });
        })
    };
    let hint = (!props.may).then_some(AttrValue::Static(FOR_DEVELOPERS));
    html! {
        <Card>
            <form class="form" {onsubmit}>
                <div class="form-row with-button">
                    <Field id="variable-key" label="Key" value={draft.key.clone()} onchange={props.typed.changing(|draft, text| draft.key = text)}
                        error={key_error} mono=true disabled={!props.may}/>
                    { value(&props.typed, value_error, props.may) }
                    <Button id="variable-set" label="Set" look={Look::Primary} submit=true busy={task.busy()} disabled={!ready} {hint}/>
                </div>
                <div class="form-checks">
                    <Check id="variable-secret" label="Secret: shown only to admins and owners" checked={draft.secret}
                        onchange={props.typed.changing(|draft, on| draft.secret = on)} disabled={!props.may}/>
                    <Check id="variable-as-file" label="As the file /run/secrets/KEY, not in the environment" checked={draft.as_file}
                        onchange={props.typed.changing(|draft, on| draft.as_file = on)} disabled={!props.may}/>
                </div>
                <FormError failure={task.failure()}/>
                if let Some(key) = &draft.of {
                    <div class="form-actions">
                        <Button id="variable-close" label={format!("Leave {key} as it is")} onclick={props.typed.offer().reform(|()| Draft::default())}/>
                    </div>
                }
            </form>
        </Card>
    }
}

fn value(typed: &Typed<Draft>, error: Option<AttrValue>, may: bool) -> Html {
    let draft = typed.get();
    let onchange = typed.changing(|draft: &mut Draft, text| draft.value = text);
    let (kind, rows) = if draft.secret {
        (Kind::Secret, 1 + u32::from(draft.value.contains('\n')))
    } else {
        (Kind::Text, 4)
    };
    let hint = draft.lacks_value().then_some(AttrValue::Static(
        "Type its new value; the one that is there is not shown.",
    ));
    html! {
        <Area id="variable-value" label="Value" value={draft.value.clone()} {onchange} {error} {hint} {kind} {rows} disabled={!may}
            autofocus={draft.of.is_some()}/>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CFG-01: a variable that is there is changed by who has opened it, not by typing its name anew.
    #[test]
    fn nothing_is_replaced_unseen() {
        let key = |text: &str| VariableKey::parse(text).unwrap();
        let view = |name: &str| VariableView {
            key: key(name),
            value: None,
            length: 3,
            secret: true,
            as_file: true,
            updated_at: chrono::DateTime::UNIX_EPOCH,
        };
        let all = [view("TOKEN"), view("OTHER")];
        assert!(Draft::default().is_taken(&key("TOKEN"), &all));
        assert!(!Draft::default().is_taken(&key("NEW"), &all));
        let change = Draft::of(&all[0]);
        assert!(!change.is_taken(&key("TOKEN"), &all) && change.is_taken(&key("OTHER"), &all));
    }

    /// FR-CFG-01: changing a secret needs its new value; a new one may be empty.
    #[test]
    fn a_secret_is_not_emptied_by_a_press() {
        assert!(!Draft::default().lacks_value());
        let mut change = Draft {
            replaces_secret: true,
            ..Draft::default()
        };
        assert!(change.lacks_value());
        change.value = "new".to_owned();
        assert!(!change.lacks_value());
    }
}
