//! Elixir: a release of Mix.

use regex::Regex;

use super::super::Refusal;
use super::super::bases::Base;
use super::super::dockerfile::{Dockerfile, Start};
use super::super::recipe::Recipe;
use super::super::word::{Version, Word};
use super::{Folder, said};

const IGNORED: [&str; 5] = ["**/.git", "_build", "deps", "**/node_modules", "**/.DS_Store"];

pub fn detect(folder: &Folder) -> Option<Result<Recipe, Refusal>> {
    let files = folder.files;
    let mix = files.read("mix.exs")?;
    let name = Regex::new(r"\bapp:\s*:([a-z][a-z0-9_]*)")
        .ok()
        .and_then(|pattern| Some(pattern.captures(&mix)?.get(1)?.as_str().to_owned()))
        .and_then(|name| Word::parse(&name));
    let Some(name) = name else {
        return Some(Err(Refusal::Incomplete(
            "mix.exs names no application in the form app: :name, so no release of it can be made".to_owned(),
        )));
    };
    let phoenix = mix.contains(":phoenix");
    let assets = mix.contains("\"assets.deploy\"");
    let named = files.read(".elixir-version").or_else(|| {
        let tools = files.read(".tool-versions")?;
        tools
            .lines()
            .find_map(|line| line.strip_prefix("elixir "))
            .map(str::to_owned)
    });
    let version = named.and_then(|text| Version::parse(&text, 2));
    let image = folder.bases.image(Base::Elixir, version.as_ref());
    let start = match &folder.web {
        Some(line) => Start::line(line.clone()),
        None => Start::Program(vec![format!("/app/bin/{name}"), "start".to_owned()]),
    };
    let mut written = Dockerfile::default();
    written
        .from(&image, Some("build"))
        .debian(&["build-essential", "git", "ca-certificates"])
        .line("WORKDIR /src")
        .line("ENV MIX_ENV=prod")
        .line("RUN mix local.hex --force && mix local.rebar --force")
        .copy(if files.has("mix.lock") {
            &["mix.exs", "mix.lock"]
        } else {
            &["mix.exs"]
        })
        .line_if(files.has("config/config.exs"), "COPY config config")
        .line("RUN mix deps.get --only prod && mix deps.compile")
        .line("COPY . .")
        .line("RUN mix compile")
        .line_if(assets, "RUN mix assets.deploy")
        .with("RUN mix release {} --path /out --overwrite", &[&name])
        .from(&image, None)
        .line("WORKDIR /app")
        .line("ENV MIX_ENV=prod LANG=C.UTF-8 PHX_SERVER=true RELEASE_TMP=/tmp")
        .line("COPY --from=build --chown=10001:10001 /out /app")
        .run_as_user(&start);
    let kind = if phoenix { "Phoenix" } else { "Elixir" };
    let found = format!("mix.exs of the application {name}");
    Some(Ok(Recipe::written(
        written,
        said(&[&found], format!("a release of {kind}, on {image}")),
        &IGNORED,
    )))
}
