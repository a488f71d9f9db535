//! Whether something shuts the ports that nobody should reach, and which are open.

use std::collections::BTreeMap;

use super::kernel_rules::Shut;
use super::verdict::{Verdict, listed, shown};
use crate::host::distribution::{Distribution, Manager};

/// The port of HTTPS, which the edge will need.
const HTTPS: u16 = 443;
/// Swarm's ports between nodes: Docker listens there itself, and a firewall does shut them.
const SWARM: [u16; 2] = [2377, 7946];
/// So many ports are named.
const MOST_NAMED: usize = 5;

/// What was seen.
#[derive(Clone, Debug)]
pub struct Firewall {
    /// What the kernel's rules shut, or why that is not known (a sentence without its end).
    pub shut: Result<Shut, String>,
    /// Who looks after the rules: “ufw”.
    pub keeper: Option<&'static str>,
    /// The server has an address of IPv6 that others reach.
    pub has_v6: bool,
    /// The ports that others reach, each with the programs behind it.
    pub open: BTreeMap<u16, Vec<String>>,
    /// Those that the SSH server's settings name, where they are known.
    pub ssh_ports: Option<Vec<u16>>,
    /// That of the edge.
    pub edge_port: u16,
    /// How many nodes the Swarm has, where that is known.
    pub nodes: Option<u32>,
}

impl Firewall {
    fn is_expected(&self, port: u16, programs: &[String]) -> bool {
        let ssh = !programs.is_empty() && programs.iter().all(|program| program == "sshd");
        let named = self.ssh_ports.as_deref().unwrap_or(&[22]).contains(&port);
        ssh || named || [self.edge_port, HTTPS].contains(&port)
    }

    /// The ports by which somebody may be signed in right now. The settings alone do not tell: they may be newer than the server that
    /// runs, systemd may listen in its place, or another program. `None` unless the server itself is seen to listen.
    fn ssh(&self) -> Option<Vec<u16>> {
        let is_sshd = |programs: &[String]| programs.iter().any(|program| program == "sshd");
        let seen = self.open.iter().filter(|(_, programs)| is_sshd(programs));
        let mut ports: Vec<u16> = seen.map(|(port, _)| *port).collect();
        if ports.is_empty() {
            return None;
        }
        ports.extend(self.ssh_ports.iter().flatten());
        Some(ports)
    }

    /// What a firewall must not shut either, where there are other nodes.
    fn swarm(&self) -> Option<String> {
        const PORTS: &str = "Swarm's ports (2377/tcp, 7946/tcp, 7946/udp, 4789/udp)";
        match self.nodes {
            Some(0 | 1) => None,
            Some(_) => Some(format!("let the Swarm's other nodes reach {PORTS}")),
            None => Some(format!("where the Swarm has other nodes, let them reach {PORTS}")),
        }
    }

    /// Ports beside SSH and the edge: those that a firewall can shut, and those that Docker publishes past it.
    fn others(&self) -> (Vec<String>, Vec<String>) {
        let mut others = (Vec::new(), Vec::new());
        for (port, programs) in self
            .open
            .iter()
            .filter(|(port, programs)| !self.is_expected(**port, programs))
        {
            let dockers = |program: &String| program == "docker-proxy" || program == "dockerd";
            let published = !programs.is_empty() && programs.iter().all(dockers) && !SWARM.contains(port);
            let name = match programs.first() {
                Some(program) => format!("{port} ({})", shown(program)),
                None => port.to_string(),
            };
            if published {
                others.1.push(name);
            } else {
                others.0.push(name);
            }
        }
        others
    }

    /// How to get a firewall: within a sentence. It must lock nobody out, nor part the Swarm.
    fn install(&self, distribution: &Distribution) -> String {
        let Some(mut ports) = self.ssh() else {
            return self.install_by_hand(distribution);
        };
        ports.extend([self.edge_port, HTTPS]);
        ports.sort_unstable();
        ports.dedup();
        let rules = |before: &str, after: &str, between: &str| {
            let rules: Vec<String> = ports
                .iter()
                .map(|port| format!("{before}{port}{after}"))
                .collect();
            rules.join(between)
        };
        let (prepare, switch_on, at_last) = match distribution.manager() {
            // Deploy URLs come from Traefik to the agent by this bridge.
            Some(Manager::Apt) => (
                format!(
                    "apt-get install ufw && {} && ufw allow in on docker_gwbridge",
                    rules("ufw allow ", "/tcp", " && ")
                ),
                "ufw enable",
                "",
            ),
            Some(manager @ (Manager::Dnf | Manager::Zypper)) => (
                format!(
                    "{} install firewalld && firewall-offline-cmd {}",
                    if manager == Manager::Dnf { "dnf" } else { "zypper" },
                    rules("--add-port=", "/tcp", " ")
                ),
                "systemctl enable --now firewalld",
                ", then look that the applications still answer; if not, `systemctl restart docker` writes Docker's own rules anew",
            ),
            None => {
                let allow = format!("let a firewall allow {} only", rules("", "/tcp", ", "));
                return self
                    .swarm()
                    .map_or(allow.clone(), |swarm| format!("{allow}, but {swarm}"));
            }
        };
        match self.swarm() {
            None => format!("run `{prepare} && {switch_on}`{at_last}"),
            Some(swarm) => format!("run `{prepare}`, {swarm}, and only then run `{switch_on}`{at_last}"),
        }
    }

    /// The same where a command line could shut the port that its reader came by.
    fn install_by_hand(&self, distribution: &Distribution) -> String {
        let (keeper, bridge) = match distribution.manager() {
            Some(Manager::Apt) => ("ufw", ", and everything on docker_gwbridge"),
            Some(Manager::Dnf | Manager::Zypper) => ("firewalld", ""),
            None => ("a firewall", ""),
        };
        let swarm = self.swarm().map(|swarm| format!(", {swarm}")).unwrap_or_default();
        format!(
            "find out first on which port you reach SSH, which is not known here (`ss -tlnp` and `systemctl list-sockets` tell); then \
             let {keeper} allow that port, {}/tcp and {HTTPS}/tcp{bridge}{swarm}, and switch it on only after that",
            self.edge_port
        )
    }
}

/// Whether the ports of this server are shut but for those that are meant.
pub fn firewall(seen: &Firewall, distribution: &Distribution) -> Verdict {
    let (own, published) = seen.others();
    let shut = match &seen.shut {
        Ok(shut) => *shut,
        Err(why) => return Verdict::not_known(format!("The kernel's rules are not known: {why}.")),
    };
    let keeper = seen.keeper.unwrap_or("a set of rules in the kernel");
    if !shut.v4 {
        let install = seen.install(distribution);
        if own.is_empty() && published.is_empty() {
            return Verdict::advice(
                "No firewall is on; nothing but SSH and Traefik listens for others.",
                format!("So that it stays so, {install}."),
            );
        }
        let open = named(&[own.clone(), published.clone()].concat());
        let found = format!(
            "No firewall is on, and others reach {open}, unless something before this server shuts them."
        );
        if own.is_empty() {
            return Verdict::bad(found, UNPUBLISH);
        }
        let beside = if published.is_empty() {
            ""
        } else {
            "; it does not shut what Docker publishes, which is better published on 127.0.0.1 only"
        };
        return Verdict::bad(
            found,
            format!("Shut what is not meant for everybody: {install}{beside}."),
        );
    }
    if !published.is_empty() {
        let open = named(&published);
        let found = format!("A firewall is on ({keeper}), but Docker publishes {open} past it.");
        return Verdict::advice(found, UNPUBLISH);
    }
    if !shut.v6 && seen.has_v6 {
        return Verdict::advice(
            format!("A firewall is on ({keeper}), but only for IPv4, and the server has an address of IPv6."),
            "Give the firewall the same rules for IPv6 (ufw: `IPV6=yes` in /etc/default/ufw, then `ufw reload`).",
        );
    }
    Verdict::good(format!(
        "A firewall is on ({keeper}); Docker publishes nothing past it but Traefik."
    ))
}

/// Docker's rules come before those of a firewall.
const UNPUBLISH: &str = "Take the published ports of these containers away, or publish them on 127.0.0.1 only; a firewall of this server \
     does not shut what Docker publishes.";

/// “port 5432 (postgres)”, “ports 25 (master) and 5432 (postgres)”.
fn named(ports: &[String]) -> String {
    let word = if ports.len() == 1 { "port" } else { "ports" };
    if ports.len() > MOST_NAMED {
        let more = ports.len() - MOST_NAMED;
        return format!("{word} {} and {more} more", ports[..MOST_NAMED].join(", "));
    }
    format!("{word} {}", listed(ports))
}

#[cfg(test)]
mod tests {
    use slipway_protocol::checkup::CheckState;

    use super::*;

    fn seen(shut: (bool, bool), open: &[(u16, &str)]) -> Firewall {
        let open = open
            .iter()
            .map(|(port, program)| (*port, vec![(*program).to_owned()]));
        Firewall {
            shut: Ok(Shut {
                v4: shut.0,
                v6: shut.1,
            }),
            keeper: Some("ufw"),
            has_v6: false,
            open: open.collect(),
            ssh_ports: Some(vec![22]),
            edge_port: 80,
            nodes: Some(1),
        }
    }

    const USUAL: [(u16, &str); 3] = [(22, "sshd"), (80, "docker-proxy"), (443, "docker-proxy")];

    fn of(seen: &Firewall) -> Verdict {
        firewall(seen, &Distribution::parse("ID=debian\n"))
    }

    /// FR-HST-06: without a firewall it is an advice while only SSH and the edge listen, and bad once something else does, with its name.
    #[test]
    fn no_firewall_is_judged_by_what_listens() {
        let quiet = of(&seen((false, false), &USUAL));
        assert_eq!(quiet.state, CheckState::Advice);
        let remedy = quiet.remedy.unwrap();
        assert!(
            remedy.contains(
                "ufw allow 22/tcp && ufw allow 80/tcp && ufw allow 443/tcp && ufw allow in on docker_gwbridge"
            ),
            "{remedy}"
        );
        let open = of(&seen(
            (false, false),
            &[&USUAL[..], &[(5432, "postgres")]].concat(),
        ));
        assert_eq!(open.state, CheckState::Bad);
        assert!(open.found.contains("port 5432 (postgres)"), "{}", open.found);
        let published = of(&seen(
            (false, false),
            &[&USUAL[..], &[(8080, "docker-proxy")]].concat(),
        ));
        assert_eq!(
            (published.state, published.remedy.as_deref()),
            (CheckState::Bad, Some(UNPUBLISH))
        );
        let both = of(&seen(
            (false, false),
            &[&USUAL[..], &[(5432, "postgres"), (8080, "docker-proxy")]].concat(),
        ));
        assert!(
            both.remedy
                .unwrap()
                .contains("does not shut what Docker publishes")
        );
        let swarm = of(&seen(
            (false, false),
            &[&USUAL[..], &[(2377, "dockerd")]].concat(),
        ));
        assert!(swarm.remedy.unwrap().contains("ufw enable"));
    }

    /// FR-HST-06: a firewall is good, but it does not shut what Docker publishes, and one for IPv4 alone is not enough with IPv6.
    #[test]
    fn a_firewall_is_not_all() {
        let state = |seen: &Firewall| of(seen).state;
        assert_eq!(
            state(&seen(
                (true, false),
                &[&USUAL[..], &[(5432, "postgres")]].concat()
            )),
            CheckState::Good
        );
        let past = of(&seen(
            (true, true),
            &[&USUAL[..], &[(8080, "docker-proxy")]].concat(),
        ));
        assert_eq!(past.state, CheckState::Advice);
        assert!(
            past.found.contains("8080 (docker-proxy) past it"),
            "{}",
            past.found
        );
        let six = |shut| Firewall {
            has_v6: true,
            ..seen(shut, &USUAL)
        };
        assert_eq!(state(&six((true, false))), CheckState::Advice);
        assert_eq!(state(&six((true, true))), CheckState::Good);
    }

    /// FR-HST-06: an SSH server on another port is one, also by its program; rules that could not be read are not known.
    #[test]
    fn another_ssh_port_is_expected() {
        let moved = Firewall {
            ssh_ports: Some(vec![2222]),
            ..seen((false, false), &[(2222, "systemd"), (2200, "sshd")])
        };
        assert_eq!(of(&moved).state, CheckState::Advice);
        let unknown = Firewall {
            shut: Err("it needs root".to_owned()),
            ..seen((false, false), &USUAL)
        };
        assert_eq!(of(&unknown).state, CheckState::NotKnown);
    }

    fn remedy(seen: &Firewall, distribution: &str) -> String {
        let verdict = firewall(seen, &Distribution::parse(distribution));
        verdict.remedy.expect("what to do")
    }

    /// FR-HST-06: the remedy shuts no port on which the SSH server is seen, whatever its settings say.
    #[test]
    fn the_remedy_locks_nobody_out() {
        let moved = seen((false, false), &[(2222, "sshd")]);
        let of_apt = remedy(&moved, "ID=debian\n");
        assert!(
            of_apt
                .contains("ufw allow 22/tcp && ufw allow 80/tcp && ufw allow 443/tcp && ufw allow 2222/tcp"),
            "{of_apt}"
        );
        assert!(remedy(&moved, "ID=fedora\n").contains("--add-port=2222/tcp"));
        assert!(remedy(&moved, "ID=strange\n").contains("2222/tcp"));
        let unread = Firewall {
            ssh_ports: None,
            ..moved
        };
        let unread = remedy(&unread, "ID=debian\n");
        assert!(
            unread.contains("ufw allow 2222/tcp") && !unread.contains("allow 22/tcp"),
            "{unread}"
        );
    }

    /// FR-HST-06: where the SSH server itself is not seen to listen (systemd does for it, or another program), there is no command line to
    /// lock oneself out with.
    #[test]
    fn an_unknown_ssh_port_is_found_out_first() {
        let hidden = |open: &[(u16, &str)]| Firewall {
            nodes: None,
            ..seen((false, false), open)
        };
        for seen in [
            hidden(&[(22, "systemd")]),
            hidden(&[(2222, "systemd")]),
            hidden(&[(2222, "dropbear")]),
            hidden(&[]),
            Firewall {
                ssh_ports: None,
                ..hidden(&[(22, "systemd")])
            },
        ] {
            for distribution in ["ID=debian\n", "ID=fedora\n", "ID=strange\n"] {
                let remedy = remedy(&seen, distribution);
                assert!(
                    remedy.contains("find out first on which port you reach SSH"),
                    "{remedy}"
                );
                assert!(
                    !remedy.contains("enable") && remedy.contains("other nodes"),
                    "{remedy}"
                );
            }
        }
    }

    /// FR-HST-06, FR-HST-04: with other nodes, or where that is not known, Swarm's ports are opened to them before anything is shut.
    #[test]
    fn the_swarm_stays_together() {
        let of = |nodes, distribution: &str| {
            let seen = Firewall {
                nodes,
                ..seen((false, false), &USUAL)
            };
            remedy(&seen, distribution)
        };
        for distribution in ["ID=debian\n", "ID=fedora\n", "ID=strange\n"] {
            assert!(!of(Some(1), distribution).contains("4789"));
            for nodes in [None, Some(3)] {
                let remedy = of(nodes, distribution);
                let ports = remedy.find("2377/tcp, 7946/tcp, 7946/udp, 4789/udp").unwrap();
                assert!(remedy.find("enable").is_none_or(|on| ports < on), "{remedy}");
            }
        }
    }

    /// FR-HST-06: however many ports are open, only some are named.
    #[test]
    fn many_ports_are_counted() {
        let many: Vec<(u16, &str)> = (9000..9020).map(|port| (port, "thing")).collect();
        let verdict = of(&seen((false, false), &many));
        assert!(
            verdict.found.contains("9004 (thing) and 15 more"),
            "{}",
            verdict.found
        );
    }
}
