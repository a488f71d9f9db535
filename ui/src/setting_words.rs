//! The names of settings for people. The agent tells what differs by paths; here they become words with units.

use crate::text;
use crate::units;

#[derive(Clone, Copy)]
enum Unit {
    None,
    Memory,
    Cores,
    Seconds,
    Percent,
    Milliseconds,
    Hash,
}

/// Paths, or beginnings of paths, with their names. What follows a beginning stands behind the name.
const NAMES: [(&str, &str, Unit); 65] = [
    ("source.kind", "Source", Unit::None),
    ("source.url", "Git address", Unit::None),
    ("source.ref", "Branch, tag or commit", Unit::None),
    ("source.folder", "Folder", Unit::None),
    ("source.submodules", "Submodules", Unit::None),
    ("source.lfs", "Git LFS", Unit::None),
    ("source.image", "Image", Unit::None),
    ("build.kind", "Builder", Unit::None),
    ("build.builder", "Builder", Unit::None),
    ("build.file", "Dockerfile", Unit::None),
    ("build.target", "Stage", Unit::None),
    ("build.arguments", "Build argument", Unit::None),
    ("build.secrets", "Build secret", Unit::None),
    ("build.limits.memory", "Memory of a build", Unit::Memory),
    ("build.limits.cpu", "Processor of a build", Unit::Cores),
    ("build.limits.time", "Time of a build", Unit::Seconds),
    ("build.platform", "Platform", Unit::None),
    ("build.publish", "Published folder", Unit::None),
    ("build.fallback", "Answer index.html", Unit::None),
    ("port", "Port", Unit::None),
    ("replicas", "Replicas", Unit::None),
    ("health.kind", "Health check", Unit::None),
    ("health.path", "Health check, path", Unit::None),
    ("health.status", "Health check, status", Unit::None),
    ("health.text", "Health check, text", Unit::None),
    ("health.command", "Health check, part", Unit::None),
    ("health.seconds", "Health check, stays up for", Unit::Seconds),
    ("rollout.strategy.kind", "Way to take over", Unit::None),
    ("rollout.strategy.shares", "Canary, share", Unit::Percent),
    ("rollout.strategy.pause", "Canary, watched for", Unit::Seconds),
    ("rollout.strategy.errors", "Canary, failed answers", Unit::Percent),
    (
        "rollout.strategy.latency_ms",
        "Canary, mean answer",
        Unit::Milliseconds,
    ),
    ("rollout.gate", "Time to become healthy", Unit::Seconds),
    ("rollout.watch", "Watched before the switch", Unit::Seconds),
    ("rollout.drain", "Time for requests in flight", Unit::Seconds),
    ("rollout.warm", "Old release kept warm", Unit::Seconds),
    ("rollout.heal", "Heal by itself", Unit::None),
    ("hooks.before", "Command before, part", Unit::None),
    ("hooks.after", "Command after, part", Unit::None),
    (
        "hooks.limit",
        "Time of the commands before and after",
        Unit::Seconds,
    ),
    ("container.command", "Command, part", Unit::None),
    ("container.arguments", "Argument", Unit::None),
    ("container.user", "User", Unit::None),
    ("container.resources.memory", "Memory limit", Unit::Memory),
    (
        "container.resources.reserved_memory",
        "Memory reserved",
        Unit::Memory,
    ),
    ("container.resources.cpu", "Processor limit", Unit::Cores),
    (
        "container.resources.reserved_cpu",
        "Processor reserved",
        Unit::Cores,
    ),
    ("container.resources.processes", "Processes", Unit::None),
    ("container.resources.gpus", "GPUs", Unit::None),
    ("container.restart.when", "Restarted", Unit::None),
    ("container.restart.most", "Restarted at most", Unit::None),
    ("container.stop_signal", "Stop signal", Unit::None),
    ("container.stop_grace", "Time to end", Unit::Seconds),
    ("container.init", "Init process", Unit::None),
    ("container.read_only", "Read-only files", Unit::None),
    ("container.tmpfs", "Temporary folder", Unit::None),
    ("container.volumes", "Volume", Unit::None),
    ("container.binds", "Folder of the node", Unit::None),
    ("container.networks", "Network", Unit::None),
    ("container.add_capabilities", "Added capability", Unit::None),
    ("container.drop_capabilities", "Dropped capability", Unit::None),
    ("container.ulimits", "Ulimit", Unit::None),
    ("container.labels", "Label", Unit::None),
    ("container.placement", "Placement", Unit::None),
    ("container.host_ports", "Port of the node", Unit::None),
];

/// “Memory limit”, “Volume 1, path”, “variable GREETING”.
pub fn name(path: &str) -> String {
    let Some((known, rest)) = found(path) else {
        return path.to_owned();
    };
    let mut said = known.1.to_owned();
    // A label or a build argument has a name of its own, with dots in it perhaps.
    let named = matches!(known.0, "container.labels" | "build.arguments");
    for (index, part) in rest.split('.').filter(|part| !part.is_empty()).enumerate() {
        said.push_str(match (named, index) {
            (true, 0) | (false, 0) => " ",
            (true, _) => ".",
            (false, _) => ", ",
        });
        said.push_str(&part.replace('_', "-"));
    }
    said
}

/// A value with its unit.
pub fn value(path: &str, told: &str) -> String {
    let unit = match path {
        "commit" | "image" => Unit::Hash,
        // The size of a temporary folder stands below its number.
        path if path.starts_with("container.tmpfs.") && path.ends_with(".size") => Unit::Memory,
        path => found(path).map_or(Unit::None, |(known, _)| known.2),
    };
    let number = told.parse::<u64>().ok();
    match (unit, number, told) {
        (Unit::Memory, Some(mib), _) => units::memory(mib),
        (Unit::Cores, Some(thousandths), _) => units::cores(thousandths),
        (Unit::Seconds, Some(count), _) => units::seconds(count),
        (Unit::Percent, Some(share), _) => format!("{share} %"),
        (Unit::Milliseconds, Some(count), _) => format!("{count} ms"),
        (Unit::Hash, _, hash) if hash.contains(':') => text::short_digest(hash),
        (Unit::Hash, _, hash) => text::short_commit(hash),
        (_, _, "true") => "yes".to_owned(),
        (_, _, "false") => "no".to_owned(),
        (Unit::None, _, word) if path.ends_with(".kind") || path.ends_with(".when") => word.replace('_', " "),
        (_, _, other) => other.to_owned(),
    }
}

/// The longest entry that the path begins with, and what follows it.
fn found(path: &str) -> Option<(&'static (&'static str, &'static str, Unit), &str)> {
    NAMES
        .iter()
        .filter_map(|known| {
            let rest = path.strip_prefix(known.0)?;
            (rest.is_empty() || rest.starts_with('.')).then_some((known, rest))
        })
        .max_by_key(|(known, _)| known.0.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DEP-08, NFR-U2: what changes is told in words with units.
    #[test]
    fn paths_become_words() {
        assert_eq!(name("container.resources.memory"), "Memory limit");
        assert_eq!(name("container.volumes.1.read_only"), "Volume 1, read-only");
        assert_eq!(name("container.labels.team.name"), "Label team.name");
        assert_eq!(name("variable GREETING"), "variable GREETING");
        assert_eq!(value("container.resources.memory", "1024"), "1 GiB");
        assert_eq!(value("container.resources.cpu", "500"), "0.5");
        assert_eq!(value("rollout.drain", "120"), "2 min");
        assert_eq!(value("container.read_only", "true"), "yes");
        assert_eq!(value("rollout.strategy.kind", "blue_green"), "blue green");
        assert_eq!(value("replicas", "3"), "3");
        assert_eq!(
            value("commit", "9f3c1ab0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
            "9f3c1ab"
        );
    }
}
