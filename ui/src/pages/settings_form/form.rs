//! The form's fields: each shows its text of the draft, and what is wrong with it.

use std::rc::Rc;

use yew::prelude::*;

use super::draft::{Draft, DraftAction, YES};
use super::reader::Errors;
use super::{read, refused};
use crate::components::check::Check;
use crate::components::field::Field;
use crate::components::rows::{Column, Rows, RowsEditor};
use crate::components::segmented::{Segment, Segmented};
use crate::components::select::{Choice, Select};

#[derive(Clone, PartialEq)]
pub struct Form {
    draft: UseReducerHandle<Draft>,
    pub errors: Rc<Errors>,
    /// It has been sent: empty fields are wrong, too.
    strict: bool,
    /// Only for reading.
    locked: bool,
    /// Folders of the node and networks of others may be set.
    reaches_node: bool,
}

#[hook]
pub fn use_form(begin: impl FnOnce() -> Draft, strict: bool) -> Form {
    let draft = use_reducer(begin);
    let errors = use_memo((*draft).clone(), |draft| read(draft).err().unwrap_or_default());
    Form {
        draft,
        errors,
        strict,
        locked: false,
        reaches_node: true,
    }
}

impl Form {
    /// For somebody who may change the settings, or what reaches the node; for anybody else it shows them. `stored` is what is there
    /// already, and may stay.
    pub fn allowed(self, settings: bool, node: bool, stored: &Draft) -> Self {
        let mut errors = (*self.errors).clone();
        if settings && !node {
            for (field, refusal) in refused(&self.draft, stored) {
                errors.entry(field).or_insert(refusal);
            }
        }
        Self {
            errors: Rc::new(errors),
            locked: !settings,
            reaches_node: node,
            ..self
        }
    }

    /// Whether what reaches the node may be set here.
    pub fn reaches_node(&self) -> bool {
        self.reaches_node
    }

    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    pub fn replace(&self, draft: Draft) {
        self.draft.dispatch(DraftAction::Replace(Box::new(draft)));
    }

    /// Fields that are as they were before become as they are now; what was typed stays, also what was typed since this was asked for.
    pub fn rebase(&self, before: &Draft, now: &Draft) {
        self.draft.dispatch(DraftAction::Rebase {
            before: Box::new(before.clone()),
            now: Box::new(now.clone()),
        });
    }

    /// What a choice stands on.
    pub fn choice(&self, field: &'static str) -> &str {
        self.draft.text(field)
    }

    fn typing(&self, field: &'static str) -> Callback<String> {
        let dispatcher = self.draft.dispatcher();
        Callback::from(move |text| dispatcher.dispatch(DraftAction::Type(field, text)))
    }

    fn error(&self, field: &'static str) -> Option<AttrValue> {
        let quiet =
            self.draft.text(field).trim().is_empty() && self.draft.rows(field).is_empty() && !self.strict;
        let error = self.errors.get(field).filter(|_| !quiet)?;
        Some(AttrValue::from(error.clone()))
    }

    pub fn text(&self, field: &'static str, label: &'static str, hint: &'static str) -> Html {
        self.text_like(field, label, "", hint)
    }

    /// With what it would look like.
    pub fn text_like(
        &self,
        field: &'static str,
        label: &'static str,
        placeholder: &'static str,
        hint: &'static str,
    ) -> Html {
        let given = |text: &'static str| (!text.is_empty()).then_some(AttrValue::Static(text));
        html! {
            <Field key={field} id={field} {label} value={self.draft.text(field).to_owned()} onchange={self.typing(field)}
                error={self.error(field)} hint={given(hint)} placeholder={given(placeholder)} mono=true disabled={self.locked}/>
        }
    }

    pub fn flag(&self, field: &'static str, label: &'static str, hint: &'static str) -> Html {
        let onchange = self
            .typing(field)
            .reform(|on: bool| if on { YES.to_owned() } else { String::new() });
        html! {
            <Check key={field} id={field} {label} {hint} checked={self.draft.text(field) == YES} {onchange} disabled={self.locked}/>
        }
    }

    /// A choice of a few; the first of each pair is what the draft keeps.
    pub fn segments(
        &self,
        field: &'static str,
        label: &'static str,
        all: &[(&'static str, &'static str)],
    ) -> Html {
        let segment = |(value, label): &(&'static str, &'static str)| Segment {
            value: (*value).to_owned(),
            id: AttrValue::from(format!("{field}-{value}")),
            label: AttrValue::Static(label),
        };
        let segments: Vec<Segment<String>> = all.iter().map(segment).collect();
        html! {
            <Segmented<String> key={field} {label} {segments} chosen={self.draft.text(field).to_owned()} onchange={self.typing(field)}
                disabled={self.locked}/>
        }
    }

    /// A choice of many.
    pub fn select(
        &self,
        field: &'static str,
        label: &'static str,
        all: &[(&'static str, &'static str)],
        hint: &'static str,
    ) -> Html {
        let choices: Vec<Choice> = all
            .iter()
            .map(|(value, label)| Choice::new(*value, *label))
            .collect();
        html! {
            <Select key={field} id={field} {label} {choices} chosen={self.draft.text(field).to_owned()} onchange={self.typing(field)}
                {hint} error={self.error(field)} disabled={self.locked}/>
        }
    }

    pub fn rows(
        &self,
        field: &'static str,
        label: &'static str,
        columns: &'static [Column],
        hint: &'static str,
    ) -> Html {
        self.rows_unless(field, label, columns, hint, self.locked)
    }

    /// The same, for who may set them.
    pub fn node_rows(
        &self,
        field: &'static str,
        label: &'static str,
        columns: &'static [Column],
        hint: &'static str,
    ) -> Html {
        if self.reaches_node {
            return self.rows(field, label, columns, hint);
        }
        self.rows_unless(
            field,
            label,
            columns,
            "Setting these needs the role admin or owner.",
            true,
        )
    }

    fn rows_unless(
        &self,
        field: &'static str,
        label: &'static str,
        columns: &'static [Column],
        hint: &'static str,
        disabled: bool,
    ) -> Html {
        let dispatcher = self.draft.dispatcher();
        let onchange = Callback::from(move |rows: Rows| dispatcher.dispatch(DraftAction::List(field, rows)));
        html! {
            <RowsEditor key={field} id={field} {label} {columns} rows={self.draft.rows(field).to_vec()} {onchange}
                error={self.error(field)} {hint} {disabled}/>
        }
    }
}
