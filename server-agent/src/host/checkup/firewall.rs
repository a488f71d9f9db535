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
    /// Those of the SSH server.
    pub ssh_ports: Vec<u16>,
    /// That of the edge.
    pub edge_port: u16,
}

impl Firewall {
    fn is_expected(&self, port: u16, programs: &[String]) -> bool {
        let ssh = !programs.is_empty() && programs.iter().all(|program| program == "sshd");
        ssh || self.ssh_ports.contains(&port) || [self.edge_port, HTTPS].contains(&port)
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

    fn install(&self, distribution: &Distribution) -> String {
        let mut ports = self.ssh_ports.clone();
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
        match distribution.manager() {
            // Deploy URLs come from Traefik to the agent by this bridge.
            Some(Manager::Apt) => format!(
                "run `apt-get install ufw && {} && ufw allow in on docker_gwbridge && ufw enable`",
                rules("ufw allow ", "/tcp", " && ")
            ),
            Some(manager @ (Manager::Dnf | Manager::Zypper)) => format!(
                "run `{} install firewalld && firewall-offline-cmd {} && systemctl enable --now firewalld`, then look that the \
                 applications still answer; if not, `systemctl restart docker` writes Docker's own rules anew",
                if manager == Manager::Dnf { "dnf" } else { "zypper" },
                rules("--add-port=", "/tcp", " ")
            ),
            None => format!("let a firewall allow {} only", rules("", "/tcp", ", ")),
        }
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
                "No firewall is on; nothing but SSH and the edge listens for others.",
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
        "A firewall is on ({keeper}); Docker publishes nothing past it but the edge."
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
            ssh_ports: vec![22],
            edge_port: 80,
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
            ssh_ports: vec![2222],
            ..seen((false, false), &[(2222, "systemd"), (2200, "sshd")])
        };
        assert_eq!(of(&moved).state, CheckState::Advice);
        let unknown = Firewall {
            shut: Err("it needs root".to_owned()),
            ..seen((false, false), &USUAL)
        };
        assert_eq!(of(&unknown).state, CheckState::NotKnown);
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
