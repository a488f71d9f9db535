//! Causes outside of the application: the server's disk, Docker, Swarm, the edge. They may show in any step.

use super::text::{name, word_before};
use super::{Found, Rule};

pub const RULES: &[Rule] = &[
    // The kernel's words for ENOSPC, which git, BuildKit and runtimes pass on; Slipway's own sentence for it.
    Rule {
        code: "disk-full",
        find: |evidence| {
            evidence.says(&[
                "no space left on device",
                "enospc",
                "disk of the server is full",
                "out of diskspace",
                "disk quota exceeded",
            ])?;
            Some(Found::new(
                "The server's disk is full.",
                "Free some space: `docker system df` shows what takes it, `docker builder prune` removes \
                 old build caches. Then deploy again.",
            ))
        },
    },
    // Slipway's own sentence when the engine's socket does not answer.
    Rule {
        code: "docker-not-answering",
        find: |evidence| {
            evidence.reported(&["docker does not answer", "cannot connect to the docker daemon"])?;
            Some(Found::new(
                "Docker did not answer on the server: it was stopped, is restarting, or hangs.",
                "Look at `systemctl status docker` on the server and start it. What runs goes on; then \
                 deploy again.",
            ))
        },
    },
    // SwarmKit without a majority: “The swarm does not have a leader. It's possible that too few managers are online.”, or
    // a call that waits for the raft log until its context ends.
    Rule {
        code: "quorum-lost",
        find: |evidence| {
            evidence
                .reported(&[
                    "swarm does not have a leader",
                    "too few managers are online",
                    "no elected cluster leader",
                ])
                .or_else(|| {
                    evidence
                        .reported(&["rpc error"])
                        .filter(|line| line.contains("context deadline exceeded"))
                })?;
            Some(Found::new(
                "The Swarm has lost its quorum: more than half of its managers must be online for any \
                 change.",
                "Bring the missing managers back. If they are gone for good, run `docker swarm init \
                 --force-new-cluster` on one manager that is left. What runs goes on meanwhile.",
            ))
        },
    },
    // Slipway's own sentence; dockerd's “This node is not a swarm manager”.
    Rule {
        code: "no-swarm-manager",
        find: |evidence| {
            evidence.reported(&["no swarm manager", "not a swarm manager", "not part of a swarm"])?;
            Some(Found::new(
                "The server is no manager of a Swarm, and only a manager can run services.",
                "Run `docker swarm init` on the server, or promote it with `docker node promote` on \
                 another manager.",
            ))
        },
    },
    // SwarmKit's scheduler, of ports in host mode; dockerd's proxy when it binds a port.
    Rule {
        code: "host-port-in-use",
        find: |evidence| {
            evidence.reported(&[
                "host-mode port already in use",
                "port is already allocated",
                "failed to bind host port",
                "failed to bind port",
                "ports are not available",
            ])?;
            Some(Found::new(
                "A port that the release wants on the server itself is taken by another program or service.",
                "Find out who listens there (`ss -ltnp` on the server) and stop it, or choose another port.",
            ))
        },
    },
    // SwarmKit's scheduler: “no suitable node (insufficient resources on 2 nodes)”.
    Rule {
        code: "not-enough-resources",
        find: |evidence| {
            evidence.reported(&["insufficient resources on"])?;
            Some(Found::new(
                "No node has as much memory or CPU free as the application reserves.",
                "Reserve less, stop what is no longer needed, or add a node.",
            ))
        },
    },
    // SwarmKit's scheduler: “no suitable node (unsupported platform on 1 node)”.
    Rule {
        code: "no-node-of-platform",
        find: |evidence| {
            evidence.reported(&["unsupported platform on"])?;
            Some(Found::new(
                "The image is for another processor architecture than that of every node.",
                "Build for the nodes' architecture: remove `--platform` from FROM, and use a base image \
                 that supports it.",
            ))
        },
    },
    // SwarmKit's scheduler: “no suitable node (scheduling constraints not satisfied on 3 nodes)”.
    Rule {
        code: "no-suitable-node",
        find: |evidence| {
            evidence.reported(&["no suitable node", "scheduling constraints not satisfied"])?;
            Some(Found::new(
                "No node of the Swarm may run the release: none is active and fulfils what it asks for.",
                "Look at `docker node ls`: make a drained or paused node active again, bring back one that \
                 is down, or loosen the constraints.",
            ))
        },
    },
    // The release step's own sentence, before a roll back to an image that somebody has removed.
    Rule {
        code: "image-gone",
        find: |evidence| {
            let line = evidence.reported(&["is no longer on the server"])?;
            let image = word_before(line, " is no longer")
                .map_or_else(String::new, |image| format!(" {}", name(image)));
            Some(Found::new(
                format!(
                    "The image{image} of this release has been removed from the server, perhaps by `docker \
                     image prune`."
                ),
                "Deploy the commit again, which builds the image anew.",
            ))
        },
    },
    // SwarmKit's executor on a node that has neither the image nor a registry to pull it from.
    Rule {
        code: "image-not-on-node",
        find: |evidence| {
            evidence.reported(&["no such image"])?;
            Some(Found::new(
                "A node of the Swarm was to run the release, but does not have its image: images are built \
                 on the manager only.",
                "Keep the application on the manager's node, or drain the other nodes (`docker node update \
                 --availability drain`).",
            ))
        },
    },
    // libnetwork and SwarmKit's allocator, when the overlay network has no address left or its device cannot be made.
    Rule {
        code: "network-trouble",
        find: |evidence| {
            evidence.reported(&[
                "network sandbox",
                "vxlan",
                "could not find network",
                "no available ipv4",
                "could not find an available ip",
                "missing network attachments",
            ])?;
            Some(Found::new(
                "Docker could not connect the container to the applications' network: its addresses are \
                 used up, or its device could not be made.",
                "Deploy again. If it stays so, restart Docker on the server; what runs comes back by itself.",
            ))
        },
    },
    // The edge's own sentences.
    Rule {
        code: "edge-not-answering",
        find: |evidence| {
            evidence.reported(&["traefik does not answer"])?;
            Some(Found::new(
                "Traefik, through which every request goes, did not answer.",
                "Look at its service: `docker service ls` shows whether it runs, `docker service logs` \
                 what it says. Another program on its port keeps it from starting.",
            ))
        },
    },
    Rule {
        code: "edge-not-updated",
        find: |evidence| {
            evidence.reported(&["traefik did not take up"])?;
            Some(Found::new(
                "Traefik runs, but did not take up its new configuration in time.",
                "Look at Traefik's log (`docker service logs`) for an error about its configuration, then \
                 deploy again.",
            ))
        },
    },
    // The cut-over's own sentence: the tasks were healthy at the gate and have ended since.
    Rule {
        code: "tasks-gone",
        find: |evidence| {
            evidence.reported(&["new tasks were gone"])?;
            Some(Found::new(
                "The new tasks were healthy, but ended before they were to serve.",
                "Look at the application's log for the reason, and at `docker service ps` for what Docker \
                 says.",
            ))
        },
    },
    // Slipway's own sentence about the folder in which it checks out.
    Rule {
        code: "work-folder-not-writable",
        find: |evidence| {
            evidence.reported(&[
                "could not write to its work folder",
                "folder for the checkout could not be prepared",
            ])?;
            Some(Found::new(
                "The agent cannot write to its own folder on the server.",
                "Run `slipway-agent doctor` on the server; it says what is wrong with the folder or the \
                 disk.",
            ))
        },
    },
];
