//! What went wrong, in one sentence, with what can be done and the details to copy.

use gloo_timers::future::TimeoutFuture;
use patternfly_yew::prelude::{Alert, AlertType};
use slipway_protocol::desktop::{Failure, FailureKind};
use wasm_bindgen_futures::spawn_local;
use web_sys::Element;
use yew::prelude::*;

use super::copy::CopyButton;

#[derive(PartialEq, Properties)]
pub struct FormErrorProps {
    pub failure: Option<Failure>,
}

/// A form's failure. A changed host key is no ordinary one: there is no way on from it.
#[function_component]
pub fn FormError(props: &FormErrorProps) -> Html {
    let node = use_node_ref();
    {
        // A failure that nobody sees is none.
        let node = node.clone();
        use_effect_with(props.failure.clone(), move |_| {
            spawn_local(async move {
                // The panel's inner parts are rendered after this.
                TimeoutFuture::new(20).await;
                if let Some(element) = node.cast::<Element>() {
                    element.scroll_into_view_with_bool(false);
                }
            });
        });
    }
    let Some(failure) = &props.failure else {
        return html! {};
    };
    if failure.kind == FailureKind::HostKeyChanged {
        return html! { <div ref={node}><HostKeyChanged failure={failure.clone()}/></div> };
    }
    // The sentence stands alone in its element, so that it is read out as one.
    html! {
        <div class="form-error" ref={node} role="alert">
            <p data-testid="form-error">{ &failure.sentence }</p>
            { details(failure) }
        </div>
    }
}

/// The request's id, to look for in the agent's log.
pub fn details(failure: &Failure) -> Html {
    let Some(id) = failure.request_id.clone() else {
        return html! {};
    };
    let whole = format!("{} (request {id}, {:?})", failure.sentence, failure.kind);
    html! {
        <span class="details">
            { "Request " }<code>{ id }</code>
            <CopyButton label="Copy details" text={Callback::from(move |()| whole.clone())}/>
        </span>
    }
}

#[derive(PartialEq, Properties)]
pub struct ChangedProps {
    pub failure: Failure,
}

#[function_component]
pub fn HostKeyChanged(props: &ChangedProps) -> Html {
    html! {
        <div class="host-key-changed" data-testid="host-key-changed" role="alert">
            <Alert inline=true r#type={AlertType::Danger} title="The server's host key has changed">
                <p>{ &props.failure.sentence }</p>
                <p>{ "Slipway does not connect: somebody may be between you and the server. If the server was installed again, \
                      ask who runs it for the new fingerprint, remove the old entry from the known hosts, and connect anew." }</p>
            </Alert>
        </div>
    }
}

#[derive(PartialEq, Properties)]
pub struct PanelProps {
    #[prop_or_default]
    pub id: Option<AttrValue>,
    pub title: AttrValue,
    pub text: AttrValue,
}

/// A red panel with a title and the reason.
#[function_component]
pub fn FailurePanel(props: &PanelProps) -> Html {
    html! {
        <div class="failure-panel" data-testid={props.id.clone()} role="alert">
            <Alert inline=true r#type={AlertType::Danger} title={props.title.to_string()}>
                <p class="pre">{ &props.text }</p>
            </Alert>
        </div>
    }
}
