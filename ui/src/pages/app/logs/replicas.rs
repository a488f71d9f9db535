//! Which tasks a log can be narrowed to: those that run, whether they have written anything or not, and those whose lines were seen.

use slipway_protocol::task::TaskView;

use crate::components::select::Choice;

/// All tasks, then each of them once, by the name that its lines have.
pub fn choices(running: &[TaskView], seen: &[String], chosen: Option<&str>) -> Vec<Choice> {
    let running: Vec<&str> = running.iter().map(|task| task.id.in_log()).collect();
    let mut others: Vec<&str> = Vec::new();
    for name in seen.iter().map(String::as_str).chain(chosen) {
        if !running.contains(&name) && !others.contains(&name) {
            others.push(name);
        }
    }
    let runs = running
        .iter()
        .map(|name| Choice::new((*name).to_owned(), format!("{name}, runs now")));
    let wrote = others
        .iter()
        .map(|name| Choice::new((*name).to_owned(), (*name).to_owned()));
    std::iter::once(Choice::new("", "All tasks"))
        .chain(runs)
        .chain(wrote)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::task::TaskName;

    fn values(all: &[Choice]) -> Vec<&str> {
        all.iter().map(|one| one.value.as_str()).collect()
    }

    /// FR-OBS-01: a task that runs can be chosen before it has written a line; one whose lines are here stays, and none is there twice.
    #[test]
    fn a_silent_task_can_be_chosen() {
        let task = |id: &str| TaskView {
            id: TaskName::parse(id).unwrap(),
            here: true,
        };
        let running = [
            task("aaaaaaaaaaaaaaaaaaaaaaaaa"),
            task("bbbbbbbbbbbbbbbbbbbbbbbbb"),
        ];
        let seen = ["cccccccc".to_owned(), "aaaaaaaa".to_owned()];
        let all = choices(&running, &seen, Some("dddddddd"));
        assert_eq!(values(&all), ["", "aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd"]);
        assert_eq!(
            (all[2].label.as_str(), all[3].label.as_str()),
            ("bbbbbbbb, runs now", "cccccccc")
        );
        assert_eq!(values(&choices(&running, &seen, Some("cccccccc"))).len(), 4);
        assert_eq!(values(&choices(&[], &[], None)), [""]);
    }
}
