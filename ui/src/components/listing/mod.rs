//! A long list as a table: sorted by any column, columns left out, several rows chosen at once and copied as JSON or CSV, or acted on together.
//! Of a very long one only the rows that can be seen are in the page.

mod alone;
mod bar;
mod chosen;
mod column;
mod csv;
mod head;
mod kept;
mod keys;
mod order;
mod row_focus;
mod sorted;
mod window;

use std::rc::Rc;

use yew::prelude::*;

use self::alone::use_alone;
use self::bar::ChosenBar;
pub use self::bar::Together;
use self::chosen::Chosen;
pub use self::column::Column;
use self::head::Head;
use self::keys::{act_on_key, is_in_bar, plain_place_of, wish_of_click};
use self::order::Order;
use self::row_focus::use_row_focus;
use self::sorted::sorted;
use self::window::{Piece, use_window};
use super::table::{Row, Table};

/// What can be listed.
pub trait Listed: serde::Serialize + Clone + PartialEq + 'static {
    /// No other item of the list has it.
    fn key(&self) -> String;
    /// The `data-testid` of its row.
    fn row_id(&self) -> String;
    /// What a screen reader calls it.
    fn name(&self) -> String;

    /// The heading above it, in a list that has some. The items of a heading follow each other, and stay together when the list is sorted.
    fn heading(&self) -> Option<AttrValue> {
        None
    }

    /// A class of its row.
    fn class(&self) -> Option<&'static str> {
        None
    }
}

#[derive(PartialEq, Properties)]
pub struct ListingProps<T: Listed> {
    /// Begins the `data-testid` of its parts; under it the columns that were left out are kept.
    pub id: &'static str,
    pub items: Vec<T>,
    pub columns: Vec<Column<T>>,
    /// What a click or Enter opens, if anything.
    #[prop_or_else(|| Callback::from(|_| None))]
    pub open: Callback<T, Option<Callback<()>>>,
    /// What stands at the end of a row: its menu.
    #[prop_or_else(|| Callback::from(|_| Html::default()))]
    pub end: Callback<T, Html>,
    /// What can be done with all that are chosen.
    #[prop_or_default]
    pub together: Vec<Together<T>>,
    /// Of the table.
    #[prop_or_default]
    pub class: Classes,
}

#[function_component]
pub fn Listing<T: Listed>(props: &ListingProps<T>) -> Html {
    let order = use_state_eq(Order::default);
    let chosen = use_state_eq(Chosen::default);
    let left_out = kept::use_left_out(props.id);
    let body = use_node_ref();
    let rows = Rc::new(sorted(props, *order));
    let headed = rows.iter().any(|(_, item)| item.heading().is_some());
    let seen = use_window(&body, rows.len(), headed);
    let focus = use_row_focus(&body, &rows);
    let columns: Vec<&Column<T>> = props
        .columns
        .iter()
        .filter(|column| column.always || !left_out.iter().any(|key| key == column.key))
        .collect();
    // What is gone from the list is chosen no more, also when it comes back.
    let chosen_now = chosen.among(rows.iter().map(|(key, _)| key.as_str()));
    {
        let chosen = chosen.setter();
        use_effect_with(chosen_now.clone(), move |now| chosen.set(now.clone()));
    }
    use_alone(!chosen_now.is_empty(), {
        let chosen = chosen.setter();
        Callback::from(move |()| chosen.set(Chosen::default()))
    });
    let change = {
        let (chosen, rows, now) = (chosen.setter(), Rc::clone(&rows), chosen_now.clone());
        Callback::from(move |wish: Wish| {
            let keys: Vec<&str> = rows.iter().map(|(key, _)| key.as_str()).collect();
            chosen.set(now.clone().after(&wish, &keys));
        })
    };
    let picked: Vec<T> = rows
        .iter()
        .filter(|(key, _)| chosen_now.has(key))
        .map(|(_, item)| item.clone())
        .collect();
    let choose_none = {
        let (change, focus) = (change.clone(), focus.clone());
        let first = rows.iter().position(|(key, _)| chosen_now.has(key));
        Callback::from(move |()| {
            change.emit(Wish::None);
            // The bar goes, and with it the button that has the focus.
            focus.go(focus.place().or(first).unwrap_or_default());
        })
    };
    let onkeydown = {
        let (change, picked, focus, choose_none) =
            (change.clone(), picked.clone(), focus.clone(), choose_none.clone());
        let all = rows.len();
        Callback::from(move |event: KeyboardEvent| {
            let leaves_bar =
                event.key() == "Escape" && event.target().is_some_and(|target| is_in_bar(&target));
            if leaves_bar {
                choose_none.emit(());
            }
            if leaves_bar || act_on_key(&event, &change, &picked, &focus, all) {
                event.prevent_default();
                event.stop_propagation();
            }
        })
    };
    let onclick = {
        let change = change.clone();
        Callback::from(move |event: MouseEvent| {
            let place = event.target().and_then(|target| plain_place_of(&target));
            if let Some((place, wish)) = place.zip(wish_of_click(&event)) {
                change.emit(wish(place));
            }
        })
    };
    // Else the browser would mark the text between the two clicks.
    let onmousedown = Callback::from(|event: MouseEvent| {
        if event.shift_key() {
            event.prevent_default();
        }
    });
    let head = html! {
        <Head<T> id={props.id} columns={props.columns.clone()} left_out={left_out.clone()} order={*order} all={rows.len()} some={picked.len()}
            onorder={let order = order.setter(); Callback::from(move |next| order.set(next))}
            onall={change.reform(|all| if all { Wish::All } else { Wish::None })}
            onleft={let id = props.id; Callback::from(move |keys: Vec<String>| kept::leave_out(id, &keys))}/>
    };
    let width = columns.len() + 2;
    // Without a key of its own a gap would make the page forget which row is which, and with the row its focus would go.
    let gap = |name: &str, rows: usize| {
        html! {
            <tr key={format!("gap {name}")} class="spacer" aria-hidden="true">
                <td colspan={width.to_string()} style={format!("height:{}px", seen.height(rows))}/>
            </tr>
        }
    };
    let stop = focus.place().unwrap_or(seen.rows.start);
    let row = |place: usize| {
        let (key, item) = &rows[place];
        let is_chosen = chosen_now.has(key);
        let toggle = change.reform(move |_: Event| Wish::Toggle(place));
        html! {
            <Row key={format!("row {key}")} id={item.row_id()} onopen={props.open.emit(item.clone())} place={place} chosen={is_chosen}
                stop={place == stop} class={classes!(item.class())}>
                <td class="choose">
                    <input type="checkbox" tabindex="-1" aria-label={format!("Choose {}", item.name())} checked={is_chosen} onchange={toggle}
                        onclick={Callback::from(|event: MouseEvent| event.stop_propagation())}/>
                </td>
                { for columns.iter().map(|column| (column.cell)(item)) }
                <td class="right end">{ props.end.emit(item.clone()) }</td>
            </Row>
        }
    };
    let heading = |place: usize| {
        let words = rows[place].1.heading()?;
        let before = place.checked_sub(1).and_then(|before| rows[before].1.heading());
        (before.as_ref() != Some(&words)).then(|| {
            html! {
                <tr key={format!("heading {words}")} class="group-row">
                    <th colspan={width.to_string()} scope="rowgroup">{ words.clone() }</th>
                </tr>
            }
        })
    };
    let inside: Html = seen
        .pieces(focus.place())
        .into_iter()
        .flat_map(|piece| match piece {
            Piece::Row(place) => [heading(place), Some(row(place))],
            Piece::Gap(name, rows) => [None, Some(gap(name, rows))],
        })
        .flatten()
        .collect();
    let class = classes!(
        "listing",
        props.class.clone(),
        seen.is_part().then_some("windowed"),
        (!picked.is_empty()).then_some("choosing")
    );
    html! {
        <div class="listing-around" data-testid={props.id} onfocusin={focus.follow()} {onkeydown} {onclick} {onmousedown}>
            <Table {head} {class} body={body.clone()} rows={rows.len()}>{ inside }</Table>
            if !picked.is_empty() {
                <ChosenBar<T> id={props.id} chosen={picked} together={props.together.clone()} none={choose_none}/>
            }
        </div>
    }
}

/// What a person wants to be chosen. Places are those of the rows as they are sorted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Toggle(usize),
    /// All from the one that was chosen last to this one; without one from `from`.
    UpTo {
        from: usize,
        to: usize,
    },
    All,
    None,
}
