//! How each of several applications was answered that were asked for together.

use std::collections::HashMap;

use slipway_protocol::ApplicationId;
use slipway_protocol::desktop::{Failure, FailureKind};

use crate::components::pill::Tone;
use crate::state::remote::is_signed_out;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    UnderWay,
    /// The agent said no, and why.
    Refused(String),
    /// No answer came, and why: the agent may have heard of it or not.
    NotKnown(String),
}

/// Whether the next one would be answered after this: the agent has answered, and knows who asks.
pub fn next_is_answered(failure: &Failure) -> bool {
    matches!(failure.kind, FailureKind::Api { .. }) && !is_signed_out(failure)
}

/// Who is not in it was not asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers(HashMap<ApplicationId, Answer>);

impl Answers {
    /// Takes what came; says whether the next one is to be asked for. Where no answer comes none would come for the next one either.
    pub fn take(&mut self, application: ApplicationId, came: Result<(), &Failure>) -> bool {
        let (answer, goes_on) = match came {
            Ok(()) => (Answer::UnderWay, true),
            Err(failure) if matches!(failure.kind, FailureKind::Api { .. }) => (
                Answer::Refused(failure.sentence.clone()),
                next_is_answered(failure),
            ),
            Err(failure) => (Answer::NotKnown(failure.sentence.clone()), false),
        };
        self.0.insert(application, answer);
        goes_on
    }

    /// Keeps only those that are under way: the others are asked for again.
    pub fn forget_the_rest(&mut self) {
        self.0.retain(|_, answer| *answer == Answer::UnderWay);
    }

    pub fn is_under_way(&self, application: ApplicationId) -> bool {
        self.0.get(&application) == Some(&Answer::UnderWay)
    }

    /// How many were asked for.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// What is said of one of them.
    pub fn word(&self, application: ApplicationId) -> (Tone, String) {
        match self.0.get(&application) {
            Some(Answer::UnderWay) => (Tone::Progress, "under way".to_owned()),
            Some(Answer::Refused(why)) => (Tone::Bad, format!("refused: {why}")),
            Some(Answer::NotKnown(why)) => (Tone::Warning, format!("no answer: {why}")),
            None => (Tone::Neutral, "not asked for".to_owned()),
        }
    }

    /// How it stands with all of them, if not all are under way.
    pub fn said(&self, all: usize) -> Option<String> {
        let count = |is: fn(&Answer) -> bool| self.0.values().filter(|answer| is(answer)).count();
        let under_way = count(|answer| *answer == Answer::UnderWay);
        if under_way == all {
            return None;
        }
        let parts = [
            (count(|answer| matches!(answer, Answer::Refused(_))), "refused"),
            (
                count(|answer| matches!(answer, Answer::NotKnown(_))),
                "without an answer",
            ),
            (all - self.len().min(all), "not asked for"),
        ];
        let begin = match under_way {
            0 if parts[1].0 > 0 => "None is known to be under way".to_owned(),
            0 => "None is under way".to_owned(),
            1 => format!("1 of {all} is under way"),
            some => format!("{some} of {all} are under way"),
        };
        let rest: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        Some(format!("{begin}; {}.", rest.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::ErrorCode;

    fn app(number: u8) -> ApplicationId {
        format!("018f0000-0000-7000-8000-0000000000{number:02}")
            .parse()
            .unwrap()
    }

    fn failure(kind: FailureKind) -> Failure {
        Failure::new(kind, "why")
    }

    /// FR-DSK-06: a refusal of one leaves the others alone; where no answer comes nothing more is asked for, and what is said is true.
    #[test]
    fn asking_ends_where_no_answer_comes() {
        let refused = failure(FailureKind::Api {
            code: ErrorCode::Conflict,
        });
        let mut answers = Answers::default();
        assert!(answers.take(app(1), Ok(())));
        assert!(answers.take(app(2), Err(&refused)));
        assert!(!answers.take(app(3), Err(&failure(FailureKind::Link))));
        let said = answers.said(5).unwrap();
        assert_eq!(
            said,
            "1 of 5 is under way; 1 refused, 1 without an answer, 2 not asked for."
        );
        assert_eq!(answers.word(app(1)).1, "under way");
        assert_eq!(answers.word(app(2)).1, "refused: why");
        assert_eq!(answers.word(app(3)).1, "no answer: why");
        assert_eq!(answers.word(app(4)).1, "not asked for");
        answers.forget_the_rest();
        assert!(answers.is_under_way(app(1)) && !answers.is_under_way(app(3)));
        assert_eq!(answers.len(), 1);
    }

    /// FR-DSK-06: none is called under way that is not, and where all are nothing is left to be said.
    #[test]
    fn none_is_called_under_way_that_is_not() {
        let mut answers = Answers::default();
        assert!(!answers.take(app(1), Err(&failure(FailureKind::NotSignedIn))));
        let said = answers.said(2).unwrap();
        assert_eq!(
            said,
            "None is known to be under way; 1 without an answer, 1 not asked for."
        );
        let signed_out = failure(FailureKind::Api {
            code: ErrorCode::Unauthenticated,
        });
        assert!(!answers.take(app(1), Err(&signed_out)));
        assert_eq!(
            answers.said(2).unwrap(),
            "None is under way; 1 refused, 1 not asked for."
        );
        let mut answers = Answers::default();
        assert!(answers.take(app(1), Ok(())) && answers.take(app(2), Ok(())));
        assert_eq!(answers.said(2), None);
    }
}
