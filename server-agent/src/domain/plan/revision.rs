//! The revision of a plan: what the world was when it was made, and what the source's name stood for.
//!
//! Nothing is kept of a plan, so its revision has to say both: the first digits of a digest of the state, then, where the source had to be
//! asked for it, the first digits of the commit or of the image. So a refusal can name what the branch was.

use slipway_protocol::head::Head;
use slipway_protocol::names::InvalidText;
use slipway_protocol::plan::Revision;

use super::Found;

/// 96 bits: the states of one application, told apart by chance alone.
const OF_STATE: usize = 24;
/// A whole commit; the beginning of a longer hash.
const OF_HEAD: usize = 40;

/// `state` is a digest in hexadecimal.
pub fn revision(state: &str, found: &Found) -> Result<Revision, InvalidText> {
    let head = match found {
        Found::Is(head) => first(head.digits(), OF_HEAD),
        Found::Nothing | Found::Fixed(_) | Found::Unknown(_) => "",
    };
    Revision::parse(&format!("{}{head}", first(state, OF_STATE)))
}

/// Whether it holds only as long as the source's name stands for the same.
pub fn names_a_head(revision: &Revision) -> bool {
    revision.as_str().len() > OF_STATE
}

/// Whether a plan is still true.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is, and this is deployed; without one, what the source's name stands for when the deployment starts.
    Holds(Option<Head>),
    /// Settings, variables, what serves, what waits: something of that is not what it was.
    Changed,
    /// The source's name stands for something else now.
    Moved { was: String, is: Head },
    /// Nobody could say what it stands for.
    NotSeen { was: String, why: String },
}

/// Compares what was planned with what is.
pub fn judge(planned: &Revision, state: &str, found: &Found) -> Verdict {
    let text = planned.as_str();
    // Only hexadecimal digits: any number of bytes is one of characters.
    let (of_state, was) = text.split_at_checked(OF_STATE).unwrap_or((text, ""));
    if of_state != first(state, OF_STATE) {
        return Verdict::Changed;
    }
    match found {
        _ if was.is_empty() => Verdict::Holds(None),
        Found::Is(head) if first(head.digits(), OF_HEAD) == was => Verdict::Holds(Some(head.clone())),
        Found::Is(head) => Verdict::Moved {
            was: was.to_owned(),
            is: head.clone(),
        },
        Found::Unknown(why) => Verdict::NotSeen {
            was: was.to_owned(),
            why: why.clone(),
        },
        Found::Nothing | Found::Fixed(_) => Verdict::Changed,
    }
}

fn first(digits: &str, count: usize) -> &str {
    digits.get(..count).unwrap_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::head::{CommitHash, ImageDigest};

    const STATE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const OTHER: &str = "f123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn commit(digit: char) -> Head {
        let hash = CommitHash::parse(&digit.to_string().repeat(40)).unwrap();
        Head::Commit { hash }
    }

    /// FR-DEP-08: a plan holds as long as nothing of it has moved, and what it named is what is deployed.
    #[test]
    fn a_plan_holds_while_nothing_moves() {
        let planned = revision(STATE, &Found::Is(commit('a'))).unwrap();
        assert!(names_a_head(&planned));
        assert_eq!(
            judge(&planned, STATE, &Found::Is(commit('a'))),
            Verdict::Holds(Some(commit('a')))
        );
        assert_eq!(judge(&planned, OTHER, &Found::Is(commit('a'))), Verdict::Changed);
        assert_eq!(judge(&planned, STATE, &Found::Nothing), Verdict::Changed);
        let moved = Verdict::Moved {
            was: "a".repeat(40),
            is: commit('b'),
        };
        assert_eq!(judge(&planned, STATE, &Found::Is(commit('b'))), moved);
        let not_seen = Verdict::NotSeen {
            was: "a".repeat(40),
            why: "away".to_owned(),
        };
        assert_eq!(
            judge(&planned, STATE, &Found::Unknown("away".to_owned())),
            not_seen
        );
    }

    /// FR-DEP-08: a plan that could not name a commit, or need not, does not depend on one.
    #[test]
    fn without_a_head_only_the_state_counts() {
        for found in [
            Found::Nothing,
            Found::Fixed(commit('a')),
            Found::Unknown("away".to_owned()),
        ] {
            let planned = revision(STATE, &found).unwrap();
            assert!(!names_a_head(&planned));
            assert_eq!(judge(&planned, STATE, &Found::Nothing), Verdict::Holds(None));
            assert_eq!(judge(&planned, OTHER, &Found::Nothing), Verdict::Changed);
        }
    }

    /// FR-DEP-08, NFR-R6: a digest fits too, and what an earlier agent or nobody has made is told as changed.
    #[test]
    fn other_revisions_are_understood() {
        let digest = ImageDigest::parse(&format!("sha256:{}", "c".repeat(64))).unwrap();
        let found = Found::Is(Head::Image { digest });
        let planned = revision(STATE, &found).unwrap();
        assert!(matches!(judge(&planned, STATE, &found), Verdict::Holds(Some(_))));
        let of_earlier = Revision::parse(OTHER).unwrap();
        assert_eq!(judge(&of_earlier, STATE, &found), Verdict::Changed);
        let short = Revision::parse("ab").unwrap();
        assert_eq!(judge(&short, STATE, &found), Verdict::Changed);
    }
}
