//! Files with content that an application's containers find at a path.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Secret;
use crate::names::text_type;
use crate::settings::ContainerPath;

/// The largest content, in bytes; the smallest is one byte.
pub const LARGEST_FILE: usize = 500_000;
/// An application has so many files at most …
pub const MOST_FILES: usize = 20;
/// … and together they have so many bytes at most.
pub const LARGEST_FILES: usize = 2 * 1024 * 1024;

/// Sets one file; it takes effect with the next deployment.
#[derive(Clone, JsonSchema, Serialize, Deserialize)]
pub struct SetFile {
    pub path: ContainerPath,
    #[serde(with = "in_base64")]
    #[schemars(with = "String", extend("contentEncoding" = "base64"))]
    pub content: Secret<Vec<u8>>,
    /// Left out: as it was; a new file can be read by everybody in the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<FileMode>,
}

/// A file as it is listed, without its content.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct FileView {
    pub path: ContainerPath,
    /// In bytes.
    pub length: u32,
    pub mode: FileMode,
    pub updated_at: DateTime<Utc>,
}

/// A file's content, for somebody with the right to it.
#[derive(Clone, JsonSchema, Serialize, Deserialize)]
pub struct RevealedFile {
    pub path: ContainerPath,
    #[serde(with = "in_base64")]
    #[schemars(with = "String", extend("contentEncoding" = "base64"))]
    pub content: Secret<Vec<u8>>,
}

text_type! {
    /// Who may do what with a file, in octal: `0444`, `600`. It belongs to the container's root.
    FileMode, "The mode", |text| {
        let digits = text.strip_prefix('0').unwrap_or(text);
        if digits.len() == 3 && digits.chars().all(|c| ('0'..='7').contains(&c)) { Ok(()) } else { Err("it needs three octal digits, for example 0444") }
    }
}

impl FileMode {
    /// Everybody may read it.
    pub fn readable() -> Self {
        Self("0444".to_owned())
    }

    /// As the kernel takes it.
    pub fn bits(&self) -> u32 {
        u32::from_str_radix(&self.0, 8).unwrap_or(0o444)
    }

    /// From what the kernel takes; bits beyond `0777` do not count.
    pub fn from_bits(bits: u32) -> Self {
        Self(format!("{:04o}", bits & 0o777))
    }
}

/// Bytes as base64 in JSON, on the way in and where they are meant to be shown.
pub(crate) mod in_base64 {
    use super::*;

    pub fn serialize<S: Serializer>(content: &Secret<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
        let text = Secret::new(STANDARD.encode(content.expose()));
        to.serialize_str(text.expose())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Secret<Vec<u8>>, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        let content = STANDARD.decode(text.as_bytes());
        content
            .map(Secret::new)
            .map_err(|_| serde::de::Error::custom("the content is not in base64"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CFG-04: a mode is three octal digits, and nothing beyond them.
    #[test]
    fn modes() {
        assert_eq!(FileMode::parse("0640").unwrap().bits(), 0o640);
        assert_eq!(FileMode::parse("600").unwrap().bits(), 0o600);
        assert_eq!(FileMode::from_bits(0o444), FileMode::readable());
        for bad in ["", "4755", "0888", "rw-r--r--", "-644", "00644"] {
            assert!(FileMode::parse(bad).is_err(), "{bad}");
        }
    }

    /// FR-CFG-04: any bytes go round through JSON.
    #[test]
    fn content_is_any_bytes() {
        let all: Vec<u8> = (0..=255).collect();
        let file = SetFile {
            path: ContainerPath::parse("/etc/app.bin").unwrap(),
            content: Secret::new(all.clone()),
            mode: None,
        };
        let text = serde_json::to_string(&file).unwrap();
        let again: SetFile = serde_json::from_str(&text).unwrap();
        assert_eq!(again.content.expose(), &all);
        assert!(serde_json::from_str::<SetFile>(r#"{"path":"/a","content":"%"}"#).is_err());
    }
}
