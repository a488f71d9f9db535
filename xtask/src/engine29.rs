//! A current Docker engine, built from its Go modules: for testing on what most servers run today.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::cache;
use crate::packages::{self, Purpose};
use crate::progress::note;
use crate::run_program::Run;

/// A Go module and the programs of it that the engine consists of.
struct Part {
    module: &'static str,
    version: &'static str,
    programs: &'static [&'static str],
    tags: &'static str,
    cgo: bool,
}

const PARTS: [Part; 3] = [
    Part {
        module: "github.com/moby/moby/v2",
        version: "v2.0.0-beta.24",
        programs: &["cmd/dockerd", "cmd/docker-proxy"],
        tags: "",
        cgo: false,
    },
    Part {
        module: "github.com/containerd/containerd/v2",
        version: "v2.4.2",
        programs: &["cmd/containerd", "cmd/containerd-shim-runc-v2"],
        tags: "no_btrfs",
        cgo: false,
    },
    Part {
        module: "github.com/opencontainers/runc",
        version: "v1.5.2",
        programs: &[""],
        tags: "seccomp",
        cgo: true,
    },
];

/// The folder with the five programs.
pub fn programs() -> Result<PathBuf> {
    let folder = cache::sub("tools/docker-29")?;
    for part in &PARTS {
        for program in part.programs {
            let name = program
                .rsplit('/')
                .next()
                .filter(|name| !name.is_empty())
                .unwrap_or("runc");
            let built = folder.join(name);
            if !built.exists() {
                build(part, program, &built)?;
            }
        }
    }
    Ok(folder)
}

fn build(part: &Part, program: &str, to: &Path) -> Result<()> {
    if !packages::on_path("go") {
        bail!("Docker 29 is built from its Go modules and there is no Go; install Go 1.26 or newer");
    }
    packages::ensure(&[Purpose::Engine29])?;
    note(&format!(
        "building {} of {} {}, once",
        to.display(),
        part.module,
        part.version
    ));
    let folder = tempfile::tempdir()?;
    let go = || {
        Run::new("go")
            .env("CGO_ENABLED", if part.cgo { "1" } else { "0" })
            .env("GOFLAGS", "-mod=mod")
            .dir(folder.path())
    };
    fs::write(
        folder.path().join("go.mod"),
        "module slipway.test/engine\n\ngo 1.26.0\n",
    )?;
    go().args(["get", &format!("{}@{}", part.module, part.version)])
        .quiet()?;
    let path = if program.is_empty() {
        part.module.to_owned()
    } else {
        format!("{}/{program}", part.module)
    };
    let fresh = to.with_extension("part");
    go().args([
        "build",
        "-trimpath",
        "-ldflags",
        "-s -w",
        "-tags",
        part.tags,
        "-o",
    ])
    .arg(&fresh)
    .arg(path)
    .quiet()?;
    Ok(fs::rename(fresh, to)?)
}
