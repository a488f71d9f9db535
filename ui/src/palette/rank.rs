//! Which entries fit what was typed, and which fit best. Pure, and quick enough for each key stroke over thousands of entries.

use std::collections::HashMap;

/// What is known of an entry for finding it, in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Haystack {
    pub title: String,
    /// Where it stands, its cluster, other words for it.
    pub more: String,
    /// Which letters are in either: most entries are passed over by this alone.
    letters: u64,
}

impl Haystack {
    pub fn new(title: &str, more: &str) -> Self {
        let (title, more) = (title.to_lowercase(), more.to_lowercase());
        let letters = letters(&title) | letters(&more);
        Self { title, more, letters }
    }

    /// Adds other words for it.
    pub fn also(&mut self, words: &str) {
        *self = Self::new(&self.title, &format!("{} {words}", self.more));
    }
}

/// A bit for each letter and digit of a text, and one for all others.
fn letters(text: &str) -> u64 {
    text.bytes().fold(0, |set, byte| {
        set | match byte {
            b'a'..=b'z' => 1 << (byte - b'a'),
            b'0'..=b'9' => 1 << (26 + byte - b'0'),
            _ => 1 << 36,
        }
    })
}

/// What was typed, as words in lower case.
pub fn words(typed: &str) -> Vec<String> {
    typed.split_whitespace().map(str::to_lowercase).collect()
}

/// How well an entry fits; nothing if one of the words is not in it.
pub fn score(words: &[String], entry: &Haystack) -> Option<i32> {
    let mut sum = 0;
    for word in words {
        if letters(word) & !entry.letters != 0 {
            return None;
        }
        sum += in_title(word, &entry.title).or_else(|| in_more(word, &entry.more))?;
    }
    // Of two that fit alike the shorter one is meant.
    Some(sum - (entry.title.len().min(80) / 4) as i32)
}

fn in_title(word: &str, title: &str) -> Option<i32> {
    if let Some(at) = find_at_word(word, title) {
        let whole = title[at + word.len()..]
            .chars()
            .next()
            .is_none_or(|c| !c.is_alphanumeric());
        return Some(if whole { 100 } else { 80 } + if at == 0 { 10 } else { 0 });
    }
    if title.contains(word) {
        return Some(50);
    }
    let spread = spread(word, title)?;
    Some((30 - spread as i32).max(5))
}

fn in_more(word: &str, more: &str) -> Option<i32> {
    if find_at_word(word, more).is_some() {
        return Some(30);
    }
    more.contains(word).then_some(12)
}

/// Where a word of the text begins with this.
fn find_at_word(word: &str, text: &str) -> Option<usize> {
    text.match_indices(word).map(|(at, _)| at).find(|at| {
        let before = text[..*at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric())
    })
}

/// How far apart the letters of a word stand in a text that has them in this order; one letter alone is no hint.
fn spread(word: &str, text: &str) -> Option<usize> {
    let mut letters = text.char_indices();
    let (mut first, mut last, mut count) = (None, 0, 0_usize);
    for wanted in word.chars() {
        let (at, _) = letters.find(|(_, c)| *c == wanted)?;
        first.get_or_insert(at);
        last = at;
        count += 1;
    }
    let first = first.filter(|_| count > 1)?;
    Some((last - first + 1).saturating_sub(count))
}

/// The best places of a list for what was typed, best first. `bonus` is what the one that looks has to do with an entry.
pub fn best<'e>(
    typed: &[String],
    entries: impl Iterator<Item = &'e Haystack>,
    bonus: impl Fn(usize) -> i32,
    most: usize,
) -> Vec<usize> {
    let mut found: Vec<(i32, usize)> = entries
        .enumerate()
        .filter_map(|(place, entry)| Some((score(typed, entry)? + bonus(place), place)))
        .collect();
    let better =
        |(one, first): &(i32, usize), (two, second): &(i32, usize)| two.cmp(one).then(first.cmp(second));
    if found.len() > most {
        found.select_nth_unstable_by(most, better);
        found.truncate(most);
    }
    found.sort_unstable_by(better);
    found.into_iter().map(|(_, place)| place).collect()
}

/// What was opened lately counts more, the last one most.
pub fn recent_bonus(recent: &[String]) -> HashMap<&str, i32> {
    let bonus = |place: usize| 24 - 2 * (place.min(10) as i32);
    let pairs = recent
        .iter()
        .enumerate()
        .map(|(place, key)| (key.as_str(), bonus(place)));
    pairs.collect()
}

/// The characters of a title that fit what was typed, as places; they are shown bold.
pub fn marks(words: &[String], title: &str) -> Vec<usize> {
    let letters: Vec<char> = title
        .chars()
        .map(|c| c.to_lowercase().next().unwrap_or(c))
        .collect();
    let mut places = Vec::new();
    for word in words {
        let wanted: Vec<char> = word.chars().collect();
        let starts = (0..(letters.len() + 1).saturating_sub(wanted.len()))
            .filter(|at| letters[*at..].starts_with(&wanted));
        let at_word = |at: &usize| *at == 0 || !letters[at - 1].is_alphanumeric();
        let all: Vec<usize> = starts.collect();
        if let Some(at) = all.iter().find(|at| at_word(at)).or(all.first()) {
            places.extend(*at..at + wanted.len());
        }
    }
    places.sort_unstable();
    places.dedup();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(typed: &str, titles: &[(&str, &str)]) -> Vec<usize> {
        let all: Vec<Haystack> = titles
            .iter()
            .map(|(title, more)| Haystack::new(title, more))
            .collect();
        best(&words(typed), all.iter(), |_| 0, 20)
    }

    /// FR-DSK-02: each word has to be there, in any order; whole words come before beginnings, those before what is inside.
    #[test]
    fn the_nearest_comes_first() {
        let all = [
            ("cobweb", ""),
            ("Roll back web", "shop / production"),
            ("web", "shop / production"),
            ("webhooks", ""),
            ("wheel-balancer", ""),
            ("api", "web team"),
        ];
        assert_eq!(order("web", &all), [2, 1, 3, 0, 5, 4]);
        assert_eq!(order("roll back we", &all), [1]);
        assert_eq!(order("we roll", &all), [1]);
        assert_eq!(order("WEB prod", &all), [2, 1]);
        assert_eq!(order("nothing", &all), Vec::<usize>::new());
    }

    /// FR-DSK-02: letters in the right order are enough, and what was opened lately comes first among equals.
    #[test]
    fn fuzzy_and_recent() {
        let all = [("production-web", ""), ("prod-web", ""), ("staging", "")];
        assert_eq!(order("pdwb", &all), [1, 0]);
        let twins = [Haystack::new("web", "a"), Haystack::new("web", "b")];
        let recent = ["b".to_owned()];
        let bonus = recent_bonus(&recent);
        let keys = ["a", "b"];
        let ranked = best(
            &words("web"),
            twins.iter(),
            |place| bonus.get(keys[place]).copied().unwrap_or(0),
            20,
        );
        assert_eq!(ranked, [1, 0]);
    }

    /// FR-DSK-02: what fits is marked in the title, whatever its letters.
    #[test]
    fn what_fits_is_marked() {
        assert_eq!(marks(&words("web"), "Roll back web"), [10, 11, 12]);
        assert_eq!(marks(&words("übe"), "Die Überweisung"), [4, 5, 6]);
        assert_eq!(marks(&words("xyz"), "web"), Vec::<usize>::new());
    }

    /// FR-DSK-02: ten thousand entries are searched in a moment. Prints the time; the machine decides what it is.
    #[test]
    fn ten_thousand_entries_are_searched_in_a_moment() {
        let verbs = ["", "Deploy ", "Roll back ", "Restart ", "Logs of "];
        let all: Vec<Haystack> = (0..10_000)
            .map(|n| {
                let title = format!("{}service-{}", verbs[n % verbs.len()], n / verbs.len());
                Haystack::new(&title, &format!("project-{} / production prod-frankfurt", n % 40))
            })
            .collect();
        let begin = std::time::Instant::now();
        let found = best(&words("roll back service-777 prod"), all.iter(), |_| 0, 60);
        let (first, first_took) = (found.first().copied(), begin.elapsed());
        let begin = std::time::Instant::now();
        let fuzzy = best(&words("rlbksv"), all.iter(), |_| 0, 60);
        println!(
            "10,000 entries: four words {first_took:?}, letters {:?}",
            begin.elapsed()
        );
        assert_eq!(
            first.map(|place| all[place].title.as_str()),
            Some("roll back service-777")
        );
        assert_eq!(fuzzy.len(), 60);
    }
}
