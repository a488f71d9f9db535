//! The window's files in `ui/dist`: the wasm program with its glue, the styles, the fonts. All that the desktop shell embeds.

use std::collections::HashMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::read::GzDecoder;
use sha2::{Digest, Sha512};
use wasm_bindgen_cli_support::Bindgen;

use crate::run_program::Run;
use crate::{cache, packages, used_styles, wasm};

/// A file of a package in npm's registry.
struct Asset {
    package: &'static str,
    version: &'static str,
    /// The registry's own checksum of the package's archive.
    sha512: &'static str,
    /// The files in the archive, and the one in `dist` that holds them, one after the other.
    files: &'static [&'static str],
    to: &'static str,
    /// A place in the file, which stands there once, and what stands there instead.
    edit: Option<(&'static str, &'static str)>,
}

/// The app freezes what all objects inherit from, and then nothing can be given a `toString` by an assignment.
const XTERM_EDIT: (&str, &str) = (
    "o.toString=s;",
    "Object.defineProperty(o,\"toString\",{value:s});",
);
const XTERM: Asset = Asset {
    package: "@xterm/xterm",
    version: "6.0.0",
    sha512: "TQwDdQGtwwDt+2cgKDLn0IRaSxYu1tSUjgKarSDkUM0ZNiSRXFpjxEsvc/Zgc5kq5omJ+V0a8/kIM2WD3sMOYg==",
    files: &["package/lib/xterm.mjs"],
    to: "xterm.mjs",
    edit: Some(XTERM_EDIT),
};

/// Of it goes into the window what is used of it.
const LIBRARY: &str = "patternfly.css";
/// What the window's pages are made of. The whole library has three times as many rules, and the webview keeps each in memory.
const PATTERNFLY: [&str; 11] = [
    "package/patternfly-base.css",
    "package/components/Alert/alert.css",
    "package/components/Button/button.css",
    "package/components/Card/card.css",
    "package/components/EmptyState/empty-state.css",
    "package/components/Form/form.css",
    "package/components/FormControl/form-control.css",
    "package/components/Spinner/spinner.css",
    "package/components/Table/table.css",
    "package/components/Table/table-grid.css",
    "package/components/Tabs/tabs.css",
];

/// Where the system's language is “C”, a webview says so and refuses to format numbers for it. The window writes its numbers itself.
const UPLOT_EDIT: (&str, &str) = (
    "new Intl.NumberFormat(domEnv ? nav.language : 'en-US')",
    "new Intl.NumberFormat('en-US')",
);
const UPLOT: Asset = Asset {
    package: "uplot",
    version: "1.6.32",
    sha512: "KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==",
    files: &["package/dist/uPlot.esm.js"],
    to: "uplot.mjs",
    edit: Some(UPLOT_EDIT),
};

const ASSETS: [Asset; 9] = [
    Asset {
        package: "@patternfly/patternfly",
        version: "6.5.2",
        sha512: "yZ71+1gt1VGzUN5amjDNd9NvttTnSOm9M0JeBL0YX1KaWXW1bmDPzTWEM+vQXuC4LVK0msHmR5hKB7KVpamAkA==",
        files: &PATTERNFLY,
        to: LIBRARY,
        edit: None,
    },
    Asset {
        package: "@fontsource-variable/inter",
        version: "5.3.0",
        sha512: "OupL48va4JNofb97w6NYeF9S7W/kHNKM0Er8Dem5nqi4jeOLrVJDoE8tZEpnMJmtkvNbB1EIPPwHcdkF6b1oUA==",
        files: &["package/files/inter-latin-wght-normal.woff2"],
        to: "fonts/inter.woff2",
        edit: None,
    },
    Asset {
        package: "@fontsource/jetbrains-mono",
        version: "5.3.0",
        sha512: "fqDfB5I9f1p1TV486aUgB9t8zP84P0O1FtQR5Ol9vjwPy+S+EIGlVYm1cvj2W5shcZMTg2nZFdVMoH5wFu8a1A==",
        files: &["package/files/jetbrains-mono-latin-400-normal.woff2"],
        to: "fonts/jetbrains-mono.woff2",
        edit: None,
    },
    XTERM,
    Asset {
        files: &["package/css/xterm.css"],
        to: "xterm.css",
        edit: None,
        ..XTERM
    },
    Asset {
        package: "@xterm/addon-fit",
        version: "0.11.0",
        sha512: "jYcgT6xtVYhnhgxh3QgYDnnNMYTcf8ElbxxFzX0IZo+vabQqSPAjC3c1wJrKB5E19VwQei89QCiZZP86DCPF7g==",
        files: &["package/lib/addon-fit.mjs"],
        to: "addon-fit.mjs",
        edit: None,
    },
    Asset {
        package: "@xterm/addon-search",
        version: "0.16.0",
        sha512: "9OeuBFu0/uZJPu+9AHKY6g/w0Czyb/Ut0A5t79I4ULoU4IfU5BEpPFVGQxP4zTTMdfZEYkVIRYbHBX1xWwjeSA==",
        files: &["package/lib/addon-search.mjs"],
        to: "addon-search.mjs",
        edit: None,
    },
    UPLOT,
    Asset {
        files: &["package/dist/uPlot.min.css"],
        to: "uplot.css",
        edit: None,
        ..UPLOT
    },
];

/// Files of the window's own that are put beside those as they are.
const OWN: [(&str, &str); 2] = [("index.html", "index.html"), ("src/theme.mjs", "theme.mjs")];

/// Where the shell's build expects the files.
fn dist() -> PathBuf {
    cache::workspace().join("ui/dist")
}

/// For whom the window is built: the profile in the workspace's `Cargo.toml`.
#[derive(Clone, Copy)]
pub enum Profile {
    /// For those who build it again and again.
    Quick,
    /// For those who use it: smaller by a quarter, after minutes more.
    Packed,
}

impl Profile {
    fn name(self) -> &'static str {
        match self {
            Self::Quick => "window",
            Self::Packed => "packed-window",
        }
    }
}

/// Builds the window and puts its files in place. Files that did not change are left untouched, so that the shell is
/// not built again for nothing.
pub fn build(profile: Profile) -> Result<()> {
    let environment = wasm::environment()?;
    Run::new("cargo")
        .args([
            "build",
            "--locked",
            "--package",
            "slipway-ui",
            "--profile",
            profile.name(),
            "--target",
            wasm::TARGET,
        ])
        .envs(&environment)
        .dir(&cache::workspace())
        .shown()?;
    let built = cache::target().join(wasm::TARGET).join(profile.name());
    let program = built.join("slipway-ui.wasm");
    let fresh = tempfile::tempdir()?;
    let mut glue = Bindgen::new();
    glue.input_path(&program)
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .omit_default_module_path(false);
    glue.web(true)?.generate(fresh.path())?;
    let ui = cache::workspace().join("ui");
    for asset in &ASSETS {
        let mut bytes = asset_bytes(asset)?;
        if asset.to == LIBRARY {
            let mut sources = Vec::new();
            texts(&ui.join("src"), &mut sources)?;
            texts(&ui.join("styles"), &mut sources)?;
            bytes = used_styles::of(&String::from_utf8(bytes)?, &sources)?.into_bytes();
        }
        put(&fresh.path().join(asset.to), &bytes)?;
    }
    for (file, to) in OWN {
        put(&fresh.path().join(to), &fs::read(ui.join(file))?)?;
    }
    put(
        &fresh.path().join("styles.css"),
        styles(&ui.join("styles"))?.as_bytes(),
    )?;
    replace(fresh.path(), &dist())
}

/// Clippy over the window's crate, as it is built for the window. Debian's compiler for the web comes without clippy; there, clippy over the
/// whole workspace, which sees that crate as built for this machine, has to do.
pub fn lint() -> Result<()> {
    if !wasm::environment()?.is_empty() {
        return Ok(());
    }
    Run::new("cargo")
        .args(["clippy", "--locked", "--package", "slipway-ui"])
        .args(["--target", wasm::TARGET])
        .args(["--", "-D", "warnings"])
        .dir(&cache::workspace())
        .shown()
}

/// All style sheets in the order of their names.
fn styles(folder: &Path) -> Result<String> {
    let mut files = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    files.retain(|path| path.extension().is_some_and(|kind| kind == "css"));
    files.sort();
    let mut sheets = Vec::new();
    for file in &files {
        let sheet = fs::read_to_string(file)?;
        // An open block would take the next sheet's rules with it, without a word from anybody.
        if sheet.matches('{').count() != sheet.matches('}').count() {
            bail!("{} has a block that is not closed", file.display());
        }
        sheets.push(sheet);
    }
    Ok(sheets.join("\n"))
}

/// All files of a folder and those below it.
fn texts(folder: &Path, found: &mut Vec<String>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            texts(&path, found)?;
        } else {
            found.push(
                fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?,
            );
        }
    }
    Ok(())
}

fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes).with_context(|| format!("{} cannot be written", path.display()))
}

fn replace(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            replace(&entry.path(), &target)?;
            continue;
        }
        let bytes = fs::read(entry.path())?;
        if fs::read(&target).ok().as_deref() != Some(&bytes) {
            put(&target, &bytes)?;
        }
    }
    Ok(())
}

/// The asset's files, from the cache or from npm's registry; the archive's checksum is compared either way.
fn asset_bytes(asset: &Asset) -> Result<Vec<u8>> {
    let name = asset.package.rsplit('/').next().unwrap_or(asset.package);
    let archive = cache::sub("npm")?.join(format!("{name}-{}.tgz", asset.version));
    let bytes = match fs::read(&archive) {
        Ok(bytes) if is_genuine(asset, &bytes) => bytes,
        _ => download(asset, name, &archive)?,
    };
    let mut found: HashMap<String, Vec<u8>> = HashMap::new();
    let mut entries = tar::Archive::new(GzDecoder::new(bytes.as_slice()));
    for entry in entries.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.to_string_lossy().into_owned();
        if asset.files.contains(&path.as_str()) {
            entry.read_to_end(found.entry(path).or_default())?;
        }
    }
    let mut content = Vec::new();
    for file in asset.files {
        let Some(part) = found.get(*file) else {
            bail!("{} has no file {file}", archive.display());
        };
        if !content.is_empty() {
            content.push(b'\n');
        }
        content.extend_from_slice(part);
    }
    match asset.edit {
        Some(edit) => edited(content, edit).with_context(|| format!("{} is not what was expected", asset.to)),
        None => Ok(content),
    }
}

fn edited(content: Vec<u8>, (from, to): (&str, &str)) -> Result<Vec<u8>> {
    let text = String::from_utf8(content)?;
    match text.matches(from).count() {
        1 => Ok(text.replacen(from, to, 1).into_bytes()),
        count => bail!("“{from}” stands in it {count} times instead of once"),
    }
}

fn download(asset: &Asset, name: &str, archive: &Path) -> Result<Vec<u8>> {
    packages::ensure(&[packages::Purpose::Build])?;
    let url = format!(
        "https://registry.npmjs.org/{}/-/{name}-{}.tgz",
        asset.package, asset.version
    );
    let part = archive.with_extension("part");
    Run::new("curl")
        .args([
            "--fail",
            "--silent",
            "--show-error",
            "--location",
            "--retry",
            "3",
            "--max-time",
            "120",
            "--output",
        ])
        .arg(&part)
        .arg(&url)
        .quiet()?;
    let bytes = fs::read(&part)?;
    if !is_genuine(asset, &bytes) {
        bail!("{url} is not what it was when its checksum was written down; nothing was used of it");
    }
    fs::rename(&part, archive)?;
    Ok(bytes)
}

fn is_genuine(asset: &Asset, bytes: &[u8]) -> bool {
    BASE64.encode(Sha512::digest(bytes)) == asset.sha512
}
