//! Tables whose rows can be walked with the arrows, Home and End, and opened with Enter.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
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
    let (onward, whole) = match key {
        "ArrowDown" => (true, false),
        "ArrowUp" => (false, false),
        "End" => (true, true),
        "Home" => (false, true),
        "Enter" => {
            if let Some(open) = open {
                open.emit(());
            }
            return open.is_some();
        }
        _ => return false,
    };
    let side = side_of(row, onward);
    match way(side.iter().map(kind), whole) {
        Way::To(steps) => {
            if let Some(next) = side.get(steps).and_then(|next| next.dyn_ref::<HtmlElement>()) {
                // A row with a tabindex takes the focus.
                let _ = next.focus();
            }
            true
        }
        Way::Nowhere => true,
        Way::Unseen => false,
    }
}

/// What stands on one side of a row, the nearest first.
fn side_of(row: &Element, onward: bool) -> Vec<Element> {
    let next = |one: &Element| {
        if onward {
            one.next_element_sibling()
        } else {
            one.previous_element_sibling()
        }
    };
    std::iter::successors(next(row), next).collect()
}

/// What stands beside a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    Row,
    /// Its rows follow; there is nothing to be done with it.
    Heading,
    /// In the place of rows that are not in the page.
    Gap,
}

fn kind(element: &Element) -> Beside {
    let classes = element.class_list();
    if classes.contains("row") {
        Beside::Row
    } else if classes.contains("spacer") {
        Beside::Gap
    } else {
        Beside::Heading
    }
}

/// Where a key leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// To the row at this place of its side.
    To(usize),
    /// There is no row on that side.
    Nowhere,
    /// The row is not in the page: the list knows how to get there.
    Unseen,
}

/// The way to the next row of a side, or to its last one. Headings are passed over.
fn way(side: impl Iterator<Item = Beside>, whole: bool) -> Way {
    let mut found = Way::Nowhere;
    for (place, beside) in side.enumerate() {
        match beside {
            Beside::Heading => {}
            Beside::Gap => return Way::Unseen,
            Beside::Row => {
                found = Way::To(place);
                if !whole {
                    break;
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-02: the arrows lead to the next row over a heading between them, Home and End to the first and the last one, and none of them
    /// past the table's end or over rows that are not in the page.
    #[test]
    fn keys_pass_over_headings() {
        use Beside::{Gap, Heading, Row};
        let near = |side: &[Beside]| way(side.iter().copied(), false);
        let far = |side: &[Beside]| way(side.iter().copied(), true);
        assert_eq!(near(&[Row, Row]), Way::To(0));
        assert_eq!(near(&[Heading, Row, Row]), Way::To(1));
        assert_eq!(near(&[Heading, Heading, Row]), Way::To(2));
        let empty: [&[Beside]; 2] = [&[], &[Heading]];
        for nothing in empty {
            assert_eq!((near(nothing), far(nothing)), (Way::Nowhere, Way::Nowhere));
        }
        assert_eq!(far(&[Row, Heading, Row, Row]), Way::To(3));
        // Above the first row stands its heading.
        assert_eq!(far(&[Row, Row, Heading]), Way::To(1));
        assert_eq!(near(&[Row, Gap]), Way::To(0));
        assert_eq!(near(&[Gap, Row]), Way::Unseen);
        assert_eq!(far(&[Row, Gap]), Way::Unseen);
    }
}
