//! `slipway checkup`: how the cluster's server is kept.

use slipway_protocol::api::GetServerCheckup;
use slipway_protocol::checkup::{CheckState, ServerCheckup};

use crate::context::Context;
use crate::error::CliError;
use crate::output;

pub async fn run(context: &Context) -> Result<(), CliError> {
    let connection = context.connect().await?;
    let checkup = connection.send(GetServerCheckup {}).await?;
    if context.json {
        return output::json(&checkup);
    }
    lines(&checkup).iter().for_each(|line| output::line(line));
    Ok(())
}

/// A line for each check, its remedy below it, and what there is to do at the end.
fn lines(checkup: &ServerCheckup) -> Vec<String> {
    let mut lines = Vec::new();
    for check in &checkup.checks {
        let (state, title) = (check.state.word(), check.topic.title());
        lines.push(output::plain(&format!("{state:<9}  {title}: {}", check.found)));
        let remedy = check.remedy.iter();
        lines.extend(remedy.map(|remedy| output::plain(&format!("{:11}{remedy}", ""))));
    }
    let (bad, advice) = (checkup.count(CheckState::Bad), checkup.count(CheckState::Advice));
    lines.push(String::new());
    // What nobody could look at is no reason to be at ease.
    let unknown = match checkup.count(CheckState::NotKnown) {
        0 => String::new(),
        count => format!(", {count} not known"),
    };
    lines.push(match (bad, advice) {
        (0, 0) if unknown.is_empty() => "Nothing to do.".to_owned(),
        (bad, advice) => format!("{bad} bad, {advice} to think about{unknown}."),
    });
    lines
}

#[cfg(test)]
mod tests {
    use slipway_protocol::checkup::{CheckupTopic, ServerCheck};

    use super::*;

    /// FR-HST-06, FR-API-03: each check is a line, its remedy the next one, and what a server writes steers no terminal; what is not known
    /// is counted.
    #[test]
    fn checks_are_lines() {
        let check = |topic: CheckupTopic, state, found: &str, remedy: Option<&str>| ServerCheck {
            topic: topic.into(),
            state,
            found: found.to_owned(),
            remedy: remedy.map(str::to_owned),
        };
        let checkup = ServerCheckup {
            checks: vec![
                check(CheckupTopic::Disk, CheckState::Good, "Enough.", None),
                check(
                    CheckupTopic::Clock,
                    CheckState::Advice,
                    "It is \u{1b}[1mwrong.",
                    Some("Run `x`."),
                ),
            ],
        };
        assert_eq!(
            lines(&checkup),
            [
                "good       Disk space: Enough.",
                "advice     Clock: It is \u{fffd}[1mwrong.",
                "           Run `x`.",
                "",
                "0 bad, 1 to think about.",
            ]
        );
        let good = ServerCheckup {
            checks: checkup.checks[..1].to_vec(),
        };
        assert_eq!(lines(&good).last().map(String::as_str), Some("Nothing to do."));
        let unread = ServerCheckup {
            checks: vec![check(CheckupTopic::Disk, CheckState::NotKnown, "It hangs.", None)],
        };
        assert_eq!(
            lines(&unread).last().map(String::as_str),
            Some("0 bad, 0 to think about, 1 not known.")
        );
    }
}
