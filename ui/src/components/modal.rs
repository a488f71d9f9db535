//! A dialog over the page. Escape closes it; a click beside it does not, so that nothing typed is lost.
//!
//! It is the browser's own modal dialog: the page behind it can be neither clicked nor reached by Tab, and when it closes the focus
//! is where it was before.

use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlElement};
use yew::prelude::*;

use crate::browser::use_node_event;

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
    /// Escape does nothing: what was asked for is under way, or what is shown is shown this once.
    #[prop_or_default]
    pub stays: bool,
}

#[function_component]
pub fn Dialog(props: &DialogProps) -> Html {
    let node = use_node_ref();
    use_shown(node.clone());
    {
        let (onclose, stays) = (props.onclose.clone(), props.stays);
        // The key itself, before the browser makes a wish to close of it: Chromium (the webview on Windows) tells that to several dialogs at
        // once, where the upper one was opened without a press, and closes one that has refused it when it comes again.
        use_node_event(node.clone(), "keydown", move |event: KeyboardEvent| {
            // A menu inside has taken it, or what is being composed is given up.
            if event.key() != "Escape" || event.default_prevented() || event.is_composing() {
                return;
            }
            event.prevent_default();
            event.stop_propagation();
            if !stays {
                onclose.emit(());
            }
        });
    }
    {
        // Where the focus is nowhere, and on systems that have another way to wish it.
        let (onclose, stays) = (props.onclose.clone(), props.stays);
        use_node_event(node.clone(), "cancel", move |event: Event| {
            // What is shown is the page's state: it is closed by no longer being there.
            event.prevent_default();
            if !stays {
                onclose.emit(());
            }
        });
    }
    let submitted = props.onsubmit.clone().unwrap_or_default();
    let onsubmit = submitted.reform(|event: SubmitEvent| {
        event.prevent_default();
        // A form that the dialog was opened from is not sent with it.
        event.stop_propagation();
    });
    // Nor is anything around it meant that is clicked inside.
    let onclick = Callback::from(|event: MouseEvent| event.stop_propagation());
    let title = format!("{}-title", props.id);
    html! {
        <dialog ref={node} class="modal" data-testid={props.id.clone()} aria-labelledby={title.clone()} {onclick}>
            <h2 class="modal-title" id={title}>{ &props.title }</h2>
            <form class="dialog" {onsubmit}>
                <div class="dialog-body">{ props.children.clone() }</div>
                <div class="dialog-actions">{ props.actions.clone() }</div>
            </form>
        </dialog>
    }
}

/// Opens the dialog as long as the component lives. The focus goes to the control that wants it, else to the first.
#[hook]
fn use_shown(node: NodeRef) {
    use_effect_with((), move |()| {
        let dialog = node
            .get()
            .and_then(|node| node.dyn_into::<HtmlDialogElement>().ok());
        if let Some(dialog) = &dialog {
            // Only fails for one that is open already.
            let _ = dialog.show_modal();
            // Not by the attribute of the browser's own, which takes the focus of a whole page when it is next drawn.
            let wanted = dialog
                .query_selector("[data-autofocus]")
                .ok()
                .flatten()
                .or_else(|| {
                    // A row of what is shown asks for nothing; the first button does.
                    dialog.query_selector("tr:focus").ok().flatten()?;
                    dialog
                        .query_selector(".dialog-actions button:not(:disabled)")
                        .ok()
                        .flatten()
                });
            if let Some(control) = wanted.and_then(|control| control.dyn_into::<HtmlElement>().ok()) {
                let _ = control.focus();
            }
        }
        move || {
            if let Some(dialog) = dialog {
                dialog.close();
            }
        }
    });
}
