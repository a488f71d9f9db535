//! Go: a static program on an otherwise nearly empty image.

use super::super::Refusal;
use super::super::bases::Base;
use super::super::dockerfile::{Dockerfile, Start};
use super::super::files::Files;
use super::super::recipe::Recipe;
use super::super::word::{Version, Word};
use super::{Folder, said};

const IGNORED: [&str; 2] = ["**/.git", "**/.DS_Store"];

pub fn detect(folder: &Folder) -> Option<Result<Recipe, Refusal>> {
    let files = folder.files;
    let module = files.read("go.mod")?;
    let Some(package) = main_package(files) else {
        return Some(Err(Refusal::Incomplete(
            "go.mod is there, but no package main: neither a file at the top nor exactly one folder below cmd/ has one".to_owned(),
        )));
    };
    let directive = |name: &str| module.lines().find_map(|line| line.trim().strip_prefix(name));
    let version = directive("toolchain go")
        .or_else(|| directive("go "))
        .and_then(|text| Version::parse(text, 2));
    let image = folder.bases.image(Base::Go, version.as_ref());
    let vendored = files.has("vendor/modules.txt");
    let mut written = Dockerfile::default();
    written
        .from(&image, Some("build"))
        .line("WORKDIR /src")
        .line("ENV CGO_ENABLED=0 GOTOOLCHAIN=auto");
    if !vendored && !module.contains("replace ") {
        written.copy(if files.has("go.sum") {
            &["go.mod", "go.sum"]
        } else {
            &["go.mod"]
        });
        written.line("RUN go mod download");
    }
    let plain = folder.bases.image(Base::Plain, None);
    let start = match &folder.web {
        Some(line) => Start::line(line.clone()),
        None => Start::program(&["/app/app"]),
    };
    written
        .line("COPY . .")
        .with("RUN go build -trimpath -ldflags=-s -o /out/app ./{}", &[&package])
        .program_alone(&plain)
        .line("ENV PATH=/app:$PATH")
        .run_as_user(&start);
    let found = format!("the package main in {package}");
    let therefore = format!("Go on {image}, as go.mod says; it runs on {plain}");
    Some(Ok(Recipe::written(
        written,
        said(&["go.mod", &found], therefore),
        &IGNORED,
    )))
}

/// The folder of the program: the top, or the only one below `cmd`.
fn main_package(files: &dyn Files) -> Option<Word> {
    let has_main = |folder: &str| {
        let prefix = if folder == "." {
            String::new()
        } else {
            format!("{folder}/")
        };
        let listed = files.files(if folder == "." { "" } else { folder });
        listed
            .iter()
            .filter(|name| name.ends_with(".go") && !name.ends_with("_test.go"))
            .any(|name| {
                let text = files.read(&format!("{prefix}{name}")).unwrap_or_default();
                text.lines().any(|line| line.trim_end() == "package main")
            })
    };
    if has_main(".") {
        return Word::parse(".");
    }
    let mut programs: Vec<String> = files
        .folders("cmd")
        .into_iter()
        .map(|name| format!("cmd/{name}"))
        .filter(|folder| has_main(folder))
        .collect();
    let server = programs
        .iter()
        .position(|name| name == "cmd/server" || name == "cmd/web");
    match (programs.len(), server) {
        (1, _) => Word::parse(&programs.remove(0)),
        (_, Some(at)) => Word::parse(&programs.remove(at)),
        (_, None) => None,
    }
}
