//! .NET: the one web project of the folder.

use regex::Regex;

use super::super::Refusal;
use super::super::bases::Base;
use super::super::dockerfile::{Dockerfile, Start};
use super::super::files::Files;
use super::super::recipe::Recipe;
use super::super::word::{Version, Word};
use super::{Folder, said};

const IGNORED: [&str; 4] = ["**/.git", "**/bin", "**/obj", "**/.DS_Store"];

pub fn detect(folder: &Folder) -> Option<Result<Recipe, Refusal>> {
    let files = folder.files;
    let projects = projects(files);
    if projects.is_empty() {
        return None;
    }
    let web: Vec<&String> = projects
        .iter()
        .filter(|path| {
            files
                .read(path)
                .is_some_and(|text| text.contains("Microsoft.NET.Sdk.Web"))
        })
        .collect();
    let chosen = match (web.as_slice(), projects.as_slice()) {
        ([one], _) => (*one).clone(),
        ([], [one]) => one.clone(),
        ([], _) | ([_, _, ..], _) => {
            return Some(Err(Refusal::Incomplete(
                "the folder has several .NET projects; set the application's folder to the one that serves"
                    .to_owned(),
            )));
        }
    };
    let (project, name) = (Word::parse(&chosen), Word::parse(project_name(&chosen)));
    let (Some(project), Some(name)) = (project, name) else {
        return Some(Err(Refusal::Incomplete(
            "the name of the .NET project has characters that are not supported; use letters, digits, - _ and .".to_owned(),
        )));
    };
    let text = files.read(&chosen).unwrap_or_default();
    let framework = Regex::new(r"<TargetFrameworks?>\s*net(\d+\.\d+)").ok();
    let version = framework
        .and_then(|pattern| Some(pattern.captures(&text)?.get(1)?.as_str().to_owned()))
        .and_then(|text| Version::parse(&text, 2));
    let (sdk, runtime) = (
        folder.bases.image(Base::DotnetSdk, version.as_ref()),
        folder.bases.image(Base::Dotnet, version.as_ref()),
    );
    let start = match &folder.web {
        Some(line) => Start::line(line.clone()),
        None => Start::line(format!("exec dotnet /app/{name}.dll --urls http://0.0.0.0:$PORT")),
    };
    let mut written = Dockerfile::default();
    written
        .from(&sdk, Some("build"))
        .line("WORKDIR /src")
        .line("ENV DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1")
        .line("COPY . .")
        .with(
            "RUN dotnet publish {} --configuration Release --output /out",
            &[&project],
        )
        .from(&runtime, None)
        .line("WORKDIR /app")
        .line("COPY --from=build --chown=10001:10001 /out /app")
        .run_as_user(&start);
    let found = format!("the project {project}");
    let therefore = format!(".NET on {sdk}; it runs on {runtime}");
    Some(Ok(Recipe::written(written, said(&[&found], therefore), &IGNORED)))
}

/// Projects at the top and one folder below.
fn projects(files: &dyn Files) -> Vec<String> {
    let is_project = |name: &String| {
        [".csproj", ".fsproj", ".vbproj"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    let top = files.files("").into_iter().filter(is_project);
    let below = files.folders("").into_iter().flat_map(|folder| {
        let listed = files.files(&folder).into_iter().filter(is_project);
        listed.map(|name| format!("{folder}/{name}")).collect::<Vec<_>>()
    });
    top.chain(below).collect()
}

fn project_name(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.rsplit_once('.').map_or(file, |(name, _)| name)
}
