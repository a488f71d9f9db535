//! A dialog over the page. Escape closes it; a click beside it does not, so that nothing typed is lost.

use patternfly_yew::prelude::{Modal, ModalVariant};
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct DialogProps {
    /// The `data-testid`.
    pub id: AttrValue,
    pub title: AttrValue,
    pub onclose: Callback<()>,
    pub children: Html,
    /// Its buttons, the main one last.
    pub actions: Html,
    /// What Enter does.
    #[prop_or_default]
    pub onsubmit: Option<Callback<()>>,
}

#[function_component]
pub fn Dialog(props: &DialogProps) -> Html {
    let submitted = props.onsubmit.clone().unwrap_or_default();
    let onsubmit = submitted.reform(|event: SubmitEvent| event.prevent_default());
    html! {
        <div class="backdrop pf-v6-c-backdrop" data-testid={props.id.clone()}>
            <Modal title={props.title.to_string()} variant={ModalVariant::Small} onclose={props.onclose.clone()}
                show_close=false disable_close_click_outside=true>
                <form class="dialog" {onsubmit}>
                    <div class="dialog-body">{ props.children.clone() }</div>
                    <div class="dialog-actions">{ props.actions.clone() }</div>
                </form>
            </Modal>
        </div>
    }
}
