//! What goes wrong with newer versions, in sentences. What a server wrote is in none of them.

use tauri_plugin_updater::Error;

use super::feed::Feed;

/// Why a version was not found or not taken.
#[derive(Debug)]
pub enum Trouble {
    Updater(Error),
    /// Where it is to be fetched from has no https address.
    Unsafe,
    TooLarge,
    /// The folder of downloads did not take it, as the sentence says.
    NotSaved(String),
    Broken,
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Updater(error)
    }
}

impl Trouble {
    /// While the list of versions was asked.
    pub fn looking(self, feed: &Feed) -> String {
        let host = feed.host();
        match self {
            Self::Updater(Error::Reqwest(error)) if !error.is_decode() => {
                format!(
                    "{host} could not be asked for newer versions: {}; look again later.",
                    way_of(&error)
                )
            }
            Self::Updater(Error::ReleaseNotFound | Error::Network(_)) => {
                format!("{host} has no list of versions; look again later.")
            }
            Self::Updater(Error::TargetNotFound(_) | Error::TargetsNotFound(_)) => {
                format!("{host} has a newer version, and no package of it for this system; look again later.")
            }
            _ => format!("The list of versions of {host} cannot be read; look again later."),
        }
    }

    /// While a version was fetched and put into place. The app that runs stays in each case.
    pub fn taking(self, version: &str, feed: &Feed) -> String {
        let host = feed.host();
        match self {
            Self::Updater(
                Error::Minisign(_)
                | Error::Base64(_)
                | Error::SignatureUtf8(_)
                | Error::SignedVersionMismatch { .. }
                | Error::MissingSignedVersion,
            ) => format!(
                "What {host} offers as version {version} is not signed as that by whoever makes Slipway; it was thrown away. Do not install it by other ways."
            ),
            Self::Updater(Error::Reqwest(error)) => format!(
                "Version {version} could not be fetched: {}; look again later.",
                way_of(&error)
            ),
            Self::Updater(Error::Network(_)) => {
                format!("Version {version} is not where {host} says; look again later.")
            }
            Self::Updater(Error::Io(error)) => format!(
                "Version {version} could not be put into place ({}); make room or get the right to write there, and look again.",
                error.kind()
            ),
            Self::Updater(Error::PreviousAppNotRestored(path)) => format!(
                "Version {version} could not be put into place, and this one lies in {} now; move it back, or install the newer one by hand.",
                path.display()
            ),
            Self::Updater(
                Error::TempDirNotFound | Error::TempDirNotOnSameMountPoint | Error::PackageInstallFailed,
            ) => format!(
                "Version {version} could not be put into place: nothing can be written where this app lies; install it by hand."
            ),
            Self::Unsafe => {
                format!(
                    "{host} offers version {version} at an address that is not https; it was not fetched."
                )
            }
            Self::TooLarge => {
                format!("What {host} offers as version {version} is too large to be it; it was thrown away.")
            }
            Self::NotSaved(sentence) => sentence,
            Self::Updater(_) | Self::Broken => {
                format!(
                    "What {host} offers as version {version} is no package for this system; look again later."
                )
            }
        }
    }
}

fn way_of(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "it does not answer in time"
    } else if error.is_connect() {
        "there is no connection"
    } else {
        "the connection broke off"
    }
}
