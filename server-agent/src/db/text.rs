//! Texts that came from elsewhere (a build's output, Docker's words) on their way into PostgreSQL, which holds no NUL: neither in
//! `text` nor, escaped, in `jsonb`.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

const NUL: char = '\0';

/// The text without NUL.
pub fn storable(text: &str) -> Cow<'_, str> {
    if text.contains(NUL) {
        Cow::Owned(text.replace(NUL, ""))
    } else {
        Cow::Borrowed(text)
    }
}

/// The value as JSON, with no NUL in any text or name. Fails only where a type cannot be JSON at all.
pub fn storable_json(value: &impl Serialize) -> Result<Value, sqlx::Error> {
    let mut value = serde_json::to_value(value).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    strip(&mut value);
    Ok(value)
}

fn strip(value: &mut Value) {
    match value {
        Value::String(text) if text.contains(NUL) => *text = text.replace(NUL, ""),
        Value::Array(all) => all.iter_mut().for_each(strip),
        Value::Object(all) => {
            all.values_mut().for_each(strip);
            if all.keys().any(|name| name.contains(NUL)) {
                *all = std::mem::take(all)
                    .into_iter()
                    .map(|(name, value)| (name.replace(NUL, ""), value))
                    .collect();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// NFR-R3: a program that prints NUL cannot keep its failure from being recorded.
    #[test]
    fn no_nul_is_left() {
        assert_eq!(storable("a\0b"), "ab");
        assert!(matches!(storable("ab"), Cow::Borrowed(_)));
        let value = json!({ "a\0": ["\0b", { "c": "d\0" }, 1, null, true] });
        let clean = json!({ "a": ["b", { "c": "d" }, 1, null, true] });
        assert_eq!(storable_json(&value).unwrap(), clean);
    }
}
