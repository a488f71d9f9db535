//! What went wrong, in one sentence, with what can be done and the details to copy.

use gloo_timers::future::TimeoutFuture;
use patternfly_yew::prelude::{Alert, AlertType};
use slipway_protocol::deployment::Explanation;
use slipway_protocol::desktop::{Failure, FailureKind};
use wasm_bindgen_futures::spawn_local;
use web_sys::Element;
use yew::prelude::*;

use super::copy::CopyButton;

#[derive(PartialEq, Properties)]
pub struct FormErrorProps {
    pub failure: Option<Failure>,
}

/// A form's failure. A host key that is not to be trusted is no ordinary one: there is no way on from it.
#[function_component]
pub fn FormError(props: &FormErrorProps) -> Html {
    let node = use_node_ref();
    {
        // A failure that nobody sees is none. The same again, which only the request's number tells apart, has been seen.
        let node = node.clone();
        let said = props
            .failure
            .as_ref()
            .map(|failure| (failure.kind, failure.sentence.clone()));
        use_effect_with(said, move |_| {
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
    if is_full_stop(failure) {
        return html! { <div ref={node}><HostKeyRefused failure={failure.clone()}/></div> };
    }
    // The sentence stands alone in its element, so that it is read out as one.
    html! {
        <div class="form-error" ref={node} role="alert">
            <p data-testid="form-error">{ &failure.sentence }</p>
            { details(failure) }
        </div>
    }
}

/// The request's id, to look for in the agent's log; short as in the audit log, whole on hover and by the button.
pub fn details(failure: &Failure) -> Html {
    let Some(id) = failure.request_id.clone() else {
        return html! {};
    };
    let whole = format!("{} (request {id}, {:?})", failure.sentence, failure.kind);
    let short: String = id.chars().take(8).collect();
    html! {
        <span class="details">
            { "Request " }<code title={id}>{ short }</code>
            <CopyButton label="Copy details" text={Callback::from(move |()| whole.clone())}/>
        </span>
    }
}

/// The server's key is not to be trusted: nothing leads on from here.
pub fn is_full_stop(failure: &Failure) -> bool {
    matches!(
        failure.kind,
        FailureKind::HostKeyChanged | FailureKind::HostKeyRevoked
    )
}

#[derive(PartialEq, Properties)]
pub struct RefusedProps {
    pub failure: Failure,
}

#[function_component]
pub fn HostKeyRefused(props: &RefusedProps) -> Html {
    let (title, then) = if props.failure.kind == FailureKind::HostKeyRevoked {
        (
            "The server's host key is revoked",
            "Slipway does not connect: somebody has said that this key is not to be trusted any more, as it may be in other hands. Leave the \
             entry where it is, and ask who runs the server for its new key.",
        )
    } else {
        (
            "The server's host key has changed",
            "Slipway does not connect: somebody may be between you and the server. If the server was installed again, ask who runs it for the \
             new fingerprint, forget the old key under “Host keys” in the settings of this app (one in OpenSSH's own file by “ssh-keygen -R”), \
             and connect anew.",
        )
    };
    html! {
        <div class="host-key-changed" data-testid="host-key-changed" role="alert">
            <Alert inline=true r#type={AlertType::Danger} {title}>
                <p>{ &props.failure.sentence }</p>
                <p>{ then }</p>
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
    /// The likely cause, where one is known.
    #[prop_or_default]
    pub explanation: Option<Explanation>,
}

/// A red panel with a title and the reason; then the likely cause, what to do, and quietly the cause's name.
#[function_component]
pub fn FailurePanel(props: &PanelProps) -> Html {
    html! {
        <div class="failure-panel" data-testid={props.id.clone()} role="alert">
            <Alert inline=true r#type={AlertType::Danger} title={props.title.to_string()}>
                <p class="pre">{ &props.text }</p>
                if let Some(Explanation { code, cause, remedy }) = &props.explanation {
                    <p class="pre" data-testid="likely-cause"><strong>{ "Likely cause: " }</strong>{ cause }</p>
                    <p class="pre" data-testid="what-to-do"><strong>{ "What to do: " }</strong>{ remedy }</p>
                    <p class="details"><code>{ code }</code></p>
                }
            </Alert>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn rendered(explanation: Option<Explanation>) -> String {
        let props = yew::props! {
            PanelProps { title: "It failed at gate", text: "it does not answer", explanation }
        };
        let render = || yew::LocalServerRenderer::<FailurePanel>::with_props(props).hydratable(false);
        tokio::task::LocalSet::new()
            .run_until(async { render().render().await })
            .await
    }

    /// FR-CON-04: a key that has changed and one that is revoked are told apart: nobody is led to take a mark of revocation away.
    #[tokio::test]
    async fn a_revoked_key_is_no_changed_one() {
        let page = |kind| async move {
            let failure = Failure::new(kind, "why");
            let props = yew::props! { RefusedProps { failure } };
            let render = yew::LocalServerRenderer::<HostKeyRefused>::with_props(props).hydratable(false);
            tokio::task::LocalSet::new().run_until(render.render()).await
        };
        let changed = page(FailureKind::HostKeyChanged).await;
        assert!(
            changed.contains("has changed") && changed.contains("connect anew"),
            "{changed}"
        );
        let revoked = page(FailureKind::HostKeyRevoked).await;
        assert!(
            revoked.contains("is revoked") && !revoked.contains("connect anew"),
            "{revoked}"
        );
    }

    /// FR-DEP-16: the panel shows the likely cause, what to do, and the cause's name, as text; without one it shows the reason alone.
    #[tokio::test]
    async fn the_likely_cause_is_shown() {
        let explanation = Explanation {
            code: "port-mismatch".to_owned(),
            cause: "It listens on <b>3000</b>.".to_owned(),
            remedy: "Set the port.".to_owned(),
        };
        let page = rendered(Some(explanation)).await;
        for part in [
            "it does not answer",
            "It listens on &lt;b&gt;3000&lt;/b&gt;.",
            "Set the port.",
            "<code>port-mismatch</code>",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert!(!rendered(None).await.contains("Likely cause"));
    }
}
