//! Whether an update that is installed waits for a restart of the server.

use super::verdict::{Verdict, listed, shown};
use crate::host::distribution::{Distribution, Manager};

/// So many packages are named.
const MOST_NAMED: usize = 3;

/// What was seen of it.
#[derive(Clone, Debug, Default)]
pub struct Restart {
    /// The note that a restart is needed is there.
    pub noted: bool,
    /// The packages that want it, a line each.
    pub packages: String,
    /// Something on this server writes that note.
    pub is_noted_here: bool,
}

/// Whether one waits.
pub fn restart(seen: &Restart, distribution: &Distribution) -> Verdict {
    let remedy = "Restart it at a quiet time with `systemctl reboot`; applications come back by themselves.";
    if seen.noted {
        return Verdict::advice(
            format!(
                "An installed update waits for a restart of the server{}.",
                of(&seen.packages)
            ),
            remedy,
        );
    }
    match distribution.manager() {
        Some(Manager::Apt) if !seen.is_noted_here => Verdict::not_known(
            "Whether an update waits for a restart is not known: nothing on this server notes it.",
        )
        .with_remedy("Run `apt-get install unattended-upgrades`, which notes it from then on."),
        Some(Manager::Apt | Manager::Zypper) => {
            Verdict::good("No installed update waits for a restart of the server.")
        }
        Some(Manager::Dnf) => Verdict::not_known(
            "Whether an update waits for a restart is not known: this distribution does not note it.",
        )
        .with_remedy("Ask with `dnf needs-restarting -r`."),
        None => Verdict::not_known("It is not known how this distribution notes that a restart is needed."),
    }
}

/// “ (linux-image-6.1.0-18-amd64 and 2 more)”.
fn of(packages: &str) -> String {
    let mut names: Vec<String> = packages.lines().map(|line| shown(line.trim())).collect();
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    if names.is_empty() {
        return String::new();
    }
    let more = names.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        return format!(" ({} and {more} more)", names[..MOST_NAMED].join(", "));
    }
    format!(" ({})", listed(&names))
}

#[cfg(test)]
mod tests {
    use slipway_protocol::checkup::CheckState;

    use super::*;

    /// FR-HST-06: a note is an advice with the packages' names; no note is good only where somebody would write one.
    #[test]
    fn a_note_is_read() {
        let of = |seen: &Restart, id: &str| restart(seen, &Distribution::parse(&format!("ID={id}\n")));
        let noted = Restart {
            noted: true,
            packages: "linux-image-6.1.0-18-amd64\nlibc6\nlibc6\n\n".to_owned(),
            is_noted_here: true,
        };
        let verdict = of(&noted, "debian");
        assert_eq!(verdict.state, CheckState::Advice);
        assert!(
            verdict.found.ends_with("(libc6 and linux-image-6.1.0-18-amd64)."),
            "{}",
            verdict.found
        );
        let quiet = Restart {
            is_noted_here: true,
            ..Restart::default()
        };
        assert_eq!(of(&quiet, "ubuntu").state, CheckState::Good);
        assert_eq!(of(&Restart::default(), "debian").state, CheckState::NotKnown);
        assert_eq!(of(&Restart::default(), "opensuse-leap").state, CheckState::Good);
        assert_eq!(of(&Restart::default(), "fedora").state, CheckState::NotKnown);
    }

    /// FR-HST-06: however many packages want it, only some are named.
    #[test]
    fn many_packages_are_counted() {
        assert_eq!(super::of("a\nb\nc\nd\ne\n"), " (a, b, c and 2 more)");
        assert_eq!(super::of(""), "");
    }
}
