//! What is in a folder, and how that is built: a pure function from a view of the folder to a recipe.
//!
//! Languages are asked one after the other, the most telling first. Each says in the log what it found and why it decided
//! as it did. Dependencies are installed before the rest of the source is copied, so that they come from the cache as long
//! as they stay the same; what runs is not root and listens on `$PORT`.

mod deno;
mod dotnet;
mod elixir;
mod go;
mod java;
mod node;
mod package_json;
mod php;
mod procfile;
mod python;
mod python_app;
mod ruby;
mod rust;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;

use super::Refusal;
use super::bases::Bases;
use super::files::Files;
use super::recipe::Recipe;
use super::static_site;

/// What a language is given.
pub struct Folder<'a> {
    pub files: &'a dyn Files,
    pub bases: &'a Bases,
    /// The line for `web` in a Procfile.
    pub web: Option<String>,
}

/// `None`: the folder is none of this language.
type Language = fn(&Folder) -> Option<Result<Recipe, Refusal>>;

/// In this order: a Rails or Phoenix or Laravel application has a package.json for its assets too.
const LANGUAGES: [Language; 10] = [
    ruby::detect,
    elixir::detect,
    php::detect,
    python::detect,
    go::detect,
    rust::detect,
    java::detect,
    dotnet::detect,
    deno::detect,
    node::detect,
];

pub fn detect(files: &dyn Files, bases: &Bases) -> Result<Recipe, Refusal> {
    let folder = Folder {
        files,
        bases,
        web: procfile::web(files),
    };
    if let Some(found) = LANGUAGES.iter().find_map(|language| language(&folder)) {
        return found;
    }
    if files.has("index.html") {
        return static_site::of_folder(files, bases, false);
    }
    Err(Refusal::NothingRecognised)
}

/// The lines for the log: what was found and what follows from it.
fn said(found: &[&str], therefore: String) -> Vec<String> {
    vec![
        format!("There is no Dockerfile. Found {}", found.join(", ")),
        format!("Therefore: {therefore}"),
    ]
}
