//! The question for a password or a key file's passphrase.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::button::{Button, Look};
use super::field::{Field, Kind, into_state};
use super::modal::Dialog;

#[derive(PartialEq, Properties)]
pub struct SecretProps {
    pub title: AttrValue,
    pub label: AttrValue,
    /// Why it is asked again.
    pub refused: Option<AttrValue>,
    pub busy: bool,
    /// The secret, and whether to keep it.
    pub answer: Callback<(String, bool)>,
    pub refuse: Callback<()>,
}

#[function_component]
pub fn SecretQuestion(props: &SecretProps) -> Html {
    let secret = use_state(String::new);
    let remember = use_state(|| false);
    let submit = {
        let (secret, remember, answer) = (secret.clone(), remember.clone(), props.answer.clone());
        Callback::from(move |()| {
            if !secret.is_empty() {
                answer.emit(((*secret).clone(), *remember));
            }
        })
    };
    let onchange = {
        let remember = remember.setter();
        Callback::from(move |event: Event| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                remember.set(input.checked());
            }
        })
    };
    let actions = html! {
        <>
            <Button label="Cancel" onclick={props.refuse.clone()} disabled={props.busy}/>
            <Button id="question-submit" offline=true label="Connect" look={Look::Primary} submit=true busy={props.busy}
                disabled={secret.is_empty()}/>
        </>
    };
    html! {
        <Dialog id="password-question" title={props.title.clone()} onclose={props.refuse.clone()} onsubmit={submit} {actions}>
            <Field id="question-secret" label={props.label.clone()} kind={Kind::Secret} value={(*secret).clone()}
                onchange={into_state(&secret)} error={props.refused.clone()} autofocus=true/>
            <label class="check">
                <input type="checkbox" data-testid="question-remember" checked={*remember} {onchange}/>
                <span>{ "Keep it in this computer's keychain" }</span>
            </label>
        </Dialog>
    }
}
