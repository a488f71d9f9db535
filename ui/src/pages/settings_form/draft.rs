//! What is typed, by field.

use std::collections::BTreeMap;
use std::rc::Rc;

use yew::prelude::*;

use crate::components::rows::Rows;
/// How a box that is ticked is written in a draft.
pub use crate::components::rows::TICKED as YES;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    texts: BTreeMap<&'static str, String>,
    rows: BTreeMap<&'static str, Rows>,
}

pub enum DraftAction {
    Type(&'static str, String),
    List(&'static str, Rows),
    /// Another draft takes its place.
    Replace(Box<Draft>),
    /// What is stored is another one now than before.
    Rebase {
        before: Box<Draft>,
        now: Box<Draft>,
    },
}

impl Reducible for Draft {
    type Action = DraftAction;

    fn reduce(self: Rc<Self>, action: DraftAction) -> Rc<Self> {
        let mut next = (*self).clone();
        match action {
            DraftAction::Type(field, text) => next.put(field, text),
            DraftAction::List(field, rows) => next.put_rows(field, rows),
            DraftAction::Replace(other) => next = *other,
            DraftAction::Rebase { before, now } => next = self.rebased(&before, &now),
        }
        next.into()
    }
}

impl Draft {
    pub fn text(&self, field: &str) -> &str {
        self.texts.get(field).map_or("", String::as_str)
    }

    pub fn rows(&self, field: &str) -> &[Vec<String>] {
        self.rows.get(field).map_or(&[], Vec::as_slice)
    }

    /// Each field's text.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.texts.iter().map(|(field, text)| (*field, text.as_str()))
    }

    /// Each list's rows.
    pub fn lists(&self) -> impl Iterator<Item = (&'static str, &Rows)> {
        self.rows.iter().map(|(field, rows)| (*field, rows))
    }

    pub fn put(&mut self, field: &'static str, text: impl Into<String>) {
        self.texts.insert(field, text.into());
    }

    pub fn put_optional<T: ToString>(&mut self, field: &'static str, value: Option<T>) {
        self.put(field, value.map(|value| value.to_string()).unwrap_or_default());
    }

    pub fn put_flag(&mut self, field: &'static str, on: bool) {
        self.put(field, if on { YES } else { "" });
    }

    pub fn put_rows(&mut self, field: &'static str, rows: Rows) {
        self.rows.insert(field, rows);
    }

    /// Whether a field stands in both as it does in the other.
    pub fn is_same(&self, other: &Self, field: &str) -> bool {
        self.text(field) == other.text(field) && self.rows(field) == other.rows(field)
    }

    /// What was typed over an older state, over a newer one: fields that were left alone follow it.
    pub fn rebased(&self, before: &Self, now: &Self) -> Self {
        let mut next = self.clone();
        for (field, text) in &now.texts {
            if self.text(field) == before.text(field) {
                next.put(field, text.clone());
            }
        }
        for (field, rows) in &now.rows {
            if self.rows(field) == before.rows(field) {
                next.put_rows(field, rows.clone());
            }
        }
        next
    }
}
