//! Whether the clock is kept right: certificates, sign-ins and logs depend on it.

use super::units::Units;
use super::verdict::Verdict;
use crate::host::distribution::{Distribution, Manager};

/// Who sets clocks, by their units.
const SETTERS: [(&str, &str); 7] = [
    ("systemd-timesyncd.service", "systemd-timesyncd"),
    ("chrony.service", "chrony"),
    ("chronyd.service", "chrony"),
    ("ntpsec.service", "ntpd"),
    ("ntpd.service", "ntpd"),
    ("ntp.service", "ntpd"),
    ("openntpd.service", "OpenNTPD"),
];

/// What was seen of it.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// What the kernel says of its clock, as `timedatectl` tells it.
    pub synchronized: Option<bool>,
    /// systemd-timesyncd has set it since the server was started.
    pub was_set: bool,
    /// This server is a container, whose clock is that of the machine around it.
    pub in_container: bool,
}

/// What `timedatectl show --property=NTPSynchronized` writes.
pub fn synchronized(text: &str) -> Option<bool> {
    match text
        .lines()
        .find_map(|line| line.strip_prefix("NTPSynchronized="))?
        .trim()
    {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// Whether it is.
pub fn clock(seen: &Clock, units: Option<&Units>, distribution: &Distribution) -> Verdict {
    let setter = units.and_then(|units| units.running(&SETTERS));
    let by = setter.map(|name| format!(" ({name})")).unwrap_or_default();
    if seen.synchronized == Some(true) || (seen.synchronized.is_none() && seen.was_set) {
        return Verdict::good(format!("The clock is synchronised{by}."));
    }
    if seen.in_container {
        return Verdict::not_known("This server is a container; its clock is kept by the machine around it.");
    }
    match (seen.synchronized, setter) {
        (Some(_), Some(name)) => Verdict::advice(
            format!("{name} runs, but the clock is not synchronised."),
            if name == "chrony" {
                "Ask it with `chronyc tracking`; it needs to reach a time server by UDP, port 123."
            } else {
                "Look at `timedatectl` and the service's journal; it needs to reach a time server by UDP, port 123."
            },
        ),
        (Some(_), None) => Verdict::advice(
            "Nothing keeps the clock right.",
            match distribution.manager() {
                Some(Manager::Apt) => "Run `apt-get install systemd-timesyncd && timedatectl set-ntp true`.",
                Some(Manager::Dnf) => "Run `dnf install chrony && systemctl enable --now chronyd`.",
                Some(Manager::Zypper) => "Run `zypper install chrony && systemctl enable --now chronyd`.",
                None => "Install chrony, and start it with the server.",
            },
        ),
        (None, Some(name)) => Verdict::not_known(format!(
            "{name} runs; whether the clock is synchronised was not told."
        ))
        .with_remedy("Ask with `timedatectl`."),
        (None, None) => Verdict::not_known("Whether the clock is synchronised was not told.")
            .with_remedy("Ask with `timedatectl`."),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use slipway_protocol::checkup::CheckState;

    use super::*;

    fn state(seen: &Clock, active: &[&str]) -> CheckState {
        let blocks: Vec<String> = active
            .iter()
            .map(|unit| format!("Id={unit}\nActiveState=active\n"))
            .collect();
        let units = Units::parse(&format!("Id=none.service\n\n{}", blocks.join("\n")));
        clock(seen, units.as_ref(), &Distribution::parse("ID=debian\n")).state
    }

    /// FR-HST-06: what the kernel says counts; without it the note of systemd-timesyncd does; a container has no clock of its own.
    #[test]
    fn the_kernel_is_believed() {
        let seen = |text: &str| Clock {
            synchronized: synchronized(text),
            ..Clock::default()
        };
        assert_eq!(state(&seen("NTPSynchronized=yes\n"), &[]), CheckState::Good);
        assert_eq!(state(&seen("NTPSynchronized=no\n"), &[]), CheckState::Advice);
        assert_eq!(
            state(&seen("NTPSynchronized=no\n"), &["chrony.service"]),
            CheckState::Advice
        );
        assert_eq!(
            state(&seen("Failed to connect to bus\n"), &["chrony.service"]),
            CheckState::NotKnown
        );
        let was_set = Clock {
            was_set: true,
            ..Clock::default()
        };
        assert_eq!(state(&was_set, &[]), CheckState::Good);
        let contained = Clock {
            in_container: true,
            ..seen("NTPSynchronized=no\n")
        };
        assert_eq!(state(&contained, &[]), CheckState::NotKnown);
    }

    proptest! {
        /// FR-HST-06: no text makes the reader panic.
        #[test]
        fn any_text_is_read(text in "(?s)(NTPSynchronized=)?.{0,100}") {
            synchronized(&text);
        }
    }
}
