//! Which rows are chosen.

use std::collections::BTreeSet;

use super::Wish;

/// The keys of the chosen rows, and of the one that was chosen last: where a range begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    keys: BTreeSet<String>,
    from: Option<String>,
}

impl Chosen {
    pub fn has(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Those that are still in the list.
    pub fn among<'a>(&self, keys: impl Iterator<Item = &'a str>) -> Self {
        if self.keys.is_empty() {
            return Self::default();
        }
        let there: BTreeSet<&str> = keys.collect();
        let is_there = |key: &&String| there.contains(key.as_str());
        Self {
            keys: self.keys.iter().filter(is_there).cloned().collect(),
            from: self.from.clone().filter(|from| there.contains(from.as_str())),
        }
    }

    /// After a wish, in a list of these keys.
    pub fn after(mut self, wish: &Wish, keys: &[&str]) -> Self {
        match *wish {
            Wish::None => return Self::default(),
            Wish::All => self.keys.extend(keys.iter().copied().map(str::to_owned)),
            Wish::Toggle(place) => {
                if let Some(key) = keys.get(place) {
                    if !self.keys.remove(*key) {
                        self.keys.insert((*key).to_owned());
                    }
                    self.from = Some((*key).to_owned());
                }
            }
            Wish::UpTo {
                from: begin,
                to: place,
            } => {
                let from = self.from.as_deref();
                let begin = keys.iter().position(|key| Some(*key) == from).unwrap_or(begin);
                let (first, last) = (begin.min(place), begin.max(place));
                if let Some(range) = keys.get(first..=last) {
                    self.keys.extend(range.iter().copied().map(str::to_owned));
                    self.from.get_or_insert_with(|| keys[begin].to_owned());
                }
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 5] = ["a", "b", "c", "d", "e"];

    fn up_to(to: usize) -> Wish {
        Wish::UpTo { from: to, to }
    }

    fn after(wishes: &[Wish]) -> Vec<String> {
        let chosen = wishes
            .iter()
            .fold(Chosen::default(), |chosen, wish| chosen.after(wish, &KEYS));
        chosen.keys.into_iter().collect()
    }

    /// FR-DSK-06: several rows are chosen one by one, as a range in both directions, and all at once.
    #[test]
    fn several_rows_are_chosen() {
        assert_eq!(after(&[Wish::Toggle(1), Wish::Toggle(3)]), ["b", "d"]);
        assert_eq!(after(&[Wish::Toggle(1), Wish::Toggle(1)]), [""; 0]);
        assert_eq!(after(&[Wish::Toggle(1), up_to(3)]), ["b", "c", "d"]);
        assert_eq!(after(&[Wish::Toggle(3), up_to(1)]), ["b", "c", "d"]);
        assert_eq!(after(&[up_to(2), up_to(4)]), ["c", "d", "e"]);
        assert_eq!(after(&[Wish::UpTo { from: 1, to: 2 }]), ["b", "c"]);
        assert_eq!(after(&[Wish::All]), KEYS);
        assert_eq!(after(&[Wish::All, Wish::None]), [""; 0]);
        assert_eq!(after(&[Wish::Toggle(9), up_to(9)]), [""; 0]);
    }

    /// FR-DSK-06: what has left the list is chosen no more, and no range begins there.
    #[test]
    fn what_is_gone_is_not_chosen() {
        let chosen = Chosen::default()
            .after(&Wish::Toggle(1), &KEYS)
            .after(&Wish::Toggle(2), &KEYS);
        let left = chosen.among(["a", "b"].into_iter());
        assert!(left.has("b") && !left.has("c"));
        assert_eq!(left.after(&up_to(0), &["a", "b"]).keys.len(), 2);
    }
}
