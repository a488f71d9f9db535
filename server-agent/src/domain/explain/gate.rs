//! Causes in the steps *gate* and *roll* of a release that runs, but does not answer as it should.

use std::collections::BTreeSet;

use super::evidence::Evidence;
use super::seen::Answer;
use super::text::{number_after, quote};
use super::{Found, Rule};

/// Signs that leave little doubt: where the processes listen, and answers that say why.
pub const FACTS: &[Rule] = &[
    // The kernel's table of sockets; where it cannot be read, the address that servers write at their start.
    Rule {
        code: "port-mismatch",
        find: |evidence| {
            not_answered(evidence)?;
            let ports = other_ports(evidence)?;
            let port = evidence.port?;
            let (list, first) = (listed(&ports), ports.first()?);
            let loopback = listeners(evidence)
                .is_some_and(|all| !all.is_empty() && all.iter().all(|at| at.ip().is_loopback()));
            let hidden = if loopback {
                ", and only on 127.0.0.1, where nobody outside of its container reaches it"
            } else {
                ""
            };
            Some(Found::new(
                format!("The application listens on {list}, but its port is set to {port}{hidden}."),
                format!(
                    "Make it listen on 0.0.0.0 and the port in the variable PORT, which is {port}; or set \
                     the application's port to {first} in its settings."
                ),
            ))
        },
    },
    // The same table: the right port, at an address that nobody else reaches.
    Rule {
        code: "listens-on-loopback",
        find: |evidence| {
            not_answered(evidence)?;
            let port = evidence.port?;
            let known = listeners(evidence).map(|all| {
                let mut own = all.iter().filter(|at| at.port() == port).peekable();
                own.peek().is_some() && own.all(|at| at.ip().is_loopback())
            });
            let said = || {
                let line = evidence.wrote(&SERVES);
                line.is_some_and(|line| {
                    line.contains(&format!("127.0.0.1:{port}")) || line.contains(&format!("[::1]:{port}"))
                })
            };
            known.unwrap_or_else(said).then(|| {
                Found::new(
                    format!(
                        "The application listens on port {port}, but only on 127.0.0.1, where nobody \
                         outside of its container reaches it."
                    ),
                    format!(
                        "Make it listen on 0.0.0.0:{port}: often a flag (`--host 0.0.0.0`) or a variable \
                         (`HOST=0.0.0.0`)."
                    ),
                )
            })
        },
    },
    // Something accepts the connection, and the edge still has no answer from it.
    Rule {
        code: "not-plain-http",
        find: |evidence| {
            let port = evidence.port?;
            let open = listeners(evidence)?
                .iter()
                .any(|at| at.port() == port && !at.ip().is_loopback());
            (open && evidence.seen.answer == Some(Answer::Refused)).then(|| {
                Found::new(
                    format!(
                        "The application accepts connections on port {port}, but breaks them off instead \
                         of answering in HTTP."
                    ),
                    "Serve plain HTTP on this port: Traefik ends TLS before it. If it is the port of another \
                     protocol, set the application's port to that of its HTTP server.",
                )
            })
        },
    },
    // Django: “Invalid HTTP_HOST header”, Rails: “Blocked hosts”, Vite: “This host is not allowed”; with 400 or 403.
    Rule {
        code: "host-not-allowed",
        find: |evidence| {
            matches!(evidence.status()?, 400 | 403 | 421).then_some(())?;
            evidence.wrote(&[
                "invalid http_host header",
                "disallowedhost",
                "blocked host",
                "this host",
                "host is not allowed",
            ])?;
            Some(Found::new(
                "The application refuses the gate's request for the name of the host in it, \
                 `slipway.internal`.",
                "Allow this host too (ALLOWED_HOSTS in Django, config.hosts in Rails, server.allowedHosts \
                 in Vite), or answer the health path for any.",
            ))
        },
    },
    Rule {
        code: "health-path-not-found",
        find: |evidence| {
            (evidence.status()? == 404).then(|| {
                Found::new(
                    format!(
                        "The application runs, but has nothing at the health path {}: it answers 404.",
                        quote(&evidence.path)
                    ),
                    "Set the health path in the application's settings to one that it answers, or leave it \
                     out: then it only has to accept connections.",
                )
            })
        },
    },
    Rule {
        code: "health-path-needs-sign-in",
        find: |evidence| {
            let status = evidence.status()?;
            matches!(status, 401 | 403 | 407).then(|| {
                Found::new(
                    format!(
                        "The application asks for a sign-in at the health path {}: it answers {status}.",
                        quote(&evidence.path)
                    ),
                    "Choose a health path that needs no sign-in, or make this one open to all.",
                )
            })
        },
    },
    Rule {
        code: "health-path-redirects",
        find: |evidence| {
            let status = evidence.status()?;
            (300..400).contains(&status).then(|| {
                Found::new(
                    format!(
                        "The application sends the gate's request for {} elsewhere: it answers {status}.",
                        quote(&evidence.path)
                    ),
                    "Choose a health path that is answered directly. An application that leads HTTP to \
                     HTTPS should look at `X-Forwarded-Proto` first.",
                )
            })
        },
    },
];

/// What remains to be said of an answer, or of none.
pub const ANSWERS: &[Rule] = &[
    Rule {
        code: "health-server-error",
        find: |evidence| {
            let status = evidence.status().filter(|status| *status >= 500)?;
            let last = evidence
                .last_words()
                .map_or_else(String::new, |last| format!(" It wrote last: {}", quote(last)));
            Some(Found::new(
                format!(
                    "The application runs, but says that it is not well: {} answers {status}.{last}",
                    quote(&evidence.path)
                ),
                "Look in the log for the reason. Often something that it needs at its start (a database, a \
                 variable, a migration) is missing.",
            ))
        },
    },
    Rule {
        code: "health-unexpected-status",
        find: |evidence| {
            let status = evidence.status()?;
            Some(Found::new(
                format!(
                    "The application answers {status} at the health path {}, which does not count as \
                     healthy.",
                    quote(&evidence.path)
                ),
                "Choose a health path that answers 200 when all is well.",
            ))
        },
    },
    // Connected, but not answered within the gate's patience.
    Rule {
        code: "no-answer-in-time",
        find: |evidence| {
            (evidence.seen.answer == Some(Answer::Late)).then(|| {
                Found::new(
                    format!(
                        "The application takes the gate's request for {}, but does not answer it in time.",
                        quote(&evidence.path)
                    ),
                    "Look whether it waits for something (a database, another service, a lock) before it \
                     answers, or whether its only worker is busy.",
                )
            })
        },
    },
    // The kernel's table of sockets, with none that listens.
    Rule {
        code: "listens-nowhere",
        find: |evidence| {
            not_answered(evidence)?;
            listeners(evidence)?.is_empty().then(|| {
                let last = evidence
                    .last_words()
                    .map_or_else(String::new, |last| format!(" It wrote last: {}", quote(last)));
                Found::new(
                    format!(
                        "The application runs, but listens on no port: it is still starting, or waits for \
                         something, or is no server.{last}"
                    ),
                    "Look in the log how far it came. What takes long (migrations, warming up) should not \
                     stand before it listens.",
                )
            })
        },
    },
    // On another node the sockets cannot be seen; what the image says of itself can.
    Rule {
        code: "other-port-exposed",
        find: |evidence| {
            not_answered(evidence)?;
            let (port, exposed) = (evidence.port?, &evidence.seen.exposed);
            let first = exposed.first().filter(|_| !exposed.contains(&port))?;
            Some(Found::new(
                format!(
                    "Nothing accepts connections on port {port}, which its settings name, and its image says that it \
                     listens on {}.",
                    listed(exposed)
                ),
                format!(
                    "Set the application's port to {first} in its settings; or make it listen on 0.0.0.0 and the \
                     port in the variable PORT, which is {port}."
                ),
            ))
        },
    },
    Rule {
        code: "nothing-on-port",
        find: |evidence| {
            not_answered(evidence)?;
            let port = evidence.port?;
            Some(Found::new(
                format!("The application runs, but nothing accepts connections on port {port}."),
                format!(
                    "Check that it listens on 0.0.0.0:{port}, not on 127.0.0.1 and not on another port, \
                     and that it has finished starting."
                ),
            ))
        },
    },
    // The edge has not read its configuration.
    Rule {
        code: "edge-not-updated",
        find: |evidence| {
            (evidence.seen.answer == Some(Answer::NoWay)).then(|| {
                Found::new(
                    "Traefik runs, but did not take up the way to the new tasks in time.",
                    "Look at Traefik's log (`docker service logs`) for an error about its configuration, \
                     then deploy again.",
                )
            })
        },
    },
    // Slipway's own sentences, when Swarm did not come so far in the time that the gate has.
    Rule {
        code: "slow-start",
        find: |evidence| {
            let line = evidence.reported(&["did not start within", "scheduled no container within"])?;
            let seconds = number_after(line, " within ")
                .map_or_else(String::new, |seconds| format!(" within {seconds} s"));
            Some(Found::new(
                format!("Docker did not get the containers to run{seconds}; they were still starting."),
                "Look at `docker service ps` and at the load of the server: a busy disk or too little \
                 memory makes starting slow. Then deploy again.",
            ))
        },
    },
];

/// What web servers write when they begin to listen.
const SERVES: [&str; 8] = [
    "listening",
    "listens on",
    "running on",
    "running at",
    "started server on",
    "server started",
    "development server at",
    "local: ",
];

fn not_answered(evidence: &Evidence) -> Option<()> {
    (evidence.seen.answer == Some(Answer::Refused)).then_some(())
}

fn listeners(evidence: &Evidence) -> Option<&[std::net::SocketAddr]> {
    evidence.seen.listeners.as_deref()
}

/// The ports on which it listens, where the right one is not among them.
fn other_ports(evidence: &Evidence) -> Option<Vec<u16>> {
    let ports: BTreeSet<u16> = match listeners(evidence) {
        Some(all) => all.iter().map(std::net::SocketAddr::port).collect(),
        None => said_port(evidence.wrote(&SERVES)?).into_iter().collect(),
    };
    (!ports.is_empty() && !ports.contains(&evidence.port?)).then(|| ports.into_iter().collect())
}

/// “Listening on port 3000”, “Running on http://127.0.0.1:5000”.
fn said_port(line: &str) -> Option<u16> {
    let forms = [
        "0.0.0.0:",
        "127.0.0.1:",
        "localhost:",
        "[::]:",
        "[::1]:",
        ":::",
        "*:",
        "port: ",
        "port ",
        "listening on :",
        "listening on ",
        "listens on ",
    ];
    let number = forms.iter().find_map(|form| number_after(line, form))?;
    u16::try_from(number).ok().filter(|port| *port != 0)
}

/// “port 3000”, “the ports 3000 and 9229”; never more than three.
fn listed(ports: &[u16]) -> String {
    match ports {
        [one] => format!("port {one}"),
        [one, two] => format!("the ports {one} and {two}"),
        [one, two, three, ..] => format!("the ports {one}, {two} and {three}"),
        [] => String::new(),
    }
}
