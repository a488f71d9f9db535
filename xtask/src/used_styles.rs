//! Of a library's style sheet only what the window can use: rules of classes that stand in its sources, and tokens that something refers to. The
//! webview keeps each rule in memory. What is left out could match nothing; where that cannot be known the build fails.

use std::collections::HashSet;

use anyhow::{Result, bail};

/// The library's ready-made parts that the window uses, each by the line that takes it in. Of these all rules are kept.
const WHOLE: [(&str, &str); 2] = [
    (
        "use patternfly_yew::prelude::{Alert, AlertType};",
        "pf-v6-c-alert",
    ),
    (
        "use patternfly_yew::prelude::Card as PatternflyCard;",
        "pf-v6-c-card",
    ),
];
/// Begin the classes of parts, and of what changes them. Others are kept.
const CLASSES: [&str; 2] = ["pf-v6-c-", "pf-m-"];
const TOKEN: &str = "--pf-";

enum Item {
    /// As it stands.
    Whole(String),
    /// What holds only under a condition.
    Group(String, Vec<Item>),
    Rule(Vec<String>, Vec<String>),
}

/// The part of `library` that can be used by these texts, which are all of the window's own.
pub fn of(library: &str, sources: &[String]) -> Result<String> {
    for line in sources.iter().flat_map(|source| source.lines()) {
        if line.contains("patternfly_yew") && !WHOLE.iter().any(|(known, _)| line.trim() == *known) {
            bail!(
                "“{}” takes in a part of PatternFly whose styles are not kept: xtask/src/used_styles.rs has to name it",
                line.trim()
            );
        }
    }
    let mut known = HashSet::new();
    for begin in CLASSES {
        for name in sources.iter().flat_map(|source| names(source, begin)) {
            if name.ends_with('-') {
                bail!(
                    "the class “{name}…” is put together when the window runs: write it as one text, so that its styles are kept"
                );
            }
            known.insert(name);
        }
    }
    let mut items = parsed(library)?;
    items.retain_mut(|item| keep_classes(item, &known));
    let own: HashSet<String> = sources
        .iter()
        .flat_map(|source| names(source, TOKEN))
        .map(str::to_owned)
        .collect();
    loop {
        let mut wanted = own.clone();
        let mut refer = |text: &str| wanted.extend(names(text, TOKEN).map(str::to_owned));
        items.iter().for_each(|item| references(item, &mut refer));
        if items
            .iter_mut()
            .map(|item| drop_tokens(item, &wanted))
            .sum::<usize>()
            == 0
        {
            break;
        }
    }
    let mut text = String::new();
    items.iter().for_each(|item| write(item, &mut text));
    Ok(text)
}

/// All names in a text that begin so, to their ends.
fn names<'t>(text: &'t str, begin: &'t str) -> impl Iterator<Item = &'t str> {
    text.match_indices(begin).map(|(at, _)| {
        let rest = &text[at..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')));
        &rest[..end.unwrap_or(rest.len())]
    })
}

fn parsed(text: &str) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = at_top(rest, &['{', ';']).next();
        let Some(end) = end else {
            bail!("“{}” is no rule", rest.chars().take(60).collect::<String>());
        };
        if rest[end..].starts_with(';') {
            items.push(Item::Whole(rest[..=end].to_owned()));
            rest = rest[end + 1..].trim_start();
            continue;
        }
        let head = rest[..end].trim();
        let Some(length) = at_top(&rest[end + 1..], &['}']).next() else {
            bail!("“{head}” has no end");
        };
        let body = &rest[end + 1..][..length];
        let is_group = ["@media", "@supports", "@container", "@layer"]
            .iter()
            .any(|group| head.starts_with(group));
        items.push(if is_group {
            Item::Group(head.to_owned(), parsed(body)?)
        } else if head.starts_with('@') || body.contains('{') {
            Item::Whole(format!("{head}{{{body}}}"))
        } else {
            Item::Rule(pieces(head, ','), pieces(body, ';'))
        });
        rest = rest[end + 1 + length + 1..].trim_start();
    }
    Ok(items)
}

/// Where each of these stands that is in no text, no brackets and no block.
fn at_top<'t>(text: &'t str, wanted: &'t [char]) -> impl Iterator<Item = usize> + 't {
    let (mut depth, mut quote) = (0_usize, None);
    let mut letters = text.char_indices();
    std::iter::from_fn(move || {
        while let Some((at, letter)) = letters.next() {
            if letter == '\\' {
                letters.next();
            } else if quote.is_some() {
                quote = quote.filter(|open| *open != letter);
            } else {
                let found = depth == 0 && wanted.contains(&letter);
                match letter {
                    '"' | '\'' => quote = Some(letter),
                    '(' | '[' | '{' => depth += 1,
                    ')' | ']' | '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if found {
                    return Some(at);
                }
            }
        }
        None
    })
}

fn pieces(text: &str, between: char) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for at in at_top(text, &[between]) {
        pieces.push(text[from..at].trim().to_owned());
        from = at + between.len_utf8();
    }
    pieces.push(text[from..].trim().to_owned());
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Drops selectors that can match nothing; says whether anything is left.
fn keep_classes(item: &mut Item, known: &HashSet<&str>) -> bool {
    match item {
        Item::Whole(_) => true,
        Item::Group(_, items) => {
            items.retain_mut(|item| keep_classes(item, known));
            !items.is_empty()
        }
        Item::Rule(selectors, _) => {
            selectors.retain(|selector| can_match(selector, known));
            !selectors.is_empty()
        }
    }
}

fn can_match(selector: &str, known: &HashSet<&str>) -> bool {
    // What stands in brackets may be one of several, or what must not be.
    let outside = outside_brackets(selector);
    let is_whole = |name: &str| WHOLE.iter().any(|(_, whole)| name.starts_with(whole));
    let part_is_whole = names(&outside, CLASSES[0]).any(is_whole);
    CLASSES.iter().all(|begin| {
        names(&outside, begin).all(|name| {
            known.contains(name) || is_whole(name) || (part_is_whole && name.starts_with(CLASSES[1]))
        })
    })
}

fn outside_brackets(selector: &str) -> String {
    let mut depth = 0_usize;
    let mut outside = String::new();
    for letter in selector.chars() {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => outside.push(letter),
            _ => {}
        }
    }
    outside
}

/// Tells of each text that may refer to a token.
fn references(item: &Item, refer: &mut impl FnMut(&str)) {
    match item {
        Item::Whole(text) => refer(text),
        Item::Group(head, items) => {
            refer(head);
            items.iter().for_each(|item| references(item, refer));
        }
        Item::Rule(_, declarations) => {
            for declaration in declarations {
                refer(declaration.split_once(':').map_or("", |(_, value)| value));
            }
        }
    }
}

/// Drops tokens that nothing refers to; says how many.
fn drop_tokens(item: &mut Item, wanted: &HashSet<String>) -> usize {
    match item {
        Item::Whole(_) => 0,
        Item::Group(_, items) => items.iter_mut().map(|item| drop_tokens(item, wanted)).sum(),
        Item::Rule(_, declarations) => {
            let before = declarations.len();
            declarations.retain(|declaration| {
                let name = declaration.split_once(':').map_or("", |(name, _)| name.trim());
                !name.starts_with(TOKEN) || wanted.contains(name)
            });
            before - declarations.len()
        }
    }
}

fn write(item: &Item, text: &mut String) {
    match item {
        Item::Whole(whole) => {
            text.push_str(whole);
            text.push('\n');
        }
        Item::Group(head, items) => {
            text.push_str(&format!("{head}{{\n"));
            items.iter().for_each(|item| write(item, text));
            text.push_str("}\n");
        }
        Item::Rule(_, declarations) if declarations.is_empty() => {}
        Item::Rule(selectors, declarations) => {
            text.push_str(&format!(
                "{}{{{}}}\n",
                selectors.join(","),
                declarations.join(";")
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(library: &str, source: &str) -> String {
        let text = of(library, &[source.to_owned()]).unwrap();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// NFR-P9: a rule stays if its classes can occur, whatever stands around them; others go, and groups that are empty then.
    #[test]
    fn rules_that_can_match_stay() {
        let source = "class=\"pf-v6-c-button pf-m-plain\"";
        for stays in [
            ".pf-v6-c-button{color:red}",
            ".pf-v6-c-button.pf-m-plain:hover{color:red}",
            ".pf-v6-c-button:not(.pf-m-link){color:red}",
            ":where(.pf-m-link, .x) .pf-v6-c-button{color:red}",
            ".pf-v6-c-card.pf-m-compact .pf-v6-c-card__body{color:red}",
            "body{color:red}",
            ".pf-v6-theme-dark{color:red}",
            "@keyframes turn{to{color:red}}",
            ".x::before{content:\"};{\"}",
        ] {
            assert_eq!(used(stays, source), stays);
        }
        for goes in [
            ".pf-v6-c-tabs{color:red}",
            ".pf-v6-c-button__icon{color:red}",
            ".pf-v6-c-button.pf-m-link{color:red}",
            "@media (min-width: 1px){.pf-v6-c-tabs{color:red}}",
        ] {
            assert_eq!(used(goes, source), "");
        }
        let two = ".pf-v6-c-tabs,.pf-v6-c-button{color:red}";
        assert_eq!(used(two, source), ".pf-v6-c-button{color:red}");
    }

    /// NFR-P9: a token stays if something that stays refers to it, or the window's own texts do.
    #[test]
    fn tokens_that_are_referred_to_stay() {
        let library =
            ":root{--pf-a:1;--pf-b:var(--pf-a);--pf-c:2;--pf-d:var(--pf-c);--pf-e:3}p{order:var(--pf-b)}";
        let kept = used(library, "var(--pf-e)");
        assert_eq!(
            kept,
            ":root{--pf-a:1;--pf-b:var(--pf-a);--pf-e:3} p{order:var(--pf-b)}"
        );
    }

    /// NFR-P9: what cannot be known fails instead of losing its styles.
    #[test]
    fn what_cannot_be_known_is_refused() {
        for source in ["format!(\"pf-m-{size}\")", "use patternfly_yew::prelude::Tabs;"] {
            assert!(of("p{order:1}", &[source.to_owned()]).is_err(), "{source}");
        }
        for library in ["p{order:1", "p"] {
            assert!(of(library, &[]).is_err(), "{library}");
        }
    }
}
