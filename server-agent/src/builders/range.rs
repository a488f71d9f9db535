//! Ranges of versions as manifests write them (`>=18 <21`, `^8.2`, `~=3.11`, `20.x || 22.x`), asked about a short list.

/// The first of the known versions that a range allows. A known version stands for the newest of its series: `22` for all
/// 22.x. A range that is not understood allows nothing.
pub fn choose(range: &str, known: &[&'static str]) -> Option<&'static str> {
    known.iter().copied().find(|version| allows(range, version))
}

fn allows(range: &str, version: &str) -> bool {
    let version = numbers(version);
    range
        .split("||")
        .flat_map(|part| part.split(" or "))
        .any(|alternative| {
            let comparators = comparators(alternative);
            !comparators.is_empty()
                && comparators
                    .iter()
                    .all(|(operator, bound)| satisfies(&version, operator, bound))
        })
}

/// Operators with their versions; anything else makes the list one that nothing satisfies.
fn comparators(text: &str) -> Vec<(String, String)> {
    let text = match text.split_once(" - ") {
        Some((from, to)) => format!(">={} <={}", from.trim(), to.trim()),
        None => text.replace(',', " "),
    };
    let mut found: Vec<(String, String)> = Vec::new();
    let mut waiting = String::new();
    for part in text.split_whitespace() {
        let end = part.find(|c: char| !"<>=^~!".contains(c)).unwrap_or(part.len());
        waiting.push_str(&part[..end]);
        if end < part.len() {
            found.push((std::mem::take(&mut waiting), part[end..].to_owned()));
        }
    }
    found
}

fn satisfies(version: &[u32], operator: &str, bound: &str) -> bool {
    let bound = bound.trim_start_matches(['v', 'V']);
    if matches!(bound, "*" | "x" | "X") {
        return true;
    }
    let bound = numbers(bound);
    if bound.is_empty() {
        return false;
    }
    // Compared over as many parts as both have: the series is allowed if its newest is.
    let shared = version.len().min(bound.len());
    let (ours, theirs) = (&version[..shared], &bound[..shared]);
    match operator {
        "" | "=" | "==" | "===" => ours == theirs,
        "!=" => ours != theirs || bound.len() > version.len(),
        ">=" => ours >= theirs,
        // The newest of a series is beyond a bound inside of it.
        ">" => ours > theirs || (ours == theirs && bound.len() > version.len()),
        "<" => ours < theirs,
        "<=" => ours <= theirs,
        "^" => ours >= theirs && ours.first() == theirs.first(),
        // `~=3.11` and `~> 3.2` move the last part that is written; npm's and composer's `~` as well, but for `~1.2.3`.
        "~=" | "~>" | "~" => {
            let kept = bound.len().saturating_sub(1).clamp(1, shared);
            ours >= theirs && ours[..kept] == theirs[..kept]
        }
        _ => false,
    }
}

fn numbers(text: &str) -> Vec<u32> {
    text.split('.')
        .map_while(|part| part.parse().ok())
        .take(3)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-BLD-02: a range chooses the newest of what it allows.
    #[test]
    fn ranges_choose() {
        let node = ["22", "24", "20", "18"];
        let python = ["3.13", "3.14", "3.12", "3.11", "3.10"];
        for (range, known, chosen) in [
            (">=18.5", &node[..], Some("22")),
            (">=18 <21", &node[..], Some("20")),
            ("^20.0.0", &node[..], Some("20")),
            ("20.x", &node[..], Some("20")),
            ("18 || 20", &node[..], Some("20")),
            (">= 18.0.0", &node[..], Some("22")),
            ("18 - 20", &node[..], Some("20")),
            ("<=20", &node[..], Some("20")),
            ("*", &node[..], Some("22")),
            (">=30", &node[..], None),
            ("latest", &node[..], None),
            ("", &node[..], None),
            (">=3.11,<3.13", &python[..], Some("3.12")),
            ("==3.11.*", &python[..], Some("3.11")),
            ("^3.10", &python[..], Some("3.13")),
            ("~=3.11", &python[..], Some("3.13")),
            ("~=3.11.2", &python[..], Some("3.11")),
            (">=3.9", &python[..], Some("3.13")),
            ("~> 3.11.0", &python[..], Some("3.11")),
        ] {
            assert_eq!(choose(range, known), chosen, "{range}");
        }
    }
}
