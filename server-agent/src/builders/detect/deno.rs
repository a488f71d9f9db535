//! Deno.

use serde_json::Value;

use super::super::Refusal;
use super::super::bases::Base;
use super::super::dockerfile::{Dockerfile, Start};
use super::super::files::first;
use super::super::recipe::Recipe;
use super::{Folder, said};

const IGNORED: [&str; 3] = ["**/.git", "**/node_modules", "**/.DS_Store"];

pub fn detect(folder: &Folder) -> Option<Result<Recipe, Refusal>> {
    let files = folder.files;
    let manifest = first(files, &["deno.json", "deno.jsonc"])?;
    let value: Value = serde_json::from_str(&files.read(manifest).unwrap_or_default()).unwrap_or_default();
    let file = first(files, &["main.ts", "server.ts", "main.js", "server.js", "mod.ts"]);
    let (why, start) = match (&folder.web, value["tasks"]["start"].is_string(), file) {
        (Some(line), _, _) => (
            "a Procfile with a line for web".to_owned(),
            Start::line(line.clone()),
        ),
        (None, true, _) => (
            "a task \"start\"".to_owned(),
            Start::program(&["deno", "task", "start"]),
        ),
        (None, false, Some(file)) => (
            format!("the file {file}"),
            Start::program(&["deno", "run", "--allow-all", file]),
        ),
        (None, false, None) => {
            return Some(Err(Refusal::Incomplete(format!(
                "{manifest} has no task \"start\" and there is no main.ts, so nothing says how it starts"
            ))));
        }
    };
    let image = folder.bases.image(Base::Deno, None);
    let mut written = Dockerfile::default();
    written
        .from(&image, None)
        .line("WORKDIR /app")
        .line("ENV DENO_DIR=/app/.deno")
        .line("COPY --chown=10001:10001 . .");
    if let Some(file) = file.and_then(super::super::word::Word::parse) {
        written.with("RUN deno cache {} && chown -R 10001:10001 /app", &[&file]);
    }
    written.run_as_user(&start);
    let found = format!("{manifest} with {why}");
    Some(Ok(Recipe::written(
        written,
        said(&[&found], format!("Deno on {image}")),
        &IGNORED,
    )))
}
