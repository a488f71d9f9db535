//! Where source code comes from.

use crate::names::{dns_name, refuse_dangerous, text_type};

text_type! {
    /// The address of a git repository: `https://…`, `http://…` (loopback only), `ssh://…`, `user@host:path`, or an absolute path on the server.
    ///
    /// Credentials inside the URL are refused: they would end up in process lists, in the clone's configuration and in logs.
    /// So are git's other transports (`ext::`, `file://`, `git://` …), which run programs or are not authenticated.
    GitUrl, "The git address", |text| {
        refuse_dangerous(text, 500)?;
        if text.contains(char::is_whitespace) { return Err("it contains a space"); }
        if text.contains("::") { return Err("this kind of git transport is not allowed"); }
        if let Some(path) = text.strip_prefix('/') {
            return if path.split('/').any(|part| part == "..") { Err("it must not contain “..”") } else { Ok(()) };
        }
        if text.contains("://") { return web_or_ssh(text); }
        scp_like(text)
    }
}

impl GitUrl {
    /// Whether the server that the agent runs on holds it: a path, or an address of the server for itself.
    pub fn is_on_the_server(&self) -> bool {
        self.as_str().starts_with('/') || self.is_on_loopback()
    }

    /// Whether its host is this machine itself, by a name or an address that always is.
    pub fn is_on_loopback(&self) -> bool {
        let text = self.as_str();
        let host = match url::Url::parse(text) {
            Ok(url) => url.host_str().unwrap_or_default().to_owned(),
            Err(_) => text
                .split_once('@')
                .map_or("", |(_, rest)| rest)
                .split(':')
                .next()
                .unwrap_or_default()
                .to_owned(),
        };
        let host = host.trim_matches(['[', ']']);
        host == "localhost"
            || host.ends_with(".localhost")
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| match address {
                    std::net::IpAddr::V4(v4) => v4.is_loopback() || v4.is_unspecified() || v4.is_link_local(),
                    std::net::IpAddr::V6(v6) => {
                        v6.is_loopback()
                            || v6.is_unspecified()
                            || v6.to_ipv4_mapped().is_some_and(|v4| v4.is_loopback())
                    }
                })
    }
}

fn web_or_ssh(text: &str) -> Result<(), &'static str> {
    let url = url::Url::parse(text).map_err(|_| "it is not a URL")?;
    let host = url
        .host_str()
        .filter(|host| !host.starts_with('-'))
        .ok_or("it names no host")?;
    if url.password().is_some() {
        return Err("it contains a password; store the credential in Slipway instead");
    }
    match url.scheme() {
        "https" if url.username().is_empty() => Ok(()),
        "https" | "http" if !url.username().is_empty() => {
            Err("it contains a credential; store the credential in Slipway instead")
        }
        "http" if matches!(host, "127.0.0.1" | "localhost" | "[::1]") => Ok(()),
        "http" => Err("plain http is not authenticated; use https"),
        "ssh" if url.username().starts_with('-') => Err("the user name must not start with “-”"),
        "ssh" => Ok(()),
        _ => Err("only https, ssh and paths on the server are allowed"),
    }
}

/// git's short form of ssh: `user@host:path`.
fn scp_like(text: &str) -> Result<(), &'static str> {
    let (login, path) = text
        .split_once(':')
        .ok_or("it needs the form https://…, ssh://… or user@host:path")?;
    let (user, host) = login.split_once('@').ok_or("it needs the form user@host:path")?;
    let plain_user = !user.is_empty()
        && user
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if !plain_user || user.starts_with('-') || path.is_empty() || path.starts_with('-') {
        return Err("it needs the form user@host:path");
    }
    dns_name(host)
}

text_type! {
    /// A branch, a tag or a commit, under the rules of `git check-ref-format`.
    GitRef, "The branch, tag or commit", |text| {
        refuse_dangerous(text, 200)?;
        let forbidden = |c: char| c.is_whitespace() || "~^:?*[\\{}'\"$`;|&<>()".contains(c);
        if text.contains(forbidden) { return Err("it contains a character that git does not allow"); }
        if text.contains("..") || text.contains("//") || text.contains("@{") { return Err("it must not contain “..”, “//” or “@{”"); }
        if text.starts_with('/') || text.ends_with('/') || text.ends_with('.') || text.ends_with(".lock") {
            return Err("it must not begin or end like this");
        }
        if text.split('/').any(|part| part.starts_with('.')) { return Err("no part may start with “.”"); }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-SRC-01, FR-SRC-07: the usual addresses parse, those with credentials or dangerous transports do not.
    #[test]
    fn git_addresses() {
        for good in [
            "https://example.org/a/b.git",
            "ssh://git@example.org:2222/a.git",
            "git@example.org:a/b.git",
            "/srv/git/a.git",
            "http://127.0.0.1:8080/a.git",
        ] {
            assert!(GitUrl::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "https://user:pass@example.org/a.git",
            "https://token@example.org/a.git",
            "ext::sh -c touch% /tmp/x",
            "file:///etc",
            "git://example.org/a",
            "http://example.org/a.git",
            "-oProxyCommand=x",
            "ssh://-oProxyCommand=x/a",
            "git@-host:a",
            "git@host:-a",
            "/srv/../etc",
            "https://",
            "",
        ] {
            assert!(GitUrl::parse(bad).is_err(), "{bad}");
        }
    }

    /// FR-SRC-01, NFR-S2: what git allows as a branch, tag or commit is taken, and nothing else.
    #[test]
    fn git_refs() {
        for good in [
            "main",
            "feature/a-b",
            "v1.2.3",
            "tag",
            "+main",
            "refs/heads/tag",
            "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
        ] {
            assert!(GitRef::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "--upload-pack=x",
            "a..b",
            "a b",
            "a\nb",
            "x.lock",
            "/a",
            "a/.b",
            "HEAD@{1}",
            "$(id)",
            "`id`",
        ] {
            assert!(GitRef::parse(bad).is_err(), "{bad}");
        }
    }
}
