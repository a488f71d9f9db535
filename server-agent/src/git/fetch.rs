//! Fetching the one commit that a checkout is of.

use slipway_protocol::head::CommitHash;

use super::{Checkout, GitError, Transport, helpers};

/// Where git notes what it has fetched last.
const FETCHED: &str = "FETCH_HEAD";
/// git's word for the whole history, also where its end was cut off before.
const WHOLE: &str = "--depth=2147483647";

impl Checkout<'_> {
    /// Fetches what is wanted and says by which name it is known here. Every server hands out what a branch stands for, and not every one
    /// a commit by itself: so a commit is looked for there first, and mostly the branch still stands for it.
    pub(super) async fn fetch(&self, on_line: &mut (impl FnMut(&str) + Send)) -> Result<String, GitError> {
        let Some(commit) = self.commit else {
            return self.fetch_named(self.reference.as_str(), on_line).await;
        };
        let by_name = self.fetch_alone(self.reference.as_str(), on_line).await;
        if by_name.is_ok() && self.has_fetched(commit).await {
            return Ok(FETCHED.to_owned());
        }
        if let Err(error) = by_name
            && !matches!(error, GitError::NoSuchRef { .. } | GitError::Failed { .. })
        {
            return Err(error);
        }
        let fetched = self.fetch_named(commit.as_str(), on_line).await;
        fetched.map_err(|error| match error {
            GitError::NoSuchRef { url, reference } => GitError::Vanished {
                url,
                reference,
                commit: commit.to_string(),
            },
            other => other,
        })
    }

    async fn has_fetched(&self, commit: &CommitHash) -> bool {
        let wanted = format!("{FETCHED}^{{commit}}");
        let found = self
            .git(["rev-parse", "--verify", "--quiet", &wanted], &mut |_: &str| {})
            .await;
        found.is_ok_and(|found| found.stdout.trim() == commit.as_str())
    }

    /// Fetches the name alone where the server allows it; a commit that it does not hand out by itself needs the whole history.
    async fn fetch_named(
        &self,
        name: &str,
        on_line: &mut (impl FnMut(&str) + Send),
    ) -> Result<String, GitError> {
        match self.fetch_alone(name, on_line).await {
            Ok(()) => Ok(FETCHED.to_owned()),
            Err(GitError::NoSuchRef { .. } | GitError::Failed { .. }) if looks_like_a_commit(name) => {
                let mut all = vec!["fetch", "--quiet", "--no-tags"];
                // What was fetched of the branch has no history yet.
                all.extend(self.commit.map(|_| WHOLE));
                all.extend(["--", self.address(), "+refs/heads/*:refs/remotes/origin/*"]);
                self.git(all, on_line).await?;
                let wanted = format!("{name}^{{commit}}");
                let found = self
                    .git(["rev-parse", "--verify", "--quiet", &wanted], on_line)
                    .await
                    .map_err(|_| self.no_such_ref())?;
                Ok(found.stdout.trim().to_owned())
            }
            Err(error) => Err(error),
        }
    }

    async fn fetch_alone(&self, name: &str, on_line: &mut (impl FnMut(&str) + Send)) -> Result<(), GitError> {
        let named = named(name);
        let shallow = [
            "fetch",
            "--quiet",
            "--no-tags",
            "--depth=1",
            "--",
            self.address(),
            &named,
        ];
        self.git(shallow, on_line).await.map(drop)
    }

    /// The repository as git is told of it.
    pub(super) fn address(&self) -> &str {
        match Transport::of(self.url) {
            Transport::Path => helpers::THIS_SERVER,
            Transport::Https | Transport::Http | Transport::Ssh => self.url.as_str(),
        }
    }
}

/// A name as a refspec that is stored nowhere. Bare, `tag` is a word of git's that takes the next one for a tag, and a `+` at the beginning is no
/// part of a name: here that sign is taken already, and no name holds the colon.
fn named(name: &str) -> String {
    format!("+{name}:")
}

pub(super) fn looks_like_a_commit(reference: &str) -> bool {
    (7..=64).contains(&reference.len()) && reference.chars().all(|c| c.is_ascii_hexdigit())
}
