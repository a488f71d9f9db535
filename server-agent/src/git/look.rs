//! What a branch or tag stands for now: its repository is asked, and nothing of it is fetched.

use std::path::Path;
use std::time::Duration;

use slipway_protocol::git::{GitRef, GitUrl};
use slipway_protocol::head::CommitHash;
use tokio_util::sync::CancellationToken;

use super::fetch::looks_like_a_commit;
use super::{Access, Checkout, GitError};

/// What a look needs.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    pub url: &'a GitUrl,
    pub reference: &'a GitRef,
    /// A folder of its own, which is there and empty.
    pub folder: &'a Path,
    /// The agent's own data folder.
    pub data_dir: &'a Path,
    pub access: &'a Access,
    pub limit: Duration,
}

impl Look<'_> {
    /// The commit that a deployment would fetch if it began now.
    pub async fn run(&self) -> Result<CommitHash, GitError> {
        let cancel = CancellationToken::new();
        let asked = Checkout {
            url: self.url,
            reference: self.reference,
            commit: None,
            into: self.folder,
            data_dir: self.data_dir,
            access: self.access,
            submodules: false,
            lfs: false,
            limit: self.limit,
            cancel: &cancel,
        };
        // The folder is no repository, and none around it has a say.
        let around = self.folder.parent().unwrap_or(self.folder);
        let name = self.reference.as_str();
        let peeled = format!("{name}{PEELED}");
        let invocation = asked
            .invocation()
            .env("GIT_CEILING_DIRECTORIES", around)
            .args(["ls-remote", "--quiet"])
            .args(kinds(name))
            .args(["--", asked.address(), name, &peeled]);
        let mut best = Best::of(name);
        asked
            .lines_of(invocation, &mut |line: &str| best.take(line))
            .await?;
        best.commit().ok_or_else(|| self.not_told(&asked))
    }

    /// A repository tells its branches and tags, and not its commits: that one is known by its first digits is no mistake.
    fn not_told(&self, asked: &Checkout<'_>) -> GitError {
        if looks_like_a_commit(self.reference.as_str()) {
            GitError::OnlyWhenFetched {
                url: self.url.to_string(),
                reference: self.reference.to_string(),
            }
        } else {
            asked.no_such_ref()
        }
    }
}

/// What stands behind the name of a tag with a message where the commit is told that it leads to.
const PEELED: &str = "^{}";

/// A server need not tell of others than branches and tags, which may be very many.
fn kinds(name: &str) -> &'static [&'static str] {
    if name == "HEAD" || name.starts_with("refs/") {
        &[]
    } else {
        &["--heads", "--tags"]
    }
}

/// The one of the told names that git itself would take for the reference.
struct Best<'a> {
    wanted: &'a str,
    /// How near it is, whether it is the commit that a tag leads to, and its hash.
    found: Option<(usize, bool, CommitHash)>,
}

impl<'a> Best<'a> {
    fn of(wanted: &'a str) -> Self {
        Self { wanted, found: None }
    }

    /// `<hash>\t<name>`.
    fn take(&mut self, line: &str) {
        let Some((hash, name)) = line.split_once('\t') else {
            return;
        };
        let (name, peeled) = match name.strip_suffix(PEELED) {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (Some(near), Ok(hash)) = (self.near(name), CommitHash::parse(hash)) else {
            return;
        };
        let better = match &self.found {
            None => true,
            Some((other, _, _)) if *other != near => near < *other,
            Some((_, other, _)) => peeled && !other,
        };
        if better {
            self.found = Some((near, peeled, hash));
        }
    }

    /// In git's own order: the name as it is, below `refs`, a tag, a branch.
    fn near(&self, name: &str) -> Option<usize> {
        ["", "refs/", "refs/tags/", "refs/heads/"]
            .iter()
            .position(|before| name.strip_prefix(*before) == Some(self.wanted))
    }

    fn commit(self) -> Option<CommitHash> {
        self.found.map(|(_, _, hash)| hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(wanted: &str, lines: &[(char, &str)]) -> Option<String> {
        let mut best = Best::of(wanted);
        for (digit, name) in lines {
            best.take(&format!("{}\t{name}", digit.to_string().repeat(40)));
        }
        best.commit().map(|hash| hash.as_str()[..1].to_owned())
    }

    /// FR-DEP-08, FR-SRC-01: a name is understood as git understands it: a tag before a branch, and never another that ends like it.
    #[test]
    fn names_are_understood_as_git_does() {
        let all = [
            ('a', "refs/heads/feature/main"),
            ('b', "refs/heads/main"),
            ('c', "refs/tags/main"),
            ('d', "refs/tags/main^{}"),
        ];
        assert_eq!(found("main", &all[..2]).as_deref(), Some("b"));
        assert_eq!(found("main", &all[..3]).as_deref(), Some("c"));
        assert_eq!(found("main", &all).as_deref(), Some("d"));
        assert_eq!(found("heads/main", &all).as_deref(), Some("b"));
        assert_eq!(found("refs/heads/main", &all).as_deref(), Some("b"));
        assert_eq!(found("feature/main", &all).as_deref(), Some("a"));
        assert_eq!(found("HEAD", &[('e', "HEAD")]).as_deref(), Some("e"));
        assert_eq!(found("mai", &all), None);
        assert_eq!(found("main", &[('x', "refs/heads/main")]), None);
    }

    proptest! {
        /// NFR-S2: whatever a server tells, it is a whole commit or none.
        #[test]
        fn any_answer_is_read(line in "[0-9a-g]{38,42}\t(refs/(heads|tags)/)?main(\\^\\{\\})?|.{0,200}") {
            let mut best = Best::of("main");
            best.take(&line);
            let whole = |hash: CommitHash| matches!(hash.as_str().len(), 40 | 64) && line.starts_with(hash.as_str());
            prop_assert!(best.commit().is_none_or(whole));
        }
    }
}
