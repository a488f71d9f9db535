//! Tags as people type them.

use slipway_protocol::{InvalidText, Tag};

/// Words with spaces or commas between them.
pub fn parse(text: &str) -> Result<Vec<Tag>, InvalidText> {
    let words = text.split(|c: char| c.is_whitespace() || c == ',');
    words
        .filter(|word| !word.is_empty())
        .map(|word| Tag::parse(&word.to_lowercase()))
        .collect()
}

/// As somebody would type them.
pub fn joined(tags: &[Tag]) -> String {
    let words: Vec<&str> = tags.iter().map(Tag::as_str).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-PRJ-05: tags are typed as words; what cannot be one says why.
    #[test]
    fn tags_are_words() {
        let texts =
            |typed: &str| parse(typed).map(|tags| tags.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(
            texts(" Shop,eu  team:payments "),
            Ok(vec![
                "shop".to_owned(),
                "eu".to_owned(),
                "team:payments".to_owned()
            ])
        );
        assert_eq!(texts(""), Ok(Vec::new()));
        assert!(texts("a <b>").is_err());
    }
}
