//! The distribution of this server, and what it calls the packages that are needed (os-release(5)).

use std::collections::HashMap;

use crate::process::Program;

/// How packages are installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manager {
    Apt,
    Dnf,
    Zypper,
}

/// A system that is needed as a whole, whatever its packages are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Need {
    Docker,
    Postgres,
    Git,
}

impl Need {
    pub fn name(self) -> &'static str {
        match self {
            Self::Docker => "Docker",
            Self::Postgres => "PostgreSQL",
            Self::Git => "git",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// “Debian GNU/Linux 12 (bookworm)”.
    pub name: String,
    id: String,
    manager: Option<Manager>,
}

impl Distribution {
    /// Of this machine.
    pub fn here() -> Self {
        let text = ["/etc/os-release", "/usr/lib/os-release"]
            .iter()
            .find_map(|path| std::fs::read_to_string(path).ok());
        Self::parse(&text.unwrap_or_default())
    }

    pub(super) fn parse(text: &str) -> Self {
        let fields: HashMap<&str, &str> = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(key, value)| (key.trim(), value.trim().trim_matches(['"', '\''])))
            .collect();
        let field = |key: &str| fields.get(key).copied().unwrap_or_default();
        let (id, like) = (field("ID"), field("ID_LIKE"));
        let is = |family: &[&str]| {
            family.contains(&id) || like.split_whitespace().any(|one| family.contains(&one))
        };
        let manager = if is(&["debian", "ubuntu"]) {
            Some(Manager::Apt)
        } else if is(&["fedora", "rhel", "centos"]) {
            Some(Manager::Dnf)
        } else if is(&["suse", "opensuse", "opensuse-leap", "opensuse-tumbleweed", "sles"]) {
            Some(Manager::Zypper)
        } else {
            None
        };
        let name = [field("PRETTY_NAME"), field("NAME"), id]
            .into_iter()
            .find(|name| !name.is_empty())
            .unwrap_or("an unknown system");
        Self {
            name: name.to_owned(),
            id: id.to_owned(),
            manager,
        }
    }

    /// How packages get onto it; `None` where that is not known, and they have to be there already.
    pub fn manager(&self) -> Option<Manager> {
        self.manager
    }

    /// The packages that bring this.
    pub fn packages(&self, need: Need) -> &'static [&'static str] {
        match (self.manager, need) {
            (_, Need::Git) => &["git"],
            // Its firewall rules are written with iptables, which the package only recommends.
            (Some(Manager::Apt), Need::Docker) => &["docker.io", "iptables"],
            (Some(Manager::Apt), Need::Postgres) => &["postgresql"],
            (Some(Manager::Dnf), Need::Docker) if self.id == "fedora" => &["moby-engine"],
            (Some(Manager::Dnf), Need::Docker) => &["docker-ce", "containerd.io"],
            (Some(Manager::Zypper), Need::Docker) => &["docker"],
            (Some(Manager::Dnf | Manager::Zypper), Need::Postgres) => &["postgresql-server"],
            (None, Need::Docker | Need::Postgres) => &[],
        }
    }

    /// Docker's own repository, where the distribution has no Docker: the file to write, and what to put into it.
    pub fn repository(&self, need: Need) -> Option<(&'static str, String)> {
        let foreign = self.manager == Some(Manager::Dnf) && self.id != "fedora" && need == Need::Docker;
        foreign.then(|| {
            (
                "/etc/yum.repos.d/docker-ce.repo",
                "[docker-ce-stable]\nname=Docker CE Stable\n\
                 baseurl=https://download.docker.com/linux/rhel/$releasever/$basearch/stable\nenabled=1\ngpgcheck=1\n\
                 gpgkey=https://download.docker.com/linux/rhel/gpg\n"
                    .to_owned(),
            )
        })
    }
}

impl Manager {
    pub fn program(self) -> Program {
        match self {
            Self::Apt => Program::AptGet,
            Self::Dnf => Program::Dnf,
            Self::Zypper => Program::Zypper,
        }
    }

    /// The arguments that learn what there is; nothing where that is done by itself.
    pub fn refresh(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Apt => Some(&["update", "-o", "DPkg::Lock::Timeout=300"]),
            Self::Dnf | Self::Zypper => None,
        }
    }

    /// The arguments before the names of packages.
    pub fn install(self) -> &'static [&'static str] {
        match self {
            Self::Apt => &[
                "install",
                "--yes",
                "--no-install-recommends",
                "-o",
                "DPkg::Lock::Timeout=300",
            ],
            Self::Dnf => &["install", "--assumeyes", "--setopt=install_weak_deps=False"],
            Self::Zypper => &["--non-interactive", "install", "--no-recommends"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-HST-01: the five families are told apart by what they say of themselves, and derivatives by what they are like.
    #[test]
    fn families_are_recognised() {
        for (text, name, manager, docker) in [
            (
                "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nID=debian\n",
                "Debian GNU/Linux 12 (bookworm)",
                Some(Manager::Apt),
                "docker.io",
            ),
            (
                "PRETTY_NAME=\"Ubuntu 24.04.1 LTS\"\nID=ubuntu\nID_LIKE=debian\n",
                "Ubuntu 24.04.1 LTS",
                Some(Manager::Apt),
                "docker.io",
            ),
            (
                "NAME=\"Fedora Linux\"\nID=fedora\nPRETTY_NAME=\"Fedora Linux 42 (Server Edition)\"\n",
                "Fedora Linux 42 (Server Edition)",
                Some(Manager::Dnf),
                "moby-engine",
            ),
            (
                "NAME=\"Rocky Linux\"\nID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\nPRETTY_NAME=\"Rocky Linux 9.4\"\n",
                "Rocky Linux 9.4",
                Some(Manager::Dnf),
                "docker-ce",
            ),
            (
                "NAME=\"openSUSE Leap\"\nID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n",
                "openSUSE Leap",
                Some(Manager::Zypper),
                "docker",
            ),
        ] {
            let found = Distribution::parse(text);
            assert_eq!(found.name, name);
            assert_eq!(found.manager(), manager);
            assert_eq!(found.packages(Need::Docker)[0], docker);
            assert_eq!(found.repository(Need::Docker).is_some(), docker == "docker-ce");
        }
        let other = Distribution::parse("ID=plan9\n");
        assert_eq!((other.name.as_str(), other.manager()), ("plan9", None));
        assert_eq!(Distribution::parse("").name, "an unknown system");
    }
}
