//! What an agent tells, as far as its reader knows it: an agent of the same API level may be newer than its client, and say more.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::build::BuiltBy;
use crate::checkup::CheckupTopic;
use crate::configuration::Configured;
use crate::deployment::{Step, Trigger, Way};

const NEWER: &str = "something newer";

/// A value of an enum in an answer. What the reader does not know is [`Told::Newer`], so that the rest of the answer can be read: one new kind of
/// step makes no list of deployments unreadable. On the wire it is the value itself.
///
/// The enum alone stays strict: in requests and in the agent's own tables nothing may be taken for something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Told<T> {
    Known(T),
    /// Something that this program is too old for.
    Newer,
}

impl<T> Told<T> {
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(known) => Some(known),
            Self::Newer => None,
        }
    }
}

impl<T> From<T> for Told<T> {
    fn from(known: T) -> Self {
        Self::Known(known)
    }
}

impl<T: Default> Default for Told<T> {
    fn default() -> Self {
        Self::Known(T::default())
    }
}

impl<T: PartialEq> PartialEq<T> for Told<T> {
    fn eq(&self, other: &T) -> bool {
        self.known() == Some(other)
    }
}

impl<T: Serialize> Serialize for Told<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(known) => known.serialize(serializer),
            Self::Newer => serializer.serialize_str(NEWER),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Told<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        Ok(serde_json::from_value(value).map_or(Self::Newer, Self::Known))
    }
}

/// It is described as what is known of it.
impl<T: JsonSchema> JsonSchema for Told<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

macro_rules! named {
    ($($known:ty),+) => {$(
        impl Told<$known> {
            /// Its name, or that it is newer than this program.
            pub fn as_str(&self) -> &'static str {
                match self {
                    Self::Known(known) => known.as_str(),
                    Self::Newer => NEWER,
                }
            }
        }
    )+};
}

named!(BuiltBy, CheckupTopic, Configured, Step, Trigger, Way);

impl Told<CheckupTopic> {
    /// For people, in a few words.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Known(topic) => topic.title(),
            Self::Newer => "Something newer than this program knows",
        }
    }
}

#[cfg(test)]
#[path = "told_tests.rs"]
mod tests;
