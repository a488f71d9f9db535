//! Whether images can be built where they are to be. What the agent's own engine lacks is told elsewhere.

use super::verdict::{Verdict, shown};
use crate::build_place::{BuildNodeError, BuildPlace};
use crate::docker::{Docker, EngineFacts};

/// Asks the build node, if there is one.
pub async fn builds(place: &BuildPlace, own: &Docker) -> Verdict {
    match place.node() {
        None => Verdict::good("Images are built by this server's own Docker."),
        Some(node) => {
            let unheld = place.far_limits().and_then(|limits| limits.trouble());
            verdict(&node.to_string(), place.look(own, false).await, unheld.as_deref())
        }
    }
}

/// `unheld` says why limits of the last build that had some did not hold there.
fn verdict(node: &str, seen: Result<EngineFacts, BuildNodeError>, unheld: Option<&str>) -> Verdict {
    match seen {
        Ok(facts) => {
            let good = format!(
                "Images are built on {node} (Docker {}), and moved here.",
                facts.version
            );
            match unheld {
                None => Verdict::good(good),
                Some(why) => Verdict::advice(
                    format!(
                        "{good} Limits of memory and processor do not hold there ({}).",
                        shown(why)
                    ),
                    "See that Docker there runs as root and may start a container that writes to /sys/fs/cgroup, or take the \
                     limits out of the applications' settings.",
                ),
            }
        }
        // It is this server's own Docker that does not answer: whether the other one is fit for it is not known.
        Err(BuildNodeError::Docker(error)) => Verdict::not_known(format!(
            "Whether images can be built on {node} is not known: {error}."
        )),
        Err(BuildNodeError::Away(trouble) | BuildNodeError::Unfit(trouble)) => {
            Verdict::bad(sentence(&trouble.what), sentence(&trouble.remedy))
        }
    }
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

#[cfg(test)]
mod tests {
    use slipway_protocol::checkup::CheckState;

    use super::*;
    use crate::docker::DockerError;

    /// FR-BLD-03, FR-HST-06: a build node that cannot be built on is bad, with what to do; one that could not be compared is not known.
    #[test]
    fn a_build_node_is_told() {
        let node = "unix:///run/build.sock";
        let facts = EngineFacts {
            id: "id".to_owned(),
            name: "server".to_owned(),
            version: "29.1.0".to_owned(),
            swarm_manager: false,
            nodes: 0,
            root: None,
            processor: "x86_64".to_owned(),
            containerd_store: false,
        };
        assert_eq!(
            verdict(node, Ok(facts.clone()), None),
            Verdict::good("Images are built on unix:///run/build.sock (Docker 29.1.0), and moved here.")
        );
        let unheld = verdict(node, Ok(facts), Some("Docker refused: no"));
        assert_eq!(unheld.state, CheckState::Advice);
        assert!(
            unheld.found.ends_with("do not hold there (Docker refused: no)."),
            "{unheld:?}"
        );
        let slow = verdict(node, Err(BuildNodeError::too_slow(node, 7)), None);
        assert_eq!(slow.state, CheckState::Bad);
        assert!(
            slow.found.starts_with("The image was not moved") && slow.found.ends_with(" 7 s."),
            "{slow:?}"
        );
        assert!(
            slow.remedy
                .is_some_and(|remedy| remedy.starts_with("Look at the network"))
        );
        let unknown = verdict(node, Err(BuildNodeError::Docker(DockerError::NoSwarm)), None);
        assert_eq!(unknown.state, CheckState::NotKnown);
    }
}
