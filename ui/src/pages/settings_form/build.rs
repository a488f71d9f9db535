//! How the image is made.

use std::collections::BTreeMap;

use slipway_protocol::settings::{
    ApplicationSettings, AutomaticBuild, Build, DockerfileBuild, ExternalBuild, ExternalBuilder, Limits,
    Platform, StageName, StaticSite,
};
use slipway_protocol::{FreeText, RelativePath, VariableKey};
use yew::prelude::*;

use super::draft::Draft;
use super::form::Form;
use super::reader::Reader;
use super::source;
use crate::components::rows::Column;
use crate::units::Amount;

pub const KIND: &str = "app-builder";
const FILE: &str = "app-dockerfile";
const TARGET: &str = "build-target";
const ARGUMENTS: &str = "build-arguments";
const SECRETS: &str = "build-secrets";
const MEMORY: &str = "build-memory";
const CPU: &str = "build-cpu";
const TIME: &str = "build-time";
const PLATFORM: &str = "build-platform";
const PUBLISH: &str = "static-folder";
const FALLBACK: &str = "static-fallback";
pub const FIELDS: &[&str] = &[
    KIND, FILE, TARGET, ARGUMENTS, SECRETS, MEMORY, CPU, TIME, PLATFORM, PUBLISH, FALLBACK,
];

const DOCKERFILE: &str = "dockerfile";
const STATIC: &str = "static";
const NIXPACKS: &str = "nixpacks";
const RAILPACK: &str = "railpack";
const BUILDPACKS: &str = "buildpacks";
const AUTOMATIC: &str = "automatic";

const ARGUMENT: &[Column] = &[
    Column::text("Key", "NODE_ENV"),
    Column::text("Value", "production"),
];

pub fn fill(draft: &mut Draft, build: &Build) {
    let by_default = DockerfileBuild::default();
    draft.put(FILE, by_default.file.as_str());
    draft.put(PUBLISH, ".");
    let limits = build.limits();
    draft.put_optional(MEMORY, limits.memory.map(|amount| amount.write()));
    draft.put_optional(CPU, limits.cpu.map(|amount| amount.write()));
    draft.put_optional(TIME, limits.time.map(|amount| amount.write()));
    draft.put(PLATFORM, build.platform().map_or("", Platform::as_str));
    let kind = match build {
        Build::Automatic(_) => AUTOMATIC,
        Build::Dockerfile(build) => {
            fill_dockerfile(draft, build);
            DOCKERFILE
        }
        Build::Static(site) => {
            draft.put(PUBLISH, site.publish.as_str());
            draft.put_flag(FALLBACK, site.fallback);
            STATIC
        }
        Build::External(external) => match external.builder {
            ExternalBuilder::Nixpacks => NIXPACKS,
            ExternalBuilder::Railpack => RAILPACK,
            ExternalBuilder::Buildpacks => BUILDPACKS,
        },
    };
    draft.put(KIND, kind);
}

fn fill_dockerfile(draft: &mut Draft, build: &DockerfileBuild) {
    draft.put(FILE, build.file.as_str());
    draft.put_optional(TARGET, build.target.as_ref());
    let arguments = build.arguments.iter();
    draft.put_rows(
        ARGUMENTS,
        arguments
            .map(|(key, value)| vec![key.to_string(), value.to_string()])
            .collect(),
    );
    let secrets: Vec<&str> = build.secrets.iter().map(VariableKey::as_str).collect();
    draft.put(SECRETS, secrets.join(" "));
}

pub fn read(reader: &mut Reader<'_>, settings: &mut ApplicationSettings) {
    let kind = reader.text(KIND);
    if let Some(builder) = program(kind) {
        let limits = read_limits(reader);
        settings.build = Build::External(ExternalBuild { builder, limits });
        return;
    }
    settings.build = match kind {
        DOCKERFILE => Build::Dockerfile(read_dockerfile(reader)),
        STATIC => Build::Static(StaticSite {
            publish: reader
                .required(PUBLISH, RelativePath::parse)
                .unwrap_or_else(RelativePath::here),
            fallback: reader.flag(FALLBACK),
            platform: reader.optional(PLATFORM, Platform::named),
        }),
        _ => Build::Automatic(AutomaticBuild {
            limits: read_limits(reader),
            platform: reader.optional(PLATFORM, Platform::named),
        }),
    };
}

/// The builder that is a program on the server.
pub fn on_the_server(draft: &Draft) -> Option<ExternalBuilder> {
    program(draft.text(KIND))
}

fn program(kind: &str) -> Option<ExternalBuilder> {
    match kind {
        NIXPACKS => Some(ExternalBuilder::Nixpacks),
        RAILPACK => Some(ExternalBuilder::Railpack),
        BUILDPACKS => Some(ExternalBuilder::Buildpacks),
        _ => None,
    }
}

fn read_dockerfile(reader: &mut Reader<'_>) -> DockerfileBuild {
    let arguments: BTreeMap<VariableKey, FreeText> = reader
        .rows(ARGUMENTS, |row| {
            let key = row.parsed(0, VariableKey::parse)?;
            let value = FreeText::parse(row.raw(1)).map_err(|error| error.to_string())?;
            Ok((key, value))
        })
        .into_iter()
        .collect();
    DockerfileBuild {
        file: reader
            .required(FILE, RelativePath::parse)
            .unwrap_or_else(RelativePath::dockerfile),
        target: reader.optional(TARGET, StageName::parse),
        arguments,
        secrets: reader.words(SECRETS, VariableKey::parse),
        limits: read_limits(reader),
        platform: reader.optional(PLATFORM, Platform::named),
    }
}

fn read_limits(reader: &mut Reader<'_>) -> Limits {
    Limits {
        memory: reader.optional_amount(MEMORY),
        cpu: reader.optional_amount(CPU),
        time: reader.optional_amount(TIME),
    }
}

pub fn view(form: &Form) -> Html {
    if source::is_image(form) {
        return html! { <p class="field-hint">{ "An image of a registry is taken as it is: nothing is built." }</p> };
    }
    let mut kinds = vec![
        (AUTOMATIC, "What is found in the folder (recommended)"),
        (DOCKERFILE, "Dockerfile"),
        (STATIC, "Static site: files that are served as they are"),
        (NIXPACKS, "Nixpacks"),
        (RAILPACK, "Railpack"),
        (BUILDPACKS, "Cloud Native Buildpacks"),
    ];
    let mut hint = "";
    if !form.reaches_node() {
        kinds.retain(|(kind, _)| program(kind).is_none() || *kind == form.choice(KIND));
        hint = "Builders that are programs on the server need the role admin or owner.";
    }
    let of_kind = match form.choice(KIND) {
        DOCKERFILE => dockerfile(form),
        STATIC => html! {
            <>
                { form.text(PUBLISH, "Folder with the files", "Below the source’s folder.") }
                { form.flag(FALLBACK, "Answer index.html where there is no such file", "For applications that route in the browser.") }
                { platform(form) }
            </>
        },
        NIXPACKS | RAILPACK | BUILDPACKS => html! {
            <>
                <p class="field-hint">{ "The builder is a program on the server; a deployment says so if it is not installed there." }</p>
                { limits(form) }
                if form.choice(KIND) != NIXPACKS {
                    <p class="field-hint">{ "This builder runs its commands where only the time can be limited." }</p>
                }
            </>
        },
        _ => html! {
            <>
                <p class="field-hint">{ "A Dockerfile is used where there is one. Otherwise the files in the folder decide, and the \
                    deployment’s log says what was found and why." }</p>
                { limits(form) }
                { platform(form) }
            </>
        },
    };
    html! { <>{ form.select(KIND, "Builder", &kinds, hint) }{ of_kind }</> }
}

fn dockerfile(form: &Form) -> Html {
    html! {
        <>
            <div class="form-row even">
                { form.text(FILE, "Dockerfile", "Below the source’s folder.") }
                { form.text(TARGET, "Stage", "Empty for the last one.") }
            </div>
            { form.rows(ARGUMENTS, "Build arguments", ARGUMENT, "They stay in the image’s history: nothing secret belongs here.") }
            { form.text_like(SECRETS, "Build secrets", "NPM_TOKEN", "Keys of variables that RUN --mount=type=secret,id=KEY may read. They reach neither layers nor history.") }
            { limits(form) }
            { platform(form) }
        </>
    }
}

fn limits(form: &Form) -> Html {
    html! {
        <div class="form-row even">
            { form.text_like(MEMORY, "Memory of a build", "2 GiB", "") }
            { form.text_like(CPU, "Processor of a build", "1.5", "In cores.") }
            { form.text_like(TIME, "Time of a build", "10 min", "") }
        </div>
    }
}

fn platform(form: &Form) -> Html {
    let mut all = vec![("", "The server’s own")];
    all.extend(Platform::ALL.map(|platform| (platform.as_str(), platform.as_str())));
    form.select(
        PLATFORM,
        "Platform",
        &all,
        "For a node with another processor. Commands of the build for it need an emulator on the server.",
    )
}
