//! Reading what is typed: each text by its own parser, with what is wrong kept by field.

use std::collections::BTreeMap;

use super::draft::{Draft, YES};
use crate::units::Amount;

/// What is wrong, by field.
pub type Errors = BTreeMap<&'static str, String>;

pub struct Reader<'a> {
    draft: &'a Draft,
    errors: Errors,
}

impl<'a> Reader<'a> {
    pub fn of(draft: &'a Draft) -> Self {
        Self {
            draft,
            errors: Errors::new(),
        }
    }

    /// As it was typed, with the spaces around it.
    pub fn raw(&self, field: &str) -> &'a str {
        self.draft.text(field)
    }

    pub fn text(&self, field: &str) -> &'a str {
        self.raw(field).trim()
    }

    pub fn flag(&self, field: &str) -> bool {
        self.raw(field) == YES
    }

    pub fn required<T, E: ToString>(
        &mut self,
        field: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(self.text(field)) {
            Ok(value) => Some(value),
            Err(error) => {
                self.errors.insert(field, error.to_string());
                None
            }
        }
    }

    /// An empty text stands for nothing.
    pub fn optional<T, E: ToString>(
        &mut self,
        field: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if self.text(field).is_empty() {
            return None;
        }
        self.required(field, parse)
    }

    pub fn amount<T: Amount>(&mut self, field: &'static str) -> Option<T> {
        self.required(field, T::read)
    }

    pub fn optional_amount<T: Amount>(&mut self, field: &'static str) -> Option<T> {
        self.optional(field, T::read)
    }

    /// Words between spaces or commas.
    pub fn words<T, E: ToString>(
        &mut self,
        field: &'static str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<T> {
        let words = self.text(field).split(|c: char| c.is_whitespace() || c == ',');
        let parsed: Result<Vec<T>, E> = words.filter(|word| !word.is_empty()).map(parse).collect();
        self.taken(field, parsed.map_err(|error| error.to_string()))
    }

    /// The rows of a list; those in which nothing stands do not count.
    pub fn rows<T>(&mut self, field: &'static str, parse: impl Fn(&Row<'_>) -> Result<T, String>) -> Vec<T> {
        let rows = self.draft.rows(field).iter().enumerate();
        let filled = rows.filter(|(_, row)| row.iter().any(|cell| !cell.trim().is_empty() && cell != YES));
        let parsed: Result<Vec<T>, String> = filled
            .map(|(index, row)| parse(&Row(row)).map_err(|error| format!("Row {}: {error}", index + 1)))
            .collect();
        self.taken(field, parsed)
    }

    fn taken<T>(&mut self, field: &'static str, parsed: Result<Vec<T>, String>) -> Vec<T> {
        parsed.unwrap_or_else(|error| {
            self.errors.insert(field, error);
            Vec::new()
        })
    }

    /// What was read, if nothing was wrong with it.
    pub fn done<T>(self, value: T) -> Result<T, Errors> {
        if self.errors.is_empty() {
            Ok(value)
        } else {
            Err(self.errors)
        }
    }
}

/// A row of a list.
pub struct Row<'a>(&'a [String]);

impl Row<'_> {
    pub fn raw(&self, column: usize) -> &str {
        self.0.get(column).map_or("", String::as_str)
    }

    pub fn text(&self, column: usize) -> &str {
        self.raw(column).trim()
    }

    pub fn flag(&self, column: usize) -> bool {
        self.raw(column) == YES
    }

    pub fn parsed<T, E: ToString>(
        &self,
        column: usize,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, String> {
        parse(self.text(column)).map_err(|error| error.to_string())
    }

    /// An empty cell stands for nothing.
    pub fn optional<T, E: ToString>(
        &self,
        column: usize,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, String> {
        match self.text(column) {
            "" => Ok(None),
            text => parse(text).map(Some).map_err(|error| error.to_string()),
        }
    }
}

/// A cell for a box.
pub fn ticked(on: bool) -> String {
    if on { YES.to_owned() } else { String::new() }
}
