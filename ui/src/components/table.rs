//! Tables whose rows can be walked with the arrows and opened with Enter.

use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub struct TableProps {
    pub head: Html,
    pub children: Html,
    #[prop_or_default]
    pub class: Classes,
}

#[function_component]
pub fn Table(props: &TableProps) -> Html {
    html! {
        <table class={classes!("table", "pf-v6-c-table", "pf-m-grid-md", props.class.clone())}>
            <thead><tr>{ props.head.clone() }</tr></thead>
            <tbody>{ props.children.clone() }</tbody>
        </table>
    }
}

#[derive(PartialEq, Properties)]
pub struct RowProps {
    /// The `data-testid`.
    pub id: AttrValue,
    /// What a click or Enter opens.
    #[prop_or_default]
    pub onopen: Option<Callback<()>>,
    #[prop_or_default]
    pub class: Classes,
    pub children: Html,
}

#[function_component]
pub fn Row(props: &RowProps) -> Html {
    let node = use_node_ref();
    let onclick = props
        .onopen
        .clone()
        .map(|open| Callback::from(move |_: MouseEvent| open.emit(())));
    let onkeydown = {
        let (node, open) = (node.clone(), props.onopen.clone());
        Callback::from(move |event: KeyboardEvent| {
            let Some(row) = node.cast::<HtmlElement>() else {
                return;
            };
            // Keys in a row's own buttons are theirs.
            let own = event.target().is_some_and(|target| target == *row.as_ref());
            if own && acted(&row, &event.key(), open.as_ref()) {
                event.prevent_default();
            }
        })
    };
    let class = classes!(
        "row",
        props.onopen.is_some().then_some("openable"),
        props.class.clone()
    );
    html! {
        <tr ref={node} {class} tabindex="0" data-testid={props.id.clone()} {onclick} {onkeydown}>{ props.children.clone() }</tr>
    }
}

/// Does what a key means in a row; says whether it means anything.
fn acted(row: &HtmlElement, key: &str, open: Option<&Callback<()>>) -> bool {
    let neighbour = match key {
        "ArrowDown" => row.next_element_sibling(),
        "ArrowUp" => row.previous_element_sibling(),
        "Enter" => {
            if let Some(open) = open {
                open.emit(());
            }
            return open.is_some();
        }
        _ => return false,
    };
    if let Some(next) = neighbour.and_then(|next| next.dyn_into::<HtmlElement>().ok()) {
        // A row with a tabindex takes the focus.
        let _ = next.focus();
    }
    true
}
