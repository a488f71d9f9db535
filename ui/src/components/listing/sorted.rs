//! The rows of a list in their order.

use yew::prelude::*;

use super::order::Order;
use super::{Listed, ListingProps};

/// The items in the order of the chosen column, each with a key that no other row has.
pub fn sorted<T: Listed>(props: &ListingProps<T>, order: Order) -> Vec<(String, T)> {
    let mut items: Vec<T> = props.items.clone();
    if let Some(by) = order.column().and_then(|place| props.columns.get(place)?.by) {
        order.sort(&mut items, by);
        under_headings(&mut items, &props.items);
    }
    let mut rows: Vec<(String, T)> = Vec::with_capacity(items.len());
    let mut taken = std::collections::HashMap::<String, u32>::new();
    for item in items {
        let mut key = item.key();
        let times = taken.entry(key.clone()).or_default();
        *times += 1;
        if *times > 1 {
            key = format!("{key} {times}");
        }
        rows.push((key, item));
    }
    rows
}

/// Puts the items of each heading together again, in the headings' own order; among themselves they stay as they are.
fn under_headings<T: Listed>(items: &mut [T], in_own_order: &[T]) {
    let mut headings: Vec<Option<AttrValue>> = in_own_order.iter().map(T::heading).collect();
    headings.dedup();
    if headings.len() > 1 {
        items.sort_by_cached_key(|item| {
            let own = item.heading();
            headings.iter().position(|heading| *heading == own)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, PartialEq, serde::Serialize)]
    struct Item(&'static str, Option<&'static str>);

    impl Listed for Item {
        fn key(&self) -> String {
            self.0.to_owned()
        }

        fn row_id(&self) -> String {
            self.key()
        }

        fn name(&self) -> String {
            self.key()
        }

        fn heading(&self) -> Option<AttrValue> {
            self.1.map(AttrValue::Static)
        }
    }

    /// FR-DSK-06: a list that is sorted by a column keeps its headings, in their own order, each with the rows that are its own.
    #[test]
    fn headings_keep_their_rows() {
        let own = [
            Item("d", Some("west")),
            Item("a", Some("west")),
            Item("c", Some("east")),
            Item("b", Some("east")),
        ];
        let mut items = own.to_vec();
        items.sort_by_key(|item| item.0);
        under_headings(&mut items, &own);
        let keys: Vec<&str> = items.iter().map(|item| item.0).collect();
        assert_eq!(keys, ["a", "d", "b", "c"]);

        let plain = ["c", "a", "b"].map(|key| Item(key, None));
        let mut items = plain.to_vec();
        items.sort_by_key(|item| item.0);
        under_headings(&mut items, &plain);
        let keys: Vec<&str> = items.iter().map(|item| item.0).collect();
        assert_eq!(keys, ["a", "b", "c"]);
    }
}
