//! Values that are not shown: wherever a text has them, dots stand in their place.

/// A value shorter than this is no secret, and covering it would make the text unreadable.
const SHORTEST: usize = 4;
const DOTS: &str = "•••";

/// The values, the longest first: a part of one must not keep the whole from being found.
#[derive(Default)]
pub(super) struct Cover(Vec<String>);

impl Cover {
    pub fn of<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let trimmed = values.map(|text| text.trim().to_owned());
        let mut all: Vec<String> = trimmed.filter(|text| text.len() >= SHORTEST).collect();
        all.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        all.dedup();
        Self(all)
    }

    pub fn over(&self, text: &str) -> String {
        let uncovered = text.to_owned();
        self.0
            .iter()
            .fold(uncovered, |text, value| text.replace(value.as_str(), DOTS))
    }
}
