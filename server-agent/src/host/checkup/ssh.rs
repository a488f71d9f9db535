//! Who may sign in over SSH, and with what.

use super::sshd_config::{Exception, SshdConfig, Values};
use super::verdict::{Verdict, listed, shown};
use crate::host::distribution::{Distribution, Manager};

/// What holds for everybody, and for whom it is otherwise.
#[derive(Clone, Debug)]
pub struct Ssh {
    values: Values,
    exceptions: Vec<Exception>,
    drop_ins: bool,
    /// Why it is not known for whom it is otherwise.
    unread: Option<String>,
}

/// What root needs, from the strictest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Root {
    Never,
    KeyForOneCommand,
    Key,
    Anything,
}

impl Ssh {
    /// From what `sshd -T` told, where it did, and the files; else from the files alone. An error is a sentence without its end.
    pub fn of(told: Result<String, String>, files: Result<SshdConfig, String>) -> Result<Self, String> {
        match (told, files) {
            (Ok(told), files) => {
                let files = files.unwrap_or_else(SshdConfig::unread);
                Ok(Self {
                    values: SshdConfig::effective(&told).values,
                    exceptions: files.exceptions,
                    drop_ins: files.drop_ins,
                    unread: files.unread,
                })
            }
            // Any value that was not read could be the first.
            (
                Err(_),
                Ok(SshdConfig {
                    unread: Some(why), ..
                }),
            ) => Err(why),
            (Err(_), Ok(files)) => Ok(Self {
                values: files.values,
                exceptions: files.exceptions,
                drop_ins: files.drop_ins,
                unread: None,
            }),
            (Err(why), Err(_)) => Err(why),
        }
    }

    /// Whether somebody in general may sign in with a password alone.
    pub fn takes_passwords(&self) -> bool {
        self.passwords(None)
    }

    /// The same, or some may.
    pub fn takes_passwords_of_anybody(&self) -> bool {
        self.passwords(None) || self.exceptions.iter().any(|one| self.passwords(Some(one)))
    }

    /// Whether OpenSSH itself turns those away who fail (since 9.8; only `sshd -T` tells).
    pub fn has_penalties(&self) -> bool {
        self.word(None, "persourcepenalties")
            .is_some_and(|word| word != "no")
    }

    /// The ports that its settings name: those of its addresses, and `Port` for addresses without one. `None` where one of them is no
    /// number.
    pub fn ports(&self) -> Option<Vec<u16>> {
        let addresses = self.words(None, "listenaddress");
        let with_port = || addresses.iter().filter_map(|address| port_of(address));
        let mut ports = Vec::new();
        if addresses.is_empty() || with_port().count() < addresses.len() {
            match self.words(None, "port") {
                [] => ports.push(22),
                words => {
                    for word in words {
                        ports.push(word.parse().ok()?);
                    }
                }
            }
        }
        for word in with_port() {
            ports.push(word.parse().ok()?);
        }
        ports.sort_unstable();
        ports.dedup();
        Some(ports)
    }

    fn words<'a>(&'a self, exception: Option<&'a Exception>, keyword: &str) -> &'a [String] {
        exception
            .and_then(|exception| exception.values.get(keyword))
            .or_else(|| self.values.get(keyword))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    fn word<'a>(&'a self, exception: Option<&'a Exception>, keyword: &str) -> Option<&'a str> {
        self.words(exception, keyword).first().map(String::as_str)
    }

    fn passwords(&self, exception: Option<&Exception>) -> bool {
        let is = |keyword: &str, otherwise: bool| {
            self.word(exception, keyword)
                .map_or(otherwise, |word| !word.eq_ignore_ascii_case("no"))
        };
        // What PAM asks for at the keyboard is a password, too.
        let asked = is("passwordauthentication", true)
            || (is("kbdinteractiveauthentication", true) && is("usepam", false));
        asked && !self.wants_a_key_first(exception)
    }

    /// Each way that `AuthenticationMethods` leaves open has something that a guess cannot replace.
    fn wants_a_key_first(&self, exception: Option<&Exception>) -> bool {
        let ways = self.words(exception, "authenticationmethods");
        let has_key = |way: &String| {
            let strong = ["publickey", "hostbased", "gssapi-with-mic"];
            way.split(',').any(|method| strong.contains(&method))
        };
        !ways.is_empty() && ways.iter().all(has_key)
    }

    fn root(&self, exception: Option<&Exception>) -> Root {
        match self
            .word(exception, "permitrootlogin")
            .map(str::to_ascii_lowercase)
            .as_deref()
        {
            Some("no") => Root::Never,
            Some("forced-commands-only") => Root::KeyForOneCommand,
            Some("yes") => Root::Anything,
            // sshd's own default; `sshd -T` writes its old name.
            Some(_) | None => Root::Key,
        }
    }

    /// For whom more is allowed than in general.
    fn more_for(&self, more: impl Fn(&Exception) -> bool) -> Vec<String> {
        let conditions = self.exceptions.iter().filter(|exception| more(exception));
        conditions
            .map(|one| format!("“Match {}”", shown(&one.condition)))
            .take(3)
            .collect()
    }

    /// Where a setting is written, and how sshd takes it.
    fn write(&self, settings: &str, distribution: &Distribution) -> String {
        let service = match distribution.manager() {
            Some(Manager::Apt) => "ssh",
            Some(Manager::Dnf | Manager::Zypper) | None => "sshd",
        };
        let place = if self.drop_ins {
            // The first value counts, and files are read by their names.
            "/etc/ssh/sshd_config.d/00-sign-in.conf"
        } else {
            "/etc/ssh/sshd_config, before any Match"
        };
        format!("write {settings} into {place}, then run `systemctl reload {service}`")
    }
}

/// The port behind an address, as sshd_config(5) writes it: `host:port`, `[address]:port`; an address of IPv6 without brackets has none.
fn port_of(address: &str) -> Option<&str> {
    match address.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.1.strip_prefix(':'),
        None if address.matches(':').count() > 1 => None,
        None => address.split_once([':', '/']).map(|(_, port)| port),
    }
}

const NO_PASSWORDS: &str = "`PasswordAuthentication no` and `KbdInteractiveAuthentication no`";

/// Whether passwords are taken.
pub fn passwords(ssh: &Result<Ssh, String>, distribution: &Distribution) -> Verdict {
    let ssh = match ssh {
        Ok(ssh) => ssh,
        Err(why) => return not_known(why),
    };
    if ssh.passwords(None) {
        let write = ssh.write(NO_PASSWORDS, distribution);
        return Verdict::advice(
            "The SSH server takes passwords, which anybody can guess at.",
            format!("Once a key works for everybody who signs in, {write}."),
        );
    }
    let more = ssh.more_for(|exception| ssh.passwords(Some(exception)));
    if !more.is_empty() {
        return Verdict::advice(
            format!(
                "The SSH server takes keys only, but passwords for {}.",
                listed(&more)
            ),
            "Take `PasswordAuthentication yes` out of these Match blocks of the SSH server's settings once a key works there.",
        );
    }
    match &ssh.unread {
        Some(why) => not_known(why),
        None => Verdict::good("The SSH server takes no passwords."),
    }
}

/// Whether root may sign in, and with what.
pub fn root(ssh: &Result<Ssh, String>, distribution: &Distribution) -> Verdict {
    let ssh = match ssh {
        Ok(ssh) => ssh,
        Err(why) => return not_known(why),
    };
    let keys_only = || {
        let write = ssh.write("`PermitRootLogin prohibit-password`", distribution);
        format!("Let root sign in with a key only: {write}.")
    };
    let general = ssh.root(None);
    if general == Root::Anything && ssh.passwords(None) {
        return Verdict::bad("Root may sign in over SSH with a password.", keys_only());
    }
    if general == Root::Anything {
        let found = "Root may sign in over SSH with whatever the server takes, which are keys only as long as passwords are off.";
        return Verdict::advice(found, keys_only());
    }
    let more = ssh
        .more_for(|exception| ssh.root(Some(exception)) == Root::Anything && ssh.passwords(Some(exception)));
    if !more.is_empty() {
        return Verdict::advice(
            format!("Root may sign in over SSH with a password for {}.", listed(&more)),
            "Write `PermitRootLogin prohibit-password` into these Match blocks of the SSH server's settings.",
        );
    }
    if let Some(why) = &ssh.unread {
        return not_known(why);
    }
    Verdict::good(match general {
        Root::Never => "Root may not sign in over SSH.",
        Root::KeyForOneCommand => "Root may sign in over SSH for fixed commands only, with a key.",
        Root::Key | Root::Anything => "Root may sign in over SSH with a key only.",
    })
}

fn not_known(why: &str) -> Verdict {
    Verdict::not_known(format!("The SSH server's settings are not known: {why}."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use slipway_protocol::checkup::CheckState;

    use super::*;

    /// As OpenSSH 9.2 of Debian 12 writes it, without the lists of algorithms.
    const TOLD: &str = "port 22\naddressfamily any\nlistenaddress [::]:22\nlistenaddress 0.0.0.0:22\nusepam yes\nlogingracetime 120\n\
        maxauthtries 6\npermitrootlogin without-password\npubkeyauthentication yes\npasswordauthentication yes\n\
        kbdinteractiveauthentication no\npermitemptypasswords no\nforcecommand none\nauthenticationmethods any\n\
        subsystem sftp /usr/lib/openssh/sftp-server\nmaxstartups 10:30:100\npersourcemaxstartups none\n";
    /// Debian 12's own file without its comments.
    const DEBIAN: &str = "Include /etc/ssh/sshd_config.d/*.conf\nKbdInteractiveAuthentication no\nUsePAM yes\nX11Forwarding yes\n\
        PrintMotd no\nAcceptEnv LANG LC_*\nSubsystem\tsftp\t/usr/lib/openssh/sftp-server\n";

    fn debian() -> Distribution {
        Distribution::parse("ID=debian\n")
    }

    fn files(text: &str) -> Result<SshdConfig, String> {
        Ok(SshdConfig::read(text, &mut |_| Ok(Vec::new())))
    }

    fn from_files(text: &str) -> Result<Ssh, String> {
        Ssh::of(Err("it is away".to_owned()), files(text))
    }

    fn states(ssh: &Result<Ssh, String>) -> (CheckState, CheckState) {
        (passwords(ssh, &debian()).state, root(ssh, &debian()).state)
    }

    /// FR-HST-06: Debian as it is delivered takes passwords, but none of root, whether the server or its files are asked.
    #[test]
    fn debian_as_it_is_delivered() {
        let told = Ssh::of(Ok(TOLD.to_owned()), files(DEBIAN));
        for ssh in [told, from_files(DEBIAN)] {
            assert_eq!(states(&ssh), (CheckState::Advice, CheckState::Good));
            let remedy = passwords(&ssh, &debian()).remedy.unwrap();
            assert!(
                remedy.contains("/etc/ssh/sshd_config.d/00-sign-in.conf")
                    && remedy.ends_with("`systemctl reload ssh`."),
                "{remedy}"
            );
            assert_eq!(ssh.unwrap().ports(), Some(vec![22]));
        }
    }

    /// FR-HST-06: root with a password is bad; where passwords are off it is only an advice; never and keys only are good.
    #[test]
    fn root_is_judged_by_what_it_needs() {
        for (text, wanted) in [
            ("PermitRootLogin yes", CheckState::Bad),
            (
                "PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no",
                CheckState::Advice,
            ),
            ("PermitRootLogin no", CheckState::Good),
            ("PermitRootLogin prohibit-password", CheckState::Good),
            ("PermitRootLogin forced-commands-only", CheckState::Good),
            ("", CheckState::Good),
            (
                "Match Address 192.0.2.0/24\nPermitRootLogin yes",
                CheckState::Advice,
            ),
        ] {
            assert_eq!(states(&from_files(text)).1, wanted, "{text}");
        }
    }

    /// FR-HST-06: what PAM asks for is a password; a key that is asked for first makes a password no way in; an exception is named.
    #[test]
    fn every_way_of_a_password_counts() {
        for (text, wanted) in [
            ("PasswordAuthentication no", CheckState::Good),
            ("PasswordAuthentication no\nUsePAM yes", CheckState::Advice),
            (
                "PasswordAuthentication no\nUsePAM yes\nChallengeResponseAuthentication no",
                CheckState::Good,
            ),
            ("AuthenticationMethods publickey,password", CheckState::Good),
            ("AuthenticationMethods publickey password", CheckState::Advice),
            ("AuthenticationMethods any", CheckState::Advice),
            (
                "PasswordAuthentication no\nMatch User git\nPasswordAuthentication yes",
                CheckState::Advice,
            ),
            (
                "PasswordAuthentication yes\nMatch User git\nPasswordAuthentication no",
                CheckState::Advice,
            ),
        ] {
            assert_eq!(states(&from_files(text)).0, wanted, "{text}");
        }
        let ssh = from_files("PasswordAuthentication no\nMatch User git\nPasswordAuthentication yes");
        assert!(passwords(&ssh, &debian()).found.contains("“Match User git”"));
    }

    /// FR-HST-06: what could not be read is not known, and never good; what the server itself told counts without its files.
    #[test]
    fn unread_is_not_good() {
        let unread = |text: &str| Ok(SshdConfig::read(text, &mut |_| Err("it is away".to_owned())));
        let cut = "PasswordAuthentication no\nPermitRootLogin no\nInclude more.conf\n";
        let neither = (CheckState::NotKnown, CheckState::NotKnown);
        assert_eq!(states(&Ssh::of(Err("x".into()), unread(cut))), neither);
        assert_eq!(states(&Ssh::of(Err("x".into()), Err("y".into()))), neither);
        let off = TOLD.replace("passwordauthentication yes", "passwordauthentication no");
        assert_eq!(states(&Ssh::of(Ok(off.clone()), unread(cut))), neither);
        assert_eq!(
            states(&Ssh::of(Ok(off), files(DEBIAN))),
            (CheckState::Good, CheckState::Good)
        );
        let told = Ssh::of(Ok(TOLD.to_owned()), Err("y".into()));
        assert_eq!(passwords(&told, &debian()).state, CheckState::Advice);
    }

    /// FR-HST-06: a port that stands in an address counts, and `Port` only for addresses without one; what is no number is not known.
    #[test]
    fn ports_stand_in_addresses_too() {
        for (text, wanted) in [
            ("", Some(vec![22])),
            ("Port 2222", Some(vec![2222])),
            ("ListenAddress 0.0.0.0:2222", Some(vec![2222])),
            (
                "port 22\nlistenaddress 0.0.0.0:2222\nlistenaddress [::]:2222",
                Some(vec![2222]),
            ),
            (
                "ListenAddress 10.0.0.1\nListenAddress [::1]:23",
                Some(vec![22, 23]),
            ),
            ("ListenAddress ::1\nPort 24\nPort 25", Some(vec![24, 25])),
            ("ListenAddress 10.0.0.1:2200 rdomain vrf1", Some(vec![2200])),
            ("Port ssh", None),
            ("ListenAddress 0.0.0.0:ssh", None),
        ] {
            assert_eq!(from_files(text).unwrap().ports(), wanted, "{text}");
        }
    }

    /// FR-HST-06: OpenSSH's own penalties are seen where the server tells them.
    #[test]
    fn penalties_are_seen() {
        let with = |line: &str| Ssh::of(Ok(format!("{TOLD}{line}\n")), files(DEBIAN)).unwrap();
        assert!(with("persourcepenalties crash:90 authfail:5 noauth:1 max:600 min:15").has_penalties());
        assert!(!with("persourcepenalties no").has_penalties() && !with("").has_penalties());
    }

    proptest! {
        /// FR-HST-06: whatever is told and written, there is a verdict with a sentence.
        #[test]
        fn any_text_has_a_verdict(told in "(?s).{0,300}", text in "(?s).{0,300}") {
            for ssh in [Ssh::of(Ok(told), files(&text)), from_files(&text)] {
                prop_assert!(passwords(&ssh, &debian()).found.ends_with('.'));
                prop_assert!(root(&ssh, &debian()).found.ends_with('.'));
            }
        }
    }
}
