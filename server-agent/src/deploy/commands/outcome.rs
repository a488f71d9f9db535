//! What a command's end comes to, in words for whoever ran it. Pure.

use slipway_protocol::command::CommandStatus;

use crate::db::commands::Outcome;
use crate::deploy::once::End;
use crate::domain::one_line::one_line;

pub(super) fn ended(status: CommandStatus, failure: Option<String>) -> Outcome {
    Outcome {
        status,
        exit_code: None,
        failure,
    }
}

/// What an end comes to. `said` is Docker's word about the task; an exit code says enough where Docker only repeats it.
pub(super) fn outcome(end: &End, said: &str, killed: bool) -> Outcome {
    let (exit_code, failure) = match end {
        End::Succeeded => return Outcome { exit_code: Some(0), ..ended(CommandStatus::Succeeded, None) },
        End::Exited(code) if killed => (
            Some(*code),
            Some("It used more memory than the release may, and the kernel ended it; give the application more memory, deploy, and run it again.".to_owned()),
        ),
        End::Exited(code) => {
            let plain = said.is_empty() || said.contains("non-zero exit");
            (Some(*code), (!plain).then(|| sentence(&format!("the command could not be started: {said}"))))
        }
        End::TakenAway | End::NotStarted(_) | End::NotScheduled => (
            None,
            end.failure("look at what it has done, and run it again").map(|said| sentence(&said)),
        ),
    };
    Outcome {
        exit_code,
        ..ended(CommandStatus::Failed, failure)
    }
}

/// With a capital letter and an end, on one line whatever was typed for the command.
pub(super) fn sentence(text: &str) -> String {
    let text = one_line(text);
    let mut letters = text.trim_end_matches('.').chars();
    let first = letters.next().map(char::to_uppercase);
    let mut whole: String = first.into_iter().flatten().chain(letters).collect();
    whole.push('.');
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DEP-09: what a command ends with is told as it was: its code, the kernel's hand, or Docker's own words.
    #[test]
    fn ends_are_told() {
        let of = |end: End, said: &str, killed| outcome(&end, said, killed);
        let well = of(End::Succeeded, "finished", false);
        assert_eq!((well.status, well.exit_code), (CommandStatus::Succeeded, Some(0)));
        let failed = of(End::Exited(3), "task: non-zero exit (3)", false);
        assert_eq!(
            (failed.status, failed.exit_code, failed.failure),
            (CommandStatus::Failed, Some(3), None)
        );
        let absent = of(End::Exited(127), "exec: \"nope\": not found", false);
        assert_eq!(
            absent.failure.as_deref(),
            Some("The command could not be started: exec: \"nope\": not found.")
        );
        let killed = of(End::Exited(137), "task: non-zero exit (137)", true);
        assert!(killed.failure.unwrap().contains("memory"));
        let taken = of(End::TakenAway, "", false);
        assert_eq!(taken.exit_code, None);
        assert!(
            taken
                .failure
                .unwrap()
                .starts_with("The command was stopped before")
        );
    }
}
