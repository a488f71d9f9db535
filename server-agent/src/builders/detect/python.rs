//! Python: dependencies from requirements.txt, Poetry, uv, Pipenv or pyproject.toml, in a virtual environment.

use super::super::Refusal;
use super::super::bases::Base;
use super::super::dockerfile::Dockerfile;
use super::super::files::{Files, first};
use super::super::range::choose;
use super::super::recipe::Recipe;
use super::super::word::Version;
use super::{Folder, python_app, said};

/// The first is the one that is taken where the folder names none.
const KNOWN: [&str; 7] = ["3.13", "3.14", "3.12", "3.11", "3.10", "3.9", "3.8"];
const IGNORED: [&str; 7] = [
    "**/.git",
    "**/__pycache__",
    "**/*.pyc",
    "**/.venv",
    "**/venv",
    "**/.pytest_cache",
    "**/.DS_Store",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Installer {
    Uv,
    Poetry,
    Pipenv,
    Requirements,
    Project,
    /// Files of Python without any list of dependencies.
    Nothing,
}

impl Installer {
    fn of(files: &dyn Files, project: &str) -> Option<Self> {
        if files.has("uv.lock") {
            Some(Self::Uv)
        } else if files.has("poetry.lock") || project.contains("[tool.poetry]") {
            Some(Self::Poetry)
        } else if files.has("requirements.txt") {
            Some(Self::Requirements)
        } else if files.has("Pipfile") {
            Some(Self::Pipenv)
        } else if project.contains("[project]") || files.has("setup.py") {
            Some(Self::Project)
        } else if first(files, &["main.py", "app.py", "manage.py", "wsgi.py"]).is_some() {
            Some(Self::Nothing)
        } else {
            None
        }
    }

    fn found(self, files: &dyn Files) -> &'static str {
        match self {
            Self::Uv => "uv.lock",
            Self::Poetry if files.has("poetry.lock") => "poetry.lock",
            Self::Poetry => "pyproject.toml of Poetry",
            Self::Pipenv => "Pipfile",
            Self::Requirements => "requirements.txt",
            Self::Project if files.has("pyproject.toml") => "pyproject.toml",
            Self::Project => "setup.py",
            Self::Nothing => "files of Python",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Uv => "uv",
            Self::Poetry => "Poetry",
            Self::Pipenv => "Pipenv",
            Self::Requirements | Self::Project => "pip",
            Self::Nothing => "no dependencies",
        }
    }
}

/// Packages of Debian for Python packages that are compiled at their installation: to build with, and to run with.
const COMPILED: [(&str, &[&str], &[&str]); 5] = [
    ("psycopg2", &["build-essential", "libpq-dev"], &["libpq5"]),
    (
        "mysqlclient",
        &["build-essential", "pkg-config", "default-libmysqlclient-dev"],
        &["libmariadb3"],
    ),
    ("uwsgi", &["build-essential"], &[]),
    (
        "python-ldap",
        &["build-essential", "libldap2-dev", "libsasl2-dev"],
        &["libldap-common", "libsasl2-2"],
    ),
    (
        "pycairo",
        &["build-essential", "pkg-config", "libcairo2-dev"],
        &["libcairo2"],
    ),
];

pub fn detect(folder: &Folder) -> Option<Result<Recipe, Refusal>> {
    let files = folder.files;
    let project = files.read("pyproject.toml").unwrap_or_default();
    let installer = Installer::of(files, &project)?;
    // A package.json beside a lonely main.py: the application is the package's.
    if installer == Installer::Nothing && files.has("package.json") {
        return None;
    }
    let dependencies = dependencies(files, &project);
    let (why, app) = match python_app::find(folder, &dependencies) {
        Some(found) => found,
        None => {
            return Some(Err(Refusal::Incomplete(format!(
                "the folder is an application in Python ({}), but nothing says how it starts; add a Procfile with a line \
                 like web: gunicorn example:app",
                installer.found(files)
            ))));
        }
    };
    let (version, source) = version(files, &project);
    let image = folder.bases.image(Base::Python, version.as_ref());
    let written = write(folder, installer, &image, &dependencies, &app);
    let source = source.map_or_else(String::new, |source| format!(", as {source} says"));
    let therefore = format!("Python with {}, on {image}{source}", installer.words());
    Some(Ok(Recipe::written(
        written,
        said(&[installer.found(files), &why], therefore),
        &IGNORED,
    )))
}

/// All lists of dependencies in lower case: what is asked of it is whether a name is there.
fn dependencies(files: &dyn Files, project: &str) -> String {
    let mut all = project.to_lowercase();
    for name in ["requirements.txt", "Pipfile", "setup.py", "setup.cfg"] {
        all.push_str(&files.read(name).unwrap_or_default().to_lowercase());
        all.push('\n');
    }
    all
}

fn version(files: &dyn Files, project: &str) -> (Option<Version>, Option<&'static str>) {
    let named = |name: &str| {
        let text = files.read(name)?;
        let text = text
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with('#'))?;
        Version::parse(text.trim_start_matches("python-"), 2)
    };
    for name in [".python-version", "runtime.txt"] {
        if let Some(version) = named(name) {
            return (
                Some(version),
                Some(if name == "runtime.txt" {
                    "runtime.txt"
                } else {
                    ".python-version"
                }),
            );
        }
    }
    let project: Option<toml::Value> = toml::from_str(project).ok();
    let range = project.as_ref().and_then(|project| {
        let standard = project
            .get("project")
            .and_then(|table| table.get("requires-python"));
        let poetry = || {
            project
                .get("tool")?
                .get("poetry")?
                .get("dependencies")?
                .get("python")
        };
        standard.or_else(poetry)?.as_str()
    });
    let pipfile: Option<toml::Value> = files.read("Pipfile").and_then(|text| toml::from_str(&text).ok());
    let pipenv = pipfile
        .as_ref()
        .and_then(|file| file.get("requires")?.get("python_version")?.as_str());
    let chosen = range.or(pipenv).and_then(|range| choose(range, &KNOWN));
    let source = match (chosen, range) {
        (Some(_), Some(_)) => Some("pyproject.toml"),
        (Some(_), None) => Some("Pipfile"),
        (None, _) => None,
    };
    (chosen.and_then(|version| Version::parse(version, 2)), source)
}

fn write(
    folder: &Folder,
    installer: Installer,
    image: &str,
    dependencies: &str,
    app: &python_app::App,
) -> Dockerfile {
    let compiled: Vec<_> = COMPILED
        .iter()
        .filter(|(name, ..)| names(dependencies, name))
        .collect();
    let mut written = Dockerfile::default();
    written
        .from(image, Some("build"))
        .line("WORKDIR /app")
        .line("ENV PATH=/venv/bin:$PATH VIRTUAL_ENV=/venv PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore");
    let to_build: Vec<&'static str> = compiled
        .iter()
        .flat_map(|(_, packages, _)| packages.iter().copied())
        .collect();
    let to_run: Vec<&'static str> = compiled
        .iter()
        .flat_map(|(.., packages)| packages.iter().copied())
        .collect();
    written.debian(&to_build);
    written.line("RUN python -m venv /venv");
    install(&mut written, folder.files, installer);
    if let Some(server) = app.server.filter(|server| !names(dependencies, server)) {
        written.line(match server {
            "uvicorn" => "RUN pip install \"uvicorn[standard]\"",
            _ => "RUN pip install gunicorn",
        });
    }
    written
        .from(image, None)
        .debian(&to_run)
        .line("WORKDIR /app")
        .line("ENV PATH=/venv/bin:$PATH VIRTUAL_ENV=/venv PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1")
        .line("COPY --from=build /venv /venv")
        .line("COPY --chown=10001:10001 . .")
        .run_as_user(&app.start);
    written
}

fn install(written: &mut Dockerfile, files: &dyn Files, installer: Installer) {
    match installer {
        Installer::Uv => written
            .line("RUN python -m venv /tools && /tools/bin/pip install uv")
            .copy(&["pyproject.toml", "uv.lock"])
            .line("RUN UV_PROJECT_ENVIRONMENT=/venv UV_PYTHON_DOWNLOADS=never /tools/bin/uv sync --frozen --no-dev --no-install-project"),
        Installer::Poetry => written
            .line("RUN python -m venv /tools && /tools/bin/pip install poetry")
            .copy(if files.has("poetry.lock") { &["pyproject.toml", "poetry.lock"] } else { &["pyproject.toml"] })
            .line("RUN /tools/bin/poetry install --only main --no-root --no-interaction"),
        Installer::Pipenv => written
            .line("RUN python -m venv /tools && /tools/bin/pip install pipenv")
            .copy(if files.has("Pipfile.lock") { &["Pipfile", "Pipfile.lock"] } else { &["Pipfile"] })
            .line_if(!files.has("Pipfile.lock"), "RUN VIRTUAL_ENV= /tools/bin/pipenv lock")
            .line("RUN VIRTUAL_ENV= /tools/bin/pipenv requirements > /tmp/requirements.txt && pip install --requirement /tmp/requirements.txt"),
        // A list may name other files, and the folder itself.
        Installer::Requirements if names_files(&files.read("requirements.txt").unwrap_or_default()) => written
            .line("COPY . .")
            .line("RUN pip install --requirement requirements.txt"),
        Installer::Requirements => written
            .copy(&["requirements.txt"])
            .line("RUN pip install --requirement requirements.txt"),
        Installer::Project => written.line("COPY . .").line("RUN pip install ."),
        Installer::Nothing => written,
    };
}

fn names_files(requirements: &str) -> bool {
    let names_file = |line: &str| {
        [
            "-r",
            "-c",
            "-e",
            "--requirement",
            "--constraint",
            "--editable",
            ".",
            "/",
            "file:",
        ]
        .iter()
        .any(|start| line.starts_with(start))
    };
    requirements.lines().any(|line| names_file(line.trim()))
}

/// Whether a list of dependencies has this name: not as the beginning of another.
pub fn names(dependencies: &str, name: &str) -> bool {
    dependencies.match_indices(name).any(|(at, _)| {
        let before = dependencies[..at].chars().next_back();
        let after = dependencies[at + name.len()..].chars().next();
        let inside =
            |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '-' || c == '_' || c == '.');
        !inside(before) && !inside(after)
    })
}
