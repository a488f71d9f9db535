//! Node.js and Bun: servers by their start script or framework, and sites that a bundler builds.

use super::super::Refusal;
use super::super::bases::Base;
use super::super::dockerfile::{Dockerfile, Start};
use super::super::files::{Files, first};
use super::super::range::choose;
use super::super::recipe::Recipe;
use super::super::static_site;
use super::super::word::{Version, Word};
use super::package_json::PackageJson;
use super::{Folder, said};

/// The first is the one that is taken where the folder names none.
const KNOWN: [&str; 5] = ["22", "24", "20", "18", "25"];
const IGNORED: [&str; 7] = [
    "**/.git",
    "**/node_modules",
    "**/.next",
    "**/.nuxt",
    "**/.svelte-kit",
    "**/.DS_Store",
    "npm-debug.log*",
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Manager {
    Npm,
    Yarn,
    /// Yarn 2 and newer.
    Berry,
    Pnpm,
    Bun,
}

/// What makes the package manager the one that it is.
struct Managed {
    manager: Manager,
    lock: Option<&'static str>,
    version: Option<Word>,
}

pub fn detect(folder: &Folder) -> Option<Result<Recipe, Refusal>> {
    let package = match PackageJson::read(folder.files)? {
        Ok(package) => package,
        Err(what) => return Some(Err(Refusal::Incomplete(format!("{what}, so it cannot be built")))),
    };
    let managed = managed(folder.files, &package);
    let site = site(folder, &package);
    let start = if site.is_some() {
        None
    } else {
        start(folder, &package, managed.manager)
    };
    match (site, start) {
        (Some((why, output)), _) => Some(Ok(build_site(folder, &package, &managed, &why, &output))),
        (None, Some((why, start))) => Some(Ok(build_server(folder, &package, &managed, &why, &start))),
        // Next to an index.html a package.json may be there for tools only.
        (None, None) if folder.files.has("index.html") => None,
        (None, None) => Some(Err(Refusal::Incomplete(
            "package.json has no \"start\" script, and no server or site of a known framework is in the folder; add a \
             \"start\" script, or a Procfile with a line web: …"
                .to_owned(),
        ))),
    }
}

fn managed(files: &dyn Files, package: &PackageJson) -> Managed {
    let asked = package
        .text("packageManager")
        .and_then(|text| text.split_once('@'));
    let version = |name: &str| {
        let (manager, version) = asked?;
        let version = Version::parse(version, 3).filter(|_| manager == name)?;
        Word::parse(version.as_str())
    };
    let locks = [
        ("pnpm-lock.yaml", Manager::Pnpm),
        ("bun.lock", Manager::Bun),
        ("bun.lockb", Manager::Bun),
        ("yarn.lock", Manager::Yarn),
        ("package-lock.json", Manager::Npm),
        ("npm-shrinkwrap.json", Manager::Npm),
    ];
    let found = locks.into_iter().find(|(lock, _)| files.has(lock));
    let manager = match (found, asked.map(|(name, _)| name)) {
        (Some((_, manager)), _) => manager,
        (None, Some("pnpm")) => Manager::Pnpm,
        (None, Some("yarn")) => Manager::Yarn,
        (None, Some("bun")) => Manager::Bun,
        (None, _) => Manager::Npm,
    };
    let manager = match manager {
        Manager::Yarn if is_berry(files, version("yarn").as_ref()) => Manager::Berry,
        other => other,
    };
    let version = match manager {
        Manager::Pnpm => version("pnpm").or_else(|| Word::parse(pnpm_of_lock(files))),
        Manager::Berry => version("yarn"),
        Manager::Npm | Manager::Yarn | Manager::Bun => None,
    };
    Managed {
        manager,
        lock: found.map(|(lock, _)| lock),
        version,
    }
}

fn is_berry(files: &dyn Files, asked: Option<&Word>) -> bool {
    let newer = asked.is_some_and(|version| !version.as_str().starts_with("1."));
    let by_lock = files
        .read("yarn.lock")
        .is_some_and(|lock| lock.contains("__metadata:"));
    newer || by_lock || files.has(".yarnrc.yml")
}

/// Each format of the lock file has a version of pnpm that writes it.
fn pnpm_of_lock(files: &dyn Files) -> &'static str {
    let lock = files.read("pnpm-lock.yaml").unwrap_or_default();
    let format = lock
        .lines()
        .find_map(|line| line.strip_prefix("lockfileVersion:"));
    match format.map(|format| format.trim().trim_matches(['\'', '"'])) {
        Some(format) if format.starts_with("5.") => "7",
        Some(format) if format.starts_with("6.") => "8",
        Some(_) | None => "10",
    }
}

fn version(files: &dyn Files, package: &PackageJson) -> (Option<Version>, Option<&'static str>) {
    for name in [".nvmrc", ".node-version"] {
        if let Some(version) = files.read(name).and_then(|text| version_named(&text)) {
            return (
                Some(version),
                Some(if name == ".nvmrc" {
                    ".nvmrc"
                } else {
                    ".node-version"
                }),
            );
        }
    }
    let known = package.node_range().and_then(|range| choose(range, &KNOWN));
    let version = known.and_then(|version| Version::parse(version, 1));
    let source = version.is_some().then_some("\"engines\" in package.json");
    (version, source)
}

fn version_named(text: &str) -> Option<Version> {
    let named = match text.trim().trim_start_matches("lts/") {
        "hydrogen" => "18",
        "iron" => "20",
        "jod" => "22",
        "krypton" => "24",
        other => other,
    };
    Version::parse(named, 1)
}

/// Bundlers and frameworks whose result is files, and where they put them.
fn site(folder: &Folder, package: &PackageJson) -> Option<(String, Word)> {
    package.script("build")?;
    if folder.web.is_some() {
        return None;
    }
    let development = [
        "vite",
        "react-scripts start",
        "ng serve",
        "vue-cli-service serve",
        "gatsby develop",
        "parcel",
        "astro dev",
        "astro preview",
        "webpack serve",
        "webpack-dev-server",
        "next dev",
    ];
    let serves = package.script("start").is_some_and(|script| {
        !development
            .iter()
            .any(|server| script.trim_start().starts_with(server))
    });
    if serves {
        return None;
    }
    let exported = first(
        folder.files,
        &["next.config.js", "next.config.mjs", "next.config.ts"],
    )
    .and_then(|name| folder.files.read(name))
    .is_some_and(|text| text.contains("output: 'export'") || text.contains("output: \"export\""));
    let server_side = [
        "@sveltejs/kit",
        "@remix-run/node",
        "@react-router/node",
        "nuxt",
        "@astrojs/node",
        "express",
        "fastify",
        "koa",
        "hono",
        "@nestjs/core",
    ];
    let table = [
        ("next", "out", exported),
        ("react-scripts", "build", true),
        ("@vue/cli-service", "dist", true),
        ("gatsby", "public", true),
        ("astro", "dist", true),
        ("vite", "dist", true),
        ("parcel", "dist", true),
    ];
    if package.depends_on("@angular/cli") {
        let output = angular_output(folder.files)?;
        return Some(("Angular".to_owned(), output));
    }
    if server_side.iter().any(|name| package.depends_on(name)) {
        return None;
    }
    let (name, output, _) = table
        .into_iter()
        .find(|(name, _, holds)| *holds && package.depends_on(name))?;
    Some((name.to_owned(), Word::parse(output)?))
}

fn angular_output(files: &dyn Files) -> Option<Word> {
    let text = files.read("angular.json")?;
    let value: serde_json::Value = serde_json::from_str(&text).ok()?;
    let project = value["projects"].as_object()?.iter().next()?;
    let build = &project.1["architect"]["build"];
    let path = match build["options"]["outputPath"].as_str() {
        Some(path) => path.trim_end_matches('/').to_owned(),
        None => format!("dist/{}", project.0),
    };
    // The newer builder puts what is for browsers into a folder of its own.
    let newer = build["builder"]
        .as_str()
        .is_some_and(|builder| builder.ends_with(":application"));
    Word::parse(&if newer { format!("{path}/browser") } else { path })
}

/// Why, and how the server starts.
fn start(folder: &Folder, package: &PackageJson, manager: Manager) -> Option<(String, Start)> {
    if let Some(line) = &folder.web {
        return Some((
            "a Procfile with a line for web".to_owned(),
            Start::line(line.clone()),
        ));
    }
    if let Some(script) = package
        .script("start")
        .filter(|script| !script.starts_with("next dev"))
    {
        let start = direct(script).unwrap_or_else(|| run_script(manager));
        return Some(("a \"start\" script".to_owned(), start));
    }
    let program =
        |name: &str, words: &[&str]| Some((format!("the dependency {name}"), Start::program(words)));
    if package.depends_on("next") {
        return program("next", &["node_modules/.bin/next", "start"]);
    }
    if package.depends_on("nuxt") {
        return program("nuxt", &["node", ".output/server/index.mjs"]);
    }
    if package.depends_on("@remix-run/serve") {
        return program(
            "@remix-run/serve",
            &["node_modules/.bin/remix-serve", "build/server/index.js"],
        );
    }
    if package.depends_on("@react-router/serve") {
        return program(
            "@react-router/serve",
            &["node_modules/.bin/react-router-serve", "build/server/index.js"],
        );
    }
    if package.depends_on("@sveltejs/adapter-node") {
        return program("@sveltejs/adapter-node", &["node", "build"]);
    }
    if package.depends_on("@astrojs/node") {
        return program("@astrojs/node", &["node", "dist/server/entry.mjs"]);
    }
    if package.depends_on("@nestjs/core") {
        return program("@nestjs/core", &["node", "dist/main.js"]);
    }
    let main = package.text("main").filter(|main| folder.files.has(main));
    let file = main.or_else(|| {
        first(
            folder.files,
            &[
                "server.js",
                "server.mjs",
                "index.js",
                "index.mjs",
                "app.js",
                "main.js",
            ],
        )
    })?;
    let file = Word::parse(file)?;
    let interpreter = if manager == Manager::Bun { "bun" } else { "node" };
    Some((
        format!("the file {file}"),
        Start::program(&[interpreter, file.as_str()]),
    ))
}

/// `node server.js` without npm around it, so that signals reach the server itself.
fn direct(script: &str) -> Option<Start> {
    let words: Vec<&str> = script.split_whitespace().collect();
    let plain = words.iter().skip(1).all(|word| {
        let option = word.strip_prefix("--").unwrap_or(word);
        Word::parse(option).is_some()
    });
    (words.len() > 1 && words.first() == Some(&"node") && plain).then(|| Start::program(&words))
}

/// npm is in every image of Node.js, whatever manager has installed the packages.
fn run_script(manager: Manager) -> Start {
    let program = if manager == Manager::Bun { "bun" } else { "npm" };
    Start::program(&[program, "run", "start"])
}

fn build_server(
    folder: &Folder,
    package: &PackageJson,
    managed: &Managed,
    why: &str,
    start: &Start,
) -> Recipe {
    let (image, words) = image(folder, package, managed);
    let builds = package.script("build").is_some();
    let mut written = Dockerfile::default();
    let development = builds || package.installs_with_source() || started_by_development(package);
    install(&mut written, folder, package, managed, &image, development);
    if builds {
        written.line(run_build(managed.manager));
    }
    if development && !started_by_development(package) {
        prune(&mut written, managed);
    }
    written
        .from(&image, None)
        .line("WORKDIR /app")
        .line("ENV NODE_ENV=production HOST=0.0.0.0")
        .line_if(package.depends_on("next"), "ENV NEXT_TELEMETRY_DISABLED=1")
        .line("COPY --from=build --chown=10001:10001 /app /app")
        .run_as_user(start);
    let found = found(managed, why);
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    let built = if builds { ", and its \"build\" script" } else { "" };
    Recipe::written(written, said(&found, format!("{words}{built}")), &IGNORED)
}

fn build_site(folder: &Folder, package: &PackageJson, managed: &Managed, why: &str, output: &Word) -> Recipe {
    let (image, words) = image(folder, package, managed);
    let mut written = Dockerfile::default();
    install(&mut written, folder, package, managed, &image, true);
    written.line(run_build(managed.manager));
    let found = found(
        managed,
        &format!("the dependency {why} and a \"build\" script, but no server"),
    );
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    let therefore = format!(
        "a static site. {words} builds it; nginx serves {output}, and /index.html where there is no such file"
    );
    static_site::of_stage(written, folder.bases, output, said(&found, therefore), &IGNORED)
}

fn found(managed: &Managed, why: &str) -> Vec<String> {
    let mut found = vec![format!("package.json with {why}")];
    found.extend(managed.lock.map(str::to_owned));
    found
}

/// The image, and what runs in words.
fn image(folder: &Folder, package: &PackageJson, managed: &Managed) -> (String, String) {
    if managed.manager == Manager::Bun {
        return (folder.bases.image(Base::Bun, None), "Bun".to_owned());
    }
    let (version, source) = version(folder.files, package);
    let image = folder.bases.image(Base::Node, version.as_ref());
    let manager = match managed.manager {
        Manager::Npm => "npm",
        Manager::Yarn | Manager::Berry => "Yarn",
        Manager::Pnpm => "pnpm",
        Manager::Bun => "Bun",
    };
    let source = source.map_or_else(String::new, |source| format!(", as {source} says"));
    (
        image.clone(),
        format!("Node.js with {manager}, on {image}{source}"),
    )
}

/// Whether the start script's program is a development dependency, so that those stay.
fn started_by_development(package: &PackageJson) -> bool {
    let program = package
        .script("start")
        .and_then(|script| script.split_whitespace().next());
    program.is_some_and(|program| {
        package.for_development(program) || matches!(program, "ts-node" | "tsx" | "nodemon")
    })
}

fn install(
    written: &mut Dockerfile,
    folder: &Folder,
    package: &PackageJson,
    managed: &Managed,
    image: &str,
    development: bool,
) {
    written
        .from(image, Some("build"))
        .line("WORKDIR /app")
        .line("ENV CI=true NEXT_TELEMETRY_DISABLED=1");
    match (managed.manager, &managed.version) {
        (Manager::Pnpm, Some(version)) => {
            written.with("RUN npm install --global --force pnpm@{}", &[version])
        }
        (Manager::Pnpm, None) => written.line("RUN npm install --global --force pnpm"),
        (Manager::Yarn, _) => written.line("RUN npm install --global --force yarn@1"),
        (Manager::Berry, _) => written
            .line("ENV YARN_NODE_LINKER=node-modules COREPACK_ENABLE_DOWNLOAD_PROMPT=0")
            .line("RUN npm install --global --force corepack && corepack enable"),
        (Manager::Npm | Manager::Bun, _) => written,
    };
    let whole = package.installs_with_source()
        || folder.files.has("pnpm-workspace.yaml")
        || managed.manager == Manager::Berry
        || !folder.files.folders("").iter().all(|name| name != "patches");
    if whole {
        written.line("COPY . .");
    } else {
        let names = [
            "package.json",
            "package-lock.json",
            "npm-shrinkwrap.json",
            "yarn.lock",
            "pnpm-lock.yaml",
            "bun.lock",
            "bun.lockb",
            "bunfig.toml",
            ".npmrc",
            ".yarnrc",
            ".pnpmfile.cjs",
        ];
        let there: Vec<&'static str> = names.into_iter().filter(|name| folder.files.has(name)).collect();
        written.copy(&there);
    }
    written
        .line(install_command(managed, development))
        .line_if(!whole, "COPY . .");
}

fn install_command(managed: &Managed, development: bool) -> &'static str {
    match (managed.manager, managed.lock.is_some(), development) {
        (Manager::Npm, true, true) => "RUN npm ci --include=dev --no-audit --no-fund",
        (Manager::Npm, true, false) => "RUN npm ci --omit=dev --no-audit --no-fund",
        (Manager::Npm, false, true) => "RUN npm install --include=dev --no-audit --no-fund",
        (Manager::Npm, false, false) => "RUN npm install --omit=dev --no-audit --no-fund",
        (Manager::Yarn, true, true) => {
            "RUN yarn install --frozen-lockfile --production=false --non-interactive"
        }
        (Manager::Yarn, true, false) => {
            "RUN yarn install --frozen-lockfile --production=true --non-interactive"
        }
        (Manager::Yarn, false, true) => "RUN yarn install --production=false --non-interactive",
        (Manager::Yarn, false, false) => "RUN yarn install --production=true --non-interactive",
        (Manager::Berry, _, _) => "RUN yarn install --immutable",
        (Manager::Pnpm, true, true) => "RUN pnpm install --frozen-lockfile --prod=false",
        (Manager::Pnpm, true, false) => "RUN pnpm install --frozen-lockfile --prod",
        (Manager::Pnpm, false, true) => "RUN pnpm install --prod=false",
        (Manager::Pnpm, false, false) => "RUN pnpm install --prod",
        (Manager::Bun, true, _) => "RUN bun install --frozen-lockfile",
        (Manager::Bun, false, _) => "RUN bun install",
    }
}

fn run_build(manager: Manager) -> &'static str {
    match manager {
        Manager::Npm => "RUN npm run build",
        Manager::Yarn | Manager::Berry => "RUN yarn run build",
        Manager::Pnpm => "RUN pnpm run build",
        Manager::Bun => "RUN bun run build",
    }
}

fn prune(written: &mut Dockerfile, managed: &Managed) {
    match managed.manager {
        Manager::Npm => written.line("RUN npm prune --omit=dev --no-audit --no-fund --ignore-scripts"),
        Manager::Yarn => {
            written.line("RUN yarn install --production --ignore-scripts --prefer-offline --non-interactive")
        }
        Manager::Pnpm => written.line("RUN pnpm prune --prod"),
        Manager::Berry | Manager::Bun => written,
    };
}
