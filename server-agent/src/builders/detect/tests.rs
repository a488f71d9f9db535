//! What is detected, as a table: the files of a folder, and what must stand in the Dockerfile that is written for them.

use super::super::bases::Bases;
use super::super::files::in_memory::InMemory;
use super::*;

fn detected(files: &[(&str, &str)]) -> Result<Recipe, Refusal> {
    detect(&InMemory::of(files), &Bases::default())
}

/// The Dockerfile has each of these, in this order.
fn writes(files: &[(&str, &str)], wanted: &[&str]) {
    let recipe = detected(files).unwrap_or_else(|refusal| panic!("{files:?}: {refusal}"));
    let text = recipe.text().unwrap();
    let mut rest = text;
    for part in wanted {
        let Some((_, behind)) = rest.split_once(part) else {
            panic!("{part:?} is not in its place in:\n{text}");
        };
        rest = behind;
    }
    assert!(text.contains("\nUSER 10001:10001\n"), "{text}");
    assert!(
        !recipe.said.is_empty() && recipe.said[0].contains("Found "),
        "{:?}",
        recipe.said
    );
}

/// FR-BLD-02: servers in Node.js, by each package manager.
#[test]
fn node_servers() {
    let express = r#"{"scripts":{"start":"node server.js"},"dependencies":{"express":"4"}}"#;
    writes(
        &[
            ("package.json", express),
            ("package-lock.json", "{}"),
            ("server.js", ""),
        ],
        &[
            "FROM node:22-slim AS build",
            "COPY package.json package-lock.json ./",
            "RUN npm ci --omit=dev",
            "COPY . .",
            "ENV NODE_ENV=production",
            r#"CMD ["node","server.js"]"#,
        ],
    );
    let built = r#"{"scripts":{"start":"node --enable-source-maps dist/main.js","build":"tsc"},"engines":{"node":">=18 <21"},"packageManager":"pnpm@9.1.0+sha512.ab"}"#;
    writes(
        &[
            ("package.json", built),
            ("pnpm-lock.yaml", "lockfileVersion: '9.0'"),
        ],
        &[
            "FROM node:20-slim AS build",
            "pnpm@9.1.0\n",
            "pnpm install --frozen-lockfile --prod=false",
            "pnpm run build",
            "pnpm prune --prod",
            r#"CMD ["node","--enable-source-maps","dist/main.js"]"#,
        ],
    );
    writes(
        &[
            (
                "package.json",
                r#"{"scripts":{"start":"NODE_ENV=x node . | cat"}}"#,
            ),
            ("yarn.lock", "# yarn lockfile v1"),
            (".nvmrc", "v20.11.1\n"),
        ],
        &[
            "FROM node:20-slim",
            "yarn install --frozen-lockfile --production=true",
            r#"CMD ["npm","run","start"]"#,
        ],
    );
    writes(
        &[
            ("package.json", r#"{"scripts":{"start":"bun index.ts"}}"#),
            ("bun.lock", ""),
        ],
        &[
            "FROM oven/bun:1-slim AS build",
            "bun install --frozen-lockfile",
            r#"CMD ["bun","run","start"]"#,
        ],
    );
    writes(
        &[
            (
                "package.json",
                r#"{"dependencies":{"next":"15"},"scripts":{"build":"next build"}}"#,
            ),
            ("yarn.lock", "__metadata:\n"),
        ],
        &[
            "YARN_NODE_LINKER=node-modules",
            "corepack",
            "COPY . .",
            "yarn install --immutable",
            "yarn run build",
            r#"CMD ["node_modules/.bin/next","start"]"#,
        ],
    );
    // Scripts around the install need the source; local packages as well.
    writes(
        &[(
            "package.json",
            r#"{"scripts":{"start":"node a.js","postinstall":"node b.js"}}"#,
        )],
        &["COPY . .\nRUN npm install --include=dev", "npm prune"],
    );
    // What starts the server is for development only: it stays.
    let kept = detected(&[(
        "package.json",
        r#"{"scripts":{"start":"tsx a.ts","build":"x"},"devDependencies":{"tsx":"4"}}"#,
    )])
    .unwrap();
    assert!(!kept.text().unwrap().contains("prune"));
}

/// FR-BLD-02: what a bundler builds is served as a site, with a page for every path.
#[test]
fn bundled_sites() {
    for (package, output) in [
        (
            r#"{"scripts":{"build":"vite build","start":"vite"},"devDependencies":{"vite":"6"}}"#,
            "dist",
        ),
        (
            r#"{"scripts":{"build":"react-scripts build","start":"react-scripts start"},"dependencies":{"react-scripts":"5"}}"#,
            "build",
        ),
        (
            r#"{"scripts":{"build":"gatsby build"},"dependencies":{"gatsby":"5"}}"#,
            "public",
        ),
    ] {
        let wanted = format!("COPY --from=build /app/{output}/ /srv/www/");
        writes(
            &[("package.json", package)],
            &[
                "FROM node:22-slim AS build",
                "npm run build",
                "FROM nginx:stable",
                &wanted,
            ],
        );
    }
    let angular = r#"{"projects":{"shop":{"architect":{"build":{"builder":"@angular-devkit/build-angular:application","options":{}}}}}}"#;
    writes(
        &[
            (
                "package.json",
                r#"{"scripts":{"build":"ng build","start":"ng serve"},"devDependencies":{"@angular/cli":"19"}}"#,
            ),
            ("angular.json", angular),
        ],
        &["COPY --from=build /app/dist/shop/browser/ /srv/www/"],
    );
    // A server that uses a bundler is a server.
    writes(
        &[(
            "package.json",
            r#"{"scripts":{"build":"vite build","start":"node server.js"},"dependencies":{"express":"4","vite":"6"}}"#,
        )],
        &[r#"CMD ["node","server.js"]"#],
    );
}

/// FR-BLD-02: Python by each list of dependencies, and the entry points of its frameworks.
#[test]
fn python_applications() {
    writes(
        &[
            ("requirements.txt", "flask\n"),
            ("app.py", "from flask import Flask\napp = Flask(__name__)\n"),
            (".python-version", "3.11.4"),
        ],
        &[
            "FROM python:3.11-slim AS build",
            "COPY requirements.txt ./",
            "pip install --requirement requirements.txt",
            "RUN pip install gunicorn",
            "COPY --from=build /venv /venv",
            r#"CMD ["gunicorn","app:app"]"#,
        ],
    );
    writes(
        &[
            (
                "pyproject.toml",
                "[project]\nname='x'\nrequires-python='>=3.11,<3.13'\ndependencies=['fastapi','uvicorn']",
            ),
            ("uv.lock", ""),
            ("app/main.py", "api: FastAPI = FastAPI()\n"),
        ],
        &[
            "FROM python:3.12-slim",
            "COPY pyproject.toml uv.lock ./",
            "uv sync --frozen",
            "exec uvicorn app.main:api --host 0.0.0.0 --port $PORT",
        ],
    );
    writes(
        &[
            (
                "pyproject.toml",
                "[tool.poetry]\n[tool.poetry.dependencies]\npython='^3.10'\ndjango='5'\ngunicorn='*'",
            ),
            ("poetry.lock", ""),
            (
                "manage.py",
                "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')",
            ),
            ("shop/wsgi.py", ""),
        ],
        &[
            "FROM python:3.13-slim",
            "poetry install --only main --no-root",
            r#"CMD ["gunicorn","shop.wsgi"]"#,
        ],
    );
    writes(
        &[
            ("Pipfile", "[requires]\npython_version='3.12'"),
            ("main.py", "print()"),
            ("Procfile", "release: x\nweb: python main.py --port $PORT\n"),
        ],
        &[
            "FROM python:3.12-slim",
            "pipenv lock",
            r#"CMD ["/bin/sh", "-c", "python main.py --port $PORT"]"#,
        ],
    );
    writes(
        &[("requirements.txt", "psycopg2==2.9\n"), ("main.py", "")],
        &[
            "apt-get install --yes --no-install-recommends build-essential libpq-dev",
            "--no-install-recommends libpq5",
            r#"CMD ["python","main.py"]"#,
        ],
    );
    let wheel = detected(&[("requirements.txt", "psycopg2-binary\n"), ("main.py", "")]).unwrap();
    assert!(!wheel.text().unwrap().contains("apt-get"));
    let refused = detected(&[("requirements.txt", "requests\n"), ("lib.py", "")]).unwrap_err();
    assert!(refused.to_string().contains("Procfile"), "{refused}");
}

/// FR-BLD-02: Go and Rust: compiled, with the tools of their own.
#[test]
fn go_and_rust_programs() {
    writes(
        &[
            ("go.mod", "module x\n\ngo 1.24.1\n"),
            ("go.sum", ""),
            ("cmd/server/main.go", "package main\n"),
        ],
        &[
            "FROM golang:1.24 AS build",
            "COPY go.mod go.sum ./",
            "go mod download",
            "./cmd/server",
            "FROM debian:bookworm-slim",
            r#"CMD ["/app/app"]"#,
        ],
    );
    writes(
        &[
            ("Cargo.toml", "[package]\nname='shop'\n[dependencies]\naxum='0.8'"),
            ("Cargo.lock", ""),
            ("src/main.rs", ""),
            ("rust-toolchain.toml", "[toolchain]\nchannel='1.90'"),
        ],
        &[
            "FROM rust:1.90-slim AS build",
            "COPY Cargo.toml Cargo.lock ./",
            "COPY . .",
            "cargo build --release --locked --bin shop",
        ],
    );
}

/// FR-BLD-02: servers in PHP.
#[test]
fn php_servers() {
    writes(
        &[
            ("composer.json", r#"{"require":{"php":"^8.1 <8.3","ext-gd":"*"}}"#),
            ("composer.lock", ""),
            ("public/index.php", ""),
            ("artisan", ""),
        ],
        &[
            "FROM composer:2 AS composer",
            "FROM php:8.2-apache",
            "docker-php-ext-install gd",
            "/var/www/html/public",
            "composer install --no-dev",
            r#"CMD ["apache2-foreground"]"#,
        ],
    );
}

/// FR-BLD-02: servers in Ruby, with Rails and without.
#[test]
fn ruby_servers() {
    writes(
        &[
            ("Gemfile", "ruby '3.3.0'\ngem 'rails'\ngem 'pg'"),
            ("Gemfile.lock", " pg (1.5)\n propshaft (1)\n"),
            ("config/application.rb", ""),
            ("bin/rails", ""),
            ("package.json", "{}"),
        ],
        &[
            "FROM ruby:3.3-slim AS build",
            "libpq-dev",
            "bundle install",
            "assets:precompile",
            "libpq5",
            r#"CMD ["bundle","exec","rails","server""#,
        ],
    );
    writes(
        &[("Gemfile", "gem 'sinatra'\ngem 'puma'"), ("config.ru", "")],
        &["FROM ruby:3.4-slim", "puma --bind tcp://0.0.0.0:$PORT"],
    );
}

/// FR-BLD-02: the Java virtual machine, by Maven and by Gradle.
#[test]
fn java_servers() {
    writes(
        &[(
            "pom.xml",
            "<project><properties><java.version>17</java.version></properties></project>",
        )],
        &[
            "FROM maven:3-eclipse-temurin-17 AS build",
            "dependency:go-offline",
            "package",
            "FROM eclipse-temurin:17-jre",
            "-Dserver.port=$PORT",
        ],
    );
    writes(
        &[
            ("build.gradle.kts", "kotlin { jvmToolchain(20) }"),
            ("gradlew", ""),
            ("gradle/wrapper/gradle-wrapper.jar", ""),
        ],
        &[
            "FROM gradle:8-jdk21 AS build",
            "./gradlew --no-daemon build",
            "FROM eclipse-temurin:21-jre",
        ],
    );
}

/// FR-BLD-02: .NET, the one program among several projects.
#[test]
fn dotnet_servers() {
    writes(
        &[
            (
                "Shop/Shop.csproj",
                "<Project Sdk=\"Microsoft.NET.Sdk.Web\"><TargetFramework>net9.0</TargetFramework>",
            ),
            ("Tests/Tests.csproj", "<Project Sdk=\"Microsoft.NET.Sdk\">"),
        ],
        &[
            "FROM mcr.microsoft.com/dotnet/sdk:9.0 AS build",
            "dotnet publish Shop/Shop.csproj",
            "exec dotnet /app/Shop.dll --urls http://0.0.0.0:$PORT",
        ],
    );
}

/// FR-BLD-02: Elixir, with its assets.
#[test]
fn elixir_releases() {
    writes(
        &[
            (
                "mix.exs",
                "def project, do: [app: :shop, deps: [{:phoenix, \"~> 1.7\"}], aliases: [\"assets.deploy\": []]]",
            ),
            ("mix.lock", ""),
            ("config/config.exs", ""),
            (".tool-versions", "elixir 1.17.2-otp-27\n"),
        ],
        &[
            "FROM elixir:1.17-slim AS build",
            "mix deps.get",
            "mix assets.deploy",
            "mix release shop",
            r#"CMD ["/app/bin/shop","start"]"#,
        ],
    );
}

/// FR-BLD-02: Deno.
#[test]
fn deno_programs() {
    writes(
        &[
            ("deno.json", r#"{"tasks":{"start":"deno run -A main.ts"}}"#),
            ("main.ts", ""),
        ],
        &[
            "FROM denoland/deno:",
            "deno cache main.ts",
            r#"CMD ["deno","task","start"]"#,
        ],
    );
}

/// FR-BLD-02: pages that need no building.
#[test]
fn plain_pages() {
    writes(
        &[("index.html", "<p>")],
        &["FROM nginx:stable", "COPY . /srv/www"],
    );
}

/// FR-BLD-02, NFR-U2: what is not recognised, or only in part, says so.
#[test]
fn what_is_missing_is_said() {
    assert_eq!(
        detected(&[("README.md", "")]).err(),
        Some(Refusal::NothingRecognised)
    );
    for (files, word) in [
        (&[("package.json", "{}")][..], "\"start\" script"),
        (&[("package.json", "{,}")][..], "no valid JSON"),
        (
            &[("go.mod", "module x"), ("lib.go", "package x")][..],
            "package main",
        ),
        (&[("Cargo.toml", "[workspace]")][..], "no single program"),
        (&[("a/a.csproj", ""), ("b/b.csproj", "")][..], "several"),
        (&[("mix.exs", "")][..], "app: :name"),
        (&[("deno.json", "{}")][..], "main.ts"),
    ] {
        let refused = detected(files).unwrap_err().to_string();
        assert!(refused.contains(word), "{refused}");
    }
}

/// FR-BLD-02: the log says what was found and what follows.
#[test]
fn the_log_says_why() {
    let package = r#"{"scripts":{"start":"node a.js"},"engines":{"node":"20.x"}}"#;
    let said = detected(&[("package.json", package), ("pnpm-lock.yaml", "")])
        .unwrap()
        .said
        .join("\n");
    assert_eq!(
        said,
        "There is no Dockerfile. Found package.json with a \"start\" script, pnpm-lock.yaml\n\
         Therefore: Node.js with pnpm, on node:20-slim, as \"engines\" in package.json says"
    );
}
