//! Whether somebody who tries passwords is turned away: fail2ban or one of its equals, where passwords are taken at all.

use super::ssh::Ssh;
use super::units::Units;
use super::verdict::Verdict;
use crate::host::distribution::{Distribution, Manager};

/// Those who do it, by their units.
const WATCHERS: [(&str, &str); 3] = [
    ("fail2ban.service", "fail2ban"),
    ("sshguard.service", "SSHGuard"),
    ("crowdsec-firewall-bouncer.service", "CrowdSec"),
];

/// Whether one is.
pub fn guesses(ssh: &Result<Ssh, String>, units: Option<&Units>, distribution: &Distribution) -> Verdict {
    let takes_passwords = match ssh {
        Ok(ssh) => ssh.takes_passwords_of_anybody(),
        Err(_) => true,
    };
    if !takes_passwords {
        return Verdict::good("Nothing needs to turn away who guesses: the SSH server takes no passwords.");
    }
    if let Some(name) = units.and_then(|units| units.running(&WATCHERS)) {
        return Verdict::good(format!("Who guesses passwords is turned away ({name})."));
    }
    if ssh.as_ref().is_ok_and(Ssh::has_penalties) {
        return Verdict::good(
            "Who guesses passwords is turned away for a while by OpenSSH itself (PerSourcePenalties).",
        );
    }
    if let Err(why) = ssh {
        return Verdict::not_known(format!("Whether passwords are taken at all is not known: {why}."));
    }
    let Some(units) = units else {
        return Verdict::not_known(
            "Whether fail2ban or an equal of it runs is not known: systemd did not tell.",
        );
    };
    if units.runs("crowdsec.service") {
        return Verdict::advice(
            "CrowdSec sees who guesses passwords, but nothing acts on what it decides.",
            "Install its bouncer for the firewall: `apt-get install crowdsec-firewall-bouncer-nftables`, or what it is called here.",
        );
    }
    let install = match distribution.manager() {
        Some(Manager::Apt) => {
            "run `apt-get install fail2ban python3-systemd`, write `[sshd]` and below it `backend = systemd` into \
                               /etc/fail2ban/jail.d/sshd.local, then run `systemctl restart fail2ban`"
        }
        Some(Manager::Dnf) => {
            "run `dnf install fail2ban`, write `[sshd]` and below it `enabled = true` into /etc/fail2ban/jail.d/sshd.local, \
                               then run `systemctl enable --now fail2ban` (RHEL has it in EPEL)"
        }
        Some(Manager::Zypper) => {
            "run `zypper install fail2ban`, write `[sshd]` and below it `enabled = true` into \
                                  /etc/fail2ban/jail.d/sshd.local, then run `systemctl enable --now fail2ban`"
        }
        None => "install fail2ban",
    };
    Verdict::advice(
        "Nothing turns away who guesses passwords.",
        format!("Take no passwords, which is better, or {install}."),
    )
}

#[cfg(test)]
mod tests {
    use slipway_protocol::checkup::CheckState;

    use super::super::sshd_config::SshdConfig;
    use super::*;

    fn units(active: &[&str]) -> Units {
        let blocks: Vec<String> = active
            .iter()
            .map(|unit| format!("Id={unit}\nActiveState=active\n"))
            .collect();
        Units::parse(&format!(
            "Id=none.service\nActiveState=inactive\n\n{}",
            blocks.join("\n")
        ))
        .unwrap()
    }

    fn ssh(text: &str) -> Result<Ssh, String> {
        Ssh::of(Ok(text.to_owned()), Ok(SshdConfig::default()))
    }

    fn state(ssh: &Result<Ssh, String>, active: Option<&[&str]>) -> CheckState {
        let units = active.map(units);
        guesses(ssh, units.as_ref(), &Distribution::parse("ID=debian\n")).state
    }

    /// FR-HST-06: where no passwords are taken nothing is needed; where they are, one of three programs or OpenSSH itself has to watch.
    #[test]
    fn only_passwords_need_a_watch() {
        let (on, off) = (
            ssh("passwordauthentication yes"),
            ssh("passwordauthentication no\nusepam no"),
        );
        assert_eq!(state(&off, None), CheckState::Good);
        assert_eq!(state(&on, Some(&[])), CheckState::Advice);
        assert_eq!(state(&on, None), CheckState::NotKnown);
        for name in [
            "fail2ban.service",
            "sshguard.service",
            "crowdsec-firewall-bouncer.service",
        ] {
            assert_eq!(state(&on, Some(&[name])), CheckState::Good, "{name}");
        }
        assert_eq!(state(&on, Some(&["crowdsec.service"])), CheckState::Advice);
        let own = ssh("passwordauthentication yes\npersourcepenalties crash:90 authfail:5");
        assert_eq!(state(&own, Some(&[])), CheckState::Good);
        assert_eq!(state(&Err("it is away".into()), Some(&[])), CheckState::NotKnown);
        assert_eq!(
            state(&Err("it is away".into()), Some(&["fail2ban.service"])),
            CheckState::Good
        );
    }

    /// FR-HST-06: passwords for some need a watch, too.
    #[test]
    fn passwords_for_some_need_a_watch() {
        let files = SshdConfig::read("Match User git\nPasswordAuthentication yes", &mut |_| {
            Ok(Vec::new())
        });
        let ssh = Ssh::of(
            Ok("passwordauthentication no\nkbdinteractiveauthentication no".into()),
            Ok(files),
        );
        assert_eq!(state(&ssh, Some(&[])), CheckState::Advice);
    }
}
