//! Whether security updates are installed by themselves, in each family's own way.

use super::apt_config::AptConfig;
use super::units::Units;
use super::verdict::Verdict;
use crate::host::distribution::{Distribution, Manager};

/// What was seen of it.
#[derive(Clone, Debug, Default)]
pub struct Updates {
    /// apt's settings, or why they are not known (a sentence without its end).
    pub apt: AptConfig,
    pub unread: Option<String>,
    /// Debian's program for it is installed.
    pub unattended_upgrade: bool,
    /// The text of `/etc/dnf/automatic.conf`.
    pub dnf: String,
    /// dnf is its fifth version.
    pub dnf5: bool,
    /// SUSE's job for it, which YaST makes.
    pub online_update: bool,
}

/// Whether they are.
pub fn updates(seen: &Updates, units: Option<&Units>, distribution: &Distribution) -> Verdict {
    if let Some(why) = &seen.unread {
        return Verdict::not_known(format!("The settings of the updates are not known: {why}."));
    }
    match distribution.manager() {
        Some(Manager::Apt) => apt(seen, units),
        Some(Manager::Dnf) => dnf(seen, units),
        Some(Manager::Zypper) => zypper(seen, units),
        None => Verdict::not_known("It is not known how this distribution installs updates by itself."),
    }
}

const NONE: &str = "Security updates are not installed by themselves.";
const DONE: &str = "Security updates are installed by themselves";
/// Without systemd, or where it does not answer.
const NO_TIMERS: &str =
    "Whether security updates are installed by themselves is not known: systemd did not tell its timers.";

fn apt(seen: &Updates, units: Option<&Units>) -> Verdict {
    let is_on = |name: &str| seen.apt.is_on(&format!("APT::Periodic::{name}"));
    let wanted = is_on("Unattended-Upgrade") == Some(true) && is_on("Update-Package-Lists") == Some(true);
    if !wanted || !seen.unattended_upgrade {
        let remedy = "Run `apt-get install unattended-upgrades`, and write `APT::Periodic::Update-Package-Lists \"1\";` and \
                      `APT::Periodic::Unattended-Upgrade \"1\";` into /etc/apt/apt.conf.d/20auto-upgrades.";
        return Verdict::advice(NONE, remedy);
    }
    if is_on("Enable") == Some(false) {
        let remedy = "Take `APT::Periodic::Enable \"0\";` out of the files in /etc/apt/apt.conf.d.";
        return Verdict::advice(
            "Security updates are set up, but all of apt's own jobs are switched off.",
            remedy,
        );
    }
    match units {
        None => Verdict::not_known(NO_TIMERS),
        Some(units) if units.runs("apt-daily-upgrade.timer") => {
            Verdict::good(format!("{DONE} (unattended-upgrades)."))
        }
        Some(_) => Verdict::advice(
            "Security updates are set up, but the timer that installs them does not run.",
            "Run `systemctl enable --now apt-daily.timer apt-daily-upgrade.timer`.",
        ),
    }
}

fn dnf(seen: &Updates, units: Option<&Units>) -> Verdict {
    let Some(units) = units else {
        return Verdict::not_known(NO_TIMERS);
    };
    if units.runs("dnf-automatic-install.timer") {
        return Verdict::good(format!("{DONE} (dnf-automatic)."));
    }
    let timer = units.running(&[
        ("dnf5-automatic.timer", "dnf5-automatic.timer"),
        ("dnf-automatic.timer", "dnf-automatic.timer"),
    ]);
    match timer {
        Some(_) if applies(&seen.dnf) => Verdict::good(format!("{DONE} (dnf-automatic).")),
        Some(timer) => Verdict::advice(
            "Updates are looked for and perhaps fetched, but not installed by themselves.",
            format!(
                "Write `apply_updates = yes` below `[commands]` of /etc/dnf/automatic.conf; {timer} runs already."
            ),
        ),
        None if seen.dnf5 => Verdict::advice(
            NONE,
            "Run `dnf install dnf5-plugin-automatic`, write `[commands]` and below it `apply_updates = yes` into \
             /etc/dnf/automatic.conf, then run `systemctl enable --now dnf5-automatic.timer`.",
        ),
        None => Verdict::advice(
            NONE,
            "Run `dnf install dnf-automatic && systemctl enable --now dnf-automatic-install.timer`.",
        ),
    }
}

/// Whether dnf's settings wish that updates are installed; without a word they are not.
fn applies(text: &str) -> bool {
    let mut pairs = text.lines().filter_map(|line| line.split_once('='));
    let said = pairs.rfind(|(key, _)| key.trim() == "apply_updates");
    said.is_some_and(|(_, value)| {
        let value = value.trim().to_ascii_lowercase();
        ["yes", "true", "1", "on"].contains(&value.as_str())
    })
}

fn zypper(seen: &Updates, units: Option<&Units>) -> Verdict {
    if seen.online_update {
        return Verdict::good(format!("{DONE} (YaST's online update)."));
    }
    let Some(units) = units else {
        return Verdict::not_known(NO_TIMERS);
    };
    let timers = [
        ("transactional-update.timer", "transactional-update"),
        ("os-update.timer", "os-update"),
    ];
    if let Some(name) = units.running(&timers) {
        return Verdict::good(format!("{DONE} ({name})."));
    }
    if units.has("transactional-update.timer") {
        return Verdict::advice(NONE, "Run `systemctl enable --now transactional-update.timer`.");
    }
    Verdict::advice(
        NONE,
        "Run `zypper install os-update && systemctl enable --now os-update.timer`, which may also restart the server at night.",
    )
}

#[cfg(test)]
mod tests {
    use slipway_protocol::checkup::CheckState;

    use super::*;

    fn units(active: &[&str]) -> Units {
        let blocks = active
            .iter()
            .map(|unit| format!("Id={unit}\nLoadState=loaded\nActiveState=active\n"));
        let blocks: Vec<String> = blocks
            .chain(["Id=none.timer\nLoadState=not-found\n".to_owned()])
            .collect();
        Units::parse(&blocks.join("\n")).unwrap()
    }

    fn state(seen: &Updates, active: Option<&[&str]>, id: &str) -> CheckState {
        let units = active.map(units);
        updates(seen, units.as_ref(), &Distribution::parse(&format!("ID={id}\n"))).state
    }

    /// FR-HST-06: on Debian the settings, the program and the timer have to be there, each is missed, and without a word nothing is installed.
    #[test]
    fn debian_needs_three_things() {
        const TIMER: Option<&[&str]> = Some(&["apt-daily-upgrade.timer"]);
        let seen = |text: &str, program| {
            let mut apt = AptConfig::default();
            apt.take(text);
            Updates {
                apt,
                unattended_upgrade: program,
                ..Updates::default()
            }
        };
        let set = "APT::Periodic::Update-Package-Lists \"1\";\nAPT::Periodic::Unattended-Upgrade \"1\";\n";
        assert_eq!(state(&seen(set, true), TIMER, "debian"), CheckState::Good);
        assert_eq!(state(&seen(set, true), Some(&[]), "debian"), CheckState::Advice);
        assert_eq!(state(&seen(set, true), None, "debian"), CheckState::NotKnown);
        assert_eq!(state(&seen(set, false), TIMER, "ubuntu"), CheckState::Advice);
        assert_eq!(state(&seen("", true), TIMER, "debian"), CheckState::Advice);
        let off = format!("{set}APT::Periodic::Enable \"0\";");
        assert_eq!(state(&seen(&off, true), TIMER, "debian"), CheckState::Advice);
    }

    /// FR-HST-06: Fedora and RHEL install by a timer that installs, or by one that may; SUSE by any of its three ways.
    #[test]
    fn the_other_families_have_their_ways() {
        let seen = |dnf: &str, dnf5| Updates {
            dnf: dnf.to_owned(),
            dnf5,
            ..Updates::default()
        };
        let yes = "[commands]\nupgrade_type = security\napply_updates = yes\n";
        let no = "[commands]\n# apply_updates = yes\napply_updates = no\n";
        assert_eq!(
            state(&seen(no, false), Some(&["dnf-automatic-install.timer"]), "rhel"),
            CheckState::Good
        );
        assert_eq!(
            state(&seen(yes, false), Some(&["dnf-automatic.timer"]), "rhel"),
            CheckState::Good
        );
        assert_eq!(
            state(&seen(no, false), Some(&["dnf-automatic.timer"]), "rhel"),
            CheckState::Advice
        );
        assert_eq!(
            state(&seen("", true), Some(&["dnf5-automatic.timer"]), "fedora"),
            CheckState::Advice
        );
        assert_eq!(state(&seen(yes, true), Some(&[]), "fedora"), CheckState::Advice);
        let none = Updates::default();
        assert_eq!(
            state(&none, Some(&["os-update.timer"]), "opensuse-leap"),
            CheckState::Good
        );
        assert_eq!(state(&none, Some(&[]), "opensuse-leap"), CheckState::Advice);
        assert_eq!(state(&none, None, "opensuse-leap"), CheckState::NotKnown);
        let yast = Updates {
            online_update: true,
            ..Updates::default()
        };
        assert_eq!(state(&yast, None, "sles"), CheckState::Good);
        assert_eq!(state(&none, Some(&[]), "plan9"), CheckState::NotKnown);
    }
}
