//! The images that an engine needs: pulled where that works, made from Debian's packages and Go modules where not.
//! Either way they are kept as archives in the cache.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::engine::Engine;
use crate::packages::{self, Purpose};
use crate::progress::note;
use crate::run_program::Run;
use crate::{cache, traefik};

/// An image that the sample, the tests or the agent start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Image {
    Traefik,
    Debian,
    Python,
}

impl Image {
    pub const ALL: [Self; 3] = [Self::Traefik, Self::Debian, Self::Python];

    pub fn name(self) -> &'static str {
        match self {
            Self::Traefik => "traefik:v3.6",
            Self::Debian => "debian:bookworm-slim",
            Self::Python => "python:3.11-slim",
        }
    }
}

/// Sees that the engine has these images.
pub fn ensure(engine: &Engine, images: &[Image]) -> Result<()> {
    for image in images {
        if engine
            .docker()
            .args(["image", "inspect", image.name()])
            .succeeds()
        {
            continue;
        }
        let archive = cache::sub("images")?.join(format!("{}.tar", image.name().replace([':', '/'], "-")));
        if archive.exists() {
            note(&format!("loading {} from the cache", image.name()));
            engine.docker().arg("load").arg("--input").arg(&archive).quiet()?;
            continue;
        }
        if !pulled(engine, *image) {
            make(engine, *image)?;
        }
        let part = archive.with_extension("part");
        engine
            .docker()
            .arg("save")
            .arg("--output")
            .arg(&part)
            .arg(image.name())
            .quiet()?;
        fs::rename(part, archive)?;
    }
    Ok(())
}

fn pulled(engine: &Engine, image: Image) -> bool {
    note(&format!("pulling {}", image.name()));
    engine.docker().args(["pull", "--quiet", image.name()]).succeeds()
}

fn make(engine: &Engine, image: Image) -> Result<()> {
    note(&format!("{} cannot be pulled here; making it", image.name()));
    match image {
        Image::Traefik => traefik_image(engine),
        Image::Debian => debian_image(engine),
        Image::Python => {
            ensure(engine, &[Image::Debian])?;
            python_image(engine)
        }
    }
}

/// The program on an empty file system, as the official image has it on Alpine's.
fn traefik_image(engine: &Engine) -> Result<()> {
    let program = traefik::program()?;
    let root = tempfile::tempdir()?;
    fs::copy(program, root.path().join("traefik"))?;
    fs::create_dir_all(root.path().join("tmp"))?;
    fs::create_dir_all(root.path().join("etc/ssl/certs"))?;
    fs::copy(
        "/etc/ssl/certs/ca-certificates.crt",
        root.path().join("etc/ssl/certs/ca-certificates.crt"),
    )?;
    import(
        engine,
        root.path(),
        Image::Traefik,
        &["ENTRYPOINT [\"/traefik\"]", "EXPOSE 80"],
    )
}

fn debian_image(engine: &Engine) -> Result<()> {
    packages::ensure(&[Purpose::BaseImages])?;
    if !nix::unistd::geteuid().is_root() {
        bail!(
            "{} cannot be pulled, and making it needs root; run this as root once",
            Image::Debian.name()
        );
    }
    let root = tempfile::tempdir()?;
    let tree = root.path().join("tree");
    Run::new(packages::find("debootstrap").unwrap_or_else(|| PathBuf::from("debootstrap")))
        .args(["--variant=minbase", "--include=ca-certificates", "bookworm"])
        .arg(&tree)
        .quiet()?;
    // This machine's own authorities: its way to the registries may lead through a proxy that has one.
    fs::copy(
        "/etc/ssl/certs/ca-certificates.crt",
        tree.join("etc/ssl/certs/ca-certificates.crt"),
    )?;
    for waste in [
        "var/cache/apt/archives",
        "var/lib/apt/lists",
        "usr/share/doc",
        "usr/share/man",
    ] {
        let _ = fs::remove_dir_all(tree.join(waste));
    }
    fs::create_dir_all(tree.join("var/cache/apt/archives/partial"))?;
    fs::create_dir_all(tree.join("var/lib/apt/lists/partial"))?;
    import(engine, &tree, Image::Debian, &["CMD [\"bash\"]"])
}

fn python_image(engine: &Engine) -> Result<()> {
    let folder = tempfile::tempdir()?;
    // As in the official image there is a `python`, and pip may install for the whole system.
    let recipe = "FROM debian:bookworm-slim\n\
        RUN apt-get update && apt-get install --yes --no-install-recommends python3 python3-pip && \
        rm -rf /var/lib/apt/lists/* /usr/lib/python3*/EXTERNALLY-MANAGED && ln -s python3 /usr/bin/python\n\
        CMD [\"python3\"]\n";
    fs::write(folder.path().join("Dockerfile"), recipe)?;
    engine
        .docker()
        .args(["build", "--quiet", "--tag", Image::Python.name()])
        .arg(folder.path())
        .env("DOCKER_BUILDKIT", "0")
        .quiet()?;
    Ok(())
}

fn import(engine: &Engine, tree: &Path, image: Image, changes: &[&str]) -> Result<()> {
    let archive = tempfile::Builder::new().suffix(".tar").tempfile()?;
    Run::new("tar")
        .arg("--create")
        .arg("--file")
        .arg(archive.path())
        .arg("--directory")
        .arg(tree)
        .arg(".")
        .quiet()?;
    let mut docker = engine.docker().arg("import");
    for change in changes {
        docker = docker.args(["--change", change]);
    }
    docker.arg(archive.path()).arg(image.name()).quiet()?;
    Ok(())
}
