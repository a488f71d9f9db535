//! By which column a list is sorted.

use std::cmp::Ordering;

/// The list's own order, or that of a column: a first press sorts by it, a second one turns it round, a third one goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order {
    by: Option<(usize, bool)>,
}

impl Order {
    /// The place of the column.
    pub fn column(self) -> Option<usize> {
        self.by.map(|(place, _)| place)
    }

    /// What `aria-sort` says of a column.
    pub fn of(self, column: usize) -> Option<&'static str> {
        match self.by {
            Some((place, false)) if place == column => Some("ascending"),
            Some((place, true)) if place == column => Some("descending"),
            _ => None,
        }
    }

    /// After a press on a column's head.
    pub fn pressed(self, column: usize) -> Self {
        let by = match self.by {
            Some((place, false)) if place == column => Some((column, true)),
            Some((place, true)) if place == column => None,
            _ => Some((column, false)),
        };
        Self { by }
    }

    /// Those that are equal keep the list's own order.
    pub fn sort<T>(self, items: &mut [T], by: fn(&T, &T) -> Ordering) {
        if self.by.is_some_and(|(_, turned)| turned) {
            items.sort_by(|one, other| by(other, one));
        } else {
            items.sort_by(by);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-06: a column sorts up, down, and then no more; another one begins anew; equal ones stay as they were.
    #[test]
    fn a_column_sorts_up_and_down() {
        let sorted = |presses: &[usize]| {
            let order = presses
                .iter()
                .fold(Order::default(), |order, column| order.pressed(*column));
            let mut items = [(2, 'a'), (1, 'b'), (2, 'c'), (3, 'd')];
            if order.column().is_some() {
                order.sort(&mut items, |one, other| one.0.cmp(&other.0));
            }
            let letters: String = items.iter().map(|(_, letter)| *letter).collect();
            (letters, order.of(0))
        };
        assert_eq!(sorted(&[0]), ("bacd".to_owned(), Some("ascending")));
        assert_eq!(sorted(&[0, 0]), ("dacb".to_owned(), Some("descending")));
        assert_eq!(sorted(&[0, 0, 0]), ("abcd".to_owned(), None));
        assert_eq!(sorted(&[1, 0]), ("bacd".to_owned(), Some("ascending")));
        assert_eq!(sorted(&[0, 1]).1, None);
    }
}
