//! A column of a list.

use std::cmp::Ordering;
use std::rc::Rc;

use yew::prelude::*;

/// How a column shows an item, and how it sorts the list.
pub struct Column<T> {
    /// Under this name it is kept that somebody left it out.
    pub key: &'static str,
    pub title: &'static str,
    pub right: bool,
    /// It cannot be left out: by it a row is known.
    pub always: bool,
    pub by: Option<fn(&T, &T) -> Ordering>,
    /// The whole `<td>`.
    pub cell: Rc<dyn Fn(&T) -> Html>,
}

impl<T> Column<T> {
    /// `cell` makes the whole `<td>`.
    pub fn new(key: &'static str, title: &'static str, cell: impl Fn(&T) -> Html + 'static) -> Self {
        Self {
            key,
            title,
            right: false,
            always: false,
            by: None,
            cell: Rc::new(cell),
        }
    }

    pub fn always(mut self) -> Self {
        self.always = true;
        self
    }

    pub fn right(mut self) -> Self {
        self.right = true;
        self
    }

    /// How two items follow each other when the list is sorted by it.
    pub fn by(mut self, by: fn(&T, &T) -> Ordering) -> Self {
        self.by = Some(by);
        self
    }
}

impl<T> Clone for Column<T> {
    fn clone(&self) -> Self {
        Self {
            cell: Rc::clone(&self.cell),
            ..*self
        }
    }
}

impl<T> PartialEq for Column<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && Rc::ptr_eq(&self.cell, &other.cell)
    }
}
