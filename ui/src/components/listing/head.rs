//! The head of a list: a press on a title sorts by it; the box chooses all; the menu at the end leaves columns out.

use yew::prelude::*;

use super::order::Order;
use super::{Column, Listed};
use crate::components::icon::{Icon, Picture};
use crate::components::menu::{Item, Menu};

#[derive(PartialEq, Properties)]
pub struct HeadProps<T: Listed> {
    pub id: &'static str,
    pub columns: Vec<Column<T>>,
    pub left_out: Vec<String>,
    pub order: Order,
    /// How many rows there are, and how many of them are chosen.
    pub all: usize,
    pub some: usize,
    pub onorder: Callback<Order>,
    pub onall: Callback<bool>,
    /// The keys of the columns to be left out.
    pub onleft: Callback<Vec<String>>,
}

#[function_component]
pub fn Head<T: Listed>(props: &HeadProps<T>) -> Html {
    let is_out = |column: &Column<T>| !column.always && props.left_out.iter().any(|key| key == column.key);
    let shown = props
        .columns
        .iter()
        .enumerate()
        .filter(|(_, column)| !is_out(column));
    let choice: Vec<Item> = props
        .columns
        .iter()
        .filter(|column| !column.always && !column.title.is_empty())
        .map(|column| {
            let mut next = props.left_out.clone();
            if is_out(column) {
                next.retain(|key| key != column.key);
            } else {
                next.push(column.key.to_owned());
            }
            let choose = props.onleft.reform(move |()| next.clone());
            Item::new(
                format!("{}-column-{}", props.id, column.key),
                column.title,
                choose,
            )
            .checked(!is_out(column))
        })
        .collect();
    let whole = props.all > 0 && props.some == props.all;
    let onchange = props.onall.reform(move |_: Event| !whole);
    html! {
        <>
            <th class="choose"><input type="checkbox" data-testid={format!("{}-all", props.id)} aria-label="Choose all" checked={whole} {onchange}/></th>
            { for shown.map(|(place, column)| title(props, place, column)) }
            <th class="end">
                if !choice.is_empty() { <Menu id={format!("{}-columns", props.id)} label="Columns" icon={Icon::Columns} items={choice}/> }
            </th>
        </>
    }
}

fn title<T: Listed>(props: &HeadProps<T>, place: usize, column: &Column<T>) -> Html {
    let class = column.right.then_some("right");
    if column.by.is_none() {
        return html! { <th {class}>{ column.title }</th> };
    }
    let sorted = props.order.of(place);
    let onclick = {
        let next = props.order.pressed(place);
        props.onorder.reform(move |_: MouseEvent| next)
    };
    html! {
        <th {class} aria-sort={sorted}>
            <button type="button" class="sort" data-testid={format!("{}-sort-{}", props.id, column.key)} {onclick}>
                { column.title }
                if let Some(sorted) = sorted {
                    <Picture icon={Icon::Down} class={classes!((sorted == "ascending").then_some("turned"))}/>
                }
            </button>
        </th>
    }
}
