//! Holding the limits of builds where the agent itself is not: what its own program does in a container of a build node that is another
//! machine, whose control groups are lent to it there.

use std::convert::Infallible;
use std::path::Path;

use super::allowed::{ALL_BUILDS, Allowed};
use super::guard::{LOOK, scopes};

/// A file of the kernel's for each generation of control groups, to see whether they may be written.
const SIGNS: [&str; 2] = ["cgroup.subtree_control", "memory/memory.limit_in_bytes"];

/// Keeps the limits in force below `groups` until `over`; then nothing is limited any more. `tell` is told after the first look whether they
/// can be set; where they cannot, it ends with that.
pub async fn hold(
    groups: &Path,
    allowed: Allowed,
    over: impl Future<Output = ()>,
    tell: impl FnOnce(Result<(), String>),
) {
    let first = may_write(groups).and_then(|()| write(groups, allowed));
    let holds = first.is_ok();
    tell(first);
    if holds {
        tokio::select! {
            () = over => {}
            never = keep(groups, allowed) => match never {},
        }
    }
    // A group outlives the builds in it.
    let _ = Allowed::default().write(groups, ALL_BUILDS);
}

async fn keep(groups: &Path, allowed: Allowed) -> Infallible {
    loop {
        tokio::time::sleep(LOOK).await;
        // It went well before: what the kernel refuses now it may take with the next look.
        let _ = write(groups, allowed);
    }
}

/// Into the group of all builds, and into each scope: which of the two there is, is the matter of Docker's driver.
fn write(groups: &Path, allowed: Allowed) -> Result<(), String> {
    allowed.write(groups, ALL_BUILDS)?;
    for scope in scopes(groups) {
        allowed.write(groups, &format!("system.slice/{scope}"))?;
    }
    Ok(())
}

/// Before the first command of a build has a group.
fn may_write(groups: &Path) -> Result<(), String> {
    let sign = SIGNS
        .iter()
        .map(|file| groups.join(file))
        .find(|path| path.exists());
    let sign = sign.ok_or_else(|| "it has no control groups of a kind that is known".to_owned())?;
    let opened = std::fs::OpenOptions::new().write(true).open(&sign);
    opened
        .map(drop)
        .map_err(|error| format!("{}: {error}", sign.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-BLD-03: on another machine the limits are written into what belongs to builds and nothing else, also into what comes later, and are
    /// gone when it is over.
    #[tokio::test]
    async fn limits_are_held_until_it_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let groups = folder.path();
        let build = format!("system.slice/docker-{}.scope", "a".repeat(25));
        let serves = format!("system.slice/docker-{}.scope", "b".repeat(64));
        std::fs::write(groups.join(SIGNS[0]), "").unwrap();
        for group in [ALL_BUILDS, serves.as_str()] {
            Allowed::make_group(groups, group);
        }
        let read = |group: &str, file: &str| std::fs::read_to_string(groups.join(group).join(file)).unwrap();
        let allowed = Allowed {
            memory: Some(64 << 20),
            cpu: Some(500),
        };
        let mut told = None;
        let over = async {
            assert_eq!(read(ALL_BUILDS, "memory.max"), (64 << 20).to_string());
            Allowed::make_group(groups, &build);
            let begun = std::time::Instant::now();
            while read(&build, "cpu.max") != "50000 100000" {
                assert!(begun.elapsed().as_secs() < 60, "it is never limited");
                tokio::time::sleep(LOOK).await;
            }
        };
        hold(groups, allowed, over, |first| told = Some(first)).await;
        assert_eq!(told, Some(Ok(())));
        assert_eq!(read(ALL_BUILDS, "memory.max"), "max");
        assert_eq!(read(&serves, "memory.max"), "");
    }

    /// FR-BLD-03: where nothing can be limited that is told, and it ends.
    #[tokio::test]
    async fn what_cannot_be_held_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut told = None;
        let never = std::future::pending();
        hold(folder.path(), Allowed::default(), never, |first| {
            told = Some(first)
        })
        .await;
        let why = told.unwrap().unwrap_err();
        assert!(why.contains("no control groups"), "{why}");
    }
}
