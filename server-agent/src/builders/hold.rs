//! Holding the limits of builds where the agent itself is not: what its own program does in a container of a build node that is another
//! machine, whose control groups are lent to it there.

use std::path::Path;

use tokio::time::Instant;

use super::allowed::{ALL_BUILDS, Allowed};
use super::guard::{LOOK, scopes};
use super::orders::{Order, Orders};

/// A file of the kernel's for each generation of control groups, to see whether they may be written.
const SIGNS: [&str; 2] = ["cgroup.subtree_control", "memory/memory.limit_in_bytes"];

/// Keeps the limits in force below `groups` until their time or `over`; then nothing is limited any more. Who finds others in `orders` keeps
/// those from then on. `tell` is told after the first look whether they can be set; where they cannot, it ends with that.
pub async fn hold(
    groups: &Path,
    order: Order,
    orders: Orders,
    over: impl Future<Output = ()>,
    tell: impl FnOnce(Result<(), String>),
) {
    let first = may_write(groups).and_then(|()| write(groups, order.allowed));
    let holds = first.is_ok();
    tell(first);
    if holds {
        tokio::select! {
            () = over => {}
            () = keep(groups, order, orders) => {}
        }
    }
    // A group outlives the builds in it.
    let _ = Allowed::default().write(groups, ALL_BUILDS);
}

/// Other limits, for whoever holds them below `groups`, who ends for that no more than the builds do. They hold when this returns.
pub fn change(groups: &Path, orders: &Path, order: Order) -> Result<(), String> {
    let left = order.leave(orders);
    left.map_err(|error| format!("{}: {error}", orders.display()))?;
    may_write(groups).and_then(|()| write(groups, order.allowed))
}

async fn keep(groups: &Path, mut order: Order, mut orders: Orders) {
    let mut begun = Instant::now();
    while begun.elapsed() < order.time {
        tokio::time::sleep(LOOK).await;
        if let Some(next) = orders.newest() {
            (order, begun) = (next, Instant::now());
        }
        // It went well before: what the kernel refuses now it may take with the next look.
        let _ = write(groups, order.allowed);
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
    use std::time::Duration;

    use super::*;

    /// FR-BLD-03: on another machine the limits are written into what belongs to builds and nothing else, also into what comes later; others take
    /// their place without an end in between; they are gone when it is over.
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
        let orders = tempfile::tempdir().unwrap();
        let order = |memory: Option<u64>, cpu: Option<u64>| Order {
            allowed: Allowed { memory, cpu },
            time: Duration::from_secs(600),
        };
        let begun = std::time::Instant::now();
        let until = async |group: &str, file: &str, wanted: &str| {
            while read(group, file) != wanted {
                assert!(begun.elapsed().as_secs() < 60, "{group} never has {wanted}");
                tokio::time::sleep(LOOK).await;
            }
        };
        let mut told = None;
        let over = async {
            assert_eq!(read(ALL_BUILDS, "memory.max"), (64 << 20).to_string());
            Allowed::make_group(groups, &build);
            until(&build, "cpu.max", "50000 100000").await;
            let more = order(Some(96 << 20), None);
            change(groups, orders.path(), more).unwrap();
            assert_eq!(read(ALL_BUILDS, "memory.max"), (96 << 20).to_string());
            // Whoever holds them knows it too: what begins from now on has these.
            let later = format!("system.slice/docker-{}.scope", "c".repeat(25));
            Allowed::make_group(groups, &later);
            until(&later, "memory.max", &(96 << 20).to_string()).await;
            until(&build, "cpu.max", "max 100000").await;
        };
        let first = order(Some(64 << 20), Some(500));
        hold(groups, first, Orders::of(orders.path()), over, |first| {
            told = Some(first)
        })
        .await;
        assert_eq!(told, Some(Ok(())));
        assert_eq!(read(ALL_BUILDS, "memory.max"), "max");
        assert_eq!(read(&serves, "memory.max"), "");
    }

    /// FR-BLD-03: they are given back by themselves when their time is over, which an order may make longer or shorter.
    #[tokio::test]
    async fn what_nobody_ends_ends_by_itself() {
        let (groups, orders) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(groups.path().join(SIGNS[0]), "").unwrap();
        Allowed::make_group(groups.path(), ALL_BUILDS);
        let order = |seconds: u64| Order {
            allowed: Allowed {
                memory: Some(64 << 20),
                cpu: None,
            },
            time: Duration::from_secs(seconds),
        };
        change(groups.path(), orders.path(), order(0)).unwrap();
        let never = std::future::pending();
        let held = hold(
            groups.path(),
            order(600),
            Orders::of(orders.path()),
            never,
            |first| first.unwrap(),
        );
        tokio::time::timeout(Duration::from_secs(60), held)
            .await
            .expect("it ends");
        let limit = std::fs::read_to_string(groups.path().join(ALL_BUILDS).join("memory.max"));
        assert_eq!(limit.unwrap(), "max");
    }

    /// FR-BLD-03: where nothing can be limited that is told, and it ends.
    #[tokio::test]
    async fn what_cannot_be_held_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut told = None;
        let never = std::future::pending();
        let order = Order {
            allowed: Allowed::default(),
            time: Duration::from_secs(600),
        };
        hold(folder.path(), order, Orders::of(folder.path()), never, |first| {
            told = Some(first)
        })
        .await;
        let why = told.unwrap().unwrap_err();
        assert!(why.contains("no control groups"), "{why}");
    }
}
