//! git's own check of everything that it fetches (`transfer.fsckObjects`), in words that a person can act on.

use slipway_protocol::names::is_hidden;

/// Why the check refused a repository: from git's line `error: object <id>: <finding>: <text>`.
pub(super) fn refusal(stderr: &str) -> Option<String> {
    let (finding, text) = stderr.lines().find_map(finding)?;
    // “disallowed submodule url: --upload-pack=x”: the repository's own words stand behind the colon.
    let quoted = shown(text.split_once(": ").map_or(text, |(_, value)| value));
    let (what, remedy) = match finding {
        "gitmodulesUrl" => ("gives a submodule the address", "is none"),
        "gitmodulesName" => ("gives a submodule the name", "is not allowed"),
        "gitmodulesPath" => ("gives a submodule the path", "is not allowed"),
        "gitmodulesUpdate" => ("gives a submodule the update command", "is not allowed"),
        _ => {
            let text = shown(text);
            return Some(format!(
                "git’s check of its objects finds “{text}”, which could harm whoever checks it out; take that out of the repository and deploy again"
            ));
        }
    };
    Some(format!(
        "its file .gitmodules {what} “{quoted}”, which {remedy}; correct it there and deploy again"
    ))
}

/// Name and text of what the check found, if this line says such a thing.
fn finding(line: &str) -> Option<(&str, &str)> {
    let (id, rest) = line.strip_prefix("error: object ")?.split_once(": ")?;
    let (name, text) = rest.split_once(": ")?;
    let plain = id.len() >= 40 && id.chars().all(|c| c.is_ascii_hexdigit());
    (plain && name.chars().all(|c| c.is_ascii_alphanumeric())).then_some((name, text))
}

/// Foreign words, cut short and without what hides in a text.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !is_hidden(*c)).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "1c9eff6f97bf100eeca98844aa90d3db498529a1";

    /// FR-SRC-01, NFR-U2: what git's check refuses is named with what to do about it.
    #[test]
    fn refusals_are_named() {
        let said = |finding: &str| {
            let end = "fatal: fsck error in packed object\nfatal: index-pack failed";
            refusal(&format!("error: object {ID}: {finding}\n{end}")).unwrap()
        };
        assert_eq!(
            said("gitmodulesUrl: disallowed submodule url: --upload-pack=touch /x"),
            "its file .gitmodules gives a submodule the address “--upload-pack=touch /x”, which is none; correct it there and deploy again"
        );
        assert!(said("gitmodulesName: disallowed submodule name: ../x").contains("“../x”"));
        assert!(said("hasDotgit: contains '.git'").contains("“contains '.git'”"));
    }

    /// FR-SRC-01: words that only look like a finding are none.
    #[test]
    fn other_words_are_no_refusal() {
        for other in [
            "",
            "fatal: index-pack failed",
            "error: object x: a: b",
            "error: object",
        ] {
            assert_eq!(refusal(other), None, "{other}");
        }
    }

    proptest! {
        /// NFR-S2: whatever stands in a repository, the sentence about it is short and on one line.
        #[test]
        fn the_sentence_is_one_line(text in "[^\n]{0,300}") {
            if let Some(sentence) = refusal(&format!("error: object {ID}: gitmodulesUrl: disallowed submodule url: {text}")) {
                prop_assert!(sentence.chars().count() < 300 && !sentence.chars().any(is_hidden));
            }
        }
    }
}
