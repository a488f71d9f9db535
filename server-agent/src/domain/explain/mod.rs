//! Why a deployment failed, as somebody who has seen it before would say: the likely cause, and what to do about it.
//!
//! Pure. A rule looks for the sign of one cause: in the failure's sentence, in the last lines of the log, or in what was
//! seen of the release. Rules stand in tables, from the special to the general, and the first that finds its sign speaks.
//! A failure without a sign gets no explanation; its sentence and the log still say what is known.
//!
//! To add a cause: a row in the table of the step where it shows, and a text as it was really written in `real_texts`.

mod build;
mod build_node;
mod build_run;
mod evidence;
mod exits;
mod gate;
mod host;
mod image;
mod registry;
mod source;
mod start;
mod text;
mod variable;

pub mod seen;

#[cfg(test)]
mod real_texts;
#[cfg(test)]
mod tests;

pub use evidence::{Evidence, Given, LONGEST_LINE};
pub use text::plain;

use slipway_protocol::deployment::{Explanation, Step};

/// One cause.
struct Rule {
    /// Stable: programs tell failures apart by it.
    code: &'static str,
    /// The cause and the remedy, where the evidence shows the cause's sign.
    find: fn(&Evidence) -> Option<Found>,
}

struct Found {
    cause: String,
    remedy: String,
}

impl Found {
    fn new(cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            remedy: remedy.into(),
        }
    }
}

/// What a rule quotes is short already; this is the bound that holds whatever a rule does. In characters.
const LONGEST: usize = 600;

/// The likely cause of a failed step, if one shows.
pub fn explain(evidence: &Evidence) -> Option<Explanation> {
    let mut rules = tables(evidence.step).iter().copied().flatten();
    rules.find_map(|rule| {
        let found = (rule.find)(evidence)?;
        Some(Explanation {
            code: rule.code.to_owned(),
            cause: text::shortened(&found.cause, LONGEST),
            remedy: text::shortened(&found.remedy, LONGEST),
        })
    })
}

/// The tables for a step, in the order in which they are asked.
fn tables(step: Step) -> &'static [&'static [Rule]] {
    match step {
        Step::Source => &[host::RULES, source::RULES],
        Step::Build => &[
            build_node::RULES,
            host::RULES,
            image::RULES,
            build::RULES,
            registry::RULES,
            build_run::RULES,
            build::REST,
        ],
        // Of a canary's users the failure's sentence has counted what there is to know.
        Step::Before | Step::After | Step::Canary => &[host::RULES, exits::FACTS, start::RULES, exits::REST],
        Step::Gate | Step::Roll => &[
            host::RULES,
            gate::FACTS,
            exits::FACTS,
            start::RULES,
            gate::ANSWERS,
            exits::REST,
        ],
        Step::Stop | Step::Release | Step::CutOver | Step::Retire => &[host::RULES],
    }
}
