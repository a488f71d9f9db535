//! Ruby: Rails, and whatever Rack can run.

use regex::Regex;

use super::super::Refusal;
use super::super::bases::Base;
use super::super::dockerfile::{Dockerfile, Start};
use super::super::files::Files;
use super::super::recipe::Recipe;
use super::super::word::Version;
use super::{Folder, said};

const IGNORED: [&str; 6] = [
    "**/.git",
    "**/node_modules",
    "log/*",
    "tmp/*",
    "vendor/bundle",
    "**/.DS_Store",
];

pub fn detect(folder: &Folder) -> Option<Result<Recipe, Refusal>> {
    let files = folder.files;
    let gemfile = files.read("Gemfile")?;
    let lock = files.read("Gemfile.lock");
    let rails = files.has("config/application.rb") && files.has("bin/rails");
    let (why, start) = match (&folder.web, rails) {
        (Some(line), _) => ("a Procfile with a line for web", Start::line(line.clone())),
        (None, true) => ("Rails' config/application.rb", rails_server()),
        (None, false) if files.has("config.ru") => {
            ("config.ru", rack_server(lock.as_deref().unwrap_or(&gemfile)))
        }
        // A Gemfile may be there for tools only.
        (None, false) => return None,
    };
    let version = version(files, &gemfile);
    let image = folder.bases.image(Base::Ruby, version.as_ref());
    let with = |gem: &str| lock.as_deref().unwrap_or(&gemfile).contains(gem);
    let mut to_run = vec!["libjemalloc2", "ca-certificates"];
    let mut to_build = vec!["build-essential", "git", "pkg-config", "libyaml-dev"];
    for (gem, building, running) in [
        ("pg", "libpq-dev", "libpq5"),
        ("mysql2", "default-libmysqlclient-dev", "libmariadb3"),
        ("sqlite3", "libsqlite3-dev", "libsqlite3-0"),
    ] {
        if with(&format!(" {gem} ")) || with(&format!("\"{gem}\"")) || with(&format!("'{gem}'")) {
            to_build.push(building);
            to_run.push(running);
        }
    }
    let node = rails && files.has("package.json");
    if node {
        to_build.extend(["nodejs", "npm"]);
    }
    let assets = rails
        && ["sprockets", "propshaft", "vite_rails"]
            .iter()
            .any(|gem| with(gem));
    let mut written = Dockerfile::default();
    written
        .from(&image, Some("build"))
        .debian(&to_build)
        .line("WORKDIR /app")
        .line("ENV BUNDLE_PATH=/bundle BUNDLE_WITHOUT=development:test RAILS_ENV=production RACK_ENV=production")
        .line_if(lock.is_some(), "ENV BUNDLE_DEPLOYMENT=1")
        .copy(if lock.is_some() { &["Gemfile", "Gemfile.lock"] } else { &["Gemfile"] })
        .line_if(files.has(".ruby-version"), "COPY .ruby-version ./")
        .line("RUN bundle install --jobs 4")
        .line("COPY . .")
        .line_if(node && files.has("package-lock.json"), "RUN npm ci --no-audit --no-fund")
        .line_if(node && files.has("yarn.lock"), "RUN npm install --global yarn@1 && yarn install --frozen-lockfile")
        .line_if(assets, "RUN SECRET_KEY_BASE_DUMMY=1 bundle exec rails assets:precompile")
        .from(&image, None)
        .debian(&to_run)
        .line("WORKDIR /app")
        .line("ENV BUNDLE_PATH=/bundle BUNDLE_WITHOUT=development:test RAILS_ENV=production RACK_ENV=production RAILS_LOG_TO_STDOUT=1 RAILS_SERVE_STATIC_FILES=1")
        .line_if(lock.is_some(), "ENV BUNDLE_DEPLOYMENT=1")
        .line("COPY --from=build /bundle /bundle")
        .line("COPY --from=build --chown=10001:10001 /app /app")
        .run_as_user(&start);
    let therefore = format!(
        "Ruby on {image}{}",
        if assets { ", with its assets compiled" } else { "" }
    );
    Some(Ok(Recipe::written(
        written,
        said(&["Gemfile", why], therefore),
        &IGNORED,
    )))
}

/// Rails takes the port from the environment by itself.
fn rails_server() -> Start {
    Start::program(&[
        "bundle",
        "exec",
        "rails",
        "server",
        "-b",
        "0.0.0.0",
        "-e",
        "production",
    ])
}

fn rack_server(gems: &str) -> Start {
    if gems.contains("puma") {
        Start::line("exec bundle exec puma --bind tcp://0.0.0.0:$PORT")
    } else {
        Start::line("exec bundle exec rackup --host 0.0.0.0 --port $PORT")
    }
}

fn version(files: &dyn Files, gemfile: &str) -> Option<Version> {
    let named = |text: String| Version::parse(text.trim().trim_start_matches("ruby-"), 2);
    files.read(".ruby-version").and_then(named).or_else(|| {
        let line = Regex::new(r#"(?m)^\s*ruby\s+['"](?:~>|>=|=)?\s*([0-9.]+)"#).ok()?;
        Version::parse(line.captures(gemfile)?.get(1)?.as_str(), 2)
    })
}
