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
    /// The `<tbody>`.
    #[prop_or_default]
    pub body: NodeRef,
    /// How many rows there are, where not all of them are in the page.
    #[prop_or_default]
    pub rows: Option<usize>,
}

#[function_component]
pub fn Table(props: &TableProps) -> Html {
    html! {
        <table class={classes!("table", "pf-v6-c-table", "pf-m-grid-md", props.class.clone())} aria-rowcount={props.rows.map(|rows| (rows + 1).to_string())}>
            <thead><tr>{ props.head.clone() }</tr></thead>
            <tbody ref={props.body.clone()}>{ props.children.clone() }</tbody>
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
    /// Its place in a list whose rows can be chosen, from 0.
    #[prop_or_default]
    pub place: Option<usize>,
    #[prop_or_default]
    pub chosen: bool,
    /// Tab comes to it. Of a long list it comes to one row, and the arrows lead on.
    #[prop_or(true)]
    pub stop: bool,
    #[prop_or_default]
    pub class: Classes,
    pub children: Html,
}

#[function_component]
pub fn Row(props: &RowProps) -> Html {
    let node = use_node_ref();
    let onclick = props.onopen.clone().map(|open| {
        let chooses = props.place.is_some();
        Callback::from(move |event: MouseEvent| {
            // With a key held down a click chooses: that is the list's.
            if !(chooses && (event.ctrl_key() || event.meta_key() || event.shift_key())) {
                open.emit(());
            }
        })
    });
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
        props.chosen.then_some("chosen"),
        props.class.clone()
    );
    html! {
        <tr ref={node} {class} tabindex={if props.stop { "0" } else { "-1" }} data-testid={props.id.clone()} data-place={props.place.map(|place| place.to_string())}
            aria-rowindex={props.place.map(|place| (place + 2).to_string())} aria-selected={props.chosen.then_some("true")} {onclick} {onkeydown}>{ props.children.clone() }</tr>
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
    let Some(next) = neighbour.and_then(|next| next.dyn_into::<HtmlElement>().ok()) else {
        return true;
    };
    // The row that follows is not in the page: the list knows how to get there.
    if !next.class_list().contains("row") {
        return false;
    }
    // A row with a tabindex takes the focus.
    let _ = next.focus();
    true
}
