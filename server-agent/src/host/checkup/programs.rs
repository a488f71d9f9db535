//! What is asked of the server's own programs: of each a fixed question that changes nothing, with a deadline.

use std::path::Path;
use std::time::Duration;

use super::clock;
use super::kernel_rules::{NftReader, SaveReader, Shut};
use super::read::{self, Text};
use super::units::{PROPERTIES, UNITS, Units};
use super::verdict::shown;
use crate::process::{Finished, Invocation, Output, Program};

/// The SSH server.
pub const SSHD: &str = "/usr/sbin/sshd";
/// Each of them may take this long.
const LIMIT: Duration = Duration::from_secs(5);

/// What they told.
#[derive(Clone, Debug)]
pub struct Told {
    /// What `sshd -T` wrote; an error is a sentence without its end.
    pub sshd: Result<String, String>,
    /// `None` where systemd does not tell.
    pub units: Option<Units>,
    /// What the kernel's rules shut; an error is a sentence without its end.
    pub shut: Result<Shut, String>,
    /// What the kernel says of its clock.
    pub synchronized: Option<bool>,
}

impl Told {
    /// Nothing, for this reason.
    pub fn nothing(why: &str) -> Self {
        Self {
            sshd: Err(why.to_owned()),
            units: None,
            shut: Err(why.to_owned()),
            synchronized: None,
        }
    }
}

/// Asks them all at once. Each question lies on the heap: with what it reads into it is large, and whoever asks has a stack to share.
pub async fn ask() -> Told {
    let (sshd, units) = (Box::pin(sshd()), Box::pin(units()));
    let (shut, synchronized) = (Box::pin(shut()), Box::pin(synchronized()));
    let (sshd, units, shut, synchronized) = tokio::join!(sshd, units, shut, synchronized);
    Told {
        sshd,
        units,
        shut,
        synchronized,
    }
}

/// The settings that hold, `Match` blocks left out. It reads the host's keys, and therefore needs root.
async fn sshd() -> Result<String, String> {
    if !is_root() {
        return Err("the SSH server tells its settings to root only".to_owned());
    }
    let told = run(Program::Sshd, &["-T"]).await?;
    if told.success() && told.stdout.contains("permitrootlogin ") {
        return Ok(told.stdout);
    }
    let said = told.stderr.lines().next().map(shown).unwrap_or_default();
    Err(format!("the SSH server does not tell its settings ({said})"))
}

async fn units() -> Option<Units> {
    if !runs_systemd() {
        return None;
    }
    let words: Vec<&str> = ["show", PROPERTIES, "--"].into_iter().chain(UNITS).collect();
    let told = run(Program::Systemctl, &words).await.ok()?;
    Units::parse(&told.stdout)
}

async fn synchronized() -> Option<bool> {
    if !runs_systemd() {
        return None;
    }
    let told = run(Program::Timedatectl, &["show", "--property=NTPSynchronized"]).await;
    clock::synchronized(&told.ok()?.stdout)
}

/// Only where the kernel may have such rules at all: the question would load what it asks about.
async fn shut() -> Result<Shut, String> {
    let tables = tokio::task::spawn_blocking(Tables::of_this_kernel);
    let tables = match tokio::time::timeout(LIMIT, tables).await {
        Ok(Ok(tables)) => tables,
        _ => return Err("the kernel's modules could not be read in time".to_owned()),
    };
    let Tables { nft, v4, v6 } = tables;
    if !(nft || v4 || v6) {
        return Ok(Shut::default());
    }
    if !is_root() {
        return Err("the kernel tells them to root only".to_owned());
    }
    let v4 = Box::pin(by_iptables(Program::IptablesSave, nft || v4));
    let v6 = Box::pin(by_iptables(Program::Ip6tablesSave, nft || v6));
    let nft = Box::pin(by_nft(nft));
    let (nft, v4, v6) = tokio::join!(nft, v4, v6);
    if nft.is_none() && v4.is_none() {
        return Err("neither `nft` nor `iptables-save` tells them".to_owned());
    }
    let saved = Shut {
        v4: v4.unwrap_or(false),
        v6: v6.unwrap_or(false),
    };
    Ok(nft.unwrap_or_default().or(saved))
}

/// Which kinds of rules the kernel may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tables {
    nft: bool,
    v4: bool,
    v6: bool,
}

impl Tables {
    fn of_this_kernel() -> Self {
        let release = read::text(Path::new("/proc/sys/kernel/osrelease"))
            .there()
            .unwrap_or_default();
        let built_in = read::text(
            &Path::new("/lib/modules")
                .join(release.trim())
                .join("modules.builtin"),
        );
        Self::of(&built_in, |module| Path::new("/sys/module").join(module).exists())
    }

    /// A module is there if it is loaded or built in; where it is not known what is built in, it may be.
    fn of(built_in: &Text, loaded: impl Fn(&str) -> bool) -> Self {
        let is = |module: &str| match built_in {
            Text::There(text) => loaded(module) || text.contains(&format!("/{module}.ko")),
            Text::Absent | Text::Unreadable(_) => true,
        };
        Self {
            nft: is("nf_tables"),
            v4: is("ip_tables"),
            v6: is("ip6_tables"),
        }
    }
}

async fn by_nft(wanted: bool) -> Option<Shut> {
    if !wanted {
        return None;
    }
    let mut reader = NftReader::default();
    let question = Invocation::new(Program::Nft).args(["--stateless", "list", "ruleset"]);
    let told = question.deadline(LIMIT).run_with(|output, line| {
        if output == Output::Stdout {
            reader.line(line);
        }
    });
    let told = told.await.is_ok_and(|told| told.success());
    told.then(|| reader.shut())
}

async fn by_iptables(program: Program, wanted: bool) -> Option<bool> {
    if !wanted {
        return None;
    }
    let mut reader = SaveReader::default();
    let told = Invocation::new(program).deadline(LIMIT).run_with(|output, line| {
        if output == Output::Stdout {
            reader.line(line);
        }
    });
    let told = told.await.is_ok_and(|told| told.success());
    told.then(|| reader.shuts())
}

async fn run(program: Program, words: &[&str]) -> Result<Finished, String> {
    let question = Invocation::new(program).args(words).deadline(LIMIT);
    question.run().await.map_err(|error| error.to_string())
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

fn runs_systemd() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-HST-06: a kernel that has no such rules is not asked for them; one of which that is not known is.
    #[test]
    fn only_a_kernel_with_rules_is_asked() {
        let built_in = Text::There("kernel/net/netfilter/nf_tables.ko\nkernel/fs/ext4/ext4.ko\n".to_owned());
        let tables = |built_in: &Text, loaded: &str| Tables::of(built_in, |module| module == loaded);
        let (nft, v4, v6) = (true, true, true);
        assert_eq!(tables(&built_in, "ip_tables"), Tables { nft, v4, v6: false });
        let none = Text::There(String::new());
        assert_eq!(
            tables(&none, "x"),
            Tables {
                nft: false,
                v4: false,
                v6: false
            }
        );
        assert_eq!(tables(&Text::Absent, "x"), Tables { nft, v4, v6 });
    }
}
