//! Traefik's program where its image cannot be pulled: built from its Go module, once.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cache;
use crate::progress::note;
use crate::run_program::Run;

pub const VERSION: &str = "3.6.25";
const MODULE: &str = "github.com/traefik/traefik/v3";

/// The built program.
pub fn program() -> Result<PathBuf> {
    let built = cache::sub("tools")?.join(format!("traefik-{VERSION}"));
    if !built.exists() {
        if !crate::packages::on_path("go") {
            bail!(
                "Traefik's image cannot be pulled and there is no Go to build it with; install Go 1.26 or newer"
            );
        }
        note(&format!(
            "building Traefik {VERSION} from its Go module; this takes some minutes, once"
        ));
        build(&built)?;
    }
    Ok(built)
}

/// A module of our own that requires Traefik with the replacements that Traefik's own build makes: `go install`
/// refuses a module that has any.
fn build(to: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let go = || {
        Run::new("go")
            .env("CGO_ENABLED", "0")
            .env("GOFLAGS", "-mod=mod")
            .dir(folder.path())
    };
    fs::write(
        folder.path().join("go.mod"),
        "module slipway.test/traefik\n\ngo 1.26.0\n",
    )?;
    let described = go()
        .args(["mod", "download", "-json", &format!("{MODULE}@v{VERSION}")])
        .quiet()?;
    let described: Value = serde_json::from_str(&described)?;
    let source = described["Dir"]
        .as_str()
        .context("go names no folder of the module")?;
    let theirs = fs::read_to_string(Path::new(source).join("go.mod"))?;
    fs::write(folder.path().join("go.mod"), module(&theirs))?;
    fs::copy(Path::new(source).join("go.sum"), folder.path().join("go.sum"))?;
    let part = to.with_extension("part");
    go().args(["build", "-trimpath", "-ldflags"])
        .arg(format!("-s -w -X {MODULE}/pkg/version.Version={VERSION}"))
        .arg("-o")
        .arg(&part)
        .arg(format!("{MODULE}/cmd/traefik"))
        .quiet()?;
    Ok(fs::rename(part, to)?)
}

/// Our `go.mod`: Traefik's language version and replacements, and Traefik as what is required.
fn module(theirs: &str) -> String {
    let go = theirs
        .lines()
        .find(|line| line.starts_with("go "))
        .unwrap_or("go 1.26.0");
    let replacements = theirs.lines().filter(|line| line.contains(" => "));
    let replacements: Vec<&str> = replacements
        .map(|line| line.trim().trim_start_matches("replace "))
        .collect();
    format!(
        "module slipway.test/traefik\n\n{go}\n\nrequire {MODULE} v{VERSION}\n\nreplace (\n\t{}\n)\n",
        replacements.join("\n\t")
    )
}
