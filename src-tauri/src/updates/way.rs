//! How a newer version gets into the place of the one that runs.

use std::path::PathBuf;

use tauri::utils::config::BundleType;
use tauri::utils::platform::bundle_type;

use crate::shell_word::quoted;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The app's own file or folder is replaced by the new one.
    Replace,
    /// The system's package manager put it there, and is to put the next one there too: it knows the version then, and whoever
    /// administers the computer decides.
    Package(Kind),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Deb,
    Rpm,
}

impl Kind {
    pub fn ending(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Rpm => "rpm",
        }
    }

    /// What to type in a terminal to install this file.
    pub fn command(self, path: &str) -> String {
        let program = match self {
            Self::Deb => "sudo apt install",
            Self::Rpm => "sudo rpm --upgrade",
        };
        format!("{program} {}", quoted(path))
    }
}

/// How this app was installed, or the sentence that says why it stays as it is.
pub fn of_this_app() -> Result<Way, String> {
    of(bundle_type(), own_image().is_some())
}

/// Where this app's AppImage lies, if it is one. An AppImage tells the program in it that, and where it is mounted. Programs that another
/// AppImage has started are told the same, and that one is not ours: the mount has to be around this program.
pub fn own_image() -> Option<PathBuf> {
    let (image, mount) = (std::env::var_os("APPIMAGE")?, std::env::var_os("APPDIR")?);
    let program = std::env::current_exe().ok()?;
    let ours = cfg!(target_os = "linux") && !mount.is_empty() && program.starts_with(mount);
    ours.then(|| image.into())
}

fn of(bundle: Option<BundleType>, from_an_image: bool) -> Result<Way, String> {
    match bundle {
        Some(BundleType::Deb) => Ok(Way::Package(Kind::Deb)),
        Some(BundleType::Rpm) => Ok(Way::Package(Kind::Rpm)),
        _ if from_an_image => Ok(Way::Replace),
        Some(BundleType::Msi | BundleType::Nsis | BundleType::App | BundleType::Dmg) => Ok(Way::Replace),
        _ => Err(
            "This app was not installed from a package, so it does not replace itself; build or install a newer one.".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-07: what a package manager has installed is left to it; the others replace themselves; what lies loose stays.
    #[test]
    fn each_installation_has_its_way() {
        assert_eq!(of(Some(BundleType::Deb), true), Ok(Way::Package(Kind::Deb)));
        assert_eq!(of(Some(BundleType::Rpm), false), Ok(Way::Package(Kind::Rpm)));
        assert_eq!(of(Some(BundleType::App), false), Ok(Way::Replace));
        assert_eq!(of(None, true), Ok(Way::Replace));
        assert!(of(None, false).is_err());
        assert_eq!(
            Kind::Deb.command("/home/o'neil/Down loads/slipway-1.deb"),
            r"sudo apt install '/home/o'\''neil/Down loads/slipway-1.deb'"
        );
    }
}
