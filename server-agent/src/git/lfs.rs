//! Files that are kept in Git LFS: git-lfs asks the repository's own server for them, whatever the repository's settings say, and fetches them from
//! where that says they are, by https.

use slipway_protocol::git::GitUrl;

use super::{Checkout, GitError, Transport, helpers, lfs_way};

/// Only plain downloads, of everything, and a failure is one.
const SETTINGS: [&str; 9] = [
    "lfs.basictransfersonly=true",
    "lfs.fetchinclude=",
    "lfs.fetchexclude=",
    "lfs.skipdownloaderrors=false",
    "lfs.concurrenttransfers=3",
    "filter.lfs.required=true",
    "filter.lfs.clean=git-lfs clean -- %f",
    "filter.lfs.smudge=git-lfs smudge -- %f",
    "filter.lfs.process=git-lfs filter-process",
];

/// Puts the files in the place of their pointers.
pub(super) async fn fetch(
    checkout: &Checkout<'_>,
    on_line: &mut (impl FnMut(&str) + Send),
) -> Result<(), GitError> {
    let server = server(checkout.url)?;
    for command in ["fetch", "checkout"] {
        let mut invocation = checkout.invocation();
        // Whoever may name a server on loopback may be led to what else is there.
        if !checkout.url.is_on_loopback() {
            invocation = helpers::lfs_by_https_alone(invocation);
            for setting in lfs_way::settings() {
                invocation = invocation.arg("-c").arg(setting);
            }
        }
        invocation = invocation.arg("-c").arg(format!("lfs.url={server}"));
        for setting in SETTINGS {
            invocation = invocation.arg("-c").arg(setting);
        }
        let ended = checkout.start(invocation.args(["lfs", command]), on_line).await;
        match ended {
            Ok(_) => {}
            Err(GitError::Failed { reason, .. }) if reason.contains("is not a git command") => {
                return Err(GitError::NoLfs);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Where the server of an address keeps its LFS files. Named outright, it overrides what a `.lfsconfig` in the repository says.
fn server(url: &GitUrl) -> Result<String, GitError> {
    let text = url.as_str();
    match Transport::of(url) {
        Transport::Https | Transport::Http => {
            let plain = text.trim_end_matches('/');
            let plain = plain.strip_suffix(".git").unwrap_or(plain);
            Ok(format!("{plain}.git/info/lfs"))
        }
        // git-lfs asks the server over ssh where they are.
        Transport::Ssh => Ok(text.to_owned()),
        // git-lfs would start a shell for it.
        Transport::Path => Err(GitError::LfsOfAPath { url: text.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-SRC-01: the LFS server is the repository's own.
    #[test]
    fn the_server_is_the_repositorys_own() {
        let of = |text: &str| server(&GitUrl::parse(text).unwrap());
        assert_eq!(
            of("https://example.org/a.git").unwrap(),
            "https://example.org/a.git/info/lfs"
        );
        assert_eq!(
            of("https://example.org/a/").unwrap(),
            "https://example.org/a.git/info/lfs"
        );
        assert_eq!(of("git@example.org:a.git").unwrap(), "git@example.org:a.git");
        assert!(matches!(of("/srv/a.git"), Err(GitError::LfsOfAPath { .. })));
    }
}
