//! Which of systemd's units run: `systemctl show` of a fixed list.

use std::collections::HashSet;

/// What is asked for.
pub const UNITS: [&str; 19] = [
    "apt-daily-upgrade.timer",
    "chrony.service",
    "chronyd.service",
    "crowdsec-firewall-bouncer.service",
    "crowdsec.service",
    "dnf-automatic-install.timer",
    "dnf-automatic.timer",
    "dnf5-automatic.timer",
    "fail2ban.service",
    "firewalld.service",
    "nftables.service",
    "ntp.service",
    "ntpd.service",
    "ntpsec.service",
    "openntpd.service",
    "os-update.timer",
    "sshguard.service",
    "systemd-timesyncd.service",
    "transactional-update.timer",
];

/// The properties of each.
pub const PROPERTIES: &str = "--property=Id,LoadState,ActiveState";

/// What systemd told; nothing where it does not run here.
#[derive(Clone, Debug, Default)]
pub struct Units {
    installed: HashSet<String>,
    active: HashSet<String>,
}

impl Units {
    /// From blocks of properties, parted by empty lines; `None` where there are none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut units = Self::default();
        let mut any = false;
        for block in text.split("\n\n") {
            let of = |name: &str| {
                let mut pairs = block.lines().filter_map(|line| line.split_once('='));
                pairs.find(|(key, _)| *key == name).map(|(_, value)| value.trim())
            };
            let Some(id) = of("Id") else { continue };
            any = true;
            if of("LoadState") == Some("loaded") {
                units.installed.insert(id.to_owned());
            }
            if of("ActiveState") == Some("active") {
                units.active.insert(id.to_owned());
            }
        }
        any.then_some(units)
    }

    pub fn runs(&self, unit: &str) -> bool {
        self.active.contains(unit)
    }

    pub fn has(&self, unit: &str) -> bool {
        self.installed.contains(unit)
    }

    /// The first of these that runs.
    pub fn running<'a>(&self, units: &[(&str, &'a str)]) -> Option<&'a str> {
        units
            .iter()
            .find(|(unit, _)| self.runs(unit))
            .map(|(_, name)| *name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// FR-HST-06: a unit runs if it is active, and is there if it is loaded; one that is asked for and unknown is neither.
    #[test]
    fn units_are_told_apart() {
        let text = "Id=fail2ban.service\nLoadState=loaded\nActiveState=active\n\nId=chrony.service\nLoadState=loaded\nActiveState=inactive\n\n\
                    Id=ntp.service\nLoadState=not-found\nActiveState=inactive\n";
        let units = Units::parse(text).unwrap();
        assert!(units.runs("fail2ban.service") && units.has("fail2ban.service"));
        assert!(!units.runs("chrony.service") && units.has("chrony.service"));
        assert!(!units.runs("ntp.service") && !units.has("ntp.service"));
        assert!(Units::parse("System has not been booted with systemd\n").is_none());
    }

    proptest! {
        /// FR-HST-06: no text makes the reader panic.
        #[test]
        fn any_text_is_read(text in "(?s)(Id=)?.{0,300}") {
            let _ = Units::parse(&text);
        }
    }
}
