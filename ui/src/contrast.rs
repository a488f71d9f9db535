//! Checks the tokens of the style sheets: text has to be readable on every surface that it stands on, in both themes.

use std::collections::HashMap;

const TOKENS: &str = include_str!("../styles/00-tokens.css");
const FRAME: &str = include_str!("../styles/20-frame.css");
const PARTS: &str = include_str!("../styles/40-parts.css");

/// The custom properties of the first block that begins with this selector.
fn block(selector: &str) -> HashMap<&'static str, &'static str> {
    let start = TOKENS.find(selector).expect("the block is there");
    let body = &TOKENS[start + selector.len()..];
    let end = body.find('}').expect("the block ends");
    let declarations = body[..end].split(';').filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((
            name.trim_matches(|c: char| c.is_whitespace() || c == '{'),
            value.trim(),
        ))
    });
    declarations.filter(|(name, _)| name.starts_with("--")).collect()
}

/// WCAG's relative luminance of `#rrggbb`.
fn luminance(color: &str) -> f64 {
    let channel = |at: usize| {
        let value = u8::from_str_radix(&color[at..at + 2], 16).expect("a colour of six digits");
        let value = f64::from(value) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

fn contrast(one: &str, two: &str) -> f64 {
    let (one, two) = (luminance(one), luminance(two));
    (one.max(two) + 0.05) / (one.min(two) + 0.05)
}

const PAIRS: [(&str, &[&str]); 17] = [
    (
        "--text",
        &["--page", "--surface", "--sunken", "--accent-tint", "--bad-tint"],
    ),
    ("--secondary", &["--page", "--surface", "--sunken"]),
    (
        "--secondary",
        &["--progress-tint", "--warning-tint", "--bad-tint"],
    ),
    ("--faint", &["--page", "--surface"]),
    ("--accent", &["--surface"]),
    ("--accent-on-tint", &["--accent-tint", "--bad-tint"]),
    ("--good", &["--surface"]),
    ("--good-on-tint", &["--good-tint", "--accent-tint", "--bad-tint"]),
    ("--warning", &["--surface"]),
    (
        "--warning-on-tint",
        &["--warning-tint", "--accent-tint", "--bad-tint"],
    ),
    ("--bad", &["--surface", "--bad-tint", "--accent-tint"]),
    ("--progress", &["--surface", "--progress-tint", "--accent-tint"]),
    ("--production", &["--surface", "--warning-tint"]),
    ("--on-accent", &["--accent"]),
    ("--violet", &["--surface"]),
    ("--rose", &["--surface"]),
    ("--secondary", &["--accent-tint"]),
];

/// FR-DSK-02: text has a contrast of at least 4.5:1 on what it stands on.
#[test]
fn text_is_readable_in_both_themes() {
    for selector in [":root {", ":root[data-theme=\"dark\"] {"] {
        let tokens = block(selector);
        for (text, grounds) in PAIRS {
            for ground in grounds {
                let found = contrast(tokens[text], tokens[ground]);
                assert!(found >= 4.5, "{selector} {text} on {ground}: {found:.2}");
            }
        }
    }
}

/// FR-DSK-01: with high contrast text has at least 7:1, whether the person or the system asks for it.
#[test]
fn high_contrast_is_high() {
    let chosen = block(":root[data-theme=\"contrast\"] {");
    assert_eq!(chosen, block(":root:not([data-theme]) {"));
    for (text, grounds) in PAIRS {
        for ground in grounds {
            let found = contrast(chosen[text], chosen[ground]);
            assert!(found >= 7.0, "{text} on {ground}: {found:.2}");
        }
    }
    assert!(contrast(chosen["--border"], chosen["--surface"]) >= 4.5);
}

/// FR-DSK-02: the system's dark theme and the chosen one are the same.
#[test]
fn the_dark_themes_are_one() {
    let system = block(":root:not([data-theme=\"light\"]) {");
    assert_eq!(system, block(":root[data-theme=\"dark\"] {"));
}

/// FR-DSK-02: what is old is dimmed by a colour that is readable on every surface, and by no opacity, which would take the rest below 4.5:1.
#[test]
fn old_answers_stay_readable() {
    let dim = PARTS
        .split_once("@keyframes dim {")
        .and_then(|(_, rest)| rest.split_once("}\n}"))
        .expect("it is there")
        .0;
    assert!(
        dim.contains("color: var(--secondary);") && !dim.contains("opacity"),
        "{dim}"
    );
    let stale = PARTS.split(".face.stale {").skip(1);
    for rule in stale.filter_map(|rest| rest.split_once('}')) {
        assert!(!rule.0.contains("opacity"), "{}", rule.0);
    }
}

/// FR-DSK-02: initials on a tile are readable, and the style sheet has the palette's colours.
#[test]
fn tiles_have_the_palettes_colours() {
    for (place, color) in crate::components::tile::PALETTE.iter().enumerate() {
        let rule = format!(".tile-{place} {{\n  background: {color};");
        assert!(FRAME.contains(&rule), "{rule}");
        assert!(contrast(color, "#ffffff") >= 4.5, "{color}");
    }
}
