//! How an application in Python starts: its Procfile, or what Django, Flask, FastAPI and Streamlit do by custom.

use regex::Regex;

use super::super::dockerfile::Start;
use super::super::files::{Files, first};
use super::super::word::Word;
use super::Folder;
use super::python::names;

pub struct App {
    pub start: Start,
    /// The server that it needs, which may not be among the dependencies.
    pub server: Option<&'static str>,
}

const CANDIDATES: [&str; 12] = [
    "main.py",
    "app.py",
    "wsgi.py",
    "asgi.py",
    "application.py",
    "server.py",
    "api.py",
    "app/main.py",
    "app/app.py",
    "app/__init__.py",
    "src/main.py",
    "src/app.py",
];

/// What it was found by, in words, and how it starts.
pub fn find(folder: &Folder, dependencies: &str) -> Option<(String, App)> {
    let files = folder.files;
    let plain = |start| App { start, server: None };
    if let Some(line) = &folder.web {
        let server = ["gunicorn", "uvicorn"]
            .into_iter()
            .find(|server| line.split_whitespace().next() == Some(server));
        let app = App {
            start: Start::line(line.clone()),
            server,
        };
        return Some(("a Procfile with a line for web".to_owned(), app));
    }
    if let Some(module) = django(files) {
        let app = App {
            start: Start::program(&["gunicorn", &format!("{module}.wsgi")]),
            server: Some("gunicorn"),
        };
        return Some((format!("manage.py of the Django project {module}"), app));
    }
    for (framework, asynchronous) in [
        ("FastAPI", true),
        ("Starlette", true),
        ("Quart", true),
        ("Flask", false),
    ] {
        if let Some((file, target)) = object(files, framework) {
            let why = format!("{file} with an application of {framework}");
            return Some((why, served(&target, asynchronous)));
        }
    }
    let file = first(files, &["streamlit_app.py", "main.py", "app.py", "server.py"])?;
    if names(dependencies, "streamlit") {
        let line = format!(
            "exec streamlit run {file} --server.address 0.0.0.0 --server.port $PORT --server.headless true"
        );
        return Some((
            format!("{file} and the dependency streamlit"),
            plain(Start::line(line)),
        ));
    }
    Some((
        format!("the file {file}"),
        plain(Start::program(&["python", file])),
    ))
}

/// gunicorn takes the port from the environment by itself; uvicorn does not.
fn served(target: &Word, asynchronous: bool) -> App {
    if asynchronous {
        App {
            start: Start::line(format!(
                "exec uvicorn {target} --host 0.0.0.0 --port $PORT --proxy-headers --forwarded-allow-ips='*'"
            )),
            server: Some("uvicorn"),
        }
    } else {
        App {
            start: Start::program(&["gunicorn", target.as_str()]),
            server: Some("gunicorn"),
        }
    }
}

/// The project's package, from where `manage.py` names its settings.
fn django(files: &dyn Files) -> Option<Word> {
    let text = files.read("manage.py")?;
    let settings =
        Regex::new(r#"DJANGO_SETTINGS_MODULE['"]\s*,\s*['"]([A-Za-z_][A-Za-z0-9_.]*)['"]"#).ok()?;
    let module = settings.captures(&text)?.get(1)?.as_str().to_owned();
    let mut parts: Vec<&str> = module.split('.').collect();
    while parts.pop().is_some() && !parts.is_empty() {
        if files.has(&format!("{}/wsgi.py", parts.join("/"))) {
            return Word::parse(&parts.join("."));
        }
    }
    None
}

/// The file with the application's object, and `module:name` of it.
fn object(files: &dyn Files, framework: &str) -> Option<(&'static str, Word)> {
    let made = Regex::new(&format!(
        r"(?m)^([A-Za-z_][A-Za-z0-9_]*)\s*(?::\s*\w+\s*)?=\s*(?:\w+\.)?{framework}\("
    ))
    .ok()?;
    for file in CANDIDATES {
        let Some(text) = files.read(file) else { continue };
        let Some(name) = made.captures(&text).and_then(|found| found.get(1)) else {
            continue;
        };
        let module = file
            .trim_end_matches(".py")
            .trim_end_matches("/__init__")
            .replace('/', ".");
        return Some((file, Word::parse(&format!("{module}:{}", name.as_str()))?));
    }
    None
}
