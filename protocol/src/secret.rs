//! A value that must not be seen by accident.

/// Holds a secret. It has no `Debug`, `Display` or `Serialize`, so it cannot reach a log, an error or an answer
/// unless somebody writes [`Secret::expose`], which is easy to search for.
///
/// It does deserialize, because secrets arrive in requests. To *send* one, a request type implements its own
/// serialization with [`serialize_exposed`].
#[derive(Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The only way to the value.
    pub fn expose(&self) -> &T {
        &self.0
    }

    pub fn into_exposed(self) -> T {
        self.0
    }
}

/// It looks like what it holds.
impl<T: schemars::JsonSchema> schemars::JsonSchema for Secret<T> {
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

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
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
