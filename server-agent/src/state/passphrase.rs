//! Where the passphrase comes from: a file, standard input, or somebody at the terminal. Never an argument or the environment,
//! which other people of the server can read.

use std::io::{self, BufRead, IsTerminal};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use slipway_protocol::Secret;

use super::why;

/// In characters: whoever has the file can try as often as they like.
const SHORTEST: usize = 12;
/// In bytes.
const LONGEST: u64 = 1024;

#[derive(Clone, Debug, clap::Args)]
pub struct PassphraseFrom {
    /// Read the passphrase from the first line of this file, which nobody else may read.
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_stdin")]
    passphrase_file: Option<PathBuf>,
    /// Read the passphrase from the first line of standard input.
    #[arg(long)]
    passphrase_stdin: bool,
}

impl PassphraseFrom {
    /// Standard input is taken by it.
    pub fn takes_stdin(&self) -> bool {
        self.passphrase_stdin
    }

    /// For a new backup: long enough, and at a terminal asked for twice.
    pub fn choose(&self) -> anyhow::Result<Secret<String>> {
        let passphrase = self.read("Passphrase for the backup, at least 12 characters: ")?;
        if passphrase.expose().chars().count() < SHORTEST {
            bail!(
                "the passphrase is too short: whoever finds the file could try all of that length; take at least \
                 {SHORTEST} characters, for example four words"
            );
        }
        if self.is_asked_for() && self.read("The same once more: ")? != passphrase {
            bail!("the two passphrases differ; nothing was written");
        }
        Ok(passphrase)
    }

    /// Of a backup that is there.
    pub fn tell(&self) -> anyhow::Result<Secret<String>> {
        self.read("Passphrase of the backup: ")
    }

    fn is_asked_for(&self) -> bool {
        self.passphrase_file.is_none() && !self.passphrase_stdin
    }

    fn read(&self, question: &str) -> anyhow::Result<Secret<String>> {
        if let Some(path) = &self.passphrase_file {
            return from_file(path);
        }
        if self.passphrase_stdin {
            return first_line(io::stdin().lock(), "standard input");
        }
        if !io::stderr().is_terminal() {
            bail!(
                "nobody is here to ask for the passphrase; give it with --passphrase-file FILE or --passphrase-stdin"
            );
        }
        let typed = rpassword::prompt_password(question)
            .map_err(|error| anyhow::anyhow!("the passphrase could not be read: {}", error.kind()))?;
        Ok(Secret::new(typed))
    }
}

fn from_file(path: &Path) -> anyhow::Result<Secret<String>> {
    let shown = path.display();
    let file = std::fs::File::open(path)
        .map_err(|error| anyhow::anyhow!("the passphrase file {shown} cannot be read: {}", why(&error)))?;
    let facts = file
        .metadata()
        .with_context(|| format!("cannot look at {shown}"))?;
    if facts.is_file() && facts.mode() & 0o077 != 0 {
        bail!("the passphrase file {shown} can be read by others; run `chmod 600 {shown}` and try again");
    }
    first_line(io::BufReader::new(file), &format!("the passphrase file {shown}"))
}

fn first_line(from: impl BufRead, what: &str) -> anyhow::Result<Secret<String>> {
    let mut bytes = Vec::new();
    // One more than fits tells a longer line.
    from.take(LONGEST + 1)
        .read_until(b'\n', &mut bytes)
        .map_err(|error| anyhow::anyhow!("{what} cannot be read: {}", why(&error)))?;
    while bytes.last().is_some_and(|byte| b"\r\n".contains(byte)) {
        bytes.pop();
    }
    if bytes.is_empty() {
        bail!("{what} is empty; give the passphrase on its first line");
    }
    if bytes.len() as u64 > LONGEST {
        bail!("the first line of {what} is longer than {LONGEST} bytes, so it is no passphrase");
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Secret::new(text)),
        Err(_) => bail!("the first line of {what} is no text, so it is no passphrase"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn from(path: &Path) -> PassphraseFrom {
        PassphraseFrom {
            passphrase_file: Some(path.to_owned()),
            passphrase_stdin: false,
        }
    }

    /// FR-HST-03, NFR-S4: the passphrase is the file's first line; a short one, none, and one that others can read are refused.
    #[test]
    fn a_file_holds_the_passphrase() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        let write = |text: &[u8], mode: u32| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let refused = |word: &str| {
            let error = from(&path).choose().err().unwrap().to_string();
            assert!(error.contains(word), "{error}");
        };
        write(b"four words of mine\r\nnot this\n", 0o600);
        assert!(from(&path).choose().unwrap().expose() == "four words of mine");
        write(b"four words of mine", 0o644);
        refused("chmod 600");
        write(b"short", 0o600);
        refused("too short");
        assert!(from(&path).tell().unwrap().expose() == "short");
        write(b"\n", 0o600);
        refused("empty");
        write(&[b'x'; 2000], 0o600);
        refused("longer");
        write(&[0xff; 20], 0o600);
        refused("no text");
        std::fs::remove_file(&path).unwrap();
        refused("cannot be read");
    }
}
