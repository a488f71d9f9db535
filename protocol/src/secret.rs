//! A value that must not be seen by accident, and does not outlive its use in memory.

use serde_json::Value;
pub use zeroize::Zeroize;

/// Holds a secret. It has no `Debug`, `Display` or `Serialize`, so it cannot reach a log, an error or an answer
/// unless somebody writes [`Secret::expose`], which is easy to search for.
///
/// It does deserialize, because secrets arrive in requests. To *send* one, a request type implements its own
/// serialization with [`serialize_exposed`].
///
/// Its memory is overwritten when it is dropped, so a copy is wiped too, as long as it is a `Secret`. What was made of [`Secret::expose`] or
/// [`Secret::into_exposed`] is its maker's.
#[derive(Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The only way to the value.
    pub fn expose(&self) -> &T {
        &self.0
    }

    /// Gives the value away; from then on it is not wiped by itself.
    pub fn into_exposed(mut self) -> T
    where
        T: Default,
    {
        std::mem::take(&mut self.0)
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// It looks like what it holds.
impl<T: schemars::JsonSchema + Zeroize> schemars::JsonSchema for Secret<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<T>()
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

/// Overwrites every text in it, for JSON that may have carried a secret. The names of fields stay.
pub fn wipe_texts(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe_texts),
        Value::Object(fields) => fields.values_mut().for_each(wipe_texts),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// For `#[serde(serialize_with = …)]` on the fields of *requests and token answers*, the only places where a secret is meant to travel.
pub fn serialize_exposed<S: serde::Serializer>(secret: &Secret<String>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(secret.expose())
}

/// [`serialize_exposed`] for a field that may be left out.
pub fn serialize_optional_exposed<S: serde::Serializer>(
    secret: &Option<Secret<String>>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => serialize_exposed(secret, to),
        None => to.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    /// Tells whether it was wiped.
    #[derive(Clone, Default)]
    struct Watched(Rc<Cell<u32>>);

    impl Zeroize for Watched {
        fn zeroize(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    /// FR-CON-03, NFR-S4: a secret is wiped when it is dropped, and so is each copy of it; one that was given away is its new owner's.
    #[test]
    fn a_secret_is_wiped_when_it_is_dropped() {
        let wiped = Rc::new(Cell::new(0));
        let secret = Secret::new(Watched(wiped.clone()));
        drop(secret.clone());
        assert_eq!(wiped.get(), 1, "the copy");
        drop(secret);
        assert_eq!(wiped.get(), 2, "and what it was made of");

        let given = Secret::new(Watched(wiped.clone())).into_exposed();
        assert_eq!(wiped.get(), 2, "it lives on");
        assert!(Rc::ptr_eq(&given.0, &wiped));
        assert_eq!(Secret::new("canary".to_owned()).into_exposed(), "canary");
    }

    /// FR-CON-03, NFR-S4: of a request nothing readable stays but the names of its fields.
    #[test]
    fn the_texts_of_a_request_are_wiped() {
        let mut body =
            serde_json::json!({ "password": "canary", "list": ["canary", { "deep": "canary" }], "count": 1 });
        wipe_texts(&mut body);
        assert_eq!(
            body,
            serde_json::json!({ "password": "", "list": ["", { "deep": "" }], "count": 1 })
        );
    }
}
