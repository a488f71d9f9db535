//! Causes that lie in the engine that builds, where that is not the server's own. They come before those of the server: its disk and its Docker
//! are others. Slipway's own sentences say what happened and what to do, and are taken apart here.

use super::{Found, Rule};

pub const RULES: &[Rule] = &[
    Rule {
        code: "build-node-away",
        find: |evidence| {
            let line = evidence.reported(&["the build node "])?;
            line.contains(" does not answer").then(|| halves(line))?
        },
    },
    // Slipway's own sentence; what a command of a build on a build node wrote.
    Rule {
        code: "build-node-disk-full",
        find: |evidence| {
            if let Some(line) = evidence.reported(&["the disk of the build node "]) {
                return halves(line);
            }
            evidence.told(&["building on the build node "])?;
            evidence.wrote(&["no space left on device", "enospc", "disk quota exceeded"])?;
            let here = evidence.reported(&["disk of the server is full"]).is_some();
            (!here).then(|| {
                Found::new(
                    "The disk of the build node is full.",
                    "Free some space there: `docker system df` shows what takes it, `docker builder prune` \
                     removes old build caches. Then deploy again.",
                )
            })
        },
    },
    Rule {
        code: "build-node-other-key",
        find: |evidence| halves(evidence.reported(&[" shows another key than the one that is trusted"])?),
    },
    Rule {
        code: "build-node-without-key",
        find: |evidence| halves(evidence.reported(&[" is not connected to, because "])?),
    },
    Rule {
        code: "build-node-unfit",
        find: |evidence| {
            halves(evidence.reported(&[
                "the way to the build node could not be prepared",
                " cannot be used (",
                " keeps images in another way than this server",
                " has another processor (",
                ", and what came here is ",
                " was not moved here from the build node ",
            ])?)
        },
    },
];

/// “what happened; what to do” as two sentences.
fn halves(line: &str) -> Option<Found> {
    let (what, remedy) = line.rsplit_once("; ")?;
    Some(Found::new(sentence(what), sentence(remedy)))
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let text: String = first.into_iter().chain(letters).collect();
    format!("{}.", text.trim_end_matches('.'))
}
