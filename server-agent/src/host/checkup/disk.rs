//! Room and inodes where the agent's and Docker's data lie.

use std::path::Path;

use super::verdict::Verdict;
use crate::disk::Disk;

/// Below this a build is likely to fill it, in bytes.
const LEAST_FREE: u64 = 2 << 30;
/// From this share on it should be looked at, in percent.
const NEARLY_FULL: u64 = 85;
/// Below this share of free inodes no file is made any more soon, in percent.
const LEAST_INODES: u64 = 2;
const FEW_INODES: u64 = 10;

/// A file system, and whose data lies there: “Docker's data”.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    pub what: &'static str,
    pub disk: Disk,
}

impl Volume {
    /// Of the file system that holds a folder. An error is a sentence without its end.
    pub fn of(folder: &Path, what: &'static str) -> Result<Self, String> {
        let disk = Disk::of(folder)
            .map_err(|error| format!("the file system of {} was not told: {error}", folder.display()))?;
        Ok(Self { what, disk })
    }

    /// In percent, rounded up as df(1) does.
    fn used_share(&self) -> u64 {
        let all = u128::from(self.disk.used) + u128::from(self.disk.free);
        let share = (u128::from(self.disk.used) * 100).div_ceil(all.max(1));
        u64::try_from(share).unwrap_or(100)
    }

    fn free_inode_share(&self) -> u64 {
        if self.disk.inodes == 0 {
            return 100;
        }
        let share = u128::from(self.disk.free_inodes) * 100 / u128::from(self.disk.inodes);
        u64::try_from(share).unwrap_or(100)
    }

    fn is_bad(&self) -> bool {
        self.disk.free < LEAST_FREE || self.free_inode_share() < LEAST_INODES
    }

    fn is_tight(&self) -> bool {
        self.is_bad() || self.used_share() >= NEARLY_FULL || self.free_inode_share() < FEW_INODES
    }

    fn words(&self) -> String {
        let inodes = if self.free_inode_share() < FEW_INODES {
            format!(", {} % of its inodes left", self.free_inode_share())
        } else {
            String::new()
        };
        #[allow(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
        let free = self.disk.free as f64 / f64::from(1 << 30);
        format!(
            "{}: {} % used, {free:.1} GiB free{inodes}",
            self.what,
            self.used_share()
        )
    }
}

/// How full they are.
pub fn disk(volumes: &[Result<Volume, String>]) -> Verdict {
    let known: Vec<&Volume> = volumes.iter().flatten().collect();
    let words: Vec<String> = known.iter().map(|volume| volume.words()).collect();
    let found = format!("{}.", words.join("; "));
    let remedy = "Look what takes it with `docker system df` and `journalctl --disk-usage`; `docker builder prune` frees what builds left, \
                  and a larger disk helps for longer.";
    if known.iter().any(|volume| volume.is_bad()) {
        return Verdict::bad(found, remedy);
    }
    if known.iter().any(|volume| volume.is_tight()) {
        return Verdict::advice(found, remedy);
    }
    match volumes.iter().find_map(|volume| volume.as_ref().err()) {
        Some(why) => Verdict::not_known(format!("How full the disk is, is not known: {why}.")),
        None => Verdict::good(found),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use slipway_protocol::checkup::CheckState;

    use super::*;

    const GIB: u64 = 1 << 30;

    fn volume(used: u64, free: u64, inodes: (u64, u64)) -> Result<Volume, String> {
        Ok(Volume {
            what: "Docker's data",
            disk: Disk {
                size: used.saturating_add(free),
                used,
                free,
                inodes: inodes.0,
                free_inodes: inodes.1,
            },
        })
    }

    /// FR-HST-06: too little room and too few inodes are bad, nearly full is an advice; a file system without a number of inodes has enough.
    #[test]
    fn a_full_disk_is_told() {
        for (one, wanted) in [
            (volume(10 * GIB, 30 * GIB, (100, 90)), CheckState::Good),
            (volume(10 * GIB, 30 * GIB, (0, 0)), CheckState::Good),
            (volume(35 * GIB, 5 * GIB, (100, 90)), CheckState::Advice),
            (volume(10 * GIB, 30 * GIB, (100, 5)), CheckState::Advice),
            (volume(10 * GIB, 30 * GIB, (100, 1)), CheckState::Bad),
            (volume(39 * GIB, GIB, (100, 90)), CheckState::Bad),
            (Err("it is away".to_owned()), CheckState::NotKnown),
        ] {
            let good = volume(10 * GIB, 30 * GIB, (100, 90));
            let verdict = disk(&[good, one.clone()]);
            assert_eq!(verdict.state, wanted, "{one:?}");
        }
        let verdict = disk(&[volume(35 * GIB, 5 * GIB, (100, 1))]);
        assert_eq!(
            verdict.found,
            "Docker's data: 88 % used, 5.0 GiB free, 1 % of its inodes left."
        );
        assert!(Volume::of(Path::new("/"), "all").is_ok_and(|root| root.disk.used > 0));
        assert!(Volume::of(Path::new("/nowhere"), "all").is_err());
    }

    proptest! {
        /// FR-HST-06: whatever a file system says of itself, there is a verdict.
        #[test]
        fn any_numbers_have_a_verdict(used: u64, free: u64, inodes: u64, free_inodes: u64) {
            prop_assert!(disk(&[volume(used, free, (inodes, free_inodes))]).found.ends_with('.'));
        }
    }
}
