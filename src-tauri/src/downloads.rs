//! Files that the app makes for the person: new ones in the folder of downloads, never in place of another.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use slipway_protocol::desktop::{Failure, FailureKind};
use tauri::{AppHandle, Manager};

use crate::failures::Refusal;

/// Writes this to a new file; gives its path.
pub fn write(
    app: &AppHandle,
    name: &str,
    ending: &str,
    content: impl AsRef<[u8]>,
) -> Result<String, Refusal> {
    let folder = app.path().download_dir().or_else(|_| app.path().home_dir());
    let folder = folder.map_err(|error| refused(&error))?;
    write_in(folder, name, ending, content.as_ref())
}

fn write_in(folder: PathBuf, name: &str, ending: &str, content: &[u8]) -> Result<String, Refusal> {
    std::fs::create_dir_all(&folder).map_err(|error| refused(&error))?;
    for number in 1..1000 {
        let path = folder.join(format!("{name}-{number}.{ending}"));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        private(&mut options);
        match options.open(&path) {
            Ok(mut file) => {
                if let Err(error) = file.write_all(content) {
                    // A part of it would be taken for the whole.
                    let _ = std::fs::remove_file(&path);
                    return Err(refused(&error));
                }
                return Ok(path.display().to_string());
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(refused(&error)),
        }
    }
    Err(refused(&"there are a thousand of them already"))
}

fn refused(reason: &dyn std::fmt::Display) -> Refusal {
    let sentence = format!(
        "The file could not be written to the folder of downloads: {reason}; make room there and try again."
    );
    Failure::new(FailureKind::App, sentence).into()
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn private(_: &mut OpenOptions) {}
