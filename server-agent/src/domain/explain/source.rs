//! Causes in the *source* step: what git and ssh say about an address, a sign-in or a reference.

use super::text::{name, word_after};
use super::{Found, Rule};

pub const RULES: &[Rule] = &[
    // ssh: “WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!”, then “Host key verification failed.”
    Rule {
        code: "git-host-key-changed",
        find: |evidence| {
            evidence.says(&["remote host identification has changed", "host key for"])?;
            Some(Found::new(
                "The git server shows another SSH host key than before: it was installed anew, or somebody \
                 is in between.",
                "Ask who runs the git server for its fingerprint. If the change is right, remove its old \
                 line from `ssh/known_hosts` in the agent's data folder.",
            ))
        },
    },
    // ssh, where no key is known and none may be learned.
    Rule {
        code: "git-host-key-unknown",
        find: |evidence| {
            evidence.says(&["host key verification failed", "host key is known for"])?;
            Some(Found::new(
                "The SSH host key of the git server is not known.",
                "Add the git server's host key to `ssh/known_hosts` in the agent's data folder.",
            ))
        },
    },
    // libcurl: “Could not resolve host: x”; ssh: “Could not resolve hostname x: Name or service not known”.
    Rule {
        code: "git-host-not-resolved",
        find: |evidence| {
            let line = evidence.says(&["could not resolve host"])?;
            let host = word_after(line, "could not resolve host: ")
                .or_else(|| word_after(line, "resolve hostname "));
            let host = host.map_or_else(|| "of the repository".to_owned(), name);
            Some(Found::new(
                format!("The server cannot find the address of the host {host}."),
                "Check the spelling of the repository's address. If it is right, check the DNS settings of \
                 the server.",
            ))
        },
    },
    // libcurl, OpenSSL and GnuTLS about the server's certificate.
    Rule {
        code: "git-certificate",
        find: |evidence| {
            evidence.says(&[
                "ssl certificate problem",
                "server certificate verification failed",
                "certificate has expired",
                "unable to get local issuer",
                "no alternative certificate subject name",
            ])?;
            Some(Found::new(
                "The certificate of the git server is not accepted: it expired, is for another name, or \
                 its issuer is unknown here.",
                "Renew the git server's certificate, or add its issuer to the certificates that the server \
                 trusts (`update-ca-certificates`), or use SSH.",
            ))
        },
    },
    // libcurl and ssh, of a host that does not answer or refuses.
    Rule {
        code: "git-host-unreachable",
        find: |evidence| {
            evidence.says(&[
                "connection refused",
                "connection timed out",
                "operation timed out",
                "couldn't connect to server",
                "failed to connect to",
                "network is unreachable",
                "no route to host",
                "connection reset by",
                "could not be reached",
            ])?;
            Some(Found::new(
                "The git server could not be reached from this server.",
                "Check host and port of the repository's address, that the git server runs, and that no \
                 firewall stands between.",
            ))
        },
    },
    // git: “couldn't find remote ref x” of a branch or tag; “not our ref” of a commit; Slipway's own sentence.
    Rule {
        code: "git-reference-not-found",
        find: |evidence| {
            let line = evidence.says(&[
                "couldn't find remote ref",
                "not our ref",
                "is no branch, tag or commit of",
            ])?;
            let wanted =
                word_after(line, "couldn't find remote ref ").or_else(|| word_after(line, "not our ref "));
            let wanted = wanted
                .or_else(|| line.split_whitespace().next())
                .map_or_else(String::new, name);
            Some(Found::new(
                format!("The repository has no branch, tag or commit {wanted}, or has no commit at all yet."),
                "Check the reference in the application's settings (branches are often called main or \
                 master), and that it has been pushed.",
            ))
        },
    },
    // git over HTTPS without a sign-in (GitHub asks for one also where there is no such repository); GitHub and GitLab about
    // passwords and tokens; ssh about keys.
    Rule {
        code: "git-sign-in-needed",
        find: |evidence| {
            evidence.says(&[
                "could not read username",
                "could not read password",
                "authentication failed for",
                "permission denied (publickey",
                "http basic: access denied",
                "invalid username or",
                "returned error: 401",
                "returned error: 403",
                "support for password authentication was removed",
                "too many authentication failures",
            ])?;
            Some(Found::new(
                "The git server asks for a sign-in: the repository is private, or there is none at this \
                 address.",
                "Check the address. For a private repository put a key that may read it into \
                 `ssh/id_ed25519` of the agent's data folder, add its public half as a deploy key, and use \
                 the SSH address.",
            ))
        },
    },
    // GitHub, GitLab and Bitbucket, each in its words; git of a path on the server.
    Rule {
        code: "git-repository-not-found",
        find: |evidence| {
            evidence.says(&[
                "repository not found",
                "does not appear to be a git repository",
                "project you were looking for could not be found",
                "may not have access to this repository",
                "returned error: 404",
                "was not found or may not be read",
            ])?;
            Some(Found::new(
                "There is no repository at this address, or the server may not see it.",
                "Check the repository's address, letter by letter. For a private repository check that the \
                 server's key may read it.",
            ))
        },
    },
    // git with transfer.fsckObjects, which the agent sets: what could harm whoever checks it out.
    Rule {
        code: "git-repository-refused",
        find: |evidence| {
            evidence.wrote(&["gitmodules", "hasdot"])?;
            evidence.wrote(&["fsck error"])?;
            Some(Found::new(
                "The repository holds a name or an address that could run a program or write where it should \
                 not, so it was not checked out.",
                "Look who committed it and why. Then take it out of the repository and deploy again.",
            ))
        },
    },
    // The same check: “fsck error in packed object”.
    Rule {
        code: "git-repository-damaged",
        find: |evidence| {
            evidence.wrote(&["fsck error", "index-pack failed", "bad object", "bad tree"])?;
            Some(Found::new(
                "The repository holds an object that git's own check refuses: it is damaged, or was made \
                 by a very old tool.",
                "Run `git fsck` in a clone to see which; a fresh repository with the same files helps.",
            ))
        },
    },
    // Slipway's own sentence when git reaches its deadline.
    Rule {
        code: "git-too-slow",
        find: |evidence| {
            evidence.reported(&["git did not finish within"])?;
            Some(Found::new(
                "Fetching the repository took longer than it may: it is very large, or the connection very \
                 slow.",
                "Deploy again. If it stays so, remove large files from the repository, or use a mirror \
                 that is nearer.",
            ))
        },
    },
];
