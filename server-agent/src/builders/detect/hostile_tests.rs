//! Folders whose every file is hostile: none of them adds an instruction to the Dockerfile that is written, or a line to what is said of it.

use std::cell::RefCell;
use std::collections::BTreeSet;

use proptest::prelude::*;
use slipway_protocol::is_hidden;

use super::super::bases::Bases;
use super::super::files::in_memory::InMemory;
use super::*;

/// So many folders with hostile files there are.
const HOSTILE: usize = 22;

/// Every file that detection looks into, with a hostile text in each place that it reads.
fn hostile(text: &str, which: usize) -> Vec<(String, String)> {
    let json = serde_json::to_string(text).unwrap();
    let object = format!(
        "{{\"name\":{json},\"main\":{json},\"packageManager\":{json},\"engines\":{{\"node\":{json}}},\"scripts\":{{\"start\":{json},\"build\":{json}}},\
         \"require\":{{\"php\":{json},\"ext-gd\":{json}}},\"tasks\":{{\"start\":{json}}},\"devDependencies\":{{\"@angular/cli\":{json}}},\
         \"projects\":{{{json}:{{\"architect\":{{\"build\":{{\"options\":{{\"outputPath\":{json}}}}}}}}}}}}}"
    );
    let toml = format!(
        "[package]\nname={json}\ndefault-run={json}\n[project]\nrequires-python={json}\n[toolchain]\nchannel={json}\n\
         [requires]\npython_version={json}\n"
    );
    let own = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let mut sets = servers(text, &json, &object);
    sets.extend([
        vec![
            own("requirements.txt", text),
            own("runtime.txt", text),
            own("Procfile", &format!("web: {text}")),
            own("pyproject.toml", &toml),
        ],
        vec![
            own("requirements.txt", text),
            own(
                "manage.py",
                &format!("'DJANGO_SETTINGS_MODULE', '{text}.settings'"),
            ),
            own(&format!("{text}/wsgi.py"), ""),
        ],
        python_objects(text, &toml),
        vec![
            own("requirements.txt", &format!("streamlit\n{text}\n")),
            own("main.py", text),
            own(".python-version", text),
        ],
        vec![
            own("go.mod", &format!("module x\ngo {text}\n")),
            own(&format!("cmd/{text}/main.go"), "package main"),
        ],
        vec![
            own("Cargo.toml", &toml),
            own("rust-toolchain.toml", &toml),
            own("src/main.rs", ""),
        ],
        vec![
            own(
                "Cargo.toml",
                &format!("[package]\nname=\"x\"\n[[bin]]\nname={json}\n"),
            ),
            own("rust-toolchain", text),
        ],
        vec![own("composer.json", &object), own("index.php", "")],
        vec![
            own(&format!("{text}.csproj"), &format!("<TargetFramework>net{text}<")),
            own("x", text),
        ],
        vec![
            own("mix.exs", &format!("app: :{text}")),
            own(".tool-versions", &format!("elixir {text}")),
        ],
        vec![own("mix.exs", "app: :shop"), own(".elixir-version", text)],
        vec![
            own("Gemfile", &format!("ruby '{text}'")),
            own("Gemfile.lock", text),
            own("config.ru", ""),
            own(".ruby-version", text),
        ],
        vec![
            own("pom.xml", &format!("<java.version>{text}<quarkus>{text}")),
            own("system.properties", &format!("java.runtime.version={text}")),
        ],
        vec![own("build.gradle.kts", &format!("jvmToolchain({text})"))],
        vec![own("deno.json", &object), own("main.ts", text)],
        vec![own("index.html", text), own("404.html", text)],
    ]);
    assert_eq!(sets.len(), HOSTILE);
    sets.swap_remove(which % HOSTILE)
}

/// Folders with a package.json, by each package manager.
fn servers(text: &str, json: &str, object: &str) -> Vec<Vec<(String, String)>> {
    let own = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let package = |start: &str, manager: &str| {
        let manager = serde_json::to_string(&format!("{manager}@{text}")).unwrap();
        let fields = format!("\"main\":{json},\"packageManager\":{manager},\"engines\":{{\"node\":{json}}}");
        own(
            "package.json",
            &format!("{{{fields},\"dependencies\":{{\"express\":{json}}},\"scripts\":{{{start}}}}}"),
        )
    };
    let start = format!("\"start\":{json}");
    let direct = serde_json::to_string(&format!("node {text}")).unwrap();
    vec![
        vec![
            own("package.json", object),
            own("angular.json", object),
            own(".nvmrc", text),
            own(text, ""),
        ],
        vec![
            package(&start, "yarn"),
            own("yarn.lock", text),
            own(".node-version", text),
        ],
        vec![
            package(&format!("\"start\":{direct}"), "pnpm"),
            own("pnpm-lock.yaml", &format!("lockfileVersion: {text}")),
        ],
        vec![
            package("", "bun"),
            own(text, ""),
            own("Procfile", &format!("web:{text}")),
        ],
        vec![package("", "npm"), own(text, ""), own("server.js", text)],
        vec![
            own(
                "package.json",
                &format!("{{\"scripts\":{{\"build\":{json}}},\"dependencies\":{{\"next\":{json}}}}}"),
            ),
            own("next.config.js", &format!("output: 'export'\n{text}")),
        ],
    ]
}

/// Every file in which an application of Python may stand, one of them with one.
fn python_objects(text: &str, toml: &str) -> Vec<(String, String)> {
    let names = [
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
        "Pipfile",
        "setup.py",
        "setup.cfg",
    ];
    let own = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let mut files: Vec<_> = names
        .iter()
        .map(|name| own(name, if *name == "Pipfile" { toml } else { text }))
        .collect();
    files.push(own("src/app.py", &format!("{text} = Flask(\n")));
    files
}

/// A folder that notes which of its files are read.
struct Noting<'a> {
    files: &'a InMemory,
    read: RefCell<BTreeSet<String>>,
}

impl Files for Noting<'_> {
    fn has(&self, path: &str) -> bool {
        self.files.has(path)
    }

    fn read(&self, path: &str) -> Option<String> {
        self.read.borrow_mut().insert(path.to_owned());
        self.files.read(path)
    }

    fn files(&self, folder: &str) -> Vec<String> {
        self.files.files(folder)
    }

    fn folders(&self, folder: &str) -> Vec<String> {
        self.files.folders(folder)
    }
}

/// FR-BLD-02, NFR-S2: whatever file detection reads, hostile texts stand in it in one of the folders: a new one is not forgotten.
#[test]
fn every_file_that_is_read_is_hostile_somewhere() {
    let (mut read, mut there) = (BTreeSet::new(), BTreeSet::new());
    for which in 0..HOSTILE {
        let files = InMemory(hostile("main", which).into_iter().collect());
        there.extend(files.0.keys().cloned());
        let noting = Noting {
            files: &files,
            read: RefCell::default(),
        };
        let _ = detect(&noting, &Bases::default());
        read.extend(noting.read.into_inner());
    }
    let forgotten: Vec<_> = read.difference(&there).collect();
    assert!(
        forgotten.is_empty(),
        "no folder of the tests has {forgotten:?}; add them with a hostile text"
    );
    assert!(read.len() > 30, "only {read:?} are read");
}

proptest! {
    /// FR-BLD-02, NFR-S2: whatever stands in a repository's files, every instruction of the Dockerfile is one of ours, the start command is
    /// the last of them, and neither what the log says nor a refusal has more lines than we write.
    #[test]
    fn no_file_adds_an_instruction(
        text in "[ -~]{0,12}(\n|\r|\\\\\n|)(RUN|FROM|ADD|#) ?touch /pwned[ -~]{0,8}\n?|\\PC{0,30}|[a-z0-9.]{1,8}",
        which in 0..HOSTILE,
    ) {
        let files = InMemory(hostile(&text, which).into_iter().collect());
        let recipe = match detect(&files, &Bases::default()) {
            Ok(recipe) => recipe,
            Err(refusal) => {
                prop_assert!(!refusal.to_string().contains(is_hidden), "{}", refusal);
                return Ok(());
            }
        };
        prop_assert!(recipe.said.iter().all(|line| !line.contains(is_hidden)), "{:?}", recipe.said);
        let written = recipe.text().unwrap();
        let lines: Vec<&str> = written.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let word = line.split(' ').next().unwrap();
            prop_assert!(matches!(word, "FROM" | "RUN" | "COPY" | "ENV" | "WORKDIR" | "USER" | "CMD" | "ENTRYPOINT"), "{}", line);
            prop_assert_eq!(word == "CMD", index + 1 == lines.len(), "{}", written);
            prop_assert!(word == "CMD" || !line.contains("pwned") || !line.contains("touch /"), "{}", line);
            prop_assert!(!line.ends_with('\\') && !line.contains('\r'));
        }
    }
}
