//! What each step of a build added to the image: BuildKit's steps, matched with the layers of the image's history. Pure.
//!
//! BuildKit tells of each step what it was made upon, first the image or the step below it. So the steps that made the image are
//! a chain, from the last one down to its FROM. The history has an entry for each instruction of that chain, the newest first; it
//! is matched by kind alone, since its texts are others. Where the two do not go together, what is left is unknown.

use std::collections::HashSet;

use bollard::models::ImageHistoryResponseItem;
use slipway_protocol::build::BuildStep;

/// So many steps are told.
const TOLD_STEPS: usize = 200;
/// What an entry of the history says that BuildKit has made.
const BY_BUILDKIT: &str = "buildkit.dockerfile.v0";

/// A step that has ended.
pub(super) struct Ended {
    pub digest: String,
    /// The digests of what it was made of: first what it was made upon.
    pub inputs: Vec<String>,
    /// None of what is no instruction that can make a layer.
    pub instruction: Option<Instruction>,
    pub step: BuildStep,
}

/// Those that BuildKit numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instruction {
    From,
    Run,
    Copy,
    Add,
    Workdir,
}

impl Instruction {
    fn of(text: &str) -> Option<Self> {
        Some(match text.split_whitespace().next()? {
            "FROM" => Self::From,
            "RUN" => Self::Run,
            "COPY" => Self::Copy,
            "ADD" => Self::Add,
            "WORKDIR" => Self::Workdir,
            _ => return None,
        })
    }
}

/// The instruction of a step's name: `[build 4/7] RUN npm ci`.
pub(super) fn instruction(name: &str) -> Option<Instruction> {
    let (place, text) = name.strip_prefix('[')?.split_once("] ")?;
    let (number, all) = place.rsplit(' ').next()?.split_once('/')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(number) && is_number(all)).then(|| Instruction::of(text))?
}

/// The steps to be told, with what they added, and how many are left out. `history` is the image's, the newest layer first.
pub(super) fn steps(mut ended: Vec<Ended>, history: &[ImageHistoryResponseItem]) -> (Vec<BuildStep>, u32) {
    if let Some(last) = last(&ended) {
        measure(&mut ended, last, history);
    }
    let more = u32::try_from(ended.len().saturating_sub(TOLD_STEPS)).unwrap_or(u32::MAX);
    let told = ended.into_iter().take(TOLD_STEPS).map(|ended| ended.step);
    (told.collect(), more)
}

/// The instruction that nothing else was made of; none where it is not clear.
fn last(ended: &[Ended]) -> Option<usize> {
    let made_of: HashSet<&String> = ended.iter().flat_map(|one| &one.inputs).collect();
    let mut all = ended.iter().enumerate();
    let (index, _) = all.find(|(_, one)| one.instruction.is_some() && !made_of.contains(&one.digest))?;
    let another = all.any(|(_, one)| one.instruction.is_some() && !made_of.contains(&one.digest));
    (!another).then_some(index)
}

/// Goes down the chain and the history together.
fn measure(ended: &mut [Ended], last: usize, history: &[ImageHistoryResponseItem]) {
    let mut next = Some(last);
    for (index, entry) in history.iter().enumerate() {
        let Some((at, wanted)) = next.and_then(|at| Some((at, ended[at].instruction?))) else {
            return;
        };
        if wanted == Instruction::From {
            // Everything that is left is the base image's.
            let size = history[index..].iter().map(size).sum();
            ended[at].step.added = Some(size);
            return;
        }
        if entry.comment != BY_BUILDKIT {
            return;
        }
        match Instruction::of(&entry.created_by) {
            Some(found) if found == wanted => {
                ended[at].step.added = Some(size(entry));
                let below = ended[at].inputs.first();
                next = below.and_then(|below| ended.iter().position(|one| one.digest == *below));
            }
            // What changes the image's settings alone is no step; neither is a WORKDIR that is there already.
            None | Some(Instruction::Workdir) => {}
            Some(_) => return,
        }
    }
}

fn size(entry: &ImageHistoryResponseItem) -> u64 {
    u64::try_from(entry.size).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Digest, name, and what it was made of.
    fn ended(all: &[(&str, &str, &[&str])]) -> Vec<Ended> {
        let one = |(digest, name, inputs): &(&str, &str, &[&str])| Ended {
            digest: (*digest).to_owned(),
            inputs: inputs.iter().map(|input| (*input).to_owned()).collect(),
            instruction: instruction(name),
            step: BuildStep {
                name: (*name).to_owned(),
                milliseconds: 1,
                cached: false,
                added: None,
            },
        };
        all.iter().map(one).collect()
    }

    fn history(all: &[(i64, &str)]) -> Vec<ImageHistoryResponseItem> {
        let one = |(size, created_by): &(i64, &str)| ImageHistoryResponseItem {
            size: *size,
            created_by: (*created_by).to_owned(),
            comment: if created_by.is_empty() {
                "Imported from -"
            } else {
                BY_BUILDKIT
            }
            .to_owned(),
            ..ImageHistoryResponseItem::default()
        };
        all.iter().map(one).collect()
    }

    fn added(steps: &[BuildStep]) -> Vec<Option<u64>> {
        steps.iter().map(|step| step.added).collect()
    }

    /// As the engine's version 20.10 told a Dockerfile of three stages: the second takes a file of the first, the third is made upon the second.
    fn three_stages() -> (Vec<Ended>, Vec<ImageHistoryResponseItem>) {
        let steps = ended(&[
            ("4b3f", "[build 1/3] FROM docker.io/library/base:1", &[]),
            ("b128", "[build 2/3] WORKDIR /src", &["4b3f"]),
            ("fed1", "[good 2/5] WORKDIR /app", &["4b3f"]),
            (
                "27fd",
                "[build 3/3] RUN dd if=/dev/zero of=/src/big bs=1M count=7",
                &["b128"],
            ),
            (
                "18c0",
                "[good 3/5] COPY --from=build /src/big /app/big",
                &["fed1", "27fd"],
            ),
            (
                "99d0",
                "[good 4/5] RUN echo \"deep-red\" > /colour && dd if=/dev/urandom of=/more bs=1M count=3",
                &["18c0"],
            ),
            (
                "7387",
                "[good 5/5] RUN --mount=type=cache,target=/c true",
                &["99d0"],
            ),
            ("b27e", "[stage-2 1/1] COPY hello /hello", &["7387", "764f"]),
            ("71dc", "exporting to image", &[]),
        ]);
        let layers = history(&[
            (0, "CMD [\"/bin/true\"]"),
            (3, "COPY hello /hello # buildkit"),
            (0, "LABEL a=b"),
            (0, "RUN |1 COLOUR=deep-red /bin/sh -c true # buildkit"),
            (
                3_145_737,
                "RUN |1 COLOUR=deep-red /bin/sh -c echo \"$COLOUR\" > /colour # buildkit",
            ),
            (7_340_032, "COPY /src/big /app/big # buildkit"),
            (0, "WORKDIR /app"),
            (0, "ENV X=1"),
            (0, "ARG COLOUR=none"),
            (1_982_305, ""),
        ]);
        (steps, layers)
    }

    /// FR-BLD-05: each step of the image's own chain has the size of its layer, and together they are the image; a stage that only lent a
    /// file has added nothing that is known.
    #[test]
    fn steps_have_the_sizes_of_their_layers() {
        let (ended, layers) = three_stages();
        let (steps, more) = super::steps(ended, &layers);
        let known = [
            Some(1_982_305),
            None,
            Some(0),
            None,
            Some(7_340_032),
            Some(3_145_737),
            Some(0),
            Some(3),
            None,
        ];
        assert_eq!((added(&steps), more), (known.to_vec(), 0));
        assert_eq!(
            steps.iter().filter_map(|step| step.added).sum::<u64>(),
            12_468_077
        );
    }

    /// FR-BLD-05: what does not go together is not guessed at.
    #[test]
    fn an_unclear_history_leaves_sizes_unknown() {
        let (ended, mut layers) = three_stages();
        layers[3].created_by = "ADD something # buildkit".to_owned();
        let (steps, _) = super::steps(ended, &layers);
        assert_eq!(
            steps.iter().filter_map(|step| step.added).collect::<Vec<_>>(),
            [3]
        );
        let (ended, _) = three_stages();
        assert!(added(&super::steps(ended, &[]).0).iter().all(Option::is_none));
        // Two ends: which of them is the image's is not known.
        let (mut ended, layers) = three_stages();
        ended.pop();
        ended[7].inputs[0] = "elsewhere".to_owned();
        assert!(added(&super::steps(ended, &layers).0).iter().all(Option::is_none));
    }

    /// FR-BLD-05: what is kept of a build has a bound.
    #[test]
    fn steps_are_bounded() {
        let many: Vec<String> = (0..TOLD_STEPS + 7)
            .map(|number| format!("[{number}/9] RUN true"))
            .collect();
        let many: Vec<(&str, &str, &[&str])> = many
            .iter()
            .map(|name| (name.as_str(), name.as_str(), &[][..]))
            .collect();
        let (steps, more) = super::steps(ended(&many), &[]);
        assert_eq!((steps.len(), more), (TOLD_STEPS, 7));
    }

    /// FR-BLD-05: an instruction is told from what only looks like one.
    #[test]
    fn instructions_are_recognised() {
        assert_eq!(
            instruction("[linux/arm64 build 12/30] ADD a b"),
            Some(Instruction::Add)
        );
        for other in [
            "[internal] load metadata for x",
            "[a/b] RUN true",
            "exporting to image",
            "[1/2 RUN x",
            "[1/2] ENV a=b",
        ] {
            assert_eq!(instruction(other), None, "{other}");
        }
    }
}
