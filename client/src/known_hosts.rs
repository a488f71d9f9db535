//! Which host keys are trusted: Slipway's own file, and (read only) the user's and the system's OpenSSH files.
//!
//! The format is OpenSSH's, with hashed names, `[host]:port`, wildcards, `!` and `@revoked`. A file that cannot be read
//! is an error: treating it as empty would turn “changed” into “unknown”.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use russh::keys::{Algorithm, HashAlg, PublicKey};
use serde::Serialize;
use sha1::Sha1;

use crate::config::home_folder;
use crate::files;

/// The record of host keys.
#[derive(Clone, Debug)]
pub struct KnownHosts {
    own: PathBuf,
    others: Vec<PathBuf>,
}

/// What the record says of a key that a server shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Known,
    Unknown,
    /// Another key is on record for this host.
    Changed {
        expected: String,
        file: PathBuf,
    },
    Revoked {
        file: PathBuf,
    },
}

/// One line of the record, for showing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KnownHost {
    /// `example.org`, `[example.org]:2222`, or a hashed name.
    pub host: String,
    pub key_type: String,
    pub fingerprint: String,
    pub file: PathBuf,
    /// It is in Slipway's own file.
    pub removable: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path} cannot be used: {reason}")]
pub struct KnownHostsError {
    pub path: PathBuf,
    pub reason: String,
}

struct Line {
    revoked: bool,
    hosts: String,
    key: PublicKey,
    file: PathBuf,
}

/// `SHA256:…` as OpenSSH shows it.
pub fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

impl KnownHosts {
    /// Slipway's file in its configuration folder, and OpenSSH's in their usual places.
    pub fn in_folder(folder: &Path) -> Self {
        let others = vec![
            home_folder().join(".ssh/known_hosts"),
            PathBuf::from("/etc/ssh/ssh_known_hosts"),
        ];
        Self::with_files(folder.join("known_hosts"), others)
    }

    /// With files of the caller's choice; only `own` is ever written.
    pub fn with_files(own: PathBuf, others: Vec<PathBuf>) -> Self {
        Self { own, others }
    }

    /// What is on record for this host about this key.
    pub fn check(&self, host: &str, port: u16, key: &PublicKey) -> Result<Verdict, KnownHostsError> {
        let name = host_name(host, port);
        let lines: Vec<Line> = self
            .lines()?
            .into_iter()
            .filter(|line| names_host(&line.hosts, &name))
            .collect();
        let same = |line: &&Line| line.key.key_data() == key.key_data();
        if let Some(line) = lines.iter().filter(same).find(|line| line.revoked) {
            return Ok(Verdict::Revoked {
                file: line.file.clone(),
            });
        }
        let trusted: Vec<&Line> = lines.iter().filter(|line| !line.revoked).collect();
        if trusted.iter().any(|line| line.key.key_data() == key.key_data()) {
            return Ok(Verdict::Known);
        }
        // A key of another type is a change too: the known types were asked for first.
        let of_type = trusted
            .iter()
            .find(|line| line.key.algorithm() == key.algorithm());
        Ok(match of_type.or(trusted.first()) {
            Some(line) => Verdict::Changed {
                expected: fingerprint(&line.key),
                file: line.file.clone(),
            },
            None => Verdict::Unknown,
        })
    }

    /// The types of the keys on record for this host, to be asked for first.
    pub fn algorithms(&self, host: &str, port: u16) -> Result<Vec<Algorithm>, KnownHostsError> {
        let name = host_name(host, port);
        let lines = self.lines()?.into_iter();
        Ok(lines
            .filter(|line| !line.revoked && names_host(&line.hosts, &name))
            .map(|line| line.key.algorithm())
            .collect())
    }

    /// Records a key that the person has accepted.
    pub fn add(&self, host: &str, port: u16, key: &PublicKey) -> Result<(), KnownHostsError> {
        let bare = PublicKey::new(key.key_data().clone(), "");
        let encoded = bare.to_openssh().map_err(|error| broken(&self.own, &error))?;
        self.rewrite(|mut lines| {
            lines.push(format!("{} {}", host_name(host, port), encoded.trim()));
            lines
        })
    }

    /// Takes the host's keys out of Slipway's own file; answers how many there were.
    pub fn remove(&self, host: &str, port: u16) -> Result<usize, KnownHostsError> {
        let name = host_name(host, port);
        let mut removed = 0;
        self.rewrite(|lines| {
            let before = lines.len();
            let keep = |line: &String| {
                line.trim_start().starts_with('@')
                    || !line
                        .split_whitespace()
                        .next()
                        .is_some_and(|hosts| names_host(hosts, &name))
            };
            let kept: Vec<String> = lines.into_iter().filter(keep).collect();
            removed = before - kept.len();
            kept
        })?;
        Ok(removed)
    }

    /// Takes one key, as [`KnownHosts::list`] showed it, out of Slipway's own file; false if it is not there.
    pub fn remove_key(&self, hosts: &str, shown: &str) -> Result<bool, KnownHostsError> {
        let mut removed = false;
        let own = self.own.clone();
        self.rewrite(|lines| {
            let keep = |line: &String| {
                let parsed = parse(line, &own).ok().flatten();
                let same = parsed.is_some_and(|line| {
                    !line.revoked && line.hosts == hosts && fingerprint(&line.key) == shown
                });
                removed |= same;
                !same
            };
            lines.into_iter().filter(keep).collect()
        })?;
        Ok(removed)
    }

    /// Every key on record.
    pub fn list(&self) -> Result<Vec<KnownHost>, KnownHostsError> {
        let shown = |line: Line| KnownHost {
            host: line.hosts,
            key_type: line.key.algorithm().to_string(),
            fingerprint: fingerprint(&line.key),
            removable: line.file == self.own,
            file: line.file,
        };
        Ok(self
            .lines()?
            .into_iter()
            .filter(|line| !line.revoked)
            .map(shown)
            .collect())
    }

    fn lines(&self) -> Result<Vec<Line>, KnownHostsError> {
        let mut lines = Vec::new();
        for (path, ours) in
            std::iter::once((&self.own, true)).chain(self.others.iter().map(|path| (path, false)))
        {
            for text in read(path)? {
                match parse(&text, path) {
                    Ok(line) => lines.extend(line),
                    // A damaged line of ours, or one that was meant to forbid a key, must not be overlooked.
                    Err(reason) if ours || text.trim_start().starts_with("@revoked") => {
                        return Err(broken(path, &reason));
                    }
                    Err(_) => {}
                }
            }
        }
        Ok(lines)
    }

    fn rewrite(&self, edit: impl FnOnce(Vec<String>) -> Vec<String>) -> Result<(), KnownHostsError> {
        let failed = |error: io::Error| broken(&self.own, &error);
        let _lock = files::lock(&self.own.with_extension("lock")).map_err(failed)?;
        let mut text = edit(read(&self.own)?).join("\n");
        if !text.is_empty() {
            text.push('\n');
        }
        files::write_atomically(&self.own, text.as_bytes()).map_err(failed)
    }
}

fn broken(path: &Path, reason: &dyn std::fmt::Display) -> KnownHostsError {
    KnownHostsError {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

fn read(path: &Path) -> Result<Vec<String>, KnownHostsError> {
    match fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes)
            .lines()
            .map(str::to_owned)
            .collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(broken(path, &error)),
    }
}

/// A line's content; `None` for comments, empty lines and certificate authorities (host certificates are not asked for).
fn parse(text: &str, file: &Path) -> Result<Option<Line>, String> {
    let mut words = text.split_whitespace().peekable();
    let revoked = match words.peek() {
        None => return Ok(None),
        Some(word) if word.starts_with('#') => return Ok(None),
        Some(&"@cert-authority") => return Ok(None),
        Some(&"@revoked") => {
            words.next();
            true
        }
        Some(word) if word.starts_with('@') => return Err(format!("unknown marker “{word}”")),
        Some(_) => false,
    };
    let (Some(hosts), Some(kind), Some(blob)) = (words.next(), words.next(), words.next()) else {
        return Err("a line is not complete".to_owned());
    };
    let key =
        PublicKey::from_openssh(&format!("{kind} {blob}")).map_err(|_| "a key cannot be read".to_owned())?;
    Ok(Some(Line {
        revoked,
        hosts: hosts.to_owned(),
        key,
        file: file.to_owned(),
    }))
}

/// The name under which OpenSSH records a host.
fn host_name(host: &str, port: u16) -> String {
    let host = host.to_ascii_lowercase();
    if port == 22 {
        host
    } else {
        format!("[{host}]:{port}")
    }
}

fn names_host(hosts: &str, name: &str) -> bool {
    if let Some(hashed) = hosts.strip_prefix("|1|") {
        return hash_matches(hashed, name).unwrap_or(false);
    }
    let mut matched = false;
    for pattern in hosts.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if wildcard(pattern.to_ascii_lowercase().as_bytes(), name.as_bytes()) => {
                return false;
            }
            Some(_) => {}
            None => matched |= wildcard(pattern.to_ascii_lowercase().as_bytes(), name.as_bytes()),
        }
    }
    matched
}

fn hash_matches(hashed: &str, name: &str) -> Option<bool> {
    let (salt, hash) = hashed.split_once('|')?;
    let mut mac = Hmac::<Sha1>::new_from_slice(&STANDARD.decode(salt).ok()?).ok()?;
    mac.update(name.as_bytes());
    Some(mac.verify_slice(&STANDARD.decode(hash).ok()?).is_ok())
}

/// `*` and `?` as in OpenSSH, in linear time.
pub(crate) fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p) == Some(&b'?') || pattern.get(p) == text.get(t) {
            p += 1;
            t += 1;
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            p = at + 1;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern
        .get(p..)
        .is_none_or(|rest| rest.iter().all(|c| *c == b'*'))
}

#[cfg(test)]
#[path = "known_hosts_tests.rs"]
mod tests;
