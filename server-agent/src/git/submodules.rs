//! Submodules, checked out one by one: their addresses stand in the repository and are as hostile as the rest of it, so they obey
//! the rules of [`GitUrl`], and none leads from a remote repository to this server's own files or ports.

use std::path::{Path, PathBuf};

use slipway_protocol::git::{GitRef, GitUrl};

use super::{Checkout, GitError, Transport};
use crate::beneath::Parts;

const MOST: u32 = 64;
const DEEPEST: u32 = 4;
/// A `.gitmodules` file has at most so many bytes.
const LARGEST_LIST: u64 = 64 * 1024;

/// Checks out the submodules of a checkout, and theirs.
pub(super) async fn check_out(
    checkout: &Checkout<'_>,
    on_line: &mut (impl FnMut(&str) + Send),
) -> Result<(), GitError> {
    let mut waiting = vec![(checkout.url.clone(), checkout.into.to_owned(), 1)];
    let mut count = 0;
    while let Some((url, into, depth)) = waiting.pop() {
        let parent = Checkout {
            url: &url,
            into: &into,
            ..*checkout
        };
        for module in list(checkout, &parent).await? {
            count += 1;
            if count > MOST || depth > DEEPEST {
                return Err(GitError::Submodules(MOST));
            }
            let child = Checkout {
                url: &module.url,
                reference: &module.commit,
                commit: None,
                into: &module.into,
                ..*checkout
            };
            on_line(&format!("Submodule {} from {}", module.path, module.url));
            child.alone(on_line).await?;
            waiting.push((module.url, module.into, depth + 1));
        }
        if depth > 1 {
            // What is built is its files, not its history.
            std::fs::remove_dir_all(into.join(".git"))?;
        }
    }
    Ok(())
}

struct Module {
    path: String,
    url: GitUrl,
    commit: GitRef,
    into: PathBuf,
}

/// The submodules that the checked-out commit itself has, with the addresses that its `.gitmodules` gives them.
async fn list(checkout: &Checkout<'_>, parent: &Checkout<'_>) -> Result<Vec<Module>, GitError> {
    let mut links = Vec::new();
    let mut note = |line: &str| {
        // “160000 commit <hash>\t<path>”; a path with odd letters is quoted.
        if let Some((head, path)) = line.split_once('\t')
            && let Some(commit) = head.strip_prefix("160000 commit ")
            && links.len() <= MOST as usize
        {
            links.push((commit.to_owned(), path.to_owned()));
        }
    };
    let tree = parent.invocation().args(["ls-tree", "-r", "--full-tree", "HEAD"]);
    parent.lines_of(tree, &mut note).await?;
    if links.is_empty() {
        return Ok(Vec::new());
    }
    let addresses = addresses(parent).await?;
    links
        .into_iter()
        .map(|(commit, path)| {
            let refused = |reason: &str| GitError::Submodule {
                path: path.chars().take(80).collect(),
                reason: reason.to_owned(),
            };
            let address = addresses.iter().find(|(at, _)| *at == path);
            let (_, address) =
                address.ok_or_else(|| refused("the file .gitmodules gives no address for it"))?;
            let url = resolve(checkout.url, parent.url, address).map_err(|reason| refused(&reason))?;
            let commit = GitRef::parse(&commit).map_err(|_| refused("it names no commit"))?;
            let into = place(parent.into, &path).ok_or_else(|| refused("its place is no plain folder"))?;
            Ok(Module {
                url,
                commit,
                into,
                path,
            })
        })
        .collect()
}

/// Path and address of each entry of `.gitmodules`, read from the commit and not from the folder.
async fn addresses(parent: &Checkout<'_>) -> Result<Vec<(String, String)>, GitError> {
    const FILE: &str = "HEAD:.gitmodules";
    let nothing = &mut |_: &str| {};
    let Ok(size) = parent.git(["cat-file", "-s", FILE], nothing).await else {
        return Ok(Vec::new());
    };
    if size
        .stdout
        .trim()
        .parse::<u64>()
        .is_ok_and(|size| size > LARGEST_LIST)
    {
        return Err(GitError::Submodule {
            path: ".gitmodules".to_owned(),
            reason: "the file is larger than 64 KiB".to_owned(),
        });
    }
    let read = [
        "config",
        "--blob",
        FILE,
        "--null",
        "--get-regexp",
        r"^submodule\..*\.(path|url)$",
    ];
    let Ok(shown) = parent.git(read, nothing).await else {
        return Ok(Vec::new());
    };
    Ok(pair(&shown.stdout))
}

/// `submodule.<name>.path` and `submodule.<name>.url`, put together by name.
fn pair(text: &str) -> Vec<(String, String)> {
    let entries: Vec<(&str, &str)> = text
        .split('\0')
        .filter_map(|entry| entry.trim_start_matches('\n').split_once('\n'))
        .collect();
    let value = |key: &str| {
        entries
            .iter()
            .rev()
            .find(|(other, _)| *other == key)
            .map(|(_, value)| *value)
    };
    let names = entries.iter().filter_map(|(key, _)| key.strip_suffix(".path"));
    names
        .filter_map(|name| {
            Some((
                value(&format!("{name}.path"))?.to_owned(),
                value(&format!("{name}.url"))?.to_owned(),
            ))
        })
        .collect()
}

/// The address as git would understand it below the parent's, under the same rules as an application's own. On this server a
/// repository leads only to those in its own folder: whoever may push to it need not be one who may name the server's paths.
fn resolve(application: &GitUrl, parent: &GitUrl, address: &str) -> Result<GitUrl, String> {
    let whole = if address.starts_with("./") || address.starts_with("../") {
        relative(parent.as_str(), address).ok_or("its address leads nowhere")?
    } else {
        address.to_owned()
    };
    let url = GitUrl::parse(&whole).map_err(|error| error.reason.to_owned())?;
    let allowed = match Transport::of(&url) {
        Transport::Https | Transport::Ssh => !url.is_on_loopback() || parent.is_on_loopback(),
        // Only what the application's own address shows already.
        Transport::Http => parent.is_on_loopback(),
        Transport::Path if Transport::of(parent) == Transport::Path => {
            if !is_beside(application, &url) {
                return Err("it leads out of the folder that holds the application's repository".to_owned());
            }
            true
        }
        Transport::Path => false,
    };
    if allowed {
        Ok(url)
    } else {
        Err("it leads from a repository elsewhere to this server itself".to_owned())
    }
}

/// Whether a path on the server is below the folder that holds the application's repository.
fn is_beside(application: &GitUrl, url: &GitUrl) -> bool {
    let folder = Path::new(application.as_str()).parent();
    folder.is_some_and(|folder| folder != Path::new("/") && Path::new(url.as_str()).starts_with(folder))
}

/// Steps up, then names: `../lib.git` of `https://host/team/app.git` is `https://host/team/lib.git`.
fn relative(parent: &str, address: &str) -> Option<String> {
    let mut base = parent.trim_end_matches('/');
    let mut rest = address;
    let mut separator = '/';
    loop {
        if let Some(further) = rest.strip_prefix("./") {
            rest = further;
        } else if let Some(further) = rest.strip_prefix("../") {
            rest = further;
            let at = base.rfind(['/', ':'])?;
            separator = if base[at..].starts_with(':') { ':' } else { '/' };
            base = &base[..at];
        } else {
            return Some(format!("{base}{separator}{rest}"));
        }
    }
}

/// The folder of a submodule in the checkout: there already, with no link on the way.
fn place(top: &Path, path: &str) -> Option<PathBuf> {
    let parts = Parts::parse(path.as_bytes())
        .ok()
        .filter(|parts| !parts.is_top())?;
    let mut here = top.to_owned();
    for step in parts.all() {
        if step.eq_ignore_ascii_case(".git") {
            return None;
        }
        here.push(step);
        if !std::fs::symlink_metadata(&here).is_ok_and(|meta| meta.is_dir()) {
            return None;
        }
    }
    Some(here)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parent: &str, address: &str) -> Result<String, String> {
        let parent = GitUrl::parse(parent).unwrap();
        resolve(&parent, &parent, address).map(|url| url.to_string())
    }

    /// FR-SRC-01: addresses of submodules are understood as git does.
    #[test]
    fn addresses_are_resolved() {
        for (parent, address, whole) in [
            (
                "https://host.example/team/app.git",
                "../lib.git",
                "https://host.example/team/lib.git",
            ),
            (
                "https://host.example/team/app.git/",
                "./sub.git",
                "https://host.example/team/app.git/sub.git",
            ),
            (
                "https://host.example/team/app.git",
                "../../other/lib",
                "https://host.example/other/lib",
            ),
            (
                "git@host.example:team/app.git",
                "../lib.git",
                "git@host.example:team/lib.git",
            ),
            (
                "git@host.example:app.git",
                "../lib.git",
                "git@host.example:lib.git",
            ),
            ("/srv/git/app.git", "../lib.git", "/srv/git/lib.git"),
            ("/srv/git/app.git", "/srv/git/a/other.git", "/srv/git/a/other.git"),
            (
                "https://host.example/a",
                "git@elsewhere.example:b",
                "git@elsewhere.example:b",
            ),
        ] {
            assert_eq!(of(parent, address).as_deref(), Ok(whole), "{parent} {address}");
        }
    }

    /// FR-SRC-01, NFR-S2: an address that would run a program, read this server's files or reach its ports is refused.
    #[test]
    fn hostile_addresses_are_refused() {
        for address in [
            "ext::sh -c touch% /tmp/x",
            "file:///etc",
            "/etc",
            "/var/lib/slipway/work",
            "--upload-pack=touch /tmp/x",
            "-x",
            "git://host.example/a",
            "http://host.example/a",
            "http://127.0.0.1:2375/a",
            "https://127.0.0.1/a",
            "https://localhost/a",
            "https://[::1]/a",
            "https://2130706433/a",
            "https://169.254.169.254/latest",
            "ssh://git@127.0.0.1/a",
            "root@localhost:a",
            "ssh://-oProxyCommand=x/a",
            "https://user:pass@host.example/a",
            "https://host.example/a\r",
            "../../../../../../etc",
            "",
        ] {
            assert!(
                of("https://host.example/team/app.git", address).is_err(),
                "{address}"
            );
        }
    }

    /// FR-SRC-01, NFR-S2: a repository on the server names no other path there than those beside it, nor does a submodule of it.
    #[test]
    fn paths_on_the_server_stay_in_their_folder() {
        for address in [
            "/srv/other.git",
            "/srv/gitolite/secret.git",
            "../../other.git",
            "/etc",
            "/",
        ] {
            assert!(of("/srv/git/app.git", address).is_err(), "{address}");
        }
        // At the top there is no folder of its own.
        assert!(of("/app.git", "/var/other.git").is_err());
        let url = |text: &str| GitUrl::parse(text).unwrap();
        let (application, nested) = (url("/srv/git/team/app.git"), url("/srv/git/team/lib/a.git"));
        assert!(resolve(&application, &nested, "../b.git").is_ok());
        assert!(resolve(&application, &nested, "../../../b.git").is_err());
    }

    /// FR-SRC-01: the settings of a submodule are found by its name, whatever the name is.
    #[test]
    fn settings_are_paired() {
        let text =
            "submodule.a.b c.path\nlib/x\0\nsubmodule.a.b c.url\n../x.git\0\nsubmodule.other.path\ny\0";
        assert_eq!(pair(text), [("lib/x".to_owned(), "../x.git".to_owned())]);
    }
}
