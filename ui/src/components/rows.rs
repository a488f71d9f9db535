//! A list that is typed row by row: a field for each column, a button that takes the row away, and one that adds another.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::button::{Button, Look};
use super::icon::Icon;

/// A text for each column of each row.
pub type Rows = Vec<Vec<String>>;

/// What stands in a cell whose box is ticked.
pub const TICKED: &str = "yes";

#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    label: &'static str,
    placeholder: &'static str,
    /// A box instead of a text.
    flag: bool,
}

impl Column {
    pub const fn text(label: &'static str, placeholder: &'static str) -> Self {
        Self {
            label,
            placeholder,
            flag: false,
        }
    }

    pub const fn flag(label: &'static str) -> Self {
        Self {
            label,
            placeholder: "",
            flag: true,
        }
    }
}

#[derive(PartialEq, Properties)]
pub struct RowsProps {
    /// Begins the `data-testid` of its parts.
    pub id: AttrValue,
    pub label: AttrValue,
    pub columns: &'static [Column],
    pub rows: Rows,
    pub onchange: Callback<Rows>,
    #[prop_or_default]
    pub hint: AttrValue,
    #[prop_or_default]
    pub error: Option<AttrValue>,
    #[prop_or_default]
    pub disabled: bool,
}

#[function_component]
pub fn RowsEditor(props: &RowsProps) -> Html {
    let add = {
        let width = props.columns.len();
        changing(props, move |rows| rows.push(vec![String::new(); width]))
    };
    let row = |number: usize| {
        let remove = changing(props, move |rows| {
            if number < rows.len() {
                rows.remove(number);
            }
        });
        html! {
            <div class="rows-row" key={number}>
                { for (0..props.columns.len()).map(|column| cell(props, number, column)) }
                <Button id={format!("{}-remove-{number}", props.id)} label={format!("Remove row {}", number + 1)} icon={Icon::Trash}
                    icon_only=true look={Look::Plain} onclick={remove} disabled={props.disabled}/>
            </div>
        }
    };
    html! {
        <div class="field rows" role="group" aria-label={props.label.clone()}>
            <span class="field-label">{ &props.label }</span>
            { for (0..props.rows.len()).map(row) }
            <span><Button id={format!("{}-add", props.id)} label="Add" icon={Icon::Plus} onclick={add} disabled={props.disabled}/></span>
            if let Some(error) = &props.error {
                <div class="field-error" role="alert">{ error }</div>
            } else if !props.hint.is_empty() {
                <div class="field-hint">{ &props.hint }</div>
            }
        </div>
    }
}

/// Tells the rows as they are after a change.
fn changing(props: &RowsProps, change: impl Fn(&mut Rows) + 'static) -> Callback<()> {
    let (rows, onchange) = (props.rows.clone(), props.onchange.clone());
    Callback::from(move |()| {
        let mut rows = rows.clone();
        change(&mut rows);
        onchange.emit(rows);
    })
}

fn cell(props: &RowsProps, row: usize, column: usize) -> Html {
    let Some(kind) = props.columns.get(column) else {
        return html! {};
    };
    let value = props.rows.get(row).and_then(|cells| cells.get(column));
    let put = {
        let (rows, onchange) = (props.rows.clone(), props.onchange.clone());
        Callback::from(move |text: String| {
            let mut rows = rows.clone();
            if let Some(cell) = rows.get_mut(row).and_then(|cells| cells.get_mut(column)) {
                *cell = text;
            }
            onchange.emit(rows);
        })
    };
    let id = format!("{}-{row}-{column}", props.id);
    let named = format!("{}, row {}: {}", props.label, row + 1, kind.label);
    if kind.flag {
        let onchange = Callback::from(move |event: Event| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                put.emit(if input.checked() {
                    TICKED.to_owned()
                } else {
                    String::new()
                });
            }
        });
        let checked = value.is_some_and(|value| value == TICKED);
        return html! {
            <label class="check" key={column}>
                <input type="checkbox" data-testid={id} {checked} disabled={props.disabled} aria-label={named} {onchange}/>
                <span>{ kind.label }</span>
            </label>
        };
    }
    let oninput = Callback::from(move |event: InputEvent| {
        if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
            put.emit(input.value());
        }
    });
    html! {
        <span class="control pf-v6-c-form-control" key={column}>
            <input class="mono" data-testid={id} value={value.cloned().unwrap_or_default()} placeholder={kind.placeholder}
                title={kind.label} aria-label={named} disabled={props.disabled} spellcheck="false" autocapitalize="off"
                autocomplete="off" {oninput}/>
        </span>
    }
}
