//! A list of deployments that is longer than what is answered at once.

use crate::deployment::DeploymentView;

/// So many deployments are listed at once where nobody says how many.
pub const LISTED: u32 = 100;

/// Before which number there may be more than is in the newest deployments of an application, as they are answered where nobody says how many.
/// What is kept stands among them, however old it is: so it does not tell where the list ends.
pub fn older_than(newest: &[DeploymentView]) -> Option<u32> {
    let newest = newest.iter().map(|one| one.number).max()?;
    let last_left_out = newest.checked_sub(LISTED).filter(|number| *number > 0)?;
    Some(last_left_out + 1)
}

/// Two lists as one, newest first. What is in both is as the first one says.
pub fn together(now: &[DeploymentView], before: &[DeploymentView]) -> Vec<DeploymentView> {
    let mut all = now.to_vec();
    let only_before = |one: &&DeploymentView| now.iter().all(|other| other.id != one.id);
    all.extend(before.iter().filter(only_before).cloned());
    all.sort_by_key(|one| std::cmp::Reverse(one.number));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::DeploymentStatus;
    use serde_json::json;

    fn deployment(number: u32) -> DeploymentView {
        let id = format!("018f0000-0000-7000-8000-{number:012}");
        let view = json!({
            "id": id, "application": id, "number": number, "status": "failed", "trigger": { "kind": "deploy" },
            "requested_by": "a@example.org", "commit": null, "image": null, "failure": null, "steps": [],
            "created_at": "2026-01-02T03:04:05Z", "started_at": null, "ended_at": null, "can_roll_back_to": false
        });
        serde_json::from_value(view).unwrap()
    }

    /// FR-DEP-13: what is older than the newest hundred is asked for behind them, also where something older is kept among them.
    #[test]
    fn older_ones_begin_behind_the_newest() {
        let of = |numbers: &[u32]| {
            let all: Vec<_> = numbers.iter().map(|number| deployment(*number)).collect();
            older_than(&all)
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[7, 6, 2]), None);
        assert_eq!(of(&[100, 99, 1]), None);
        assert_eq!(of(&[101, 100, 1]), Some(2));
        assert_eq!(of(&[250, 249, 3]), Some(151));
    }

    /// FR-DEP-13: older ones join the list in their order, none of them twice, and each as it was seen last.
    #[test]
    fn lists_join() {
        let running = DeploymentView {
            status: DeploymentStatus::Running,
            ..deployment(5)
        };
        let joined = together(
            &[running, deployment(2)],
            &[deployment(5), deployment(4), deployment(2), deployment(1)],
        );
        let numbers: Vec<_> = joined.iter().map(|one| one.number).collect();
        assert_eq!(numbers, [5, 4, 2, 1]);
        assert_eq!(joined[0].status, DeploymentStatus::Running);
    }
}
