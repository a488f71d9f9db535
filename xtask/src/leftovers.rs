//! What tests that were killed have left in Slipway's own engine. Removed when the engine is started for a new run: then no test runs.

use std::path::Path;

use anyhow::Result;

use crate::cache;
use crate::engine::Engine;
use crate::run_program::Run;

/// Tests call their instances `t` and eight hexadecimal digits.
fn of_a_test(instance: &str) -> bool {
    instance.strip_prefix('t').is_some_and(|rest| {
        rest.len() == 8 && rest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

/// What an engine that was killed has left of its overlay networks, in the machine's own network: with it, no container gets into the network that
/// has its number next. An engine that runs well has them elsewhere.
fn remove_interfaces() {
    let list = Run::new("ip").args(["-o", "link", "show", "type", "vxlan"]);
    let listed = list.quiet().unwrap_or_default();
    for line in listed.lines().filter(|line| line.contains("state DOWN")) {
        // `2638: vx-001067-sbres: <BROADCAST,…`
        let name = line.split(':').nth(1).unwrap_or_default().trim();
        if name.starts_with("vx-") {
            let _ = Run::as_root("ip").args(["link", "delete", name]).quiet();
        }
    }
}

/// The folders of second engines that were killed with their tests, and what these had mounted there.
fn remove_second_engines() {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    for entry in std::fs::read_dir(cache::folder()).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with("engine-second-") {
            continue;
        }
        let folder = entry.path();
        // The newest mount first: it may lie in another.
        for mount in mounts.lines().rev().filter_map(|line| line.split(' ').nth(1)) {
            if Path::new(mount).starts_with(&folder) {
                let _ = Run::as_root("umount").args(["--lazy", mount]).quiet();
            }
        }
        let _ = Run::as_root("rm").args(["-r", "-f", "--"]).arg(&folder).quiet();
    }
}

/// Removes services, containers, networks, volumes, secrets and images of instances of tests.
pub fn remove(engine: &Engine) -> Result<()> {
    let label = "{{.Label \"slipway.instance\"}}";
    let kinds: [(&[&str], &str, &[&str]); 5] = [
        (&["service", "ls"], "{{.ID}}", &["service", "rm"]),
        (&["ps", "--all"], "{{.ID}}", &["rm", "--force"]),
        (&["volume", "ls"], "{{.Name}}", &["volume", "rm"]),
        (&["secret", "ls"], "{{.ID}}", &["secret", "rm"]),
        (&["network", "ls"], "{{.ID}}", &["network", "rm"]),
    ];
    for (list, id, remove) in kinds {
        // A list of services does not know labels; their names begin with the instance.
        let mark = if list.first() == Some(&"service") {
            "{{.Name}}"
        } else {
            label
        };
        let listed = engine
            .docker()
            .args(list)
            .args(["--format", &format!("{mark} {id}")])
            .quiet()?;
        for line in listed.lines() {
            let mut words = line.split_whitespace();
            if let (Some(mark), Some(id)) = (words.next(), words.next())
                && of_a_test(mark.split('-').next().unwrap_or_default())
            {
                // What is still in use goes with the next run.
                let _ = engine.docker().args(remove).arg(id).quiet();
            }
        }
    }
    remove_interfaces();
    remove_second_engines();
    let images = engine
        .docker()
        .args(["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"])
        .quiet()?;
    for image in images.lines() {
        let instance = image.split_once('/').map_or("", |(first, _)| first);
        if of_a_test(instance) {
            let _ = engine.docker().args(["image", "rm", "--force", image]).quiet();
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::of_a_test;

    /// NFR-R4: nobody’s own instance is taken for a test's.
    #[test]
    fn only_instances_of_tests_go() {
        assert!(of_a_test("t1b2c3d4e"));
        for other in ["slipway", "t1b2c3d4", "t1b2c3d4ef", "tG2c3d4e5", ""] {
            assert!(!of_a_test(other), "{other}");
        }
    }
}
