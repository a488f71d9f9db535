//! The chosen rows for a spreadsheet, as RFC 4180 has it: a column for each field that any of them has, in the order of the fields' names.

use serde::Serialize;
use serde_json::{Map, Value};

/// A text that begins with one of these a spreadsheet would take for a formula, and do what it says.
const BEGINS_A_FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// What is none of fields and values is left out.
pub fn csv<T: Serialize>(items: &[T]) -> String {
    let rows: Vec<Map<String, Value>> = items
        .iter()
        .filter_map(|item| match serde_json::to_value(item) {
            Ok(Value::Object(fields)) => Some(fields),
            _ => None,
        })
        .collect();
    let mut names: Vec<&str> = rows.iter().flat_map(Map::keys).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let head = line(names.iter().map(|name| quoted(name)));
    let body = rows
        .iter()
        .map(|fields| line(names.iter().map(|name| cell(fields.get(*name)))));
    std::iter::once(head).chain(body).collect()
}

fn line(cells: impl Iterator<Item = String>) -> String {
    cells.collect::<Vec<_>>().join(",") + "\r\n"
}

/// What has parts of its own stays JSON.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) if text.starts_with(BEGINS_A_FORMULA) => quoted(&format!("'{text}")),
        Some(Value::String(text)) => quoted(text),
        Some(value) => quoted(&value.to_string()),
    }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// FR-DSK-06: rows are copied for a spreadsheet: each field is a column, whatever is in it is one cell, and no text of somebody else
    /// becomes a formula.
    #[test]
    fn rows_become_cells() {
        let rows = [
            json!({"name": "web", "tags": ["a", "b"], "replicas": -2}),
            json!({"name": "say \"hi\", now", "note": "two\nlines", "replicas": null}),
            json!({"name": "=1+1", "note": "@x"}),
        ];
        let wanted = "name,note,replicas,tags\r\n\
                      web,,-2,\"[\"\"a\"\",\"\"b\"\"]\"\r\n\
                      \"say \"\"hi\"\", now\",\"two\nlines\",,\r\n\
                      '=1+1,'@x,,\r\n";
        assert_eq!(csv(&rows), wanted);
        assert_eq!(csv::<Value>(&[]), "\r\n");
    }
}
