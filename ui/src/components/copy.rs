//! A button that copies a text and says for a moment that it has, and digests shortened beside it.

use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::button::{Button, Look};
use super::icon::Icon;
use crate::{browser, text};

/// So long the check mark stays.
const SHOWN_MS: u32 = 1_500;

#[derive(PartialEq, Properties)]
pub struct CopyProps {
    #[prop_or_default]
    pub id: Option<AttrValue>,
    #[prop_or(AttrValue::Static("Copy"))]
    pub label: AttrValue,
    /// Makes the text when it is wanted.
    pub text: Callback<(), String>,
    #[prop_or(true)]
    pub icon_only: bool,
}

#[function_component]
pub fn CopyButton(props: &CopyProps) -> Html {
    let copied = use_state_eq(|| None::<bool>);
    let onclick = {
        let (make, copied) = (props.text.clone(), copied.setter());
        Callback::from(move |()| {
            let (text, copied) = (make.emit(()), copied.clone());
            spawn_local(async move {
                let done = browser::copy(&text).await;
                copied.set(Some(done));
                TimeoutFuture::new(SHOWN_MS).await;
                copied.set(None);
            });
        })
    };
    let (icon, label) = match *copied {
        Some(true) => (Icon::Check, AttrValue::Static("Copied")),
        Some(false) => (
            Icon::Warning,
            AttrValue::Static("It could not be copied; mark the text and copy it by the keyboard"),
        ),
        None => (Icon::Copy, props.label.clone()),
    };
    let look = if props.icon_only {
        Look::Plain
    } else {
        Look::Secondary
    };
    html! { <Button id={props.id.clone()} {label} {icon} icon_only={props.icon_only} {look} {onclick}/> }
}

#[derive(PartialEq, Properties)]
pub struct DigestProps {
    pub value: AttrValue,
}

/// `sha256:0bb29…68fc` with the whole on hover and by the button.
#[function_component]
pub fn Digest(props: &DigestProps) -> Html {
    let whole = props.value.to_string();
    let make = Callback::from(move |()| whole.clone());
    html! {
        <span class="digest">
            <code title={props.value.clone()}>{ text::short_digest(&props.value) }</code>
            <CopyButton text={make}/>
        </span>
    }
}
