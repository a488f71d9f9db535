//! Checks what the style sheets do for who wishes that nothing moves: nothing does, and all that an animation would have brought is there.

const BASE: &str = include_str!("../styles/10-base.css");
const SHEETS: [&str; 12] = [
    include_str!("../styles/00-tokens.css"),
    BASE,
    include_str!("../styles/20-frame.css"),
    include_str!("../styles/30-controls.css"),
    include_str!("../styles/40-parts.css"),
    include_str!("../styles/50-deployment.css"),
    include_str!("../styles/60-application.css"),
    include_str!("../styles/60-fleet.css"),
    include_str!("../styles/60-metrics.css"),
    include_str!("../styles/60-palette.css"),
    include_str!("../styles/60-terminal.css"),
    include_str!("../styles/70-contrast.css"),
];
const REDUCED: &str = "@media (prefers-reduced-motion: reduce) {";

/// The selectors of each rule, and what it says. A rule that has others in it, as for a medium, is not one.
fn rules(sheet: &str) -> Vec<(Vec<String>, String)> {
    let mut plain = String::new();
    let mut rest = sheet;
    while let Some((before, after)) = rest.split_once("/*") {
        plain.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    let pieces = plain.split('}').filter_map(|piece| piece.rsplit_once('{'));
    let rules = pieces.map(|(before, says)| {
        let selectors = before.rsplit(['{', ';']).next().unwrap_or_default();
        let selectors = selectors.split(',').map(|one| one.trim().to_owned());
        (selectors.collect(), says.trim().to_owned())
    });
    rules.collect()
}

/// What holds in a sheet for who wishes that nothing moves.
fn reduced(sheet: &str) -> Vec<(Vec<String>, String)> {
    let blocks = sheet.split(REDUCED).skip(1);
    let inside = blocks.filter_map(|rest| rest.split_once("\n}"));
    inside.flat_map(|(block, _)| rules(block)).collect()
}

fn moves(says: &str) -> bool {
    ["animation:", "animation-", "transition:", "transition-"]
        .iter()
        .any(|property| says.contains(property))
}

/// FR-DSK-02: where the system is asked for less motion no rule of ours moves anything, and none is stronger than the one that says so.
#[test]
fn nothing_moves_where_that_is_wished() {
    let stop = reduced(BASE)
        .into_iter()
        .find(|(selectors, _)| *selectors == ["*"])
        .expect("one rule for everything");
    for still in ["animation: none !important;", "transition: none !important;"] {
        assert!(stop.1.contains(still), "{still} in {}", stop.1);
    }
    let mut moving = 0;
    for (selectors, says) in SHEETS.iter().flat_map(|sheet| rules(sheet)) {
        assert!(!says.contains("smooth;"), "{selectors:?} scrolls smoothly");
        if !moves(&says) || selectors == ["*"] {
            continue;
        }
        moving += 1;
        assert!(!says.contains("!important"), "{selectors:?} is as strong");
        // The rule for everything is about elements, and these are none.
        let others = selectors.iter().any(|one| one.contains("::"));
        assert!(!others, "{selectors:?} goes on");
    }
    assert!(moving > 4, "the rules that move something are found");
}

/// FR-DSK-02, NFR-U2: what appears by an animation is there without one, and what is old is dimmed without one.
#[test]
fn what_appears_is_there_without_motion() {
    for sheet in SHEETS {
        let still = reduced(sheet);
        let has = |selector: &str, wanted: &str| {
            still
                .iter()
                .any(|(selectors, says)| selectors.iter().any(|one| one == selector) && says.contains(wanted))
        };
        for (selectors, says) in rules(sheet) {
            let wanted = if says.contains("animation: appear ") {
                "opacity: 1;"
            } else if says.contains("animation: dim ") {
                "color: var(--secondary);"
            } else {
                continue;
            };
            for selector in selectors {
                assert!(has(&selector, wanted), "{selector} without motion");
            }
        }
    }
}
