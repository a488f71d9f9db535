//! Rust: the package's program on an otherwise nearly empty image.

use super::super::Refusal;
use super::super::bases::Base;
use super::super::dockerfile::{Dockerfile, Start};
use super::super::files::Files;
use super::super::recipe::Recipe;
use super::super::word::{Version, Word};
use super::{Folder, said};

const IGNORED: [&str; 3] = ["**/.git", "**/target", "**/.DS_Store"];

pub fn detect(folder: &Folder) -> Option<Result<Recipe, Refusal>> {
    let files = folder.files;
    let text = files.read("Cargo.toml")?;
    let Ok(manifest) = toml::from_str::<toml::Value>(&text) else {
        return Some(Err(Refusal::Incomplete(
            "Cargo.toml is no valid TOML, so it cannot be built".to_owned(),
        )));
    };
    let Some(program) = program(files, &manifest) else {
        return Some(Err(Refusal::Incomplete(
            "Cargo.toml names no single program: set default-run, or choose the folder of one package"
                .to_owned(),
        )));
    };
    // `rust-version` names the oldest that works, and a newer one does as well.
    let version = toolchain(files);
    let image = folder.bases.image(Base::Rust, version.as_ref());
    let locked = files.has("Cargo.lock");
    let mut written = Dockerfile::default();
    written.from(&image, Some("build")).line("WORKDIR /src");
    if locked && is_simple(files, &manifest) {
        written
            .copy(&["Cargo.toml", "Cargo.lock"])
            .line("RUN mkdir src && echo 'fn main() {}' > src/main.rs && cargo build --release --locked && rm -rf src");
    }
    let plain = folder.bases.image(Base::Plain, None);
    let start = match &folder.web {
        Some(line) => Start::line(line.clone()),
        None => Start::program(&["/app/app"]),
    };
    written
        .line("COPY . .")
        .line_if(files.has("src/main.rs"), "RUN touch src/main.rs")
        .with(
            if locked {
                "RUN cargo build --release --locked --bin {} && mkdir /out && cp target/release/{} /out/app"
            } else {
                "RUN cargo build --release --bin {} && mkdir /out && cp target/release/{} /out/app"
            },
            &[&program, &program],
        )
        .program_alone(&plain)
        .run_as_user(&start);
    let found = format!("the program {program}");
    let therefore = format!("Rust on {image}; it runs on {plain}");
    Some(Ok(Recipe::written(
        written,
        said(&["Cargo.toml", &found], therefore),
        &IGNORED,
    )))
}

fn program(files: &dyn Files, manifest: &toml::Value) -> Option<Word> {
    let package = manifest.get("package")?;
    let text = |value: Option<&toml::Value>| value.and_then(toml::Value::as_str).and_then(Word::parse);
    if let Some(named) = text(package.get("default-run")) {
        return Some(named);
    }
    let programs = manifest.get("bin").and_then(toml::Value::as_array);
    match programs.map(Vec::as_slice) {
        Some([one]) => text(one.get("name")),
        Some([_, _, ..]) => None,
        Some([]) | None => {
            let own = files.has("src/main.rs");
            own.then(|| text(package.get("name")))?
        }
    }
}

fn toolchain(files: &dyn Files) -> Option<Version> {
    if let Some(text) = files.read("rust-toolchain.toml") {
        let value: toml::Value = toml::from_str(&text).ok()?;
        return Version::parse(value.get("toolchain")?.get("channel")?.as_str()?, 2);
    }
    Version::parse(&files.read("rust-toolchain")?, 2)
}

/// One package by itself: its dependencies can be compiled before its source is there.
fn is_simple(files: &dyn Files, manifest: &toml::Value) -> bool {
    let local = |table: Option<&toml::Value>| {
        table
            .and_then(toml::Value::as_table)
            .is_some_and(|entries| entries.values().any(|entry| entry.get("path").is_some()))
    };
    let own = ["workspace", "lib", "bin"]
        .iter()
        .all(|part| manifest.get(*part).is_none());
    own && files.has("src/main.rs")
        && !files.has("src/lib.rs")
        && !files.has("build.rs")
        && files.files("src/bin").is_empty()
        && files
            .folders("")
            .iter()
            .all(|name| !matches!(name.as_str(), "benches" | ".cargo"))
        && !local(manifest.get("dependencies"))
        && !local(manifest.get("build-dependencies"))
        && !local(manifest.get("dev-dependencies"))
}
