//! The list of versions that installed apps look at, made from a version's packages and their signatures: `cargo xtask update-feed`.
//!
//! Its form is that of Tauri's updater (<https://v2.tauri.app/plugin/updater/#static-json-file>).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::progress::note;

const LIST: &str = "latest.json";

#[derive(clap::Args)]
pub struct FeedArguments {
    /// The folder of the packages, each with its signature `….sig` beside it.
    folder: PathBuf,
    /// The version that they are of.
    version: String,
    /// Where they will lie, as the beginning of their addresses.
    base: String,
}

/// Writes `latest.json` beside the packages.
pub fn write(arguments: &FeedArguments) -> Result<()> {
    let mut packages = Vec::new();
    for entry in fs::read_dir(&arguments.folder).with_context(|| format!("{}", arguments.folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "sig") {
            packages.push(signed(&path)?);
        }
    }
    packages.sort();
    for (name, signature) in &packages {
        check(name, signature, &arguments.version)?;
    }
    let list = list(&arguments.version, &arguments.base, &packages)?;
    let path = arguments.folder.join(LIST);
    fs::write(&path, list).with_context(|| format!("{} cannot be written", path.display()))?;
    note(&format!("{} names {} packages", path.display(), packages.len()));
    Ok(())
}

/// A package's name and its signature.
fn signed(signature: &Path) -> Result<(String, String)> {
    let package = signature.with_extension("");
    if !package.is_file() {
        bail!("{} is of a package that is not there", signature.display());
    }
    let name = package.file_name().unwrap_or_default().to_string_lossy();
    let text = fs::read_to_string(signature)?;
    Ok((name.into_owned(), text.trim().to_owned()))
}

/// Apps take a package only as the version that its signature names; Tauri writes that into the comment that is signed too (minisign's
/// text, in base64).
fn check(name: &str, signature: &str, version: &str) -> Result<()> {
    let text = STANDARD.decode(signature).ok();
    let text = text
        .and_then(|text| String::from_utf8(text).ok())
        .unwrap_or_default();
    let comment = text
        .lines()
        .find_map(|line| line.strip_prefix("trusted comment: "));
    let signed =
        comment.and_then(|comment| comment.split('\t').find_map(|part| part.strip_prefix("version:")));
    match signed {
        Some(signed) if signed == version.trim_start_matches('v') => Ok(()),
        Some(signed) => bail!("{name} is signed as version {signed}, and the list is of {version}"),
        None => bail!("the signature of {name} names no version; apps would refuse it"),
    }
}

fn list(version: &str, base: &str, packages: &[(String, String)]) -> Result<String> {
    if packages.is_empty() {
        bail!("no package has a signature; name a folder with packages and their .sig files");
    }
    if !base.starts_with("https://") {
        bail!("{base} is no https address; apps fetch packages from nowhere else");
    }
    let mut platforms = Map::new();
    for (name, signature) in packages {
        let Some(platform) = platform(name) else {
            bail!("{name} is no package that apps replace themselves with");
        };
        let package =
            json!({ "url": format!("{}/{name}", base.trim_end_matches('/')), "signature": signature });
        if platforms.insert(platform.to_owned(), package).is_some() {
            bail!("there are two packages for {platform}; leave one");
        }
    }
    let list = json!({ "version": version.trim_start_matches('v'), "platforms": Value::Object(platforms) });
    Ok(format!("{list:#}\n"))
}

/// What the updater calls the system that a package is for, by the names that Tauri gives to packages.
fn platform(name: &str) -> Option<&'static str> {
    let ends = |ending: &str| name.ends_with(ending);
    if ends("_amd64.deb") {
        Some("linux-x86_64-deb")
    } else if ends(".x86_64.rpm") {
        Some("linux-x86_64-rpm")
    } else if ends("_amd64.AppImage") {
        Some("linux-x86_64-appimage")
    } else if ends(".app.tar.gz") {
        Some("darwin-aarch64-app")
    } else if ends(".msi") {
        Some("windows-x86_64-msi")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Vec<(String, String)> {
        names
            .iter()
            .map(|name| ((*name).to_owned(), "c2ln".to_owned()))
            .collect()
    }

    /// FR-DSK-07: each package is named for the app that it replaces; what nobody could verify or fetch is not named at all.
    #[test]
    fn the_list_names_each_package() {
        let packages = named(&[
            "Slipway_0.2.0_amd64.deb",
            "Slipway-0.2.0-1.x86_64.rpm",
            "Slipway.app.tar.gz",
        ]);
        let text = list("v0.2.0", "https://example.org/v0.2.0/", &packages).unwrap();
        let list_of: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(list_of["version"], "0.2.0");
        let deb = &list_of["platforms"]["linux-x86_64-deb"];
        assert_eq!(deb["url"], "https://example.org/v0.2.0/Slipway_0.2.0_amd64.deb");
        assert_eq!(deb["signature"], "c2ln");
        assert!(list("0.2.0", "http://example.org", &packages).is_err());
        assert!(list("0.2.0", "https://example.org", &[]).is_err());
        assert!(list("0.2.0", "https://example.org", &named(&["SHA256SUMS"])).is_err());
        let twice = named(&["a_amd64.deb", "b_amd64.deb"]);
        assert!(list("0.2.0", "https://example.org", &twice).is_err());
    }

    /// FR-DSK-07: a list of one version never leads to packages of another, which every app would refuse.
    #[test]
    fn a_package_is_of_the_lists_version() {
        let signed =
            |comment: &str| STANDARD.encode(format!("untrusted comment: x\nRWQ=\n{comment}\nAAAA\n"));
        let good = signed("trusted comment: timestamp:1\tfile:a.deb\tversion:0.2.0");
        assert!(check("a.deb", &good, "v0.2.0").is_ok());
        assert!(check("a.deb", &good, "0.2.1").is_err());
        assert!(
            check(
                "a.deb",
                &signed("trusted comment: timestamp:1\tfile:a.deb"),
                "0.2.0"
            )
            .is_err()
        );
        assert!(check("a.deb", "nonsense", "0.2.0").is_err());
    }
}
